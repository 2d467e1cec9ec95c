"""Checks on outputs enter the evidence, cell by cell."""

import pytest

from betaconsole.compare.evidence import standing_of
from betaconsole.compare.observing import inputs_of
from betaconsole.runs.models import Comparison
from tests.builders import make_comparison, make_exchange, message
from tests.runs.conversations import call, make_conversation

pytestmark = pytest.mark.django_db


@pytest.fixture
def comparison(team, ann) -> Comparison:
    made = make_comparison(team, ann, exchanges=False)
    made.checks = [
        {"name": "polite", "kind": "contains", "value": "sorry"},
        {"name": "looked", "kind": "tool_called", "tool": call()["name"]},
        {"name": "cheap", "kind": "cost", "max": 1},
    ]
    made.save()
    return made


def test_each_cell_that_counts_says_whether_a_check_holds(comparison):
    first, second = comparison.variants.order_by("position")
    make_exchange(comparison, first, answer="I am sorry.")
    make_exchange(comparison, first, repeat=2, answer="No.", cost_usd=None)
    make_conversation(comparison, second, [message("So.", call(), stop_reason="tool_use"), "I am sorry to say."])

    inputs = inputs_of(comparison)

    one, other = inputs.columns[0].values, inputs.columns[1].values
    assert one["check:polite"] == {(0, 1): 1.0, (0, 2): 0.0}
    assert one["check:looked"] == {(0, 1): 0.0, (0, 2): 0.0}
    assert one["check:cheap"] == {(0, 1): 1.0}  # the other one's cost is not known
    assert (other["check:polite"], other["check:looked"]) == ({(0, 1): 1.0}, {(0, 1): 1.0})
    assert [figure.label for figure in inputs.figures if figure.key.startswith("check:")] == [
        "Check: polite", "Check: looked", "Check: cheap",
    ]  # fmt: skip


def test_other_checks_are_another_standing(comparison):
    before = standing_of(comparison).of
    Comparison.objects.filter(pk=comparison.pk).update(checks=[{"name": "is JSON", "kind": "json"}])
    assert standing_of(comparison).of != before


def test_checks_that_cannot_be_read_any_more_check_nothing(comparison):
    make_exchange(comparison, comparison.variants.get(position=0))
    comparison.checks = [{"kind": "unheard of"}]
    assert not any(figure.key.startswith("check:") for figure in inputs_of(comparison).figures)
