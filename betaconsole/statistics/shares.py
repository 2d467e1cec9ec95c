"""Intervals of shares and of their differences, by score: they never leave [0, 1] or [-1, 1], and they have a width where
every cell said the same."""

import math
from statistics import NormalDist

Interval = tuple[float, float]


def wilson(count: int, of: int, *, alpha: float = 0.05) -> Interval:
    """The interval of one share, count / of; `of` is at least 1.

    E. B. Wilson 1927, Probable inference, the law of succession, and statistical inference; JASA 22: 209-212. As in
    Newcombe 1998 (Two-sided confidence intervals for the single proportion; Statistics in Medicine 17: 857-872), method 3.
    """
    z = NormalDist().inv_cdf(1 - alpha / 2)
    share = count / of
    middle = 2 * of * share + z * z
    reach = z * math.sqrt(z * z + 4 * of * share * (1 - share))
    below = 2 * (of + z * z)
    low = 0.0 if count == 0 else (middle - reach) / below
    high = 1.0 if count == of else (middle + reach) / below
    return max(0.0, low), min(1.0, high)


def newcombe(first: tuple[int, int], second: tuple[int, int], *, alpha: float = 0.05) -> Interval:
    """The interval of first's share minus second's, each (count, of), of two samples that have nothing to do with each other.

    R. G. Newcombe 1998, Interval estimation for the difference between independent proportions; Statistics in Medicine 17:
    873-890, method 10.
    """
    p1, (low1, high1) = first[0] / first[1], wilson(*first, alpha=alpha)
    p2, (low2, high2) = second[0] / second[1], wilson(*second, alpha=alpha)
    difference = p1 - p2
    return (
        max(-1.0, difference - math.hypot(p1 - low1, high2 - p2)),
        min(1.0, difference + math.hypot(high1 - p1, p2 - low2)),
    )


def newcombe_paired(both: int, first: int, second: int, neither: int, *, alpha: float = 0.05) -> Interval:
    """The interval of the difference of two shares of the same cells: (both + first) / n - (both + second) / n, where `first`
    counts the pairs in which only the first said yes.

    R. G. Newcombe 1998, Improved confidence intervals for the difference between binomial proportions based on paired data;
    Statistics in Medicine 17: 2635-2650, method 10.
    """
    n = both + first + second + neither
    p1, (low1, high1) = (both + first) / n, wilson(both + first, n, alpha=alpha)
    p2, (low2, high2) = (both + second) / n, wilson(both + second, n, alpha=alpha)
    phi = _phi(both, first, second, neither)
    difference = (first - second) / n
    below = (p1 - low1) ** 2 - 2 * phi * (p1 - low1) * (high2 - p2) + (high2 - p2) ** 2
    above = (high1 - p1) ** 2 - 2 * phi * (high1 - p1) * (p2 - low2) + (p2 - low2) ** 2
    return (
        max(-1.0, difference - math.sqrt(max(0.0, below))),
        min(1.0, difference + math.sqrt(max(0.0, above))),
    )


def _phi(both: int, first: int, second: int, neither: int) -> float:
    """The correlation of the two, with Newcombe's correction for continuity where it is positive."""
    margins = (both + first) * (second + neither) * (both + second) * (first + neither)
    if margins == 0:
        return 0.0
    n = both + first + second + neither
    product = both * neither - first * second
    return (max(product - n / 2, 0) if product > 0 else product) / math.sqrt(margins)
