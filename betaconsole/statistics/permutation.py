"""How often chance alone gives a difference at least as large, when who is who is drawn anew: exact where the arrangements
are few, else drawn with a seed. Always two-sided."""

import math
from collections.abc import Callable
from functools import lru_cache
from itertools import combinations

import numpy as np
import numpy.typing as npt

from .sides import Floats, Sides
from .tested import Chance

EXACT_MOST = 65_536
# Beyond so many pairs, or values on both sides, chance gives the law of t anyway.
MOST = 500
# Values in one batch of rearrangements, and how many batches are kept: every figure of a comparison is rearranged alike, since
# it is the cells that change places.
BATCH = 200_000
KEPT = 128
# With so many draws at least as extreme, the p-value is known to a fifteenth of itself and drawing stops.
ENOUGH = 200
MOST_WORK = 50_000_000
# Sums of the same values in another order are the same sum.
ROUNDING = 1e-9


# Of the batch of that number: whether each rearrangement is at least as extreme as what was measured.
Batch = Callable[[int], npt.NDArray[np.bool_]]


def flipped(sides: Sides, *, draws: int, seed: int) -> Chance:
    """Pairs: each gap may as well have the other sign. Statistic: the mean gap.

    R. A. Fisher 1935, The Design of Experiments, section 21. Drawn: `_drawn`.
    """
    gaps = np.abs(sides.gaps)
    gaps = gaps[gaps > 0]
    n = len(gaps)
    if not n:
        return Chance(1.0, 1.0)
    bar = abs(float(sides.gaps.sum())) - ROUNDING * float(gaps.sum())
    smallest = smallest_of_flips(n, draws=draws)
    if 2**n <= EXACT_MOST:
        return Chance(float((np.abs(_signs(n) @ gaps) >= bar).mean()), smallest)

    def batch(at: int) -> npt.NDArray[np.bool_]:
        return np.abs(_flips(len(sides.gaps), seed, at)[:, :n] @ gaps) >= bar

    return _drawn(batch, draws=_bounded(draws, n), smallest=smallest)


def relabelled(sides: Sides, *, draws: int, seed: int) -> Chance:
    """Two samples: every value may as well belong to the other. Statistic: Welch's t, so that unequal spreads do no harm.

    A. Janssen 1997, Studentized permutation tests for non-i.i.d. hypotheses and the generalized Behrens-Fisher problem;
    Statistics & Probability Letters 36: 9-21. Needs two values a side.
    """
    pool = np.concatenate([sides.upper, sides.lower])
    # Centred: the squares keep their digits.
    pool = pool - pool.mean()
    scale = float(np.abs(pool).max())
    pool = pool / scale if scale > 0 else pool
    n, total = len(sides.upper), len(pool)
    arrangements = math.comb(total, n)
    bar = float(_welch(pool[:n][None, :], pool)[0]) * (1 - ROUNDING)
    smallest = smallest_of_labels(n, total - n, draws=draws)
    if arrangements <= EXACT_MOST:
        return Chance(float((_welch(pool[_choices(total, n)], pool) >= bar).mean()), smallest)

    def batch(at: int) -> npt.NDArray[np.bool_]:
        return _welch(pool[_orders(n, total, seed, at)], pool) >= bar

    return _drawn(batch, draws=_bounded(draws, 4 * total), smallest=smallest)


def smallest_of_flips(pairs: int, *, draws: int) -> float:
    """The least p-value that so many pairs can give: all gaps to one side."""
    return 2.0 ** (1 - pairs) if 2**pairs <= EXACT_MOST else 1 / (_bounded(draws, pairs) + 1)


def smallest_of_labels(n: int, m: int, *, draws: int) -> float:
    """The least p-value that so many values of either side can give: no overlap."""
    arrangements = math.comb(n + m, n)
    if arrangements > EXACT_MOST:
        return 1 / (_bounded(draws, 4 * (n + m)) + 1)
    return min(1.0, (2 if n == m else 1) / arrangements)


def _welch(chosen: Floats, pool: Floats) -> Floats:
    """|t| of each row against the rest of the pool, whose sum is 0; infinite where neither side varies but they differ."""
    n, m = chosen.shape[1], len(pool) - chosen.shape[1]
    sums, squares = chosen.sum(axis=1), (chosen * chosen).sum(axis=1)
    rest, rest_squares = pool.sum() - sums, (pool * pool).sum() - squares
    gap = np.abs(sums / n - rest / m)
    error = (squares - sums**2 / n) / (n - 1) / n + (rest_squares - rest**2 / m) / (m - 1) / m
    still = error <= 1e-14
    return np.where(still, np.where(gap > 1e-9, 1e12, 0.0), gap / np.sqrt(np.where(still, 1.0, error)))


def _drawn(batch: Batch, *, draws: int, smallest: float) -> Chance:
    """(hits + 1) / (draws + 1): Phipson & Smyth 2010, Permutation p-values should never be zero; Statistical Applications in
    Genetics and Molecular Biology 9: 39. Ends early, with hits / draws so far, at the `ENOUGH`th hit: Besag & Clifford 1991,
    Sequential Monte Carlo p-values; Biometrika 78: 301-304."""
    hits = done = at = 0
    while done < draws:
        found = batch(at)[: draws - done]
        new = int(found.sum())
        if hits + new >= ENOUGH:
            last = int(np.flatnonzero(found)[ENOUGH - hits - 1])
            return Chance(ENOUGH / (done + last + 1), smallest)
        hits, done, at = hits + new, done + len(found), at + 1
    return Chance((hits + 1) / (draws + 1), smallest)


@lru_cache(maxsize=KEPT)
def _flips(n: int, seed: int, at: int) -> npt.NDArray[np.int8]:
    """A batch of ways to sign n gaps, a row each."""
    rng = np.random.default_rng([seed, n, at])
    return 1 - 2 * rng.integers(0, 2, size=(BATCH // n, n), dtype=np.int8)


@lru_cache(maxsize=KEPT)
def _orders(n: int, total: int, seed: int, at: int) -> npt.NDArray[np.int16]:
    """A batch of ways to choose n of all values, a row each."""
    rng = np.random.default_rng([seed, total, at])
    return np.argsort(rng.random((BATCH // total, total)), axis=1)[:, :n].astype(np.int16)


def _bounded(draws: int, size: int) -> int:
    return max(9_999, min(draws, MOST_WORK // size))


@lru_cache(maxsize=4)
def _signs(n: int) -> Floats:
    """Every way to sign n values, a row each."""
    bits = (np.arange(2**n)[:, None] >> np.arange(n)) & 1
    return 1.0 - 2.0 * bits.astype(np.float64)


@lru_cache(maxsize=4)
def _choices(total: int, n: int) -> npt.NDArray[np.intp]:
    return np.array(list(combinations(range(total), n)), dtype=np.intp)
