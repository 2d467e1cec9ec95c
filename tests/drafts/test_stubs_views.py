"""Tools and stubs in the composer: what is posted, what comes back, what is kept."""

import html
import json

import pytest

from betaconsole.drafts.composing import NotReady, plan_inputs
from betaconsole.drafts.models import Draft

from .desk import BODY, THINKING, Tab, a_draft, targets

pytestmark = pytest.mark.django_db
TOOL = {"name": "lookup_order", "description": "Finds an order", "input_schema": {"type": "object"}}
STUB = {"tool": "lookup_order", "result": "found"}


@pytest.fixture
def tab(client, owner) -> Tab:
    return Tab(client, a_draft({**BODY, "tools": [TOOL]}, tool_stubs=[STUB]))


def text(answer) -> str:
    return html.unescape(answer.content.decode())


def set_stub(tab: Tab, field: str, value: str, index: int = 0, **more: str):
    return tab.post("set_stub", field=field, value=value, index=index, opened="tools", **more)


def test_the_chip_opens_the_panel_and_closes_it(tab):
    assert "1 tool, 1 stub" in text(tab.client.get(f"/?draft={tab.id}"))
    opened = tab.get("tools")
    assert targets(opened) == {"tools_chip", "tools"}
    assert 'aria-expanded="true"' in text(opened)
    assert "Finds an order" in text(opened)
    assert '<div id="tools" hidden>' in text(tab.get("close_tools", opened="tools"))


def test_a_stub_is_added_open_and_edited_field_by_field(tab):
    answer = tab.post("add_stub", tool="lookup_order")
    assert "2 stubs" in text(answer)
    assert 'id="stub-1-match"' in text(answer)
    set_stub(tab, "match", '{"order_id": "A-1043"}', 1)
    answer = set_stub(tab, "answer", '{"status": "delivered",\r\n "total": 84.50}', 1, kind="result")
    assert {"stub-1-gist", "stub-1-note", "problem-stub-1-answer"} <= targets(answer)
    assert "tools" not in targets(answer)
    set_stub(tab, "delay", "300", 1)
    set_stub(tab, "exact", "on", 1)
    assert tab.draft.tool_stubs[1] == {
        "tool": "lookup_order",
        "match": {"order_id": "A-1043"},
        "match_exactly": True,
        "result": '{"status": "delivered",\n "total": 84.50}',
        "delay_ms": 300,
    }
    composed = plan_inputs(tab.draft)
    assert (composed.tool_stubs, composed.max_turns) == (tab.draft.tool_stubs, None)


def test_a_match_that_is_no_json_is_refused_at_its_field_and_nothing_changes(tab):
    answer = set_stub(tab, "match", '{"order_id": }')
    assert (answer.status_code, targets(answer)) == (422, {"problem-stub-0-match"})
    assert "line 1, column 14" in text(answer)
    assert tab.draft.revision == 1
    assert "problem-stub-0-match" in targets(set_stub(tab, "match", "{}"))


def test_a_result_that_begins_like_json_is_kept_as_text_and_where_it_fails_is_said(tab):
    answer = set_stub(tab, "answer", '{"status": ', kind="result")
    assert answer.status_code == 200
    assert "line 1, column 12" in text(answer)
    assert tab.draft.tool_stubs[0]["result"] == '{"status": '


@pytest.mark.parametrize(
    ("field", "value", "place"),
    [("delay", "soon", "stub-0-delay"), ("exact", "on", "stub-0-match"), ("answer", "x", "stub-0-answer"), ("tool", "", "stub-0-tool"), ("colour", "x", "tools")],
)  # fmt: skip
def test_what_cannot_be_is_refused_at_its_field(tab, field, value, place):
    answer = set_stub(tab, field, value)
    assert (answer.status_code, targets(answer)) == (422, {f"problem-{place}"})
    assert tab.draft.tool_stubs == [STUB]


def test_stubs_are_reordered_and_removed_and_all_of_it_is_undone(tab):
    tab.post("add_stub", tool="lookup_order")
    set_stub(tab, "answer", "second", 1, kind="error")
    tab.post("move_stub", index="1", to="up")
    assert [stub.get("error") for stub in tab.draft.tool_stubs] == ["second", None]
    tab.post("remove_stub", index="0")
    assert tab.draft.tool_stubs == [STUB]
    for _ in range(4):
        answer = tab.post("undo", opened="tools")
    assert {"tools", "body"} <= targets(answer)
    assert tab.draft.tool_stubs == [STUB]


def test_a_second_click_on_remove_takes_no_second_stub_and_no_typing_lands_in_another(tab):
    for _ in range(2):
        tab.post("add_stub", tool="lookup_order")
    for _ in range(2):
        assert tab.post("remove_stub", index="0", of="3").status_code == 200
    assert len(tab.draft.tool_stubs) == 2
    answer = set_stub(tab, "answer", "meant for the last", 1, kind="result", of="3")
    assert (answer.status_code, targets(answer)) == (422, {"problem-tools"})


