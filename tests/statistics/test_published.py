"""Worked examples from books and papers, to the digits they print."""

import math

import numpy as np
import pytest

from betaconsole.statistics import anylook, correction, exact, means, permutation, shares, shifts
from betaconsole.statistics.comparing import estimate
from betaconsole.statistics.sides import paired, unpaired
from betaconsole.statistics.tested import Chance, Terms

TERMS = Terms(alpha=0.05, extended=False, draws=9_999, seed=1)

# Student 1908, after Cushny & Peebles: hours of sleep gained with two drugs by the same ten people (R: `sleep`).
SLEEP_1 = [0.7, -1.6, -0.2, -1.2, -0.1, 3.4, 3.7, 0.8, 0.0, 2.0]
SLEEP_2 = [1.9, 0.8, 1.1, 0.1, -0.1, 4.4, 5.5, 1.6, 4.6, 3.4]
# Fisher 1935, The Design of Experiments, section 17, after Darwin: heights of crossed and self-fertilised maize, in eighths of
# an inch, pot by pot.
DARWIN = [49, -67, 8, 16, 6, 23, 28, 41, 14, 29, 56, 24, 75, 60, -48]
# Hollander & Wolfe 1973, section 3.1: depression before and after a tranquilliser (R: `?wilcox.test`).
DEPRESSION_BEFORE = [1.83, 0.50, 1.62, 2.48, 1.68, 1.88, 1.55, 3.06, 1.30]
DEPRESSION_AFTER = [0.878, 0.647, 0.598, 2.05, 1.06, 1.29, 1.06, 3.14, 1.29]
# Hollander & Wolfe 1973, section 4.1: permeability of a membrane at term, and at 12 to 26 weeks (R: `?wilcox.test`).
AT_TERM = [0.80, 0.83, 1.89, 1.04, 1.45, 1.38, 1.91, 1.64, 0.73, 1.46]
EARLIER = [1.15, 0.88, 0.90, 0.74, 1.21]


def test_paired_t_of_the_sleep_data():
    """R's manual of t.test: t = -4.0621, df = 9, mean -1.58, 95 % interval -2.4598858 to -0.7001142, p = 0.002833."""
    found = paired(SLEEP_1, SLEEP_2)
    assert estimate(found, TERMS).interval == pytest.approx((-2.4598858, -0.7001142), abs=5e-8)
    spread = means.spread(found)
    assert found.difference / spread.error == pytest.approx(4.0621, abs=5e-5)
    assert means.p_of_t(4.062128, 9) == pytest.approx(0.002833, abs=5e-7)


def test_welch_of_the_sleep_data():
    """R's manual of t.test: t = -1.8608, df = 17.776, 95 % interval -3.3654832 to 0.2054832, p = 0.07939."""
    found = unpaired(SLEEP_1, SLEEP_2)
    spread = means.spread(found)
    assert spread.df == pytest.approx(17.776, abs=5e-4)
    assert estimate(found, TERMS).interval == pytest.approx((-3.3654832, 0.2054832), abs=5e-8)
    assert means.p_of_t(found.difference / spread.error, spread.df) == pytest.approx(0.07939, abs=5e-6)


def test_sign_flips_of_darwins_maize():
    """Fisher 1935, section 21: of the 32,768 ways to sign the fifteen differences 1,726 sum to 314 or more either way, 5.267 %."""
    chance = permutation.flipped(paired(DARWIN, [0] * 15), draws=9_999, seed=1)
    assert chance.p == 1726 / 32768
    assert chance.smallest == 2 / 32768


def test_wilcoxons_interval_of_the_depression_data():
    """Hollander & Wolfe 1973, sections 3.2 and 3.3: the estimate -0.46; with 96.1 % between -0.786 and -0.010."""
    shift = shifts.shift(paired(DEPRESSION_AFTER, DEPRESSION_BEFORE), alpha=0.05)
    assert (shift.value, *shift.interval) == pytest.approx((0.46, 0.010, 0.786), abs=5e-4)


def test_the_rank_sum_estimate_of_the_membranes():
    """Hollander & Wolfe 1973, sections 4.2 and 4.3: the estimate 0.305; with 96 % between -0.15 and 0.76."""
    shift = shifts.shift(unpaired(AT_TERM, EARLIER), alpha=0.05)
    assert (shift.value, *shift.interval) == pytest.approx((0.305, -0.15, 0.76), abs=5e-4)


@pytest.mark.parametrize(
    ("count", "of", "low", "high"),
    [(81, 263, 0.2553, 0.3662), (15, 148, 0.0624, 0.1605), (0, 20, 0.0, 0.1611), (1, 29, 0.0061, 0.1718)],
)
def test_wilsons_interval(count: int, of: int, low: float, high: float):
    """Newcombe 1998 (single proportion), table I, method 3."""
    assert shares.wilson(count, of) == pytest.approx((low, high), abs=5e-5)


