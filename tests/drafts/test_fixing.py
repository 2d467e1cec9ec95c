"""What preflight says stands under the matrix by column, and one press makes the change that it offers."""

import html
import json
import re

import pytest
from django.urls import reverse

from betaconsole.drafts import before_run
from betaconsole.drafts.before_run import Told, told_of
from betaconsole.drafts.case_sets import add_bodies
from betaconsole.drafts.columns import Column
from betaconsole.drafts.facts import Facts
from betaconsole.drafts.models import Draft
from betaconsole.runs.models import Comparison

from .desk import BODY, CONTEXT, THINKING, Tab, a_draft, targets

pytestmark = pytest.mark.django_db
MANAGED = {**BODY, "context_management": {"edits": [{"type": "clear_tool_uses_20250919"}]}}


TWO = (Column("a"), Column("b"))


@pytest.fixture
def desk(client, owner):
    """A tab with a draft of this body and these columns."""
    return lambda body=BODY, columns=TWO: Tab(client, a_draft(body, columns))


def told(tab: Tab) -> list[Told]:
    draft = tab.draft
    return told_of(draft, draft.sheet, Facts.load(draft.facts))


def codes(tab: Tab) -> list[tuple[str, str]]:
    """Code and letters of every finding, in the order shown."""
    return [(each.finding.code, "".join(each.letters)) for each in told(tab)]


def shown(tab: Tab) -> str:
    page = tab.client.get(reverse("runs:compose"), {"draft": tab.id}).content.decode()
    found = re.search(r'<section id="findings".*?</section>', page, re.DOTALL)
    assert found
    return html.unescape(found[0])


def fix(tab: Tab, code: str, **more: str) -> set[str]:
    """Press the button of the only finding with this code; the fragments that came back."""
    [finding] = [each for each in told(tab) if each.finding.code == code]
    answer = tab.post("fix", finding=finding.id, **more)
    assert answer.status_code == 200, answer.content
    assert (code, "".join(finding.letters)) not in codes(tab)
    return targets(answer)


def test_a_plain_draft_has_no_findings(desk):
    tab = desk()
    assert codes(tab) == []
    assert "finding-group" not in shown(tab)


def test_a_finding_stands_with_the_columns_it_is_true_of(desk):
    tab = desk(MANAGED, [Column("a"), Column("b", betas=(CONTEXT,)), Column("c")])
    assert codes(tab) == [("gated_field", "AC")]
    page = shown(tab)
    assert "In A and C" in page
    assert "Error:" in page
    assert f"context_management is refused without {CONTEXT}." in re.sub(r"<[^>]*>", "", page)
    assert "Add context-management" in page
    assert "Take context_management out" in page


def test_what_is_true_of_all_columns_is_said_once(desk):
    tab = desk({**BODY, "temperature": 0.3}, [Column(key) for key in "abcdefghijkl"])
    assert codes(tab) == [("parameter_removed", "ABCDEFGHIJKL")]
    assert "In all columns" in shown(tab)
    assert shown(tab).count("temperature is gone") == 1


def test_adding_the_beta_ticks_it_in_its_columns_and_gives_it_a_row(desk):
    tab = desk(MANAGED)
    assert {"matrix", "findings", "confirm"} <= fix(tab, "gated_field")
    assert [column.betas for column in tab.draft.sheet] == [(CONTEXT,), (CONTEXT,)]
    assert tab.draft.rows == [CONTEXT]


def test_the_other_way_takes_the_field_out_of_that_column_alone(desk):
    tab = desk(MANAGED, [Column("a"), Column("b", betas=(CONTEXT,))])
    fix(tab, "gated_field", other="on")
    first, second = tab.draft.sheet
    assert json.loads(first.changes_text) == {"context_management": None}
    assert second.changes_text == ""
    assert json.loads(tab.draft.body_text) == MANAGED


def test_what_is_wrong_in_all_columns_is_put_right_in_the_body_they_share(desk):
    tab = desk({**BODY, "temperature": 0.3})
    assert {"body", "parameters"} <= fix(tab, "parameter_removed")
    assert json.loads(tab.draft.body_text) == BODY
    assert [column.changes_text for column in tab.draft.sheet] == ["", ""]


