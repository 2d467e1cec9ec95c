"""Intervals of shares and of their differences, by score: they never leave [0, 1] or [-1, 1], and they have a width where
every cell said the same."""

import math
from statistics import NormalDist

from .restricted import Counted, Interval, share_of_pairs, share_of_samples, within

ROUNDING = 1e-12


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


def score_of_pairs(first: int, second: int, same: int, *, alpha: float = 0.05) -> Interval:
    """The interval of the difference of two shares of the same cells, (first - second) / n: pairs in which only the first, only
    the second, or neither alone said yes.

    T. Tango 1998, Equivalence test and confidence interval for the difference in proportions for the paired-sample design;
    Statistics in Medicine 17: 891-908. Of the intervals weighed in M. W. Fagerland, S. Lydersen & P. Laake 2014, Recommended
    tests and confidence intervals for paired binomial proportions; Statistics in Medicine 33: 2850-2875, it is the one whose
    coverage stays near what is promised where shares are rare; Newcombe's holds 98.6 % at 1 in 10 and 20 pairs.
    """
    n, z = first + second + same, NormalDist().inv_cdf(1 - alpha / 2)

    def holds(difference: float) -> bool:
        apart = 2 * share_of_pairs(first, second, same, difference) + difference - difference * difference
        return _is_within(first - second - n * difference, z * math.sqrt(max(0.0, n * apart)))

    return within(holds, (first - second) / n)


def score_of_samples(first: Counted, second: Counted, *, alpha: float = 0.05) -> Interval:
    """The interval of first's share minus second's, each (count, of), of two samples that have nothing to do with each other.

    O. Miettinen & M. Nurminen 1985, Comparative analysis of two rates; Statistics in Medicine 4: 213-226.
    """
    (x, n), (y, m) = first, second
    z, measured = NormalDist().inv_cdf(1 - alpha / 2), x / n - y / m

    def holds(difference: float) -> bool:
        q = share_of_samples(first, second, difference)
        p = min(1.0, q + difference)
        variance = (p * (1 - p) / n + q * (1 - q) / m) * (n + m) / (n + m - 1)
        return _is_within(measured - difference, z * math.sqrt(max(0.0, variance)))

    return within(holds, measured)


def _is_within(distance: float, reach: float) -> bool:
    return abs(distance) <= reach + ROUNDING
