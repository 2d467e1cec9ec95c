"""What is measured, and how it differs from the column it is compared with."""

from decimal import Decimal

import pytest

from betaconsole.runs.figures import KINDS, difference, figures_of, tokens_per_second
from betaconsole.runs.models import Exchange
from betaconsole.runs.states import State


def measured(**values):
    return Exchange(**{"stream": True, "state": State.SUCCEEDED, **values})


@pytest.mark.parametrize(
    ("value", "base", "said"),
    [
        (None, 10, "—"),
        (10, None, "—"),
        (102, 100, "+2 %"),
        (79, 100, "−21 %"),
        (100.4, 100, "+0.4 %"),
        (100.01, 100, "±0 %"),
        (100, 100, "same"),
        (0, 0, "same"),
        (1200, 0, "+1,200"),
        (0, 50, "−100 %"),
        (1200, 100, "× 12"),
        (1e300, 1e-300, "× inf"),
    ],
)
def test_a_difference_is_said_in_few_characters(value, base, said):
    assert difference(value, base) == said


def test_speed_counts_from_the_first_byte_of_a_stream():
    assert tokens_per_second(measured(output_tokens=300, first_byte_ms=1000, total_ms=4000)) == 100


def test_speed_of_a_whole_answer_counts_from_the_request():
    assert tokens_per_second(measured(output_tokens=300, first_byte_ms=3999, total_ms=4000, stream=False)) == 75


@pytest.mark.parametrize(
    "values",
    [
        {},
        {"output_tokens": 5},
        {"output_tokens": 0, "total_ms": 9},
        {"output_tokens": 5, "first_byte_ms": 9, "total_ms": 9},
    ],
)
def test_without_tokens_or_time_there_is_no_speed(values):
    assert tokens_per_second(measured(**values)) is None


def by_key(figures):
    return {figure.key: (figure.text, figure.difference) for figure in figures}


def test_a_column_compared_with_none_is_the_baseline():
    said = by_key(figures_of(measured(output_tokens=455, cost_usd=Decimal("0.0146")), None, is_baseline=True))
    assert said["output"] == ("455", "baseline")
    assert said["cost"] == ("$0.0146", "baseline")
    assert said["first_text"] == ("—", "")


def test_a_column_is_set_beside_the_one_it_is_compared_with():
    said = by_key(figures_of(measured(output_tokens=361), measured(output_tokens=455), is_baseline=False))
    assert said["output"] == ("361", "−21 %")


def test_a_figure_the_baseline_lacks_has_no_difference():
    said = by_key(figures_of(measured(output_tokens=361), measured(), is_baseline=False))
    assert said["output"] == ("361", "—")


def test_what_did_not_succeed_is_compared_with_nothing():
    refused, whole = measured(total_ms=78, state=State.FAILED), measured(total_ms=3090)
    assert by_key(figures_of(refused, whole, is_baseline=False))["total"] == ("78 ms", "")
    assert by_key(figures_of(whole, refused, is_baseline=False))["total"] == ("3.09 s", "—")


def test_a_column_that_was_not_sent_has_dashes():
    assert {figure.text for figure in figures_of(None, None, is_baseline=False)} == {"—"}


def test_three_figures_stand_where_there_is_little_room():
    assert sum(kind.is_main for kind in KINDS) == 3
