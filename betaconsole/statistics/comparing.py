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
            return 0.0 if self.baseline_value else None
        return self.difference / abs(self.baseline_value)


def compare(sides: Sides, terms: Terms) -> Found:
    """Of quantities. Needs a cell on each side; a single one, or a single pair, gives a difference and nothing more."""
    found = bare(sides)
    if min(len(sides.upper), len(sides.lower)) < 2:
        return found
    if sides.has_spread:
        return _of_means(found, sides, terms)
    return _of_constants(found, sides, terms)


def bare(sides: Sides) -> Found:
    """The difference alone."""
    upper, lower = float(sides.upper.mean()), float(sides.lower.mean())
    column, baseline = (upper, lower) if sides.sign == 1 else (lower, upper)
    difference = sides.sign * sides.difference if sides.differs else 0.0
    return Found("one cell", column, baseline, difference)


def _of_means(found: Found, sides: Sides, terms: Terms) -> Found:
    spread = means.spread(sides)
    name = "paired t" if sides.paired else "Welch's t"
    critical = (anylook.critical_t if terms.extended else means.quantile_t)(spread.df, terms.alpha)
    interval = means.interval(sides, critical) if math.isfinite(critical) else None
    relative = means.relative(*_ordered(sides), paired=sides.paired, critical=critical) if interval else None
    resampled = None
    if not terms.extended and bootstrap.fits(sides):
        resampled = bootstrap.resampled(sides, alpha=terms.alpha, seed=terms.seed)
    if resampled:
        name, interval, relative = "BCa bootstrap", resampled.difference, resampled.relative
    chance = _chance(sides, terms, t=sides.difference / spread.error, df=spread.df)
    return replace(
        found,
        method=f"{name}, {_test_name(sides, terms)}",
        interval=mirrored(interval, sides.sign),
        relative=relative,
        shift=_shift(sides, terms),
        chance=chance,
        smallest=smallest(sides, terms),
        deviation=_deviation(sides),
    )


def _of_constants(found: Found, sides: Sides, terms: Terms) -> Found:
    """Every pair is apart by exactly as much, or both columns always say the same: nothing to estimate."""
    exact = found.difference
    same = replace(
        found, interval=(exact, exact), shift=shifts.Shift(exact, (exact, exact)), smallest=smallest(sides, terms)
    )
    if not sides.differs:
        ratio = (0.0, 0.0) if found.baseline_value else None
        return replace(same, method="identical", is_identical=True, relative=ratio)
    chance = _chance(sides, terms, t=math.inf, df=len(sides.upper) - 1 if sides.paired else _df(sides))
    critical = (anylook.critical_t if terms.extended else means.quantile_t)(len(sides.upper) - 1, terms.alpha)
    relative = means.relative(*_ordered(sides), paired=sides.paired, critical=critical)
    return replace(same, method=f"exact difference, {_test_name(sides, terms)}", relative=relative, chance=chance)


def _chance(sides: Sides, terms: Terms, *, t: float, df: float) -> Chance:
    if terms.extended:
        return Chance(anylook.p_of_t(t, df), anylook.p_of_t(math.inf, df))
    test = permutation.flipped if sides.paired else permutation.relabelled
    return test(sides, draws=terms.draws, seed=terms.seed)


def _test_name(sides: Sides, terms: Terms) -> str:
    if terms.extended:
        return "any-look t"
    return "sign-flip permutation" if sides.paired else "permutation"


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
        return anylook.p_of_t(math.inf, n - 1 if sides.paired else n + m - 2)
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


def _df(sides: Sides) -> int:
    return len(sides.upper) + len(sides.lower) - 2
