"""`make coverage` in small: the same draws each time, so that a change of a method shows."""

from bench import coverage
from bench.coverage import FIGURES, RARE


def test_95_percent_intervals_hold_the_truth_95_percent_of_the_time():
    tally = coverage.coverage(40, processes=1, sizes=(20,), truth_from=100_000)
    common = [counts for kind, counts in tally.items() if kind.figure not in RARE]
    held, of = (sum(column) for column in zip(*common, strict=True))
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
