"""Numbers of a row are written in one unit with the same digits, and no difference is rounded away."""

import pytest

from betaconsole.compare.quantities import chance, finer, hand_for, percent


@pytest.mark.parametrize(
    ("unit", "values", "value", "difference"),
    [
        ("tokens", [455, 361], "455", "−94"),
        ("tokens", [1.5, 3], "1.5", "+1.5"),
        ("characters", [12_345, 12_000.5], "12,345", "−344"),
        ("count", [2, 3], "2", "+1"),
        ("ms", [812, 830], "812 ms", "+18 ms"),
        ("ms", [6420, 650], "6.42 s", "−5.77 s"),
        ("usd", [1.04, 2], "$1.04", "+$0.96"),
        ("share", [0.5, 0.64], "50 %", "+14 points"),
        ("tokens_per_second", [71, 3.2], "71 tok/s", "−68 tok/s"),
    ],
)
def test_a_quantity_is_written_with_its_unit(unit, values, value, difference):
    hand = hand_for(unit, values)
    assert (hand.value(values[0]), hand.difference(values[1] - values[0])) == (value, difference)


def test_small_sums_keep_three_digits_that_count():
    hand = hand_for("usd", [0.0146, 0.0134])
    assert hand.value(0.0146) == "$0.0146"
    assert hand.difference(-0.0012) == "−$0.0012"
    assert hand.interval(-0.0018, -0.0007) == "−0.0018 … −0.0007"
    assert hand_for("usd", [0.00046]).value(0.00046) == "$0.000460"


def test_what_is_not_known_is_a_dash():
    hand = hand_for("ms", [None])
    assert [hand.value(None), hand.difference(None), hand.interval(None, 1), hand.spread(None, 1)] == [
        "—",
        "—",
        "—",
        "",
    ]
    assert (percent(None), chance(None)) == ("", "—")


def test_zero_has_no_sign():
    hand = hand_for("tokens", [455, 361])
    assert (hand.difference(0), hand.difference(-0.2), hand.value(-0.2)) == ("0", "0", "0")


def test_a_difference_that_would_be_rounded_away_gets_more_digits():
    hand = hand_for("tokens", [455, 455.3])
    assert hand.difference(0.3) == "0"
    assert finer(hand, [0.3, 0.1, 0.5]).difference(0.3) == "+0.30"
    assert finer(hand, [12, -1, 25]).difference(12) == "+12"
    assert finer(hand, [0, 0, 0]).difference(0) == "0"


@pytest.mark.parametrize(
    ("share", "said"), [(-0.21, "−21 %"), (0.004, "+0.4 %"), (0, "0 %"), (0.0001, "0 %"), (11, "× 12"), (-1, "−100 %")]
)
def test_a_share_of_the_baseline_is_said_in_percent(share, said):
    assert percent(share) == said


@pytest.mark.parametrize(("p", "said"), [(0.00001, "below 0.001"), (0.0312, "0.031"), (0.5, "0.50"), (1.2, "1.00")])
def test_a_p_value_is_never_said_to_be_nothing(p, said):
    assert chance(p) == said