@pytest.mark.parametrize(
    ("first", "second", "low", "high"),
    [
        ((56, 70), (48, 80), 0.0528, 0.3382),
        ((9, 10), (3, 10), 0.1700, 0.8406),
        ((10, 10), (0, 20), 0.7156, 1.0),
        ((5, 56), (0, 29), -0.0326, 0.1933),
        ((0, 10), (0, 20), -0.1658, 0.2844),
    ],
)
def test_the_score_interval_of_two_samples(first: tuple[int, int], second: tuple[int, int], low: float, high: float):
    """Newcombe 1998 (independent proportions), table II, method 6: Miettinen and Nurminen's."""
    assert shares.score_of_samples(first, second) == pytest.approx((low, high), abs=5e-5)


def test_the_score_interval_of_pairs():
    """Fagerland, Lydersen & Laake 2014, the airways of Bentur et al. 2009: only before 1, only after 7, of 21; Tango's -0.517 to
    -0.026."""
    assert shares.score_of_pairs(1, 7, 13) == pytest.approx((-0.517, -0.026), abs=5e-4)


def test_where_no_pair_differs_the_score_interval_of_pairs_is_wilsons_of_one_way():
    assert shares.score_of_pairs(0, 0, 20)[1] == pytest.approx(shares.wilson(0, 20)[1], abs=1e-9)


def test_fishers_lady_tasting_tea():
    """Fisher 1935, section 5: all right of four and four is one of 70 ways; both ends together 2/70."""
    assert exact.fisher((4, 4), (0, 4)).p == pytest.approx(2 / 70, abs=1e-12)
    assert exact.fisher((3, 4), (1, 4)).p == pytest.approx(34 / 70, abs=1e-12)


def test_mcnemar_of_the_approval_ratings():
    """Agresti 2002, section 10.1: 150 changed to disapproval and 86 to approval of 1,600; z = -4.17, so p is about 0.00003."""
    assert exact.mcnemar(86, 150).p == pytest.approx(2 * 1.9e-5, rel=0.15)
    assert exact.mcnemar(2, 8).p == pytest.approx(0.109375, abs=1e-12)


def test_holms_correction():
    """R's manual of p.adjust by hand: each times how many are left, never falling."""
    chances = {name: Chance(p, 0.0) for name, p in zip("abcd", (0.01, 0.04, 0.03, 0.005), strict=True)}
    assert correction.holm(chances, alpha=0.05) == pytest.approx({"d": 0.02, "a": 0.03, "c": 0.06, "b": 0.06})


def test_a_question_that_cannot_be_answered_with_yes_does_not_burden_the_others():
    chances = {"a": Chance(0.02, 0.001), "b": Chance(1.0, 0.5), "c": Chance(0.5, 0.0625)}
    assert correction.holm(chances, alpha=0.05)["a"] == 0.02


def test_fiellers_interval():
    """By its definition: at both ends the mean of column - ratio * baseline lies exactly t standard errors from 0."""
    found = paired([5.1, 6.3, 4.8, 7.0, 5.5], [4.0, 5.2, 4.1, 5.3, 4.9])
    critical = means.quantile_t(4, 0.05)
    for end in means.relative(found.upper, found.lower, paired=True, critical=critical):
        gaps = found.upper - (1 + end) * found.lower
        assert abs(gaps.mean()) / (gaps.std(ddof=1) / math.sqrt(5)) == pytest.approx(critical, rel=1e-9)


def test_the_any_look_p_value_is_a_likelihood_ratio_of_t_distributions():
    """Lai 1976 and Hendriksen et al. 2021: the mixture over effects of noncentral t over central t, here summed by hand."""
    t, df = 2.6, 19
    tau = math.sqrt(anylook.MIXTURE)
    stats = pytest.importorskip("scipy.stats")
    effects = np.linspace(-8 * tau, 8 * tau, 4001)
    mixed = np.trapezoid(
        stats.nct.pdf(t, df, effects * math.sqrt(df + 1)) * stats.norm.pdf(effects, scale=tau), effects
    )
    assert anylook.p_of_t(t, df) == pytest.approx(stats.t.pdf(t, df) / mixed, rel=1e-6)
    assert anylook.p_of_t(anylook.critical_t(df, 0.01), df) == pytest.approx(0.01, rel=1e-9)


@pytest.mark.parametrize(("first", "second"), [((7, 20), (3, 20)), ((0, 9), (4, 30)), ((12, 12), (1, 5))])
def test_the_any_look_interval_of_shares_holds_what_the_likelihood_says(
    first: tuple[int, int], second: tuple[int, int]
):
    """Miettinen & Nurminen's restricted shares: no others with that difference are likelier, looked for by trying them all."""
    (x, n), (y, m) = first, second
    low, high = anylook.interval_of_samples(first, second, alpha=0.05)
    grid = np.linspace(0, 1, 1001)
    p, q = np.meshgrid(grid, grid)
    with np.errstate(divide="ignore", invalid="ignore"):
        logs = sum(np.where(k == 0, 0.0, k * np.log(s)) for k, s in ((x, p), (n - x, 1 - p), (y, q), (m - y, 1 - q)))
    mixed = sum(
        math.lgamma(k + 0.5) + math.lgamma(of - k + 0.5) - math.lgamma(of + 1) - math.log(math.pi)
        for k, of in (first, second)
    )
    kept = (p - q)[logs >= mixed + math.log(0.05)]
    assert (low, high) == pytest.approx((kept.min(), kept.max()), abs=0.003)
