"""Differences of means, absolute and as a share of the lower side's, with the interval of Student's t."""

import math
from dataclasses import dataclass

import numpy as np
from scipy import special

from .sides import Floats, Sides
from .tested import Interval


@dataclass(frozen=True)
class Spread:
    """How far off a difference of means may be: its standard error, and the degrees of freedom of that."""

    error: float
    df: float


def spread(sides: Sides) -> Spread:
    """Paired: Student 1908, The probable error of a mean; Biometrika 6: 1-25. Else B. L. Welch 1947, The generalization of
    'Student's' problem when several different population variances are involved; Biometrika 34: 28-35. Needs two values a
    side, and some spread."""
    if sides.paired:
        return Spread(error=float(sides.gaps.std(ddof=1)) / math.sqrt(len(sides.gaps)), df=len(sides.gaps) - 1)
    parts = [(float(side.var(ddof=1)) / len(side), len(side) - 1) for side in (sides.upper, sides.lower)]
    return combined(parts)


def combined(parts: list[tuple[float, int]]) -> Spread:
    """Of a sum of independent parts, each the square of its standard error with its degrees of freedom; the whole has those
    of F. E. Satterthwaite 1946, An approximate distribution of estimates of variance components; Biometrics 2: 110-114."""
    total = sum(square for square, _ in parts)
    # As shares of the whole, so that no square of a square is lost.
    return Spread(math.sqrt(total), 1 / sum((square / total) ** 2 / df for square, df in parts))


def quantile_t(df: float, alpha: float) -> float:
    """What |t| exceeds with probability alpha."""
    return float(special.stdtrit(df, 1 - alpha / 2))


def p_of_t(t: float, df: float) -> float:
    """The chance of a t at least so far from 0 on either side, of Student's distribution with `df` degrees of freedom."""
    return float(2 * special.stdtr(df, -abs(t)))


def interval(sides: Sides, critical: float) -> Interval:
    """Of upper minus lower: all differences within `critical` standard errors."""
    reach = critical * spread(sides).error
    return sides.difference - reach, sides.difference + reach


def relative(column: Floats, baseline: Floats, *, paired: bool, critical: float) -> Interval | None:
    """The interval of column's mean / baseline's mean - 1; None where the baseline may be 0, so that no interval is finite.

    E. C. Fieller 1954, Some problems in interval estimation; JRSS B 16: 175-185: all ratios r for which the mean
    of column - r baseline lies within `critical` standard errors of 0. So it leaves out 0 exactly where the interval of the
    difference with the same `critical` does (for pairs, and up to degrees of freedom else).
    """
    a, b = float(column.mean()), float(baseline.mean())
    vaa, vbb = float(column.var(ddof=1)) / len(column), float(baseline.var(ddof=1)) / len(baseline)
    vab = float(np.cov(column, baseline)[0, 1]) / len(column) if paired else 0.0
    if math.isinf(critical):
        return None
    square = critical * critical
    lead = b * b - square * vbb
    if lead <= 1e-9 * b * b:
        return None
    middle = a * b - square * vab
    root = math.sqrt(max(0.0, middle * middle - lead * (a * a - square * vaa)))
    ends = ((middle - root) / lead - 1, (middle + root) / lead - 1)
    return ends if b > 0 else None
