"""Which exchange a lane shows: pure, so that a page and its live stream always agree."""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from django.db.models import Count, Exists, Max, OuterRef, Q, QuerySet, Sum

from betaconsole.runs.models import Comparison, Exchange
from betaconsole.runs.states import IN_FLIGHT, UNFINISHED

LANES = 8  # more columns than this: the first ones stream, the rest are rows of the figures table


class Row(NamedTuple):
    """A cell as far as choosing needs it: its latest exchange. `position` is its column's, `case` its case's position.

    `turn` is how many turns the cell has. `wait` says what it waits for (`Wait.Reason`); None where it does not.
    """

    id: int
    public_id: str
    position: int
    case: int
    repeat: int
    attempt: int
    turn: int
    state: str
    version: int
    wait: str | None = None

    @property
    def is_unfinished(self) -> bool:
        """Whether something of the cell is queued or in flight. A cell that waits for a person is at rest."""
        return self.state in UNFINISHED


def rows_of(comparison: Comparison) -> list[Row]:
    """Every cell of the comparison with its latest exchange, in the order of cells."""
    names = (
        *("id", "public_id", "variant__position", "case__position", "repeat", "attempt", "turn", "state", "version"),
        "wait__reason",
    )
    found = latest_of_cells(comparison.exchanges.all()).order_by("case__position", "repeat", "variant__position")
    return [Row(*values) for values in found.values_list(*names)]


def latest_of_cells(exchanges: "QuerySet[Exchange]") -> "QuerySet[Exchange]":
    """Those of the exchanges at which their cells stand: of the last turn the last attempt."""
    later = Exchange.objects.filter(
        Q(turn__gt=OuterRef("turn")) | Q(turn=OuterRef("turn"), attempt__gt=OuterRef("attempt")),
        variant=OuterRef("variant"),
        case=OuterRef("case"),
        repeat=OuterRef("repeat"),
    )
    return exchanges.filter(~Exists(later))


def is_at_rest(rows: Iterable[Row], *, is_paused: bool) -> bool:
    """Whether nothing goes on by itself: nothing is in flight, and nothing is queued but in a comparison that is paused."""
    going_on = IN_FLIGHT if is_paused else UNFINISHED
    return not any(row.state in going_on for row in rows)


def fingerprint(comparison: Comparison) -> str:
    """Another text whenever an exchange was added or moved, something waits or waits no more, or it was paused or resumed."""
    counted = comparison.exchanges.aggregate(
        count=Count("pk"), versions=Sum("version"), waits=Count("wait"), last_wait=Max("wait__id")
    )
    told = "-".join(str(counted[name] or 0) for name in ("count", "versions", "waits", "last_wait"))
    return told if comparison.paused_at is None else f"{told}-paused"


def cell_in_view(rows: Sequence[Row], *, case: int | None, repeat: int | None) -> tuple[int, int]:
    """The (case, repeat) all lanes show: the one asked for, else the first that waits for a person, else the newest running,
    else the last that was sent."""
    cells = {(row.case, row.repeat) for row in rows}
    if repeat is not None and (case or 0, repeat) in cells:
        return (case or 0, repeat)
    if waiting := [(row.case, row.repeat) for row in rows if row.wait]:
        return min(waiting)
    for wanted in (IN_FLIGHT, None):
        found = [(row.case, row.repeat) for row in rows if (row.state in wanted if wanted else _was_sent(row))]
        if found:
            return max(found)
    return min(cells, default=(0, 1))


def shown(rows: Iterable[Row], cell: tuple[int, int]) -> dict[int, Row]:
    """Per column position what its lane shows of this cell."""
    return {row.position: row for row in rows if (row.case, row.repeat) == cell}


def _was_sent(row: Row) -> bool:
    return row.state not in UNFINISHED and row.state not in ("skipped", "cancelled")