def test_a_stub_of_a_tool_that_is_not_there_can_be_given_another(tab):
    tab.post("add_stub", tool="lookup_ordr")
    panel = text(tab.get("tools"))
    assert "The prompt has no tool of this name." in panel
    assert 'id="stub-1-tool"' in panel
    assert plan_inputs(tab.draft)
    answer = set_stub(tab, "tool", "lookup_order", 1)
    assert "The prompt has no tool of this name." not in text(answer)


def test_a_tool_is_added_and_removed_and_the_json_follows(tab):
    answer = tab.post("add_to_tools", name=" refund ", description="Pays back", schema='{"type": "object", "n": 1.0}')
    assert {"body", "tools"} <= targets(answer)
    assert '"n":1.0' in tab.draft.body_text
    assert "2 tools, 1 stub" in text(answer)
    refused = tab.post("add_to_tools", name="refund", schema="")
    assert (refused.status_code, targets(refused)) == (422, {"problem-tool-name"})
    assert targets(tab.post("add_to_tools", name="new", schema="{")) == {"problem-tool-schema"}
    tab.post("remove_from_tools", index="0", name="lookup_order")
    assert tab.post("remove_from_tools", index="0", name="lookup_order").status_code == 200
    assert [tool["name"] for tool in json.loads(tab.draft.body_text)["tools"]] == ["refund"]
    assert tab.draft.tool_stubs == [STUB]


def test_a_body_that_does_not_parse_keeps_its_stubs_in_sight(tab):
    answer = tab.post("set_body", body="{ oops", opened="tools")
    assert {"tools", "tools_chip"} <= targets(answer)
    assert "its tools cannot be shown" in text(answer)
    assert "no tool, 1 stub" in text(answer)
    assert tab.post("add_to_tools", name="x", schema="").status_code == 422


def test_typing_json_moves_the_panel_only_where_it_is_open(tab):
    assert "tools" not in targets(tab.post("set_body", body=json.dumps(BODY)))


def test_max_turns_are_kept_or_left_to_the_usual(tab):
    panel = text(tab.get("tools"))
    assert 'placeholder="10"' in panel
    tab.post("set_max_turns", value="3")
    assert tab.draft.max_turns == 3
    for bad in ("0", "101", "many"):
        answer = tab.post("set_max_turns", value=bad)
        assert (answer.status_code, targets(answer)) == (422, {"problem-stub-turns"})
    tab.post("set_max_turns", value="")
    assert tab.draft.max_turns is None


def test_stored_stubs_that_cannot_be_used_keep_a_draft_from_being_run(tab):
    Draft.objects.update(tool_stubs=[{"tool": "x"}], max_turns=1000)
    with pytest.raises(NotReady) as refusal:
        plan_inputs(tab.draft)
    assert {problem.where for problem in refusal.value.problems} == {"tool_stubs", "max_turns"}


def test_a_second_tab_notices_and_gets_back_what_was_typed(client, owner):
    draft = a_draft(tool_stubs=[STUB])
    first, second = Tab(client, draft, "tab1"), Tab(client, draft, "tab2")
    set_stub(first, "answer", "mine", kind="result")
    answer = set_stub(second, "answer", "typed meanwhile", kind="result")
    assert (answer.status_code, targets(answer)) == (409, {"conflict"})
    assert "typed meanwhile" in text(answer)


def test_hostile_names_and_results_are_shown_as_text(client, owner):
    nasty = '"><script>alert(1)</script>'
    draft = a_draft(
        {**BODY, "tools": [{"name": nasty, "description": nasty, "type": nasty}]},
        tool_stubs=[{"tool": nasty, "match": {nasty: nasty}, "error": nasty}, {"tool": "\x00", "result": "\x00\ud800"}],
    )
    tab = Tab(client, draft)
    assert b"<script>alert" not in tab.get("tools").content
    tab.post("add_stub", tool=nasty)
    assert len(tab.draft.tool_stubs) == 3


def test_a_tick_beside_big_stubs_reads_none_of_them(client, owner, django_assert_max_num_queries):
    tab = Tab(client, a_draft(tool_stubs=[{"tool": "look", "result": "x" * 1_000_000}] * 5))
    with django_assert_max_num_queries(40) as queries:
        answer = tab.post("tick", column="b", beta=THINKING, on="on")
    asked = [query["sql"].split("FROM")[0] for query in queries if query["sql"].startswith("SELECT")]
    assert not [sql for sql in asked if '"tool_stubs"' in sql.replace('LENGTH("drafts_draft"."tool_stubs")', "")]
    assert len(answer.content) < 20_000


def test_every_id_of_the_open_panels_is_there_once(client, owner):
    import re

    stubs = [STUB, {**STUB, "match": {"a": 1}}, {"tool": "other", "error": "no"}]
    tab = Tab(client, a_draft({**BODY, "tools": [TOOL]}, tool_stubs=stubs))
    ids = re.findall(r'\sid="([^"]+)"', tab.get("show", opened=["tools", "endpoint"]).content.decode())
    assert len(ids) == len(set(ids))
    assert {"stub-0-match", "stub-2-tool", "endpoint-line"} - set(ids) == {"endpoint-line"}
