"""The same numbers as scipy.stats, where it has the method."""

import math

import numpy as np
import pytest
from scipy import stats

from betaconsole.statistics import bootstrap, exact, means, permutation, shifts
from betaconsole.statistics.comparing import estimate
from betaconsole.statistics.medians import median_interval, quantile
from betaconsole.statistics.needed import Sought, cells_needed
from betaconsole.statistics.shares import wilson
from betaconsole.statistics.sides import paired, unpaired
from betaconsole.statistics.tested import Terms

RNG = np.random.default_rng(20)
BASELINE = RNG.lognormal(5, 0.3, 60).tolist()
COLUMN = (RNG.lognormal(5.1, 0.4, 60)).tolist()
TERMS = Terms(alpha=0.05, extended=False, draws=9_999, seed=1)


@pytest.mark.parametrize("n", [2, 5, 20, 49])
def test_means(n: int):
    pairs = stats.ttest_rel(COLUMN[:n], BASELINE[:n]).confidence_interval(0.95)
    assert estimate(paired(COLUMN[:n], BASELINE[:n]), TERMS).interval == pytest.approx(tuple(pairs), rel=1e-9)
    welch = stats.ttest_ind(COLUMN[:n], BASELINE[3:], equal_var=False).confidence_interval(0.95)
    assert estimate(unpaired(COLUMN[:n], BASELINE[3:]), TERMS).interval == pytest.approx(tuple(welch), rel=1e-9)


@pytest.mark.parametrize("in_pairs", [True, False])
def test_the_bootstrap(in_pairs: bool):
    """Both draw, and so are known to a hundredth of the width each: within a twentieth."""
    column, baseline = np.array(COLUMN), np.array(BASELINE)
    samples = (column - baseline,) if in_pairs else (column, baseline)

    def difference(*parts, axis):
        return parts[0].mean(axis) - parts[1].mean(axis) if len(parts) == 2 else parts[0].mean(axis)

    theirs = stats.bootstrap(
        samples, difference, n_resamples=20_000, method="BCa", rng=np.random.default_rng(2), batch=2_000
    ).confidence_interval
    sides = (paired if in_pairs else unpaired)(COLUMN, BASELINE)
    assert bootstrap.fits(sides)
    ours = estimate(sides, TERMS).interval
    assert ours == pytest.approx(tuple(theirs), abs=(theirs.high - theirs.low) / 20)


@pytest.mark.parametrize("n", [6, 9, 25])
def test_wilcoxons_intervals_are_what_its_test_does_not_reject(n: int):
    """Just inside an end scipy's exact test keeps the shift, just outside it rejects it."""
    gaps = np.array(COLUMN[:n]) - np.array(BASELINE[:n])
    low, high = _mirror(shifts.shift(sides := paired(COLUMN[:n], BASELINE[:n]), alpha=0.05), sides.sign)
    for end, inwards in ((low, 1e-7), (high, -1e-7)):
        assert stats.wilcoxon(gaps - end - inwards, method="exact").pvalue > 0.05
        assert stats.wilcoxon(gaps - end + inwards, method="exact").pvalue <= 0.05


def test_the_rank_sum_interval_is_what_its_test_does_not_reject():
    column, baseline = np.array(COLUMN[:8]), np.array(BASELINE[:11])
    low, high = _mirror(shifts.shift(sides := unpaired(COLUMN[:8], BASELINE[:11]), alpha=0.05), sides.sign)
    for end, inwards in ((low, 1e-7), (high, -1e-7)):
        assert stats.mannwhitneyu(column - end - inwards, baseline, method="exact").pvalue > 0.05
        assert stats.mannwhitneyu(column - end + inwards, baseline, method="exact").pvalue <= 0.05


def test_large_samples_take_the_normal_ranks():
    """Where counting gives way to the normal law the rank hardly moves."""
    assert abs(shifts.signed_rank(100, 0.05) - (5050 / 2 - 1.96 * math.sqrt(100 * 101 * 201 / 24))) < 3
    assert abs(shifts.rank_sum(50, 50, 0.05) - (1250 - 1.96 * math.sqrt(2500 * 101 / 12))) < 3


