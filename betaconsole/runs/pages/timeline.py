"""When the events of a stream came: a table of the first ones and a drawing of all. Pure."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from betaconsole.storage.fields import showable

MAX_ROWS = 400
WIDTH = 1290
ROW_HEIGHT = 18
LABEL_WIDTH = 170
TICKS = 5
MAX_KINDS = 12
MS_STEPS = [base * 10**power for power in range(-1, 8) for base in (1, 2, 5)]


@dataclass(frozen=True)
class TimelineRow:
    """One event: when it was complete, how long after the one before, how many bytes it had."""

    number: int
    at_ms: float
    gap_ms: float
    type: str
    bytes: int


@dataclass(frozen=True)
class Track:
    """The events of one type as marks on a line: `path` is an SVG path of strokes."""

    label: str
    count: int
    y: int
    path: str


@dataclass(frozen=True)
class Tick:
    """A moment on the axis."""

    x: float
    label: str


@dataclass(frozen=True)
class Timeline:
    """A drawn stream; `more` rows are not in the table."""

    rows: list[TimelineRow]
    more: int
    tracks: list[Track]
    ticks: list[Tick]
    height: int
    width: int = WIDTH
    label_width: int = LABEL_WIDTH

    @property
    def axis_y(self) -> int:
        return self.height - 6


def timeline_of(events: Sequence[Sequence[Any]]) -> Timeline | None:
    """The drawing of [[at_ms, end offset, type], …]; None where there is no event."""
    if not events:
        return None
    last_ms = max(float(event[0]) for event in events) or 1.0
    counts = Counter(str(event[2]) for event in events)
    kinds = list(counts)[:MAX_KINDS]  # in the order they first came
    tracks = [
        Track(
            label=showable(kind)[:40],
            count=counts[kind],
            y=index * ROW_HEIGHT + ROW_HEIGHT // 2,
            path=_marks([float(event[0]) for event in events if str(event[2]) == kind], last_ms, index),
        )
        for index, kind in enumerate(kinds)
    ]
    return Timeline(
        rows=_rows(events[:MAX_ROWS]),
        more=max(0, len(events) - MAX_ROWS),
        tracks=tracks,
        ticks=_ticks(last_ms),
        height=len(tracks) * ROW_HEIGHT + 22,
    )


def _rows(events: Sequence[Sequence[Any]]) -> list[TimelineRow]:
    rows, before_ms, before_end = [], 0.0, 0
    for number, (at_ms, end, kind) in enumerate(events, start=1):
        rows.append(TimelineRow(number, at_ms, at_ms - before_ms, showable(str(kind)), end - before_end))
        before_ms, before_end = at_ms, end
    return rows


def _x(at_ms: float, last_ms: float) -> float:
    return round(LABEL_WIDTH + (WIDTH - LABEL_WIDTH - 10) * at_ms / last_ms, 1)


def _marks(moments: Sequence[float], last_ms: float, index: int) -> str:
    """One stroke per place on the line: twenty thousand events are no longer than the line has places."""
    top = index * ROW_HEIGHT + 3
    places = sorted({_x(at_ms, last_ms) for at_ms in moments})
    return "".join(f"M{x:g} {top}v{ROW_HEIGHT - 6}" for x in places)


def _ticks(last_ms: float) -> list[Tick]:
    return [Tick(_x(at_ms, last_ms), moment_label(at_ms)) for at_ms in axis_moments(last_ms, most=TICKS)]


def axis_moments(last_ms: float, *, most: int) -> list[float]:
    """Round moments from 0 on that an axis of this length is divided at, in at most so many parts."""
    step = next((step for step in MS_STEPS if last_ms / step <= most), MS_STEPS[-1])
    return [index * step for index in range(int(last_ms / step) + 1)]


def moment_label(at_ms: float) -> str:
    """A round moment on an axis: `200 ms`, `1.5 s`."""
    return f"{at_ms / 1000:g} s" if at_ms >= 1000 else f"{at_ms:g} ms"
