"""How far a comparison of many cells is: what has ended, what it cost, how long it takes yet, and what does not count.

The number of queries is the same for any number of cells.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import NamedTuple

from django.db.models import Count, Q, Sum

from betaconsole.drafts.models import Engine
from betaconsole.runs.launching.budgeting import MAYBE_BILLED
from betaconsole.runs.models import Comparison, Exchange, Reservation
from betaconsole.runs.states import IN_FLIGHT, State
from betaconsole.runs.tallying import ORDER, REASONS, WAITING, Standing, Tally, tally
from betaconsole.web.templatetags.figures import usd

from . import time_left
from .showing import Row
from .viewing import View

UNSENT = (REASONS[State.CANCELLED], REASONS[State.SKIPPED], WAITING)
ENDED_BY_ITSELF = (State.SUCCEEDED, State.FAILED, State.INCOMPLETE, State.UNKNOWN_OUTCOME)


class Part(NamedTuple):
    """A stretch of the bar. `kind` is what it looks like, `left` and `width` are in percent of the bar."""

    kind: str
    cells: int
    left: str
    width: str


@dataclass(frozen=True)
class Far:
    """The line and the bar below the head. `said`: `34 done · 1 refused · 3 running · 22 queued`; `left` and `spent` likewise."""

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
    running = sum(row.state in IN_FLIGHT for row in view.rows)
    unsent = sum(told.left_out.get(why, 0) for why in UNSENT)
    counts = {
        "done": told.counts,
        "failed": told.ended - told.counts - unsent,
        "unsent": unsent,
        "running": running,
        "queued": told.to_come - running,
    }
    going_on = {"running": running, "queued": counts["queued"]}
    said = {"done": told.counts} | {why: told.left_out.get(why, 0) for why in ORDER} | going_on
    so_far = _so_far(view.comparison)
    is_paused = view.comparison.paused_at is not None
    return Far(
        parts=_parts(counts, told.planned),
        said=" · ".join(f"{count:,} {word}" for word, count in said.items() if count),
        left="" if is_paused else _left(view, so_far),
        spent=_spent(view.comparison, so_far),
        counts=told.sentence,
    )


def _parts(counts: dict[str, int], planned: int) -> list[Part]:
    parts, left = [], 0.0
    for kind, count in counts.items():
        width = count / planned * 100
        if count:
            parts.append(Part(kind, count, f"{left:.2f}%", f"{width:.2f}%"))
        left += width
    return parts


class SoFar(NamedTuple):
    """What a column's requests took, added up, what they cost as far as it is known, and how many may have cost more."""

    position: int
    busy_ms: float | None
    usd: Decimal | None
    unknown: int


def _so_far(comparison: Comparison) -> list[SoFar]:
    told = comparison.exchanges.order_by().values("variant__position")
    told = told.annotate(busy=Sum("total_ms"), usd=Sum("cost_usd"), unknown=Count("pk", filter=MAYBE_BILLED))
    return [SoFar(row["variant__position"], row["busy"], row["usd"], row["unknown"]) for row in told]


def _left(view: View, so_far: Sequence[SoFar]) -> str:
    comparison, connection = view.comparison, view.comparison.connection
    if comparison.engine != Engine.LIVE:
        return ""
    running = [row for row in view.rows if row.state in IN_FLIGHT]
    queued = [row for row in view.rows if row.state == State.QUEUED]
    # Of the columns that go on: how soon another one was refused says nothing of them.
    columns = {row.position for row in queued or running}
    ended = sum(row.position in columns and row.state in ENDED_BY_ITSELF for row in view.rows)
    # Counted here: asked for one connection, SQLite would walk all its exchanges instead of the few in flight.
    in_flight = Exchange.objects.in_flight().values_list("connection_id", "comparison_id")
    others = sum(one == connection.pk and other != comparison.pk for one, other in in_flight)
    seconds = time_left.time_left_s(
        ended=ended,
        busy_ms=sum(one.busy_ms or 0 for one in so_far if one.position in columns),
        in_flight=len(running),
        queued=len(queued),
        together=len(columns),
        free=max(1, connection.max_in_flight - others),
        one_by_one=comparison.is_trace,
    )
    return time_left.said(seconds)


def _spent(comparison: Comparison, so_far: Sequence[SoFar]) -> str:
    known = [one.usd for one in so_far if one.usd is not None]
    spent = usd(sum(known, Decimal(0)) if known else None)
    said = f"at least {spent}" if known and any(one.unknown for one in so_far) else spent
    if comparison.simulated:
        return f"{said} at list price" if known else ""
    told = Reservation.objects.filter(comparison=comparison).aggregate(
        usd=Sum("reserved_usd") + Sum("spent_usd"), unpriced=Count("pk", filter=Q(is_priced=False))
    )
    if told["unpriced"] or told["usd"] is None:
        return f"{said} spent"
    return f"{said} spent, {usd(told['usd'])} at most"