def test_a_change_joins_what_was_typed(desk):
    tab = desk(BODY, [Column("a"), Column("b", changes_text='{"max_tokens": 500000, "metadata": {"user_id": "x"}}')])
    fix(tab, "max_tokens_over_limit")
    assert json.loads(tab.draft.sheet[1].changes_text) == {"max_tokens": 128000, "metadata": {"user_id": "x"}}


def test_a_replaced_object_loses_what_it_had(desk):
    thinking = {"thinking": {"type": "enabled", "budget_tokens": 2000}, "max_tokens": 4000}
    tab = desk({**BODY, **thinking}, [Column("a"), Column("b", model="claude-opus-5-5")])
    fix(tab, "thinking_type_refused")
    assert json.loads(tab.draft.sheet[1].changes_text) == {"thinking": {"type": "adaptive", "budget_tokens": None}}


def test_an_element_of_a_list_goes_by_an_operation(desk):
    tool = {"type": "advisor_20260301", "name": "advisor", "model": "claude-opus-5-5"}
    body = {**BODY, "tools": [tool]}
    tab = desk(body, [Column("a", betas=("advisor-tool-2026-03-01",)), Column("b")])
    fix(tab, "gated_tool_type", other="on")
    assert json.loads(tab.draft.sheet[1].changes_text) == [{"op": "remove", "path": "/tools/0"}]


def test_a_retired_model_of_one_column_becomes_its_successor(desk):
    tab = desk(BODY, [Column("a"), Column("b", model="claude-3-opus-20240229")])
    fix(tab, "model_retired")
    assert [column.model for column in tab.draft.sheet] == ["", "claude-opus-5-5"]
    both = desk({**BODY, "model": "claude-3-opus-20240229"})
    fix(both, "model_retired")
    assert json.loads(both.draft.body_text)["model"] == "claude-opus-5-5"


def test_a_misspelt_name_is_replaced_in_its_row_too(desk):
    wrong = "interleaved-thinking-2025-04-14"
    tab = desk(BODY, [Column("a"), Column("b", betas=(wrong,))])
    fix(tab, "misspelt_name")
    assert tab.draft.sheet[1].betas == (THINKING,)
    assert tab.draft.rows == [THINKING]


def test_an_example_is_taken_by_the_column_that_has_the_header(desk):
    tab = desk(BODY, [Column("a"), Column("b", betas=(CONTEXT,))])
    fix(tab, "header_without_field")
    assert tab.draft.sheet[1].examples == (CONTEXT,)
    assert codes(tab) == []


def test_a_wrong_place_is_moved_in_every_column(desk):
    tab = desk({**BODY, "effort": "low"})
    fix(tab, "misplaced_field")
    assert json.loads(tab.draft.body_text) == {**BODY, "output_config": {"effort": "low"}}


def test_what_was_settled_meanwhile_changes_nothing(desk):
    tab = desk(MANAGED)
    [finding] = told(tab)
    tab.post("fix", finding=finding.id)
    before = tab.draft
    answer = tab.post("fix", finding=finding.id)
    assert answer.status_code == 422
    assert "settled already" in answer.content.decode()
    assert tab.draft.revision == before.revision


def test_a_fix_is_one_step_to_undo(desk):
    tab = desk(MANAGED)
    fix(tab, "gated_field")
    tab.post("undo")
    assert [column.betas for column in tab.draft.sheet] == [(), ()]
    assert codes(tab) == [("gated_field", "AB")]


def test_a_batch_is_looked_at_as_one(desk):
    tab = desk({**BODY, "stream": True, "fallbacks": "default"}, [Column("a")])
    Draft.objects.update(engine="batch")
    assert ("not_in_batches", "A") in codes(tab)
    [finding] = [each.finding for each in told(tab) if each.finding.code == "not_in_batches"]
    assert (finding.path, finding.fix.path) == ("fallbacks", "/fallbacks")


def test_other_endpoints_are_asked_without_a_body(desk):
    tab = desk()
    tab.post("set_endpoint", endpoint="other", method="GET", path="/v1/agents", query="")
    assert codes(tab) == [("endpoint_needs_beta", "AB")]


