"""Small edits of the body leave everything else as it was spelled."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from betaconsole.claude import jsontext
from betaconsole.drafts.document import (
    DocumentError,
    add_message,
    indent_of,
    pointer,
    put,
    put_field,
    read_path,
    remove_message,
    rewritten,
)

SPELLED = """{
   "zeta": 1e2, "alpha": 12345678901234567890123,
   "messages": [{"role": "user", "content": "Hé\\u0000", "odd": [1.0, -0]}],
   "unknown": {"b": null, "a": 2.50}
}"""


def test_an_edit_keeps_numbers_order_and_unknown_fields():
    after = rewritten(SPELLED, lambda body: put(body, ["messages", 0, "content"], "new"))
    assert list(json.loads(after)) == ["zeta", "alpha", "messages", "unknown"]
    for spelling in ("1e2", "12345678901234567890123", "1.0", "-0", "2.50"):
        assert spelling in after
    assert after.replace('"new"', '"Hé\\u0000"') == jsontext.dumps(jsontext.loads(SPELLED), indent=3)


def test_the_layout_of_the_text_is_kept():
    assert indent_of('{"a": 1}') is None
    assert indent_of('{\n    "a": 1\n}') == 4
    assert indent_of('{\n"a": 1\n}') == 2
    assert rewritten('{"a":1}', lambda body: put(body, ["a"], 2)) == '{"a":2}'


def test_a_new_field_goes_in_front_of_the_messages():
    body = {"model": "m", "messages": [], "tools": []}
    put_field(body, "system", "Be brief.")
    assert list(body) == ["model", "system", "messages", "tools"]
    put_field(body, "model", "n")
    assert list(body) == ["model", "system", "messages", "tools"]


def test_messages_alternate_and_go():
    body = {}
    add_message(body)
    add_message(body)
    assert [message["role"] for message in body["messages"]] == ["user", "assistant"]
    remove_message(body, 0)
    assert [message["role"] for message in body["messages"]] == ["assistant"]


@pytest.mark.parametrize(
    "path", [["messages", 5, "content"], ["nowhere", "x"], ["messages", 0, "content", 0], ["messages", 1]]
)
def test_an_edit_of_what_is_gone_is_refused(path):
    with pytest.raises(DocumentError):
        put({"messages": [{"role": "user", "content": "x"}]}, path, "y")


def test_a_body_that_is_no_object_is_not_edited():
    with pytest.raises(DocumentError):
        rewritten("[1]", lambda body: None)


@given(st.lists(st.integers(0, 99) | st.sampled_from(["messages", "content", "text"]), min_size=1, max_size=5))
def test_a_path_survives_its_pointer(path):
    assert read_path(pointer(path)) == path
