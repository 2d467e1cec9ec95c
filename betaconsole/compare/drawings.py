"""The drawings of a comparison's figures: which ones, and what a template needs of each. Pure.

Every dot is a run and leads to its exchange. Where all figures together would have too many dots, one is drawn: the one
asked for, or the one that differs most.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from betaconsole.statistics.figures import Figure
from betaconsole.statistics.inputs import Cell, Inputs
from betaconsole.statistics.results import Results, Summary

from .figure_table import FigureRow, FigureTable, Head
from .plots import WIDE, WIDTH, Dot, Plot, PlotRow, Values, plot, share_plot
from .quantities import MOST_DIGITS

MOST_DOTS = 1500  # on one page; of one figure there may be more
MOST_DOTS_LIVE = 400  # while it runs it is drawn anew every second; with more, boxes alone
MOST_NAMED = 8  # rows whose numbers a drawing says in words


@dataclass(frozen=True)
class Mark:
    """A dot with what it says and where it leads: the public id of its cell's exchange."""

    dot: Dot
    exchange: str
    title: str


@dataclass(frozen=True)
class DrawnRow:
    head: Head
    row: PlotRow
    marks: tuple[Mark, ...]


@dataclass(frozen=True)
class DrawnTick:
    x: float
    label: str
    anchor: str  # of the text: start, middle, end


@dataclass(frozen=True)
class Drawing:
    """One figure. `unit`: of the numbers of its scale, where they do not say it. `said`: its numbers in words, for who does
    not see it."""

    figure: Figure
    unit: str
    plot: Plot
    rows: tuple[DrawnRow, ...]
    ticks: tuple[DrawnTick, ...]
    said: str


@dataclass(frozen=True)
class Drawings:
    """`chosen`: the key of the one that is drawn alone; empty where all are. `choices`: those there are to choose from."""

    drawn: tuple[Drawing, ...]
    chosen: str
    choices: tuple[Figure, ...]


@dataclass(frozen=True)
class Ways:
    """From a cell of a column to its exchange; `names` of the cases, empty where there is only one."""

    exchanges: Mapping[tuple[int, Cell], str]
    cases: Mapping[int, str]

    def name(self, cell: Cell) -> str:
        case = f"{self.cases[cell[0]]}, " if cell[0] in self.cases else ""
        return f"{case}repeat {cell[1]}"


def drawings_of(
    inputs: Inputs,
    table: FigureTable,
    summaries: Iterable[Summary],
    ways: Ways,
    *,
    asked: str = "",
    results: Results | None = None,
    is_print: bool = False,
) -> Drawings:
    """`asked`: the key of a figure. `is_print`: on paper all figures are drawn, since nobody can choose; of many runs boxes alone."""
    rows = [row for row in table.rows if any(column.of(row.figure.key) for column in inputs.columns)]
    dots = [sum(len(column.of(row.figure.key)) for column in inputs.columns) for row in rows]
    most = MOST_DOTS if table.is_final else MOST_DOTS_LIVE
    is_alone = sum(dots) > most and not is_print and len(rows) > 1
    chosen = _chosen(rows, asked, results) if is_alone else ""
    by_place = {(one.figure, one.variant): one for one in summaries}
    drawn = [
        _drawing(
            row,
            inputs,
            by_place,
            ways,
            is_alone=is_alone,
            has_dots=(sum(dots) if is_print else 0 if table.is_final else count) <= most,
        )
        for row, count in zip(rows, dots, strict=True)
        if chosen in ("", row.figure.key)
    ]
    return Drawings(tuple(drawn), chosen, tuple(row.figure for row in rows) if is_alone else ())


def _chosen(rows: Sequence[FigureRow], asked: str, results: Results | None) -> str:
    """The figure asked for, else that of the least p-value, else the first."""
    keys = [row.figure.key for row in rows]
    if asked in keys:
        return asked
    found = results.results if results else ()
    known = [(one.p_corrected, one.figure) for one in found if one.p_corrected is not None and one.figure in keys]
    least = min((p for p, _ in known), default=None)
    return next((key for key in keys if (least, key) in known), keys[0])


def _drawing(
    row: FigureRow,
    inputs: Inputs,
    summaries: Mapping[tuple[str, int], Summary],
    ways: Ways,
    *,
    is_alone: bool,
    has_dots: bool,
) -> Drawing:
    key = row.figure.key
    columns = [
        Values(column.position, cells if has_dots else {}, summaries.get((key, column.position)))
        for column in inputs.columns
        if (cells := column.of(key))
    ]
    draw = share_plot if row.figure.is_share else plot
    picture = draw(columns, width=WIDE if is_alone else WIDTH)
    rows = tuple(_drawn_row(one, row, ways) for one in picture.rows)
    return Drawing(row.figure, row.hand.after.strip(), picture, rows, _ticks(picture, row), _said(row, columns))


def _drawn_row(one: PlotRow, row: FigureRow, ways: Ways) -> DrawnRow:
    head = next(cell.head for cell in row.cells if cell.head.position == one.position)
    marks = [
        Mark(
            dot,
            ways.exchanges.get((one.position, dot.cell), ""),
            f"{head.letter}, {ways.name(dot.cell)}: {_value(row, dot)}",
        )
        for dot in one.dots
    ]
    return DrawnRow(head, one, tuple(marks))


def _value(row: FigureRow, dot: Dot) -> str:
    if row.figure.is_share:
        return "no" if dot.is_hollow else "yes"
    return row.hand.value(dot.value)


def _ticks(picture: Plot, row: FigureRow) -> tuple[DrawnTick, ...]:
    """The numbers of the scale, without their unit; those at its ends stand inside the drawing."""
    room, hand = picture.width * 0.08, replace(row.hand, after="")
    while len({hand.value(tick.value) for tick in picture.ticks}) < len(picture.ticks) and hand.digits < MOST_DIGITS:
        hand = replace(hand, digits=hand.digits + 1)
    return tuple(
        DrawnTick(
            tick.x,
            hand.value(tick.value),
            "start" if tick.x < picture.left + room else "end" if tick.x > picture.right - room else "middle",
        )
        for tick in picture.ticks
    )


def _said(row: FigureRow, columns: Sequence[Values]) -> str:
    """`A: 20 runs, median 455, between 431 and 498. B: …`; of many columns that there are so many."""
    if len(columns) > MOST_NAMED:
        return f"{len(columns)} columns; the table has their numbers."
    heads = {cell.head.position: cell.head for cell in row.cells}
    return " ".join(_sentence(heads[one.position], one, row) for one in columns)


def _sentence(head: Head, one: Values, row: FigureRow) -> str:
    found = one.summary
    if found is None or not found.n:
        return f"{head.letter}: nothing measured."
    if row.figure.is_share:
        return f"{head.letter}: {round((found.mean or 0) * found.n):,} of {found.n:,}."
    hand = row.hand
    return (
        f"{head.letter}: {found.n:,} runs, median {hand.value(found.median)}, "
        f"between {hand.value(found.minimum)} and {hand.value(found.maximum)}."
    )
