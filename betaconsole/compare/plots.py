"""Where the dots, boxes and intervals of one figure stand in a drawing. Pure: values in, places out.

Places are in units of the drawing's view box, from its upper left corner, rounded to a tenth. Each column has a row: its
dots above, below them a box from the first to the third quartile with a line at the median, and the interval of the
median. The same values give the same drawing, in whatever order they come.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from betaconsole.statistics.inputs import Cell
from betaconsole.statistics.results import Summary

WIDTH = 360.0  # of a drawing in a grid of several
WIDE = 1000.0  # of one that stands alone
GUTTER = 30.0  # left of the scale: the column's letter
MARGIN = 12.0  # right of it
RADIUS = 3.0
BAND = 20.0  # at least so high is the room for dots, and at most:
TALLEST_BAND = 56.0
BOX = 8.0  # the height of a box
GAP = 6.0  # between dots and box, and below the box
AXIS = 18.0  # below the rows: the numbers of the scale
TOP = 4.0
TICKS = 4


@dataclass(frozen=True)
class Values:
    """What is drawn in one row: the value of every cell that counts, and their summary."""

    position: int
    cells: Mapping[Cell, float]
    summary: Summary | None


@dataclass(frozen=True)
class Dot:
    """One run. `is_hollow`: of a share, that it did not happen there."""

    cell: Cell
    value: float
    x: float
    y: float
    is_hollow: bool = False


@dataclass(frozen=True)
class Span:
    """From one place of the scale to another; `start` is at most `end`."""

    start: float
    end: float

    @property
    def width(self) -> float:
        return round(self.end - self.start, 1)


@dataclass(frozen=True)
class PlotRow:
    """One column. `y` is the middle of its dots, `box_y` the upper edge of its box. Of what is not known there is nothing."""

    position: int
    y: float
    box_y: float
    dots: tuple[Dot, ...]
    box: Span | None
    median: float | None
    interval: Span | None

    @property
    def interval_y(self) -> float:
        return round(self.box_y + BOX / 2, 1)

    @property
    def foot_y(self) -> float:
        return round(self.box_y + BOX, 1)

    @property
    def letter_y(self) -> float:
        return round((self.y + self.foot_y) / 2, 1)


@dataclass(frozen=True)
class Tick:
    """A number of the scale."""

    x: float
    value: float


@dataclass(frozen=True)
class Plot:
    """One figure of all columns. `radius` is that of its dots."""

    width: float
    height: float
    radius: float
    rows: tuple[PlotRow, ...]
    ticks: tuple[Tick, ...]

    @property
    def axis_y(self) -> float:
        return round(self.height - AXIS, 1)

    @property
    def left(self) -> float:
        return GUTTER

    @property
    def right(self) -> float:
        return self.width - MARGIN

    @property
    def dots(self) -> int:
        return sum(len(row.dots) for row in self.rows)


@dataclass(frozen=True)
class Scale:
    """From values to places between the gutter and the margin, a dot's radius away from both."""

    low: float
    high: float
    width: float

    def place(self, value: float) -> float:
        start, end = GUTTER + RADIUS, self.width - MARGIN - RADIUS
        if self.high == self.low:
            return round((start + end) / 2, 1)
        share = (value - self.low) / (self.high - self.low)
        return round(start + min(1.0, max(0.0, share)) * (end - start), 1)

    def span(self, low: float | None, high: float | None) -> Span | None:
        return None if low is None or high is None else Span(self.place(low), self.place(high))


def plot(columns: Sequence[Values], *, width: float = WIDTH) -> Plot:
    """Quantities: each dot at its value, those that would lie upon each other beside each other."""
    scale = _scale(columns, width)
    piles = [_piles(column.cells, scale) for column in columns]
    band = _band(max((len(pile) for row in piles for pile in row.values()), default=1))
    rows = [
        _row(column, index, band, dots=_swarm(row, band), scale=scale)
        for index, (column, row) in enumerate(zip(columns, piles, strict=True))
    ]
    ticks = tuple(Tick(scale.place(value), value) for value in nice(scale.low, scale.high))
    return Plot(width, _height(len(columns), band), RADIUS, tuple(rows), ticks)


