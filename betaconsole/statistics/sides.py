"""The two samples of one comparison, in an order that says nothing about who is who.

Whatever is drawn or summed afterwards comes out the same for the same values: the order of the cells does not matter, and
with the columns exchanged the outcome is the mirror image to the last digit.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from .inputs import Cell

Floats = npt.NDArray[np.float64]

# Sums of amounts in dollars differ in their last digits; such a difference is none.
DIGITS = 1e-12


@dataclass(frozen=True)
class Sides:
    """`upper` has the greater mean. `sign` turns upper minus lower into column minus baseline. Paired: element by element."""

    upper: Floats
    lower: Floats
    paired: bool
    sign: int

    @property
    def gaps(self) -> Floats:
        """Upper minus lower, pair by pair; what is lost in rounding is taken for nothing."""
        gaps = self.upper - self.lower
        gaps[np.abs(gaps) <= DIGITS * np.maximum(np.abs(self.upper), np.abs(self.lower))] = 0.0
        return gaps

    @property
    def difference(self) -> float:
        """Upper's mean minus lower's; never below 0 but for rounding."""
        return float(self.gaps.mean()) if self.paired else float(self.upper.mean() - self.lower.mean())

    @property
    def has_spread(self) -> bool:
        """Whether anything varies: the gaps of the pairs, or either sample."""
        if self.paired:
            return _varies(self.gaps, of=max(_size(self.upper), _size(self.lower)))
        return _varies(self.upper, of=_size(self.upper)) or _varies(self.lower, of=_size(self.lower))

    @property
    def differs(self) -> bool:
        return abs(self.difference) > DIGITS * max(_size(self.upper), _size(self.lower))


def sides(column: Mapping[Cell, float], baseline: Mapping[Cell, float]) -> Sides:
    """Paired by (case, repeat) where at least two pairs exist, and half of the smaller column's cells are in one; the cells
    without a partner are then left out. Otherwise two samples."""
    common = sorted(column.keys() & baseline.keys())
    if len(common) >= 2 and 2 * len(common) >= min(len(column), len(baseline)):
        return paired([column[cell] for cell in common], [baseline[cell] for cell in common])
    return unpaired(list(column.values()), list(baseline.values()))


def paired(column: list[float], baseline: list[float]) -> Sides:
    """Of as many values each, in the order of their pairs."""
    forth = sorted((c - b, b, c) for c, b in zip(column, baseline, strict=True))
    back = sorted((b - c, c, b) for c, b in zip(column, baseline, strict=True))
    sign = 1 if (_total(forth), forth) >= (_total(back), back) else -1
    rows = np.array(forth if sign == 1 else back, dtype=np.float64).reshape(-1, 3)
    return Sides(upper=rows[:, 2].copy(), lower=rows[:, 1].copy(), paired=True, sign=sign)


def unpaired(column: list[float], baseline: list[float]) -> Sides:
    """Of any number of values each, in any order; the side with the larger mean is the upper one."""
    one, two = np.sort(np.array(column, dtype=np.float64)), np.sort(np.array(baseline, dtype=np.float64))
    if not len(one) or not len(two):
        return Sides(one, two, paired=False, sign=1)
    if (float(one.mean()), one.tolist()) >= (float(two.mean()), two.tolist()):
        return Sides(one, two, paired=False, sign=1)
    return Sides(two, one, paired=False, sign=-1)


def _total(rows: list[tuple[float, float, float]]) -> float:
    return sum(row[0] for row in rows)


def _size(values: Floats) -> float:
    return float(np.abs(values).max(initial=0.0))


def _varies(values: Floats, *, of: float) -> bool:
    return float(np.ptp(values)) > DIGITS * of
