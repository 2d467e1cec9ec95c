"""Many questions, one level of error for all of them together."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeVar

from .tested import Chance

Key = TypeVar("Key")

# Of alpha, what is kept for looking again after more repeats were added. What the first look may spend and what all later
# looks may spend then add up to alpha, however often somebody asks for more: K. K. G. Lan & D. L. DeMets 1983, Discrete
# sequential boundaries for clinical trials; Biometrika 70: 659-663, with a spending function of one step, after which an
# any-look method (see anylook.py) spends the rest.
KEPT_FOR_LATER = 0.2


@dataclass(frozen=True)
class Level:
    """`alpha` of the comparison, and whether this is a look after the first."""

    alpha: float
    extended: bool

    @property
    def share(self) -> float:
        """What part of alpha this look may spend."""
        return KEPT_FOR_LATER if self.extended else 1 - KEPT_FOR_LATER

    @property
    def now(self) -> float:
        return self.alpha * self.share

    @property
    def later(self) -> float:
        return self.alpha * KEPT_FOR_LATER


def corrected(chances: Mapping[Key, Chance], level: Level) -> dict[Key, float]:
    """p-values after Holm and for all looks: at most alpha where the difference stands."""
    return {key: min(1.0, p / level.share) for key, p in holm(chances, alpha=level.now).items()}


def holm(chances: Mapping[Key, Chance], *, alpha: float) -> dict[Key, float]:
    """p-values of which those at most alpha stand together.

    S. Holm 1979, A simple sequentially rejective multiple test procedure; Scandinavian Journal of Statistics 6: 65-70. A
    question whose smallest possible p-value exceeds alpha cannot be answered with yes, so it does not burden the others: R. E.
    Tarone 1990, A modified Bonferroni method for discrete data; Biometrics 46: 515-522.
    """
    left = testable(chances, alpha=alpha)
    found: dict[Key, float] = {}
    most = 0.0
    for key in sorted(chances, key=lambda key: chances[key].p):
        most = max(most, min(1.0, chances[key].p * max(1, left)))
        found[key] = most
        left -= chances[key].smallest <= alpha
    return found


def testable(chances: Mapping[Key, Chance], *, alpha: float) -> int:
    """How many questions could be answered with yes at all: their least possible p-value reaches `alpha` (Tarone 1990)."""
    return sum(chance.smallest <= alpha for chance in chances.values())


def within_reach(chances: Mapping[Key, Chance], key: Key, smallest: float, level: Level) -> bool:
    """Whether this question could have been answered with yes, all the others being as they are, had it given the least
    p-value that so many cells can."""
    if smallest * (testable(chances, alpha=level.now) + 1) <= level.now:
        return True
    return corrected({**chances, key: Chance(smallest, smallest)}, level)[key] <= level.alpha
