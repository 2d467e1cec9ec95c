"""The columns of the tab Timing, loaded and measured."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from betaconsole.diffing.timing import Recorded, Timing, length_ms, timing_of
from betaconsole.diffing.timing_rate import bin_for
from betaconsole.runs.models import Exchange, Variant
from betaconsole.runs.pages.viewing import View
from betaconsole.web.templatetags.figures import ms

from .recorded import recorded_turns
from .sides import Side, Sides
from .timing_drawing import Source
from .timing_table import Measured


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
    recorded = recorded_turns(cells)
    bin_ms = bin_for(max(map(length_ms, recorded), default=0.0))
    return [
        _column(variant, turns, kept, bin_ms=bin_ms, against=against.get(variant.letter, ""))
        for variant, turns, kept in zip(variants, cells, recorded, strict=True)
    ]


def _column(
    variant: Variant | Side, turns: Sequence[Exchange], kept: Sequence[Recorded], *, bin_ms: int, against: str
) -> Column:
    timing = timing_of(kept, bin_ms=bin_ms)
    is_running = len(kept) < len(turns)
    moments = [
        turn.start_ms + float(event[0]) for turn, one in zip(timing.turns, kept, strict=True) for event in one.timeline
    ]
    why_none = "Still under way: it is drawn when it has ended." if is_running else why_none_of(timing)
    return Column(
        variant,
        turns[-1] if turns else None,
        Source(variant.letter, variant.label, timing, moments, why_none),
        Measured(variant.letter, timing, [] if is_running else turns, against),
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
