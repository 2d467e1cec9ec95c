"""The columns of the tab Timing, loaded and measured."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from betaconsole.diffing.timing import Timing
from betaconsole.runs.models import Exchange, Variant
from betaconsole.runs.pages.viewing import View
from betaconsole.web.templatetags.figures import ms

from .sides import Side, Sides
from .timing_drawing import Source
from .timing_table import Measured
from .timings import Read, read_cells


@dataclass(frozen=True)
class Column:
    """One column as it is drawn and as it is counted; `latest` is the exchange its cell ends with, None where it has none."""

    variant: Variant | Side
    latest: Exchange | None
    source: Source
    measured: Measured


def columns_of(view: View, variants: Sequence[Variant], *, against: Mapping[str, str]) -> list[Column]:
    """These columns in the case and repeat in view, on one axis. `against`: by letter the letter it is compared with."""
    cells = [list(view.turns.get(variant.position, ())) for variant in variants]
    return _columns(variants, cells, against)


def columns_of_sides(sides: Sides) -> list[Column]:
    """The two sides of a difference, on one axis."""
    both = sides.left, sides.right
    return _columns(both, [list(side.turns) for side in both], {sides.right.letter: sides.left.letter})


def _columns(
    variants: Sequence[Variant | Side], cells: Sequence[Sequence[Exchange]], against: Mapping[str, str]
) -> list[Column]:
    return [
        _column(variant, turns, read, against=against.get(variant.letter, ""))
        for variant, turns, read in zip(variants, cells, read_cells(cells), strict=True)
    ]


def _column(variant: Variant | Side, turns: Sequence[Exchange], read: Read, *, against: str) -> Column:
    is_running = not all(turn.is_final for turn in turns)
    why_none = "Still under way: it is drawn when it has ended." if is_running else why_none_of(read.timing)
    return Column(
        variant,
        turns[-1] if turns else None,
        Source(variant.letter, variant.label, read.timing, read.moments, why_none),
        Measured(variant.letter, read.timing, [] if is_running else turns, against),
    )


def why_none_of(timing: Timing) -> str:
    """Why there is no stream to draw, in a sentence; empty where there is one."""
    match timing.no_stream:
        case "not_sent":
            return "Nothing was sent here."
        case "in_batch":
            return "No stream: it went out in a batch, whose answers come whole."
        case "not_streamed":
            return f"No stream: streaming was off, and the whole answer was there after {ms(timing.total_ms)}."
        case "no_events":
            return "No stream: the request ended before an event came."
    return ""
