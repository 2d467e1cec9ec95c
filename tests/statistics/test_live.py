"""While a comparison runs: counts, medians and intervals, and nothing that concludes."""

from betaconsole.statistics.figures import REFUSAL
from betaconsole.statistics.live import identical_outputs, summaries, summary

from .columns import OUTPUT_TOKENS, column, inputs


def test_a_column_has_its_quartiles_and_an_interval_of_its_median():
    found = summary(OUTPUT_TOKENS, 1, [30, 10, 20, 50, 40, 60, 80, 70])
    assert (found.n, found.mean, found.median, found.q1, found.q3) == (8, 45, 45, 27.5, 62.5)
    assert (found.minimum, found.maximum) == (10, 80)
    # P(none of 8 below the median) = 1/256, P(at most one) = 9/256: the ends hold it with 99.2 %, the next ones with 93 %.
    assert (found.low, found.high) == (10, 80)


def test_five_values_say_nothing_sure_of_the_median():
    """P(all of them on one side) = 1/16."""
    assert summary(OUTPUT_TOKENS, 1, range(5)).low is None
    assert summary(OUTPUT_TOKENS, 1, range(6)).low == 0


def test_a_share_has_the_interval_of_a_share():
    found = summary(REFUSAL, 1, [0.0] * 20)
    assert (found.mean, found.low) == (0, 0)
    assert 0.16 < found.high < 0.17


def test_a_column_without_a_value_is_there_with_none():
    empty = summaries(inputs(column(0, {})))
    assert [(one.n, one.median) for one in empty] == [(0, None)]


def test_the_same_outputs_are_grouped_largest_first():
    one = column(3, {}, baseline=None)
    said = {(0, repeat): digest for repeat, digest in enumerate("abacaab")}
    assert identical_outputs([type(one)(**{**one.__dict__, "outputs": said})]) == {3: (4, 2, 1)}
