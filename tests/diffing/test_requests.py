"""What two requests did differently, as patches and as code."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from betaconsole.claude.jsontext import apply_changes, dumps, loads
from betaconsole.claude.snippets import SnippetRequest
from betaconsole.diffing import requests
from betaconsole.diffing.requests import Sent, betas_diff, body_diff, request_diff
from betaconsole.diffing.trees import canonical
from betaconsole.diffing.turning_on import MAX_BODY_BYTES, turning_on
from betaconsole.diffing.words import ADDED, REMOVED

NUMBERS = st.sampled_from(["1", "1.0", "1e2", "-0", "12345678901234567890", "0.10"]).map(loads)
JSON = st.recursive(
    st.none() | st.booleans() | NUMBERS | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=2), inner, max_size=4),
    max_leaves=15,
)
BODY = b'{"model": "claude-sonnet-4-6", "max_tokens": 100, "messages": [{"role": "user", "content": "Hi"}]}'


def sent(*, betas="", version="2026-10-21", body=BODY):
    headers = [["anthropic-version", version], ["x-api-key", "$ANTHROPIC_API_KEY"]]
    return Sent(
        "POST", "https://api.anthropic.com/v1/messages", headers + ([["anthropic-beta", betas]] if betas else []), body
    )


def call(*, betas=(), body=BODY):
    return SnippetRequest("POST", "https://api.anthropic.com/v1/messages", betas, "2026-10-21", body, stream=False)


@given(JSON, JSON)
def test_the_patch_makes_the_right_body_of_the_left_one(left, right):
    found = body_diff(dumps(left).encode(), dumps(right).encode())
    if found.kind == "json":
        assert canonical(apply_changes(left, found.patch)) == canonical(right)
    else:
        assert canonical(left) == canonical(right)


@pytest.mark.parametrize(
    ("left", "right", "kind", "patch"),
    [
        ('{"a": 1}', '{"a": 1.0}', "merge_patch", '{"a":1.0}'),
        ('{"a": 1, "b": 2}', '{"a": 1}', "merge_patch", '{"b":null}'),
        ('{"a": 1}', '{"a": null}', "json_patch", '[{"op":"replace","path":"/a","value":null}]'),
        ('{"a": [1, 2]}', '{"a": [1, 2, 1e3]}', "merge_patch", '{"a":[1,2,1e3]}'),
        ("[1]", "[1, 2]", "json_patch", '[{"op":"add","path":"/1","value":2}]'),
    ],
)
def test_a_merge_patch_says_it_where_it_can_and_numbers_keep_their_spelling(left, right, kind, patch):
    found = body_diff(left.encode(), right.encode())
    assert (found.patch_kind, dumps(found.patch)) == (kind, patch)


def test_names_with_slashes_are_escaped_in_a_patch():
    found = body_diff(b'{"a/b~c": [1, 2, 3]}', b'{"a/b~c": [0, 2, null]}')
    assert found.patch_kind == "merge_patch"
    found = body_diff(b'{"a/b~c": {"x": 1}}', b'{"a/b~c": {"x": null}}')
    assert found.patch == [{"op": "replace", "path": "/a~1b~0c/x", "value": None}]


def test_what_needs_too_many_operations_is_replaced_as_a_whole():
    found = body_diff(dumps(list(range(4000))).encode(), dumps(list(range(1, 8000, 2))).encode())
    assert [one["path"] for one in found.patch] == [""]


def test_json_of_too_many_values_is_compared_as_text():
    many = dumps([{"n": number} for number in range(50_000)]).encode()
    assert body_diff(many, many[:-2] + b"0}]").is_large


def test_the_same_json_written_otherwise_is_told_apart_from_a_difference():
    found = body_diff(b'{"a":1,"b":2}', b'{"b": 2, "a": 1}')
    assert (found.kind, found.patch, found.lines.is_same) == ("spelling", None, False)


@pytest.mark.parametrize(
    ("left", "right", "kind"),
    [
        (b"", b"", "same"),
        (b"", b"{}", "text"),
        (b"{", b"{}", "text"),
        (b"\xff\xfe", b"{}", "bytes"),
        (b'{"a": "\x00"}', b"{}", "bytes"),
        (b"[" * 70 + b"]" * 70, b"[]", "text"),
        (b'{"a": "\\ud800\\u0000"}', b'{"a": "\\udfff"}', "json"),
    ],
)
def test_bodies_that_are_no_json_are_compared_as_what_they_are(left, right, kind):
    assert body_diff(left, right).kind == kind


def test_bodies_too_large_to_be_read_are_compared_line_by_line(monkeypatch):
    monkeypatch.setattr(requests, "MAX_JSON_BYTES", 20)
    found = body_diff(b'{"a": 1,\n"b": "same here"}', b'{"a": 2,\n"b": "same here"}')
    assert (found.kind, found.is_large, found.lines.words(ADDED)) == ("text", True, 1)
    assert not body_diff(b"no json at all, but long", b"neither is this long one").is_large


def test_betas_are_compared_by_their_names():
    found = request_diff(
        sent(betas="a-2025-01-01, b-2025-01-01"), sent(betas="b-2025-01-01,c-2025-01-01", version="2023-06-01")
    )
    assert (found.betas.added, found.betas.removed, found.betas.same) == (
        ("c-2025-01-01",),
        ("a-2025-01-01",),
        ("b-2025-01-01",),
    )
    assert found.version == ("2026-10-21", "2023-06-01")
    assert not found.is_same
    assert [row.name for row in found.headers] == ["x-api-key"]
    assert betas_diff(("a", "b"), ("b", "a")).is_reordered
    assert request_diff(sent(), sent()).is_same


def test_turning_a_beta_on_is_a_line_of_code():
    changes = {change.slug: change.diff for change in turning_on(call(), call(betas=("context-1m-2025-08-07",)))}
    added = {
        slug: "".join(piece.right for piece in diff.pieces if piece.kind == ADDED) for slug, diff in changes.items()
    }
    assert set(changes) == {"curl", "python", "typescript"}
    assert added["curl"].strip() == "--header 'anthropic-beta: context-1m-2025-08-07' \\"
    assert "betas=[" in added["python"]
    assert '"anthropic-beta": "context-1m-2025-08-07"' in added["typescript"]
    assert all(not piece.left.strip() for diff in changes.values() for piece in diff.pieces if piece.kind == REMOVED)


def test_a_change_of_the_body_is_a_small_change_of_the_code():
    other = BODY.replace(b"100", b"200")
    for change in turning_on(call(), call(body=other)):
        assert (change.diff.words(ADDED), change.diff.words(REMOVED)) == (1, 1), change.slug


def test_bodies_too_large_for_code_have_none():
    assert turning_on(call(), call(body=b'{"a": "' + b"x" * MAX_BODY_BYTES + b'"}')) == []