def share_plot(columns: Sequence[Values], *, width: float = WIDTH) -> Plot:
    """Shares: a dot for every run, those in which it happened first, so that they end at the share; below, its interval."""
    scale = Scale(0.0, 1.0, width)
    most = max((len(column.cells) for column in columns), default=1) or 1
    room = (scale.place(1.0) - scale.place(0.0)) / most
    radius = round(max(0.6, min(RADIUS, room * 0.45)), 1)
    rows = []
    for index, column in enumerate(columns):
        summary = column.summary
        row = _row(column, index, BAND, dots=_tally(column.cells, scale), scale=scale, has_box=False)
        span = scale.span(summary.low, summary.high) if summary else None
        at = scale.place(summary.mean) if summary and summary.mean is not None else None
        rows.append(PlotRow(row.position, row.y, row.box_y, row.dots, None, at, span))
    ticks = tuple(Tick(scale.place(value), value) for value in (0.0, 0.5, 1.0))
    return Plot(width, _height(len(columns), BAND), radius, tuple(rows), ticks)


def nice(low: float, high: float) -> list[float]:
    """A few round numbers from `low` to `high`; where both are the same, or as good as, that one."""
    if high - low <= max(abs(low), abs(high), 1e-9) * 1e-9:
        return [low]
    rough = (high - low) / TICKS
    unit = 10.0 ** math.floor(math.log10(rough))
    step = next(factor * unit for factor in (1, 2, 5, 10) if factor * unit >= rough)
    first, last = math.ceil(low / step), math.floor(high / step)
    return [number * step for number in range(first, last + 1)] or [low, high]


def _scale(columns: Sequence[Values], width: float) -> Scale:
    """From the smallest to the largest of all that is drawn."""
    drawn = [value for column in columns for value in column.cells.values()]
    for summary in (column.summary for column in columns):
        if summary is not None:
            drawn += [value for value in (summary.low, summary.high, summary.q1, summary.q3) if value is not None]
    return Scale(min(drawn, default=0.0), max(drawn, default=0.0), width)


def _band(tallest: int) -> float:
    return min(TALLEST_BAND, max(BAND, tallest * RADIUS * 2))


def _height(rows: int, band: float) -> float:
    return round(TOP + rows * _row_height(band) + AXIS, 1)


def _row_height(band: float) -> float:
    return band + GAP + BOX + GAP


def _row(
    column: Values, index: int, band: float, *, dots: Sequence[Dot], scale: Scale, has_box: bool = True
) -> PlotRow:
    top = TOP + index * _row_height(band)
    middle = top + band / 2
    summary = column.summary if has_box else None
    return PlotRow(
        position=column.position,
        y=round(middle, 1),
        box_y=round(top + band + GAP, 1),
        dots=tuple(Dot(dot.cell, dot.value, dot.x, round(middle + dot.y, 1), dot.is_hollow) for dot in dots),
        box=scale.span(summary.q1, summary.q3) if summary else None,
        median=scale.place(summary.median) if summary and summary.median is not None else None,
        interval=scale.span(summary.low, summary.high) if summary else None,
    )


Piles = Mapping[int, Sequence[Dot]]


def _piles(cells: Mapping[Cell, float], scale: Scale) -> Piles:
    """The dots in the order of their values and cells, piled up where they would lie upon each other: a dot's width is a pile."""
    piles: dict[int, list[Dot]] = {}
    for cell, value in sorted(cells.items(), key=lambda each: (each[1], each[0])):
        place = int(scale.place(value) // (RADIUS * 2))
        piles.setdefault(place, []).append(Dot(cell, value, round((place + 0.5) * RADIUS * 2, 1), 0.0))
    return piles


def _swarm(piles: Piles, band: float) -> list[Dot]:
    """Each pile spread about the middle of its band: evenly, and closer where the band is too low for all of it."""
    dots = []
    for pile in piles.values():
        room = band - RADIUS * 2
        step = min(RADIUS * 2, room / (len(pile) - 1)) if len(pile) > 1 else 0.0
        for index, dot in enumerate(pile):
            dots.append(Dot(dot.cell, dot.value, dot.x, (index - (len(pile) - 1) / 2) * step))
    return dots


def _tally(cells: Mapping[Cell, float], scale: Scale) -> list[Dot]:
    ordered = sorted(cells.items(), key=lambda each: (-each[1], each[0]))
    return [
        Dot(cell, value, scale.place((index + 0.5) / len(ordered)), 0.0, is_hollow=not value)
        for index, (cell, value) in enumerate(ordered)
    ]
