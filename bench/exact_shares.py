"""How often the interval of the difference of two shares holds the true one, summed over every outcome there is: no chance left.

Both columns say yes equally often, independently. Shares come in steps: where they are so rare that fewer than about three pairs are
to be expected to differ, the interval holds more often than it promises. It could be narrower there only by calling three against
none a difference, which would be wrong too often where the shares are one in ten (tests/statistics/test_coverage.py sums that up).
"""

import math
from functools import cache

from betaconsole.statistics.restricted import Interval
from betaconsole.statistics.shares import score_of_pairs, score_of_samples

RATES = (0.02, 0.05, 0.1, 0.2, 0.3, 0.5)
COMMON = 0.1  # from here on the bars hold


def of_pairs(rate: float, n: int) -> float:
    """Coverage in pairs, of which `rate` of either side say yes."""
    outcomes = ((first, second) for first in range(n + 1) for second in range(n + 1 - first))
    return sum(
        chance_of_pairs(first, second, n, rate=rate)
        for first, second in outcomes
        if _holds_nothing(_pairs(first, second, n - first - second))
    )


def chance_of_pairs(first: int, second: int, n: int, *, rate: float) -> float:
    """That of n pairs in `first` only the first says yes, and in `second` only the second."""
    one_way = rate * (1 - rate)
    return _chance((first, second, n - first - second), (one_way, one_way, 1 - 2 * one_way))


def of_samples(rate: float, n: int) -> float:
    """The same of two samples of n that have nothing to do with each other."""
    return sum(
        _chance((first, n - first), (rate, 1 - rate)) * _chance((second, n - second), (rate, 1 - rate))
        for first in range(n + 1)
        for second in range(n + 1)
        if _holds_nothing(_samples(first, second, n))
    )


def _holds_nothing(interval: Interval) -> bool:
    return interval[0] - 1e-9 <= 0 <= interval[1] + 1e-9


@cache
def _pairs(first: int, second: int, same: int) -> Interval:
    return score_of_pairs(first, second, same)


@cache
def _samples(first: int, second: int, n: int) -> Interval:
    return score_of_samples((first, n), (second, n))


def _chance(counts: tuple[int, ...], shares: tuple[float, ...]) -> float:
    """Of these counts, by the multinomial distribution."""
    log = math.lgamma(sum(counts) + 1)
    for count, share in zip(counts, shares, strict=True):
        log += count * math.log(share) - math.lgamma(count + 1)
    return math.exp(log)
