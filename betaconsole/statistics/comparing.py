"""One figure of two columns: the difference with its interval, and how often chance alone gives as much."""

import math
from dataclasses import dataclass, replace

from . import anylook, bootstrap, means, permutation, shifts
from .sides import Floats, Sides
from .tested import Chance, Interval, Terms


@dataclass(frozen=True)
class Found:
    """All as column minus baseline. `chance` is None where there is nothing to test: too few cells, or no difference anywhere.
    `smallest` is the least p-value that so many cells can give, whatever their values. `deviation`: that of one pair's gap, or
    of one cell of the one against one of the other."""

    method: str
    column_value: float
    baseline_value: float
    difference: float
    interval: Interval | None = None
    relative: Interval | None = None
    shift: shifts.Shift | None = None
    chance: Chance | None = None
    smallest: float = 1.0
    deviation: float = 0.0
    is_identical: bool = False

    @property
    def ratio(self) -> float | None:
        """The difference as a share of the baseline; None where that is 0, or next to it."""
        if abs(self.difference) >= 1e9 * abs(self.baseline_value):
            return None
        return self.difference / abs(self.baseline_value)


def compare(sides: Sides, terms: Terms) -> Found:
    """Of quantities. Needs a cell on each side; a single one, or a single pair, gives a difference and nothing more."""
    found = estimate(sides, terms)
    if found.is_identical or min(len(sides.upper), len(sides.lower)) < 2:
        return found
    return replace(found, method=f"{found.method}, {_test_name(sides, terms)}", chance=_chance(sides, terms))


def estimate(sides: Sides, terms: Terms) -> Found:
    """As `compare`, without the test."""
    found = bare(sides)
    if min(len(sides.upper), len(sides.lower)) < 2:
        return found
    return (_of_means if sides.has_spread else _of_constants)(found, sides, terms)


def bare(sides: Sides) -> Found:
    """The difference alone."""
    upper, lower = float(sides.upper.mean()), float(sides.lower.mean())
    column, baseline = (upper, lower) if sides.sign == 1 else (lower, upper)
    difference = sides.sign * sides.difference if sides.differs else 0.0
    return Found("one cell", column, baseline, difference)


def _of_means(found: Found, sides: Sides, terms: Terms) -> Found:
    spread = means.spread(sides)
    name = "paired t" if sides.paired else "Welch's t"
    critical = _critical(spread.df, terms)
    interval = means.interval(sides, critical) if math.isfinite(critical) else None
    relative = means.relative(*_ordered(sides), paired=sides.paired, critical=critical)
    resampled = None
    if not terms.extended and bootstrap.fits(sides):
        resampled = bootstrap.resampled(sides, alpha=terms.alpha, seed=terms.seed)
    if resampled:
        name, interval, relative = "BCa bootstrap", resampled.difference, resampled.relative
    return replace(
        found,
        method=name,
        interval=mirrored(interval, sides.sign),
        relative=relative,
        shift=_shift(sides, terms),
        smallest=smallest(sides, terms),
        deviation=_deviation(sides),
    )


def _of_constants(found: Found, sides: Sides, terms: Terms) -> Found:
    """Every pair is apart by exactly as much, or both columns always say the same: nothing to estimate."""
    exact = found.difference
    found = replace(
        found,
        method="exact difference" if sides.differs else "identical",
        interval=(exact, exact),
        shift=shifts.Shift(exact, (exact, exact)),
        smallest=smallest(sides, terms),
        is_identical=not sides.differs,
    )
    if not sides.differs:
        return replace(found, relative=(0.0, 0.0) if found.baseline_value else None)
    critical = _critical(_most_df(sides), terms)
    return replace(found, relative=means.relative(*_ordered(sides), paired=sides.paired, critical=critical))


def _critical(df: float, terms: Terms) -> float:
    return (anylook.critical_t if terms.extended else means.quantile_t)(df, terms.alpha)


def _test_name(sides: Sides, terms: Terms) -> str:
    if terms.extended:
        return "any-look t"
    if _is_large(sides):
        return "t test"
    return "sign-flip permutation" if sides.paired else "permutation"


def _is_large(sides: Sides) -> bool:
    return min(len(sides.upper), len(sides.lower)) > permutation.MOST


def _chance(sides: Sides, terms: Terms) -> Chance:
    if terms.extended or _is_large(sides):
        spread = means.spread(sides) if sides.has_spread else means.Spread(0.0, _most_df(sides))
        t = sides.difference / spread.error if spread.error > 0 else math.inf
        return Chance((anylook if terms.extended else means).p_of_t(t, spread.df), smallest(sides, terms))
    test = permutation.flipped if sides.paired else permutation.relabelled
    return test(sides, draws=terms.draws, seed=terms.seed)


def _shift(sides: Sides, terms: Terms) -> shifts.Shift | None:
    """Wilcoxon's interval holds at one look only."""
    shift = shifts.shift(sides, alpha=terms.alpha)
    if shift is None:
        return None
    interval = None if terms.extended else mirrored(shift.interval, sides.sign)
    return shifts.Shift(sides.sign * shift.value, interval)


def smallest(sides: Sides, terms: Terms) -> float:
    """The least p-value that so many cells can give."""
    n, m = len(sides.upper), len(sides.lower)
    if terms.extended:
        return anylook.p_of_t(math.inf, _most_df(sides))
    if _is_large(sides):
        return 0.0
    if sides.paired:
        return permutation.smallest_of_flips(n, draws=terms.draws)
    return permutation.smallest_of_labels(n, m, draws=terms.draws)


def mirrored(interval: Interval | None, sign: int) -> Interval | None:
    """Upper minus lower as column minus baseline."""
    if interval is None or sign == 1:
        return interval
    return -interval[1], -interval[0]


def _ordered(sides: Sides) -> tuple[Floats, Floats]:
    """Column, baseline."""
    return (sides.upper, sides.lower) if sides.sign == 1 else (sides.lower, sides.upper)


def _deviation(sides: Sides) -> float:
    if sides.paired:
        return float(sides.gaps.std(ddof=1))
    return math.sqrt(float(sides.upper.var(ddof=1)) + float(sides.lower.var(ddof=1)))


def _most_df(sides: Sides) -> int:
    return len(sides.upper) - 1 if sides.paired else len(sides.upper) + len(sides.lower) - 2
