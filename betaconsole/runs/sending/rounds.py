"""Which rounds wait to be sent, and in what order they may start.

A round is what one case and repeat of a comparison sends, all columns together: it starts as a group or waits as one.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable
from typing import NamedTuple

from django.db.models import Count, Min, Q, QuerySet
from django.utils import timezone

from betaconsole.drafts.models import Engine
from betaconsole.runs.models import Addition, Comparison, Continues, Exchange
from betaconsole.runs.states import State

COMPARISONS = 50  # how many waiting comparisons are looked at in one pass, the oldest first
ROUNDS = 32  # and how many rounds of each


class Round(NamedTuple):
    """A round with something queued. `first`: its lowest id; `limit`: requests in flight its connection allows."""

    comparison_id: int
    case_id: int
    repeat: int
    attempt: int
    turn: int
    continues: str
    connection_id: int
    size: int
    first: int
    limit: int
    max_turns: int = 1

    @property
    def is_group(self) -> bool:
        """Whether its columns start at the same moment. Turns that follow by themselves each go as soon as they can."""
        return self.continues in ("", Continues.MESSAGE)

    def members(self) -> "QuerySet[Exchange]":
        """What of it may be sent now."""
        return ready().filter(
            comparison_id=self.comparison_id,
            case_id=self.case_id,
            repeat=self.repeat,
            attempt=self.attempt,
            turn=self.turn,
            continues=self.continues,
        )


def ready() -> "QuerySet[Exchange]":
    """What is queued and may be sent now, but for the limits and for who sends it: no turn that a stub still delays."""
    return Exchange.objects.queued().filter(Q(send_after=None) | Q(send_after__lte=timezone.now()))


def waiting() -> list[Round]:
    """Rounds with something queued: a few of each waiting comparison, so that a large one hides no other.

    Further turns come before cells that have not begun. Of a trace it is one round at most.
    """
    names = ("comparison_id", "case_id", "repeat", "attempt", "turn", "continues", "connection_id")
    found: list[Round] = []
    for comparison in oldest():
        place = place_in_trace(comparison.pk) if comparison.is_trace else {}
        rounds = ready().filter(comparison_id=comparison.pk, **place).values_list(*names)
        rounds = rounds.annotate(size=Count("pk"), first=Min("pk")).order_by("-turn", "first")
        limit, max_turns = comparison.connection.max_in_flight, comparison.max_turns
        found += [Round._make((*row, limit, max_turns)) for row in rounds[:ROUNDS]]
    return found


def oldest() -> list[Comparison]:
    """The comparisons with something queued that is sent live and not paused, who waits longest first.

    Of a team that was deleted only the calls that stop its batches and follow them to their end.
    """
    # From the comparisons: thousands of requests queued in paused ones must not be read four times a second.
    live = Comparison.objects.unfinished().filter(engine=Engine.LIVE, paused_at=None).select_related("connection")
    live = live.filter(Q(team__deletes_at=None) | Q(batch__cancel_requested_at__isnull=False))
    by_id = live.only("is_trace", "max_turns", "connection__max_in_flight").in_bulk()
    if not by_id:
        return []
    waits = ready().filter(comparison__in=by_id).values_list("comparison_id").annotate(first=Min("pk"))
    return [by_id[comparison_id] for comparison_id, _ in waits.order_by("first")[:COMPARISONS]]


def place_in_trace(comparison_id: int) -> dict[str, int]:
    """Where a trace stands: the repeat and the case whose columns have not all ended. All before it have."""
    unfinished = Exchange.objects.unfinished().filter(comparison_id=comparison_id)
    place = unfinished.order_by("repeat", "case__position").values("repeat", "case_id").first()
    return dict(place) if place else {"repeat": 0}  # all has ended meanwhile


def in_order(rounds: Iterable[Round], busy: Counter[int]) -> list[Round]:
    """The rounds in the order in which they may start: who has least in flight (`busy`, by comparison) comes first."""
    ahead: dict[int, int] = defaultdict(int)
    ranked: list[tuple[int, int, Round]] = []
    for one in sorted(rounds, key=lambda one: (-one.turn, one.first)):
        ranked.append((busy[one.comparison_id] + ahead[one.comparison_id], one.first, one))
        ahead[one.comparison_id] += one.size
    return [one for _, _, one in sorted(ranked)]


def first_repeats_unanswered(rounds: Iterable[Round]) -> dict[tuple[int, int], int]:
    """By (comparison, case) the first repeat that has no status line yet: the repeats after it wait for it.

    So a refused column is refused once, not twenty times. The repeats of each addition have a first one of their own.
    Repeats are counted as they go out, in a drawn order too (launching.order): the first is the one sent first.
    """
    comparisons = {one.comparison_id for one in rounds if one.repeat > 1 and one.turn == 1}
    if not comparisons:
        return {}
    added = Addition.objects.filter(comparison__in=comparisons).values_list("comparison_id", "first_repeat")
    first = {(comparison_id, 1) for comparison_id in comparisons} | set(added)
    repeats = {repeat for _, repeat in first}
    found = Exchange.objects.filter(comparison_id__in=comparisons, repeat__in=repeats, turn=1)
    # An error is an answer once it is whole: its end skips the rest of its column, in one transaction.
    is_error = Q(state=State.STREAMING, status__gte=300)
    unanswered = found.filter(Q(state__in=(State.QUEUED, State.SENDING)) | is_error).order_by("-repeat")
    rows = unanswered.values_list("comparison_id", "case_id", "repeat")
    return {(comparison, case): repeat for comparison, case, repeat in rows if (comparison, repeat) in first}
