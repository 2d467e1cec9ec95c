"""From a draft to what can be planned."""

import pytest

from betaconsole.drafts.columns import Column
from betaconsole.drafts.composing import NotReady, plan_inputs
from betaconsole.drafts.models import OwnBody

from .desk import BODY, CONTEXT, THINKING, a_draft

pytestmark = pytest.mark.django_db


def problems_of(draft) -> dict[str, str]:
    with pytest.raises(NotReady) as refusal:
        plan_inputs(draft)
    return {problem.where: problem.message for problem in refusal.value.problems}


def test_a_draft_becomes_columns_with_header_label_and_baseline():
    draft = a_draft(columns=[Column("a"), Column("b", betas=(THINKING, CONTEXT), version="2023-06-01")], repeats=3)
    composed = plan_inputs(draft)
    first, second = composed.columns
    assert (first.letter, first.label, first.header, first.baseline_label) == ("A", "Baseline", "", None)
    assert second.header == f"{THINKING},{CONTEXT}"
    assert (second.version, first.version) == ("2023-06-01", draft.version)
    assert second.baseline_label == "Baseline"
    assert (composed.body, composed.repeats, composed.stream) == (BODY, 3, False)


def test_an_empty_column_is_a_valid_baseline():
    assert plan_inputs(a_draft(columns=[Column("a")])).columns[0].betas == ()


def test_all_problems_are_named_at_once():
    columns = [Column("a", changes_text="{"), Column("b", version="yesterday"), Column("c", betas=("No",))]
    found = problems_of(a_draft(text='{"model": 1,}', columns=columns, repeats=101))
    assert set(found) == {"body", "a", "b", "c", "repeats"}
    assert "line 1" in found["body"]
    assert found["a"].startswith("Column A:")
    assert "'No'" in found["c"]


def test_betas_in_the_body_are_explained():
    assert "anthropic-beta header" in problems_of(a_draft({**BODY, "betas": ["x"]}))["body"]


def test_a_body_that_is_no_object_is_refused():
    assert "object" in problems_of(a_draft([1]))["body"]


def test_a_columns_own_body_stands_apart_and_takes_changes():
    own = '{"model": "other", "max_tokens": 1e1, "messages": []}'
    draft = a_draft(columns=[Column("a"), Column("b", changes_text='{"x": 1}')], own_bodies={"b": own})
    assert OwnBody.objects.get().text == own
    column = plan_inputs(draft).columns[1]
    assert column.own_body["model"] == "other"
    assert column.changes == {"x": 1}


def test_an_own_body_that_does_not_parse_names_its_column():
    found = problems_of(a_draft(own_bodies={"b": "{,"}))
    assert found["b"].startswith("Column B:")
