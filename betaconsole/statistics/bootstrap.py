"""The interval of a difference of means by resampling, for samples that are large enough to stand for where they came from."""

import math
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from scipy import special

from .sides import Floats, Sides
from .tested import Interval

FROM = 50
DRAWS = 9_999
# Beyond this many draws times values fewer draws do; beyond `MOST` values a mean is normal anyway.
MOST_WORK = 4_000_000
MOST = 2_000


@dataclass(frozen=True)
class Resampled:
    """`difference`: of upper minus lower. `relative`: of the column over the baseline, minus 1; None where that is no number."""

    difference: Interval
    relative: Interval | None


def fits(sides: Sides) -> bool:
    """Whether there are enough values on each side to draw from, and on none so many that it takes too long."""
    return min(len(sides.upper), len(sides.lower)) >= FROM and max(len(sides.upper), len(sides.lower)) <= MOST


def resampled(sides: Sides, *, alpha: float, seed: int) -> Resampled | None:
    """Bias-corrected and accelerated: B. Efron 1987, Better bootstrap confidence intervals; JASA 82: 171-185, sections 2
    and 3, and Efron & Tibshirani 1993, An Introduction to the Bootstrap, section 14.3. Its tails are widened for what a sample
    spreads less than where it came from: T. C. Hesterberg 2015, What teachers should know about the bootstrap; The American
    Statistician 69: 371-386, section 5.3. Pairs are drawn together. None where every draw lies on one side of what was
    measured."""
    upper, lower = sides.upper, sides.lower
    draws = max(1_999, min(DRAWS, MOST_WORK // max(len(upper), len(lower))))
    weights = _weights(len(upper), draws, seed)
    others = weights if sides.paired else _weights(len(lower), draws, seed + 1)
    means = weights @ upper / len(upper), others @ lower / len(lower)
    left_out = _left_out(upper), _left_out(lower)
    difference = _bca(means[0] - means[1], sides.difference, _subtract(left_out, sides), alpha=alpha)
    if difference is None:
        return None
    return Resampled(difference, _relative(sides, means, left_out, alpha=alpha))


@lru_cache(maxsize=2)
def _weights(n: int, draws: int, seed: int) -> Floats:
    """How often each of n values is drawn, a row for each draw; the same for every figure, since cells are drawn."""
    picks = np.random.default_rng([seed, n]).integers(0, n, size=(draws, n))
    cells = picks + n * np.arange(draws)[:, None]
    return np.bincount(cells.ravel(), minlength=draws * n).reshape(draws, n).astype(np.float64)


def _relative(
    sides: Sides, means: tuple[Floats, Floats], left_out: tuple[Floats, Floats], *, alpha: float
) -> Interval | None:
    """The ratio's, column over baseline; of positive means only."""
    if min(float(sides.upper.min()), float(sides.lower.min())) < 0 or float(means[0].min()) <= 0 or means[1].min() <= 0:
        return None
    top, bottom = (0, 1) if sides.sign == 1 else (1, 0)
    whole = (float(sides.upper.mean()), float(sides.lower.mean()))
    ratio = whole[top] / whole[bottom]
    if sides.paired:
        influences = [left_out[top] / left_out[bottom]]
    else:
        influences = [left_out[top] / whole[bottom], whole[top] / left_out[bottom]]
    found = _bca(means[top] / means[bottom], ratio, influences, alpha=alpha)
    return (found[0] - 1, found[1] - 1) if found else None


def _subtract(left_out: tuple[Floats, Floats], sides: Sides) -> list[Floats]:
    if sides.paired:
        return [left_out[0] - left_out[1]]
    return [left_out[0] - float(sides.lower.mean()), float(sides.upper.mean()) - left_out[1]]


def _left_out(values: Floats) -> Floats:
    """The mean without each value in turn."""
    return (values.sum() - values) / (len(values) - 1)


def _bca(drawn: Floats, measured: float, left_out: list[Floats], *, alpha: float) -> Interval | None:
    """`left_out`: of each sample the statistic without each of its values in turn."""
    below = (float((drawn < measured).mean()) + float((drawn <= measured).mean())) / 2
    if not 0 < below < 1:
        return None
    bias = float(special.ndtri(below))
    acceleration = _acceleration(left_out)
    ends = []
    n = min(map(len, left_out))
    reach = math.sqrt(n / (n - 1)) * float(special.stdtrit(n - 1, 1 - alpha / 2))
    for tail in (-reach, reach):
        z = bias + tail
        ends.append(float(special.ndtr(bias + z / (1 - acceleration * z))))
    low, high = np.quantile(drawn, ends)
    return float(low), float(high)


def _acceleration(left_out: list[Floats]) -> float:
    """From the jackknife, over all samples: Efron & Tibshirani 1993, equation 14.15; for several samples Davison & Hinkley 1997,
    Bootstrap Methods and their Application, sections 3.2.1 and 5.3.2."""
    cubes = squares = 0.0
    for values in left_out:
        n = len(values)
        influence = (n - 1) * (values.mean() - values)
        cubes += float((influence**3).sum()) / n**3
        squares += float((influence**2).sum()) / n**2
    return cubes / (6 * math.pow(squares, 1.5)) if squares > 0 else 0.0
