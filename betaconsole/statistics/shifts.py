"""By how much one column lies above the other, whatever the distribution: Hodges and Lehmann's estimate with the interval
that Wilcoxon's test gives."""

import math
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from scipy import special

from .sides import Floats, Sides
from .tested import Interval

# All pairwise means or differences are held at once.
MOST_PAIRS = 1_000_000
EXACT_PAIRS = 100
EXACT_SIDE = 50


@dataclass(frozen=True)
class Shift:
    """`interval` is None where it would need more values than there are: under 6 pairs at 95 %."""

    value: float
    interval: Interval | None


def shift(sides: Sides, *, alpha: float) -> Shift | None:
    """Of upper against lower; None where there are too many values to pair them all.

    Hodges & Lehmann 1963, Estimates of location based on rank tests; Annals of Mathematical Statistics 34: 598-611. The
    intervals: Hollander & Wolfe 1999, Nonparametric Statistical Methods, 2nd edition, sections 3.3 (pairs: signed ranks)
    and 4.3 (rank sum). Ties widen them.
    """
    n, m = len(sides.upper), len(sides.lower)
    if (n * (n + 1) // 2 if sides.paired else n * m) > MOST_PAIRS:
        return None
    if sides.paired:
        gaps = sides.gaps
        rows, columns = np.triu_indices(n)
        candidates = np.sort((gaps[rows] + gaps[columns]) / 2)
        rank = signed_rank(n, alpha)
    else:
        candidates = np.sort(np.subtract.outer(sides.upper, sides.lower).ravel())
        rank = rank_sum(n, m, alpha)
    value = float(np.median(candidates))
    return Shift(value, (float(candidates[rank - 1]), float(candidates[-rank])) if rank else None)


@lru_cache(maxsize=512)
def signed_rank(n: int, alpha: float) -> int:
    """The largest k for which P(W+ <= k - 1) is at most alpha / 2, of n pairs without ties; 0 where there is none."""
    if n > EXACT_PAIRS:
        z = float(special.ndtri(1 - alpha / 2))
        return math.floor(n * (n + 1) / 4 - z * math.sqrt(n * (n + 1) * (2 * n + 1) / 24))
    chances = np.ones(1)
    for rank in range(1, n + 1):
        with_rank = np.concatenate([np.zeros(rank), chances])
        chances = (np.pad(chances, (0, rank)) + with_rank) / 2
    return _rank(chances, alpha)


@lru_cache(maxsize=512)
def rank_sum(n: int, m: int, alpha: float) -> int:
    """The largest k for which P(U <= k - 1) is at most alpha / 2, of n and m values without ties; 0 where there is none."""
    if max(n, m) > EXACT_SIDE:
        z = float(special.ndtri(1 - alpha / 2))
        return max(0, math.floor(n * m / 2 - z * math.sqrt(n * m * (n + m + 1) / 12)))
    ways = np.zeros((n + 1, n * m + 1))
    ways[0, 0] = 1
    # U counts, for each of the n, how many of the m lie below it: a partition of U into n parts, each at most m.
    for below in range(m + 1):
        for taken in range(1, n + 1):
            ways[taken, below:] += ways[taken - 1, : n * m + 1 - below]
    return _rank(ways[n] / ways[n].sum(), alpha)


def _rank(chances: Floats, alpha: float) -> int:
    return int(np.searchsorted(np.cumsum(chances), alpha / 2 * (1 + 1e-12), side="right"))
