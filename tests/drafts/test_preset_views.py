"""The menu of presets in the composer: one press is one edit, undo gets back what was there."""

import pytest

from betaconsole.catalogue.betas import MADE_UP
from betaconsole.drafts.columns import Column
from betaconsole.drafts.labels import labels

from .desk import ADVISOR, COMPACT, CONTEXT, THINKING, Tab, a_draft, targets

pytestmark = pytest.mark.django_db


@pytest.fixture
def tab(client, owner) -> Tab:
    return Tab(client, a_draft(columns=[Column("a"), Column("b", betas=(CONTEXT, THINKING))]))


def text(answer) -> str:
    return answer.content.decode()


def test_one_press_fills_the_matrix_and_one_undo_brings_the_columns_back(tab):
    before = tab.draft.sheet
    answer = tab.post("fill_matrix", preset="leave_one_out")
    assert {"matrix", "column", "presets"} <= targets(answer)
    assert "Run 8" not in text(answer)
    assert "<b>Leave one out.</b>" in text(answer)
    assert ">4 requests</span>" in text(answer)
    assert labels(tab.draft.sheet) == ["all", "all − context-management", "all − interleaved-thinking", "none"]
    assert tab.draft.preset == "leave_one_out"
    undone = tab.post("undo")
    assert (tab.draft.sheet, tab.draft.preset) == (before, "")
    assert "matrix" in targets(undone)


def test_a_matrix_edited_by_hand_is_no_filling_of_a_preset_any_more(tab):
    tab.post("fill_matrix", preset="leave_one_out")
    key = tab.draft.sheet[1].key
    renamed = tab.post("set_column", key, field="name", value="Mine")
    assert (renamed.status_code, tab.draft.preset) == (200, "leave_one_out")
    ticked = tab.post("tick", column=key, beta=CONTEXT, on="on")
    assert tab.draft.preset == ""
    assert "plan" in targets(ticked)
    assert '<p id="plan" class="hint" hidden>' in text(ticked)
    tab.post("undo")
    assert tab.draft.preset == "leave_one_out"


def test_controls_stand_beside_what_is_there_and_say_so(tab):
    tab.post("fill_matrix", preset="one_at_a_time")
    answer = tab.post("fill_matrix", preset="controls")
    assert tab.draft.preset == "one_at_a_time"
    assert [column.role for column in tab.draft.sheet] == ["", "", "", "made_up", "twin"]
    assert "<b>D</b> is a control: its beta is made up and must be refused." in text(answer)
    assert "<b>E</b> is a control: it asks the same as A and must show no difference." in text(answer)
    assert "send the same request" not in text(answer), "of a twin that is the point"
    assert "is not among the betas known" not in text(answer), "nobody has to be warned of a made-up name"
    assert MADE_UP not in tab.draft.rows


def test_a_control_follows_its_baseline_in_the_matrix_and_stops_when_it_is_ticked_itself(tab):
    tab.post("fill_matrix", preset="controls")
    followed = tab.post("tick", column="a", beta=THINKING, on="on")
    assert "matrix" in targets(followed)
    assert not {"line-a", "changes-a"} & targets(followed), "the matrix brings them"
    twin = tab.draft.sheet[3]
    assert twin.betas == (THINKING,)
    by_hand = tab.post("tick", column=twin.key, beta=CONTEXT, on="on")
    assert "matrix" in targets(by_hand)
    assert tab.draft.sheet[3].role == ""
    assert tab.draft.preset == "controls", "the other one is still there"


def test_the_menu_says_what_each_would_make_of_the_matrix_and_teaches_where_there_is_nothing(client, owner, tab):
    menu = text(tab.get("presets"))
    assert "4 columns · 4 requests" in menu
    assert "Which of them still matters" in menu
    assert 'value="claude-sonnet-4-6" checked' in menu
    assert "claude-2.1" not in menu, "a model that answers no more"
    empty = Tab(client, a_draft())
    said = text(empty.get("presets"))
    assert "There is no beta in the matrix yet" in said
    assert 'value="leave_one_out" disabled' in said
    refused = empty.post("fill_matrix", preset="one_at_a_time")
    assert (refused.status_code, targets(refused)) == (422, {"problem-preset"})
    assert "needs a beta" in text(refused)


def test_what_would_be_too_many_requests_is_refused_and_nothing_changes(client, owner):
    rows = tuple(f"b{number:02}-2025-01-01" for number in range(25))
    tab = Tab(client, a_draft(columns=[Column("a"), Column("b", betas=rows)], repeats=100))
    before = tab.draft.sheet
    answer = tab.post("fill_matrix", preset="leave_one_out")
    assert answer.status_code == 422
    assert "27 columns and 2,700 requests; one comparison holds at most 2,000" in text(answer)
    assert tab.draft.sheet == before
    assert tab.post("fill_matrix", preset="nonsense").status_code == 422


def test_the_same_betas_go_across_the_models_chosen(tab):
    assert tab.post("fill_matrix", preset="across_models", model=["claude-opus-5"]).status_code == 422
    tab.post("fill_matrix", preset="across_models", model=["claude-opus-5", "claude-sonnet-4-6"])
    assert [column.model for column in tab.draft.sheet] == ["claude-opus-5"] * 2 + ["claude-sonnet-4-6"] * 2
    tab.post("fill_matrix", preset="across_versions")
    assert len({column.version for column in tab.draft.sheet}) == 2


def test_without_javascript_the_menu_is_a_form(client, owner):
    draft = a_draft(columns=[Column("a"), Column("b", betas=(COMPACT, ADVISOR))])
    tab = Tab(client, draft)
    answer = client.post(f"/drafts/{draft.public_id}/presets/fill/", {"preset": "all_subsets"})
    assert (answer.status_code, answer["Location"]) == (302, f"/?draft={draft.public_id}")
    assert len(tab.draft.sheet) == 4
    assert "All subsets." in text(client.get(f"/?draft={draft.public_id}"))
