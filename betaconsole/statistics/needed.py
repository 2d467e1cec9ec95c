"""How many more repeats would settle a sought."""

import math
from dataclasses import dataclass

from scipy import special

from .anylook import critical_t

POWER = 0.8
# The smallest difference worth knowing of: a twentieth of the baseline; of a share, ten points.
WORTH = 0.05
WORTH_OF_SHARE = 0.1
MOST = 100_000


@dataclass(frozen=True)
class Sought:
    """`difference` was measured, with standard deviation `deviation` of one pair's or of one cell against one; `worth`: the
    smallest difference somebody would want to know of. Found is what stands at `alpha` at any look."""

    paired: bool
    difference: float
    deviation: float
    worth: float
    alpha: float

    @property
    def is_open(self) -> bool:
        return self.deviation > 0 and max(abs(self.difference), self.worth) > 0


def cells_needed(sought: Sought) -> int | None:
    """How many cells a side in all would show, with probability `POWER`, a difference as large as the one measured or, where
    that is smaller, as the smallest one worth knowing of; None beyond `MOST`.

    The power of Student's t by its noncentral distribution: S.-C. Chow, J. Shao & H. Wang 2008, Sample Size Calculations in
    Clinical Research, 2nd edition, sections 3.1.1 (one sample, so pairs) and 3.2.1 (two samples); the critical value is that of
    the any-look test, since repeats that are added are looked at once more.
    """
    if not sought.is_open or _power(sought, MOST) < POWER:
        return None
    low, high = 1, 2
    while _power(sought, high) < POWER:
        low, high = high, 2 * high
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if _power(sought, middle) >= POWER else (middle, high)
    return high


def _power(sought: Sought, n: int) -> float:
    df = n - 1 if sought.paired else 2 * (n - 1)
    if n < 2 or df < 1:
        return 0.0
    critical = critical_t(df, sought.alpha)
    if math.isinf(critical):
        return 0.0
    effect = max(abs(sought.difference), sought.worth) / sought.deviation * math.sqrt(n)
    # Far out the noncentral distribution is the normal one, and scipy's sum for it no longer ends.
    if effect > 30 or df > 1000:
        return float(special.ndtr(effect - critical))
    return float(1 - special.nctdtr(df, effect, critical))


def fewest(alpha: float, *, paired: bool) -> int:
    """How many cells a side can show anything at all at `alpha` at any look."""
    n = 2
    while math.isinf(critical_t(n - 1 if paired else 2 * (n - 1), alpha)):
        n += 1
    return n