def test_recorded_requests_in_place_of_the_prompt_are_not_mistaken_for_it(desk):
    tab = desk(MANAGED, [Column("a", betas=("prompt-caching-2024-07-31",))])
    add_bodies(tab.draft, [("one", json.dumps(BODY))], source="a test", is_trace=False)
    assert codes(tab) == [("built_in_name", "A")]


def test_names_and_texts_of_a_stranger_are_text(desk):
    hostile = {**BODY, "<img src=x onerror=alert(1)>": 1, "model": "</section><script>"}
    page = desk(hostile).client.get(reverse("runs:compose")).content.decode()
    assert "<img src=x" not in page
    assert "</section><script>" not in page


def test_no_body_is_read_for_them(desk):
    tab = desk({**BODY, "messages": [{"role": "user", "content": "x" * 2_000_000}], "temperature": 1})
    draft = Draft.objects.light().get()
    assert [each.finding.code for each in told_of(draft, draft.sheet, Facts.load(draft.facts))] == ["parameter_removed"]
    assert "body_text" in draft.get_deferred_fields()
    assert len(json.dumps(tab.draft.facts)) < 5_000


def test_what_nothing_has_changed_is_not_looked_at_again(desk):
    tab = desk(MANAGED)
    codes(tab)
    before = before_run._told.cache_info()
    tab.post("set_title", value="another question")
    codes(tab)
    after = before_run._told.cache_info()
    assert after.misses == before.misses
    assert after.hits > before.hits


def test_it_can_be_drawn_with_twelve_columns_and_a_big_body(desk):
    blocks = [
        {"type": "text", "text": f"part {number}", "cache_control": {"type": "ephemeral"}} for number in range(3_000)
    ]
    body = {**BODY, "messages": [{"role": "user", "content": blocks}]}
    tab = desk(body, [Column(str(number), betas=(CONTEXT,)) for number in range(12)])
    assert {code for code, _ in codes(tab)} == {"header_without_field", "too_many_cache_marks", "shared_cache"}


# Run asks once -------------------------------------------------------------------------------------------------------


def press(tab: Tab, **more: str) -> object:
    draft = tab.draft
    values = {
        "draft": tab.id,
        "revision": draft.revision,
        "tab": tab.name,
        "client_token": f"t{draft.revision}",
        **more,
    }
    return tab.client.post(reverse("runs:run"), values)


def test_run_asks_once_before_it_sends_what_will_be_refused(desk):
    tab = desk(MANAGED)
    asked = press(tab)
    assert asked.status_code == 422
    assert "Press Run once more to send it anyway" in asked.content.decode()
    assert 'name="confirmed" value="on"' in asked.content.decode()
    assert not Comparison.objects.exists()
    assert press(tab, confirmed="on").status_code == 302
    assert Comparison.objects.count() == 1


def test_what_was_sent_anyway_is_not_asked_about_again_and_what_is_new_is(desk):
    tab = desk(MANAGED)
    press(tab, confirmed="on")
    assert press(tab).status_code == 302
    tab.revision = tab.draft.revision
    tab.post("set_body", body=json.dumps({**MANAGED, "metadata": {"user_id": "x"}}))
    assert press(tab).status_code == 302
    tab.post("tick", column="a", beta="interleaved-thinking-2025-04-14", on="on")
    assert press(tab).status_code == 422


def test_the_page_knows_beforehand_that_run_will_ask(desk):
    tab = desk(MANAGED)
    answer = tab.post("set_title", value="q").content.decode()
    assert "data-asks" in answer
    assert '<a href="#findings" data-tone="bad">1 error</a>' in answer
    assert "Send anyway" in answer
    assert "Column" not in re.search(r'id="confirm-text".*?</ul>', answer, re.DOTALL)[0].replace("All columns", "")
    fix(tab, "gated_field")
    assert "data-asks" not in tab.post("set_title", value="r").content.decode()


def test_warnings_and_hints_are_not_asked_about(desk):
    tab = desk(BODY, [Column("a", betas=("prompt-caching-2024-07-31", "no-such-thing-2026-01-01"))])
    assert {code for code, _ in codes(tab)} == {"built_in_name", "unknown_name"}
    assert press(tab).status_code == 302
