"""What is measured, and how it differs from the column it is compared with."""

from decimal import Decimal

import pytest

from betaconsole.runs.models import Exchange
from betaconsole.runs.pages.figures import KINDS, Cell, difference, figures_of, kinds, tokens_per_second
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
    assert tokens_per_second([measured(output_tokens=300, first_byte_ms=1000, total_ms=4000)]) == 100


def test_speed_of_a_whole_answer_counts_from_the_request():
    assert tokens_per_second([measured(output_tokens=300, first_byte_ms=3999, total_ms=4000, stream=False)]) == 75


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
    assert tokens_per_second([measured(**values)]) is None


def by_key(figures):
    return {figure.key: (figure.text, figure.difference) for figure in figures}


def beside(one, other=None, **values):
    """The figures of a cell of one turn beside another one's."""
    cells = [turns if isinstance(turns, Cell) else Cell([turns]) for turns in (one, other or Cell())]
    return by_key(figures_of(*cells, is_baseline=False, **values))


def test_a_column_compared_with_none_is_the_baseline():
    said = by_key(figures_of(Cell([measured(output_tokens=455, cost_usd=Decimal("0.0146"))]), None, is_baseline=True))
    assert said["output"] == ("455", "baseline")
    assert said["cost"] == ("$0.0146", "baseline")
    assert said["first_text"] == ("—", "")


def test_a_column_is_set_beside_the_one_it_is_compared_with():
    said = beside(measured(output_tokens=361), measured(output_tokens=455))
    assert said["output"] == ("361", "−21 %")


def test_a_figure_the_baseline_lacks_has_no_difference():
    said = beside(measured(output_tokens=361), measured())
    assert said["output"] == ("361", "—")


def test_what_did_not_succeed_is_compared_with_nothing():
    refused, whole = measured(total_ms=78, state=State.FAILED), measured(total_ms=3090)
    assert beside(refused, whole)["total"] == ("78 ms", "")
    assert beside(whole, refused)["total"] == ("3.09 s", "—")


def test_a_column_that_was_not_sent_has_dashes():
    assert {figure.text for figure in figures_of(Cell(), None, is_baseline=False)} == {"—"}


def test_three_figures_stand_where_there_is_little_room():
    assert sum(kind.is_main for kind in KINDS) == 3


# Several turns ------------------------------------------------------------------------------------------------------


def turn(number, **values):
    """A turn that streamed for a second and then some."""
    usual = {
        "first_text_ms": 800.0,
        "first_byte_ms": 500.0,
        "total_ms": 2500.0,
        "input_tokens": 1000,
        "output_tokens": 100,
    }
    return measured(**{**usual, "turn": number, "cost_usd": Decimal("0.01"), **values})


def test_a_cell_sums_its_turns_and_says_so():
    figures = figures_of(Cell([turn(1), turn(2, first_text_ms=100.0, output_tokens=300)]), None, is_baseline=True)
    said = {figure.key: figure for figure in figures}
    assert (said["total"].text, said["total"].turns) == ("5.00 s", "2 turns")
    assert (said["first_text"].text, said["first_text"].title) == ("800 ms", "Of the first turn")
    assert said["input"].text == "2,000"
    assert said["cost"].text == "$0.0200"
    assert said["speed"].text == "100 tok/s"


def test_one_turn_says_nothing_of_turns():
    assert {(figure.turns, figure.title) for figure in figures_of(Cell([turn(1)]), None, is_baseline=True)} == {
        ("", "")
    }


@pytest.mark.parametrize(
    ("missing", "key"),
    [("output_tokens", "output"), ("cost_usd", "cost"), ("total_ms", "total"), ("output_tokens", "speed")],
)
def test_a_figure_that_one_turn_lacks_is_a_dash_and_not_a_smaller_sum(missing, key):
    assert beside(Cell([turn(1), turn(2, **{missing: None})]))[key] == ("—", "")


def test_a_cell_that_waits_is_compared_with_nothing():
    waiting = Cell([turn(1)], waits=True)
    assert beside(waiting, turn(1))["output"] == ("100", "")
    assert beside(turn(1), waiting)["output"] == ("100", "—")


def test_a_further_turn_under_way_makes_sums_unknown_and_compares_nothing():
    running = Cell([turn(1), turn(2, state=State.STREAMING, total_ms=None, output_tokens=None)])
    assert beside(running, turn(1))["total"] == ("—", "")


def test_the_cost_without_caching_is_shown_where_caches_were_met():
    usage = {
        "input_tokens": 100,
        "output_tokens": 100,
        "cache_read_input_tokens": 9900,
        "cache_creation_input_tokens": 0,
    }
    cached = turn(1, usage=usage, model="claude-sonnet-4-6", cache_read_tokens=9900)
    assert beside(cached, chosen=kinds(cached=True))["uncached_cost"] == ("$0.0315", "—")
    assert "uncached_cost" not in beside(cached)


def test_an_answer_without_a_known_price_says_why_it_has_no_cost():
    cached = {"input_tokens": 5, "output_tokens": 5, "cache_read_input_tokens": 900}
    answered = measured(model="claude-sonnet-4-6", usage=cached, input_tokens=5)
    refused = measured(model="claude-sonnet-4-6", state=State.FAILED)
    for turns, why in [
        ((answered,), "The price of a cache read on claude-sonnet-4-6 is not known."),
        ((refused,), ""),
        ((), ""),
    ]:
        cost = {figure.key: figure for figure in figures_of(Cell(turns), None, is_baseline=True)}["cost"]
        assert (cost.text, cost.why_unknown) == ("—", why)
