"""Which rounds wait to be sent, and in what order they may start.

A round is what one case and repeat of a comparison sends, all columns together: it starts as a group or waits as one.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable
from typing import NamedTuple

from django.db.models import Count, Min, QuerySet

from .models import Exchange
from .states import State

COMPARISONS = 50  # how many waiting comparisons are looked at in one pass, the oldest first
ROUNDS = 32  # and how many rounds of each


class Round(NamedTuple):
    """A round with something queued. `limit`: requests in flight its connection allows; `first`: its lowest id."""

    comparison_id: int
    case_id: int
    repeat: int
    attempt: int
    turn: int
    connection_id: int
    limit: int
    size: int
    first: int

    def members(self) -> "QuerySet[Exchange]":
        return Exchange.objects.filter(
            comparison_id=self.comparison_id,
            case_id=self.case_id,
            repeat=self.repeat,
            attempt=self.attempt,
            turn=self.turn,
        )


def waiting() -> list[Round]:
    """Rounds with something queued: a few of each waiting comparison, so that a large one hides no other."""
    queued = Exchange.objects.queued()
    comparisons = queued.values_list("comparison_id").annotate(first=Min("pk")).order_by("first")[:COMPARISONS]
    names = ("comparison_id", "case_id", "repeat", "attempt", "turn", "connection_id", "connection__max_in_flight")
    found: list[Round] = []
    for comparison_id, _ in list(comparisons):
        rounds = queued.filter(comparison_id=comparison_id).values_list(*names)
        rounds = rounds.annotate(size=Count("pk"), first=Min("pk")).order_by("first")
        found += [Round(*row) for row in rounds[:ROUNDS]]
    return found


def in_order(rounds: Iterable[Round], busy: Counter[int]) -> list[Round]:
    """The rounds in the order in which they may start: who has least in flight (`busy`, by comparison) comes first."""
    ahead: dict[int, int] = defaultdict(int)
    ranked: list[tuple[int, int, Round]] = []
    for one in sorted(rounds, key=lambda one: one.first):
        ranked.append((busy[one.comparison_id] + ahead[one.comparison_id], one.first, one))
        ahead[one.comparison_id] += one.size
    return [one for _, _, one in sorted(ranked)]


def first_repeats_unanswered(rounds: Iterable[Round]) -> set[tuple[int, int]]:
    """The (comparison, case) whose first repeat has no status line yet: its other repeats wait for it.

    So a refused column is refused once, not twenty times.
    """
    comparisons = {one.comparison_id for one in rounds if one.repeat > 1}
    if not comparisons:
        return set()
    first = Exchange.objects.filter(comparison_id__in=comparisons, repeat=1)
    waiting_or_sending = first.filter(state__in=(State.QUEUED, State.SENDING))
    return set(waiting_or_sending.values_list("comparison_id", "case_id"))
