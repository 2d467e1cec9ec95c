"""Tool stubs: which one answers a call, and what is wrong with one."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from betaconsole.claude import jsontext
from betaconsole.claude.jsonsubset import holds
from betaconsole.library.stubs import StubError, find, read_stubs, result_content, turns_allowed

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=10,
)


def test_the_first_stub_that_fits_answers() -> None:
    stubs = read_stubs(
        [
            {"tool": "look_up", "match": {"id": 1}, "result": "one"},
            {"tool": "look_up", "result": "any"},
            {"tool": "other", "result": "other"},
        ]
    )
    assert [getattr(find(stubs, "look_up", given), "content", None) for given in ({"id": 1, "more": 2}, {"id": 2})] == [
        "one",
        "any",
    ]
    assert find(stubs, "missing", {}) is None


def test_an_exact_match_bears_nothing_more() -> None:
    [stub] = read_stubs([{"tool": "t", "match": {"id": 1}, "match_exactly": True, "result": "x"}])
    assert stub.answers("t", {"id": 1.0})
    assert not stub.answers("t", {"id": 1, "more": 2})
    assert not stub.answers("t", {"id": True})


@given(JSON)
def test_everything_holds_itself(value: Any) -> None:
    assert holds(value, value)


@given(st.dictionaries(st.text(), JSON, max_size=4), st.text(), JSON)
def test_an_object_with_one_more_member_still_holds_the_part(part: dict[str, Any], name: str, value: Any) -> None:
    assert holds({name: value, **part}, part)


def test_a_result_goes_out_as_text_or_blocks() -> None:
    blocks = [{"type": "text", "text": "found"}]
    assert result_content("found") == "found"
    assert result_content(blocks) == blocks
    assert result_content(jsontext.loads('{"price": 1.50}')) == '{"price":1.50}'
    assert result_content([{"type": "row"}]) == '[{"type":"row"}]'


def test_an_error_stub_answers_with_an_error() -> None:
    [stub] = read_stubs([{"tool": "t", "error": "not found", "delay_ms": 20}])
    assert (stub.content, stub.is_error, stub.delay_ms) == ("not found", True, 20)


@pytest.mark.parametrize(
    ("stub", "place"),
    [
        ("no object", "tool_stubs.0"),
        ({"result": "x"}, "tool_stubs.0.tool"),
        ({"tool": "t"}, "tool_stubs.0"),
        ({"tool": "t", "result": "x", "error": "y"}, "tool_stubs.0"),
        ({"tool": "t", "error": 4}, "tool_stubs.0.error"),
        ({"tool": "t", "result": "x", "delay_ms": -1}, "tool_stubs.0.delay_ms"),
        ({"tool": "t", "result": "x", "delay_ms": True}, "tool_stubs.0.delay_ms"),
        ({"tool": "t", "result": "x", "match_exactly": True}, "tool_stubs.0.match_exactly"),
        ({"tool": "t", "result": "x", "colour": "red"}, "tool_stubs.0.colour"),
    ],
)
def test_a_stub_that_cannot_be_used_names_its_place(stub: Any, place: str) -> None:
    with pytest.raises(StubError) as refused:
        read_stubs([stub])
    assert refused.value.place == place


def test_stubs_allow_ten_turns_where_nobody_says_otherwise() -> None:
    assert [turns_allowed(None, []), turns_allowed(None, [{}]), turns_allowed(3, [])] == [1, 10, 3]