def test_permutations_of_pairs():
    few = paired(COLUMN[:9], BASELINE[:9])
    theirs = stats.permutation_test((few.gaps,), np.mean, permutation_type="samples", n_resamples=math.inf)
    assert permutation.flipped(few, draws=1, seed=1).p == pytest.approx(theirs.pvalue, abs=1e-12)


def test_permutations_of_samples():
    few = unpaired(COLUMN[:5], BASELINE[:6])

    def t(x, y, axis):
        return np.abs(stats.ttest_ind(x, y, axis=axis, equal_var=False).statistic)

    theirs = stats.permutation_test(
        (few.upper, few.lower), t, vectorized=True, alternative="greater", n_resamples=math.inf
    )
    assert permutation.relabelled(few, draws=1, seed=1).p == pytest.approx(theirs.pvalue, abs=1e-12)


@pytest.mark.parametrize("shift", [0.0, 8.0])
def test_drawn_permutations_come_near_the_t_test(shift: float):
    column = np.array(BASELINE[:30]) + np.random.default_rng(8).normal(shift, 20, 30)
    sides = paired(column.tolist(), BASELINE[:30])
    p = permutation.flipped(sides, draws=99_999, seed=3).p
    assert p == pytest.approx(stats.ttest_1samp(sides.gaps, 0).pvalue, rel=0.25)
    apart = unpaired(column.tolist(), BASELINE[:30])
    p = permutation.relabelled(apart, draws=99_999, seed=3).p
    assert p == pytest.approx(stats.ttest_ind(apart.upper, apart.lower, equal_var=False).pvalue, rel=0.25)


@pytest.mark.parametrize(("first", "second"), [(0, 4), (3, 9), (10, 10), (1, 20)])
def test_mcnemar(first: int, second: int):
    assert exact.mcnemar(first, second).p == pytest.approx(stats.binomtest(first, first + second).pvalue, rel=1e-9)


@pytest.mark.parametrize(("first", "second"), [((3, 20), (9, 20)), ((0, 8), (8, 8)), ((19, 20), (20, 20))])
def test_fisher_with_equal_sides(first: tuple[int, int], second: tuple[int, int]):
    """With as many cells on either side, the farthest tables are also the least likely ones."""
    table = [[first[0], first[1] - first[0]], [second[0], second[1] - second[0]]]
    assert exact.fisher(first, second).p == pytest.approx(stats.fisher_exact(table).pvalue, rel=1e-9)


def test_shares_and_medians():
    theirs = stats.binomtest(7, 31).proportion_ci(0.95, method="wilson")
    assert wilson(7, 31) == pytest.approx((theirs.low, theirs.high), rel=1e-9)
    ordered = sorted(COLUMN)
    theirs = stats.quantile_test(ordered, p=0.5).confidence_interval(0.95)
    assert median_interval(ordered) == (theirs.low, theirs.high)
    assert quantile(ordered, 0.25) == pytest.approx(float(np.quantile(ordered, 0.25)), rel=1e-12)


def test_what_is_needed_has_the_power_and_one_cell_less_has_not():
    sought = Sought(paired=True, difference=10.0, deviation=30.0, worth=5.0, alpha=0.01)
    cells = cells_needed(sought)

    def power(n: int) -> float:
        critical = means.quantile_t(n - 1, 0.01)  # one look: any more looks need more cells
        return 1 - stats.nct.cdf(critical, n - 1, 10 / 30 * math.sqrt(n))

    fixed = next(n for n in range(2, 1000) if power(n) >= 0.8)
    assert fixed == 109
    assert fixed < cells < 3 * fixed


def _mirror(shift: shifts.Shift, sign: int) -> tuple[float, float]:
    low, high = shift.interval
    return (low, high) if sign == 1 else (-high, -low)
