"""Shares of two columns: how often chance alone gives a difference at least as large, in closed form. Two-sided."""

import math

import numpy as np
from scipy import special

from .tested import Chance


def mcnemar(first: int, second: int) -> Chance:
    """Pairs, of which `first` say yes only on one side and `second` only on the other; those that agree say nothing.

    Q. McNemar 1947, Note on the sampling error of the difference between correlated proportions or percentages;
    Psychometrika 12: 153-157; exact, as in Agresti 2002, Categorical Data Analysis, 2nd edition, section 10.1.4.
    """
    n = first + second
    if not n:
        return Chance(1.0, 1.0)
    p = 2 * float(special.bdtr(min(first, second), n, 0.5))
    return Chance(min(1.0, p), 2.0 ** (1 - n))


def fisher(first: tuple[int, int], second: tuple[int, int]) -> Chance:
    """Two samples, each (count, of): all tables with these margins whose shares lie at least as far apart.

    R. A. Fisher 1935, The logic of inductive inference; JRSS 98: 39-82; two-sided by the difference of shares, as in Agresti
    2002, section 3.5.3.
    """
    (count, n), (other, m) = first, second
    yes = count + other
    possible = np.arange(max(0, yes - m), min(n, yes) + 1)
    logs = np.array([_log_ways(n, int(k)) + _log_ways(m, yes - int(k)) for k in possible]) - _log_ways(n + m, yes)
    apart = np.abs(possible / n - (yes - possible) / m)
    measured = abs(count / n - other / m)
    chances = np.exp(logs)
    p = float(chances[apart >= measured - 1e-12].sum())
    smallest = float(chances[apart >= apart.max() - 1e-12].sum())
    return Chance(min(1.0, p), min(1.0, smallest))


def _log_ways(n: int, k: int) -> float:
    return math.lgamma(n + 1) - math.lgamma(k + 1) - math.lgamma(n - k + 1)
