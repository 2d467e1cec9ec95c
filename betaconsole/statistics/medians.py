"""Quantiles, and the interval of a median that holds whatever the distribution."""

import math
from collections.abc import Sequence
from functools import lru_cache
from statistics import NormalDist

EXACT_MOST = 1000


def quantile(ordered: Sequence[float], share: float) -> float:
    """Between the two values next to it, in proportion: type 7 of Hyndman & Fan 1996, Sample quantiles in statistical
    packages; The American Statistician 50: 361-365. `ordered` is sorted and not empty."""
    place = (len(ordered) - 1) * share
    below = math.floor(place)
    above = min(below + 1, len(ordered) - 1)
    part = place - below
    return ordered[below] * (1 - part) + ordered[above] * part


def median_interval(ordered: Sequence[float], *, alpha: float = 0.05) -> tuple[float, float] | None:
    """Two order statistics that enclose the median with at least 1 - alpha; None where even the whole range does not.

    Hahn & Meeker 1991, Statistical Intervals, section 5.2: how many of n values lie below the median is binomial (n, 1/2).
    """
    rank = _rank(len(ordered), alpha)
    return (ordered[rank - 1], ordered[-rank]) if rank else None


@lru_cache(maxsize=256)
def _rank(n: int, alpha: float) -> int:
    """The largest k for which P(fewer than k of n below the median) is at most alpha / 2; 0 where there is none."""
    if n > EXACT_MOST:
        return math.floor(n / 2 - NormalDist().inv_cdf(1 - alpha / 2) * math.sqrt(n) / 2)
    most = alpha / 2 * 2**n
    rank, below = 0, 1
    while below <= most:
        rank += 1
        below += math.comb(n, rank)
    return rank
