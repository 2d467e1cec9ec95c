"""Which exchange a lane shows: pure, so that a page and its live stream always agree."""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from .models import Comparison
from .states import IN_FLIGHT, UNFINISHED

LANES = 8  # more columns than this: the first ones stream, the rest are rows of the figures table


class Row(NamedTuple):
    """An exchange as far as choosing needs it. `position` is its column's, `case` its case's position."""

    id: int
    public_id: str
    position: int
    case: int
    repeat: int
    attempt: int
    turn: int
    state: str
    version: int


def rows_of(comparison: Comparison) -> list[Row]:
    """Every exchange of the comparison, in the order of cells."""
    names = ("id", "public_id", "variant__position", "case__position", "repeat", "attempt", "turn", "state", "version")
    found = comparison.exchanges.order_by("case__position", "repeat", "variant__position", "attempt", "turn")
    return [Row(*values) for values in found.values_list(*names)]


def cell_in_view(rows: Sequence[Row], *, case: int | None, repeat: int | None) -> tuple[int, int]:
    """The (case, repeat) all lanes show: the one asked for, else the newest running, else the last that was sent."""
    cells = {(row.case, row.repeat) for row in rows}
    if repeat is not None and (case or 0, repeat) in cells:
        return (case or 0, repeat)
    for wanted in (IN_FLIGHT, None):
        found = [(row.case, row.repeat) for row in rows if (row.state in wanted if wanted else _was_sent(row))]
        if found:
            return max(found)
    return min(cells, default=(0, 1))


def shown(rows: Iterable[Row], cell: tuple[int, int]) -> dict[int, Row]:
    """Per column position the exchange its lane shows: of the cell's, the latest attempt's latest turn."""
    chosen: dict[int, Row] = {}
    for row in rows:
        if (row.case, row.repeat) == cell:
            earlier = chosen.get(row.position)
            if earlier is None or (row.attempt, row.turn) > (earlier.attempt, earlier.turn):
                chosen[row.position] = row
    return chosen


def _was_sent(row: Row) -> bool:
    return row.state not in UNFINISHED and row.state not in ("skipped", "cancelled")
