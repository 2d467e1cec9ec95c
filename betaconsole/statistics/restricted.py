"""The likeliest shares where their difference is given, and how far a difference may go before something gives way."""

import math
from collections.abc import Callable

Interval = tuple[float, float]
Counted = tuple[int, int]  # how many, of how many
HALVINGS = 34  # of an interval of at most 2: what is left is 1e-10


def share_of_pairs(first: int, second: int, same: int, difference: float) -> float:
    """The likeliest share of pairs in which only the second said yes, where only the first did in `difference` more; `same`
    counts the pairs that agree.

    T. Tango 1998, Equivalence test and confidence interval for the difference in proportions for the paired-sample design;
    Statistics in Medicine 17: 891-908.
    """
    n = first + second + same
    b = first + second - difference * (first + 3 * second + 2 * same)
    q = (b + math.sqrt(max(0.0, b * b + 8 * n * second * difference * (1 - difference)))) / (4 * n)
    return min(max(q, 0.0, -difference), (1 - difference) / 2)


def share_of_samples(first: Counted, second: Counted, difference: float) -> float:
    """The likeliest share of the second where the first's is greater by `difference`: the root of a cubic.

    O. Miettinen & M. Nurminen 1985, Comparative analysis of two rates; Statistics in Medicine 4: 213-226, appendix I.
    """
    (x, n), (y, m) = first, second
    a = n + m
    b = ((n + 2 * m) * difference - a - x - y) / a
    c = ((m * difference - a - 2 * y) * difference + x + y) / a
    d = y * difference * (1 - difference) / a
    half = b**3 / 27 - b * c / 6 + d / 2
    root = math.copysign(math.sqrt(max(0.0, b * b / 9 - c / 3)), half)
    angle = (math.pi + math.acos(max(-1.0, min(1.0, half / root**3)))) / 3 if root else 0.0
    return min(max(2 * root * math.cos(angle) - b / 3, 0.0, -difference), 1.0, 1 - difference)


def within(holds: Callable[[float], bool], middle: float) -> Interval:
    """How far from `middle`, where it holds, it goes on to hold: to -1 and to 1 at most."""
    return _edge(holds, middle, -1.0), _edge(holds, middle, 1.0)


def _edge(holds: Callable[[float], bool], inside: float, outside: float) -> float:
    if holds(outside):
        return outside
    for _ in range(HALVINGS):
        middle = (inside + outside) / 2
        if holds(middle):
            inside = middle
        else:
            outside = middle
    return outside
