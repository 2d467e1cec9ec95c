"""How far a comparison of many cells is: what has ended, what it cost, how long it takes yet, and what does not count.

The number of queries is the same for any number of cells.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import NamedTuple

from django.db.models import Count, Q, Sum

from betaconsole.drafts.models import Engine
from betaconsole.runs.launching.budgeting import MAYBE_BILLED
from betaconsole.runs.models import Comparison, Exchange, Reservation
from betaconsole.runs.states import IN_FLIGHT, State
from betaconsole.runs.tallying import Standing, Tally, tally
from betaconsole.web.templatetags.figures import usd

from . import time_left
from .showing import Row
from .viewing import View


class Part(NamedTuple):
    """A stretch of the bar. `kind` is what it looks like, `left` and `width` are in percent of the bar."""

    kind: str
    cells: int
    left: str
    width: str


@dataclass(frozen=True)
class Far:
    """The line and the bar below the head. `said`: `34 done · 3 running · 1 refused · 22 queued`; `left` and `spent` likewise."""

    parts: Sequence[Part]
    said: str
    left: str
    spent: str
    counts: str  # how many count and why the others do not; empty where all do


def tally_of(comparison: Comparison, rows: Sequence[Row]) -> Tally:
    """Which of the cells count. One query, of those that failed."""
    failed = {row.id for row in rows if row.state == State.FAILED}
    told = comparison.exchanges.filter(state=State.FAILED) if failed else Exchange.objects.none()
    why = {
        pk: (betas, error_type or kind)
        for pk, betas, error_type, kind in told.values_list("pk", "refused_betas", "error_type", "failure_kind")
    }
    return tally(Standing(row.state, row.wait is not None, *why.get(row.id, ((), ""))) for row in rows)


def far_of(view: View, told: Tally) -> Far | None:
    """None where one round is all there is: its lanes say everything."""
    rounds = len({(row.case, row.repeat) for row in view.rows})
    if rounds < 2:
        return None
    if not told.to_come:
        return Far((), "", "", "", told.sentence)
    states = Counter(row.state for row in view.rows if row.wait is None)
    running = sum(states[state] for state in IN_FLIGHT)
    counts = {
        "done": told.counts,
        "left_out": told.ended - told.counts,
        "running": running,
        "queued": states[State.QUEUED],
    }
    busy_ms, spent_usd, unknown = _so_far(view.comparison)
    is_paused = view.comparison.paused_at is not None
    return Far(
        parts=_parts(counts, told.planned),
        said=" · ".join(f"{count:,} {_word(kind)}" for kind, count in counts.items() if count),
        left="" if is_paused else _left(view, told, busy_ms, running=running, queued=counts["queued"]),
        spent=_spent(view.comparison, spent_usd, unknown),
        counts=told.sentence,
    )


def _word(kind: str) -> str:
    return "left out" if kind == "left_out" else kind


def _parts(counts: dict[str, int], planned: int) -> list[Part]:
    parts, left = [], 0.0
    for kind, count in counts.items():
        width = count / planned * 100
        if count:
            parts.append(Part(kind, count, f"{left:.2f}%", f"{width:.2f}%"))
        left += width
    return parts


def _so_far(comparison: Comparison) -> tuple[float, Decimal | None, int]:
    """How long its requests took, added up; what they cost as far as it is known; how many may have cost something more."""
    told = comparison.exchanges.aggregate(
        busy=Sum("total_ms"), usd=Sum("cost_usd"), unknown=Count("pk", filter=MAYBE_BILLED)
    )
    return told["busy"] or 0.0, told["usd"], told["unknown"]


def _left(view: View, told: Tally, busy_ms: float, *, running: int, queued: int) -> str:
    comparison = view.comparison
    if comparison.engine != Engine.LIVE:
        return ""
    connection = comparison.connection
    # Counted here: asked for one connection, SQLite would walk all its exchanges instead of the few in flight.
    in_flight = Exchange.objects.in_flight().values_list("connection_id", "comparison_id")
    others = sum(one == connection.pk and other != comparison.pk for one, other in in_flight)
    seconds = time_left.time_left_s(
        ended=told.ended,
        busy_ms=busy_ms,
        in_flight=running,
        queued=queued,
        together=len(view.variants),
        free=max(1, connection.max_in_flight - others),
        one_by_one=comparison.is_trace,
    )
    return time_left.said(seconds)


def _spent(comparison: Comparison, spent_usd: Decimal | None, unknown: int) -> str:
    so_far = f"{'at least ' if unknown and spent_usd else ''}{usd(spent_usd)}"
    if comparison.simulated:
        return f"{so_far} at list price" if spent_usd else ""
    told = Reservation.objects.filter(comparison=comparison).aggregate(
        usd=Sum("reserved_usd") + Sum("spent_usd"), unpriced=Count("pk", filter=Q(is_priced=False))
    )
    if told["unpriced"] or told["usd"] is None:
        return f"{so_far} spent"
    return f"{so_far} spent, {usd(told['usd'])} at most"
