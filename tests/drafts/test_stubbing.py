"""Edits of tool stubs and of the tools they answer for."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from betaconsole.drafts import stubbing
from betaconsole.drafts.document import DocumentError
from betaconsole.drafts.stub_view import stub_view, tool_panel, tools_chip
from betaconsole.drafts.stubbing import StubMistake
from betaconsole.drafts.tools import ToolMistake, add_tool, remove_tool, tools_of
from betaconsole.library.stubs import MAX_STUBS, read_stubs

ANY = {"tool": "look", "result": "any"}
ONE = {"tool": "look", "match": {"id": 1}, "result": "one"}
OTHER = {"tool": "pay", "error": "no money"}
BLOCKS = '[{"type": "text", "text": "8.0"}]'


def test_a_result_is_kept_to_the_letter_and_content_blocks_as_blocks():
    stubs = stubbing.set_answer([ANY], 0, kind="result", text='{"n": 1.0,  "m": 1e2}')
    assert stubs[0]["result"] == '{"n": 1.0,  "m": 1e2}'
    stubs = stubbing.set_answer([ANY], 0, kind="result", text=BLOCKS)
    assert stubs[0]["result"] == json.loads(BLOCKS)
    for text in ("[1.0, 2]", "[]", '[{"type": "odd"}]', "[not json", '[{"type": "text", "n": 1e999}]'):
        assert stubbing.set_answer([ANY], 0, kind="result", text=text)[0]["result"] == text


def test_an_error_takes_the_place_of_the_result_and_the_rest_stays():
    stub = {**ONE, "match_exactly": True, "delay_ms": 5}
    (changed,) = stubbing.set_answer([stub], 0, kind="error", text=BLOCKS)
    assert changed == {"tool": "look", "match": {"id": 1}, "match_exactly": True, "error": BLOCKS, "delay_ms": 5}


def test_a_match_that_fails_says_where_and_an_empty_one_means_any_input():
    with pytest.raises(StubMistake, match="line 1, column 7") as refusal:
        stubbing.set_match([ONE], 0, '{"id":}')
    assert refusal.value.field == "match"
    for odd in ("[1]", "5", '"id"', '{"n": 1e999}', f'{{"n": {"9" * 5000}}}', '{"a": 1, "a": 2}'):
        with pytest.raises(StubMistake):
            stubbing.set_match([ONE], 0, odd)
    (any_input,) = stubbing.set_match([{**ONE, "match_exactly": True}], 0, " \n")
    assert any_input == {"tool": "look", "result": "one"}


def test_exactly_needs_something_to_be_exactly():
    with pytest.raises(StubMistake, match="Type the input first"):
        stubbing.set_exact([ANY], 0, on=True)
    (exact,) = stubbing.set_exact([ONE], 0, on=True)
    assert exact["match_exactly"] is True
    assert stubbing.set_exact([exact], 0, on=False) == [ONE]


def test_stubs_move_among_those_of_their_tool_only():
    stubs = [ANY, OTHER, ONE]
    assert stubbing.move(stubs, 2, by=-1) == ([ONE, OTHER, ANY], 0)
    assert stubbing.move(stubs, 0, by=-1) == (stubs, 0)
    assert stubbing.move(stubs, 1, by=1) == (stubs, 1)
    assert stubs == [ANY, OTHER, ONE]


@pytest.mark.parametrize("text", ["-1", "1.5", "²", "600001", "soon", "9" * 40])
def test_a_delay_is_a_whole_number_of_milliseconds(text):
    with pytest.raises(StubMistake, match="milliseconds"):
        stubbing.set_delay([ANY], 0, text)


def test_no_delay_leaves_no_field():
    (slow,) = stubbing.set_delay([ANY], 0, " 600000 ")
    assert slow["delay_ms"] == 600_000
    assert stubbing.set_delay([slow], 0, "") == stubbing.set_delay([slow], 0, "0") == [ANY]


def test_turns_are_read_or_left_to_the_usual():
    assert (stubbing.read_turns(" 3 "), stubbing.read_turns("")) == (3, None)
    for text in ("0", "101", "-1", "x", "²"):
        with pytest.raises(StubMistake):
            stubbing.read_turns(text)


def test_there_is_an_end_to_stubs_and_to_what_they_hold():
    with pytest.raises(StubMistake, match="100 stubs"):
        stubbing.add([ANY] * MAX_STUBS, "look")
    with pytest.raises(StubMistake, match="1,000,000"):
        stubbing.set_answer([ANY], 0, kind="result", text="x" * 1_000_001)
    many = [{"tool": "look", "result": "x" * 999_000}] * 9
    with pytest.raises(StubMistake, match="All stubs together"):
        stubbing.set_answer(many, 0, kind="result", text="x" * 999_999)


def test_a_stub_that_is_gone_is_said():
    for edit in (lambda: stubbing.remove([ANY], 1), lambda: stubbing.set_match([ANY], -1, ""), lambda: stubbing.move([], 0, by=1)):  # fmt: skip
        with pytest.raises(StubMistake, match="no longer there"):
            edit()


EDITS = st.one_of(
    st.tuples(st.just("add"), st.sampled_from(["look", "pay"]), st.none()),
    st.tuples(st.sampled_from(["match", "result", "error", "delay", "exact", "up", "down", "remove"]), st.integers(0, 4), st.text(max_size=8) | st.sampled_from(['{"a": 1.5}', BLOCKS, "7", "on"])),
)  # fmt: skip


@given(st.lists(EDITS, max_size=12))
def test_whatever_is_edited_can_be_read_stored_and_shown(edits):
    stubs: stubbing.Stubs = []
    for what, where, text in edits:
        try:
            match what:
                case "add":
                    stubs = stubbing.add(stubs, where)
                case "match":
                    stubs = stubbing.set_match(stubs, where, text)
                case "result" | "error":
                    stubs = stubbing.set_answer(stubs, where, kind=what, text=text)
                case "delay":
                    stubs = stubbing.set_delay(stubs, where, text)
                case "exact":
                    stubs = stubbing.set_exact(stubs, where, on=text == "on")
                case "remove":
                    stubs = stubbing.remove(stubs, where)
                case _:
                    stubs = stubbing.move(stubs, where, by=1 if what == "down" else -1)[0]
        except StubMistake:
            continue
        assert json.loads(json.dumps(stubs)) == stubs
        assert len(read_stubs(stubs)) == len(stubs)
        assert [stub_view(stubs, index).index for index in range(len(stubs))] == list(range(len(stubs)))


# The tools they answer for ------------------------------------------------------------------------------------------

LOOK = {"name": "look", "description": "Looks.", "input_schema": {"type": "object"}}
SEARCH = {"type": "web_search_20250305", "name": "web_search"}
BASH = {"type": "bash_20250124", "name": "bash"}
MCP = {"type": "mcp_toolset", "mcp_server_name": "x"}


def test_a_tool_is_added_behind_the_others_and_its_field_ahead_of_the_messages():
    body = {"model": "m", "messages": []}
    add_tool(body, name="look", description="Looks.", schema='{"type": "object"}')
    add_tool(body, name="pay", description="", schema="")
    assert list(body) == ["model", "tools", "messages"]
    assert body["tools"][0] == LOOK
    assert list(body["tools"][1]) == ["name", "input_schema"]


@pytest.mark.parametrize(
    ("name", "schema", "field"), [("", "", "name"), ("look", "", "name"), ("x" * 201, "", "name"), ("new", "{", "schema"), ("new", "[]", "schema")]
)  # fmt: skip
def test_a_tool_that_cannot_be_added_names_the_field(name, schema, field):
    with pytest.raises(ToolMistake) as refusal:
        add_tool({"tools": [LOOK]}, name=name, description="", schema=schema)
    assert refusal.value.field == field


def test_tools_that_are_no_list_are_left_to_the_json_view():
    with pytest.raises(DocumentError):
        add_tool({"tools": {}}, name="look", description="", schema="")
    assert tools_of({"tools": {}}) == tools_of(None) == []


def test_the_last_tool_takes_its_field_along():
    body = {"tools": [5, LOOK]}
    assert remove_tool(body, 1) == "look"
    assert body == {"tools": [5]}
    with pytest.raises(DocumentError):
        remove_tool(body, 0)
    body = {"tools": [LOOK], "n": 1}
    remove_tool(body, 0)
    assert body == {"n": 1}


def says(stubs, *, max_turns=None, tools=(LOOK,)) -> dict[str, str]:
    return {view.name: view.says for view in tool_panel({"tools": list(tools)}, stubs, max_turns).tools}


def test_the_panel_says_what_happens_to_a_call_that_no_stub_answers():
    assert "ends where the model calls it" in says([])["look"]
    assert "cells will wait for you to type the result" in says([], max_turns=3)["look"]
    assert "cells will wait" in says([OTHER])["look"]
    assert says([ONE])["look"].startswith("Other inputs: cells will wait")
    assert says([ONE, ANY])["look"] == ""


def test_tools_that_the_api_runs_need_no_stub():
    panel = tool_panel({"tools": [SEARCH, BASH, MCP]}, [], None)
    assert [view.takes_stubs for view in panel.tools] == [False, True, False]
    assert "needs no stub" in panel.tools[0].says
    assert panel.tools[2].name == "mcp_toolset"


def test_a_stub_for_a_tool_that_is_not_there_is_shown_with_a_hint():
    assert says([OTHER, ANY]) == {"look": "", "pay": "The prompt has no tool of this name."}


def test_a_stub_behind_one_that_takes_any_input_is_never_asked():
    first, second = tool_panel({"tools": [LOOK]}, [ANY, ONE], None).tools[0].stubs
    assert (first.is_idle, second.is_idle) == (False, True)


@pytest.mark.parametrize(
    ("result", "note"),
    [("done", "text"), ("", "an empty text"), ('{"n": 1.0}', "JSON, sent as its text"), ([{"type": "text", "text": "x"}], "1 content block"),
     ('{"n": }', "line 1, column 7")],
)  # fmt: skip
def test_the_panel_says_what_a_result_is_sent_as(result, note):
    view = stub_view([{"tool": "look", "result": result}], 0)
    assert note in view.note
    assert view.is_odd == ("column" in note)


def test_the_chip_counts_tools_and_stubs():
    assert tools_chip({"tools": [LOOK]}, [ONE]) == "1 tool, 1 stub"
    assert tools_chip({"tools": [LOOK, SEARCH]}, []) == "2 tools, no stub"
    assert tools_chip(None, [ONE, ANY]) == "no tool, 2 stubs"
    assert tools_chip({}, []) == ""
