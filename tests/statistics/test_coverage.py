"""`make coverage` in small: the same draws each time, so that a change of a method shows."""

from bench import coverage, exact_shares
from bench.coverage import FIGURES, LEAST, MOST


def test_95_percent_intervals_hold_the_truth_95_percent_of_the_time():
    tally = coverage.coverage(40, processes=1, sizes=(20,), truth_from=100_000)
    held, of = (sum(column) for column in zip(*tally.values(), strict=True))
    assert of > 4_000
    assert 0.935 <= held / of <= 0.965
    assert {kind.interval for kind in tally} == {"mean", "relative", "shift"}


def test_a_twin_is_seldom_said_to_differ_however_often_somebody_looks():
    found = coverage.alarms(30, figures=FIGURES, processes=1)
    assert found.first <= found.ever <= 0.05 * found.of


def test_a_bar_that_does_not_hold_is_said():
    kind = coverage.Kind("output_tokens", "mean", paired=True, n=20)
    assert coverage.report({kind: (95, 100)})[1]
    table, holds = coverage.report({kind: (90, 100)})
    assert "90.0!" in table
    assert not holds


def test_intervals_of_shares_from_one_in_ten_hold_as_promised_over_every_outcome():
    for rate in (0.1, 0.2, 0.3, 0.5):
        assert LEAST <= exact_shares.of_pairs(rate, 20) <= MOST, rate
        assert LEAST <= exact_shares.of_samples(rate, 20) <= MOST, rate


def test_rarer_shares_hold_more_often_since_three_against_none_is_no_difference_yet():
    """Whoever took it for one would be right often enough at 1 in 20, and too seldom at 1 in 10."""
    three_to_none = {rate: 2 * exact_shares.chance_of_pairs(3, 0, 20, rate=rate) for rate in (0.05, 0.1)}
    assert exact_shares.of_pairs(0.05, 20) > MOST
    assert LEAST <= exact_shares.of_pairs(0.05, 20) - three_to_none[0.05] <= MOST
    assert exact_shares.of_pairs(0.1, 20) - three_to_none[0.1] < LEAST
