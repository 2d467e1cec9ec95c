"""What a result comes to, and what would settle it."""

import math
from collections.abc import Mapping
from dataclasses import dataclass

from .comparing import Found
from .correction import Level, within_reach
from .figures import Figure
from .needed import WORTH, WORTH_OF_SHARE, Sought, cells_needed, fewest
from .results import State
from .tested import Chance, Question


@dataclass(frozen=True)
class Judge:
    """Knows every question of the page. `stands`: the corrected p-value of each."""

    chances: Mapping[Question, Chance]
    stands: Mapping[Question, float]
    level: Level
    finished: bool

    def state(self, question: Question, found: Found | None) -> State:
        """ "not_enough" where so few cells could not have shown a difference, however large."""
        if not self.finished or found is None:
            return "not_enough"
        if found.is_identical:
            return "identical"
        if question not in self.chances:
            return "not_enough"
        if self.stands[question] <= self.level.alpha:
            return "differs"
        reachable = within_reach(self.chances, question, found.smallest, self.level)
        return "no_difference" if reachable else "not_enough"

    def needed(
        self, found: Found | None, state: State, *, n: int, cases: int, figure: Figure, paired: bool
    ) -> int | None:
        """Further repeats of every case after which a difference like the one measured, or the smallest one worth knowing of,
        would most likely stand; None where the question is settled: it differs, it is identical, or the interval has no room
        for a difference worth knowing of."""
        if not self.finished or found is None or state in ("differs", "identical"):
            return None
        worth = WORTH_OF_SHARE if figure.is_share else WORTH * abs(found.baseline_value)
        if found.interval and state == "no_difference" and max(map(abs, found.interval)) < worth:
            return None
        # All there is a p-value of, also what so few cells cannot answer yet: with more of them it shares the error.
        alpha = self.level.later / max(1, len(self.chances))
        least = fewest(alpha, paired=paired or n < 2)
        cells: int | None = least
        if found.deviation > 0:
            cells = cells_needed(Sought(paired, found.difference, found.deviation, worth, alpha))
        if cells is None:
            return None
        more = max(cells, least) - n
        return math.ceil(more / max(1, cases)) if more > 0 else None
