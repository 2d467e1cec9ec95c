"""The table of figures over all runs of a comparison, and why some runs do not count. Pure.

With few columns the figures are the rows, with many the columns of the comparison are. While it runs there are medians
with their intervals and no conclusion; at the end means, so that a difference and its interval are those of the verdict.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from betaconsole.runs.tallying import ORDER
from betaconsole.statistics.figures import Figure
from betaconsole.statistics.inputs import Column, Inputs
from betaconsole.statistics.results import Result, Results, Summary
from betaconsole.web.templatetags.figures import DASH

from .quantities import Hand, chance, finer, hand_for, percent

FEW = 4  # columns; from five on they are rows
STATES = {
    "differs": "differs",
    "no_difference": "no difference seen",
    "identical": "identical",
    "not_enough": "not enough data",
}


@dataclass(frozen=True)
class Head:
    """A column of the comparison. `planned`: its cells; `counted`: those that have an answer to measure."""

    position: int
    letter: str
    label: str
    baseline: str  # the letter of the column it is compared with; empty: none
    role: str
    counted: int
    planned: int

    @property
    def pair(self) -> str:
        """`B − A`."""
        return f"{self.letter} − {self.baseline}"

    @property
    def is_compared(self) -> bool:
        return bool(self.baseline) and self.counted > 0


@dataclass(frozen=True)
class Test:
    """What is behind the word for a difference, written down."""

    runs: str
    method: str
    shift: str  # Hodges-Lehmann, with its interval
    p: str
    p_corrected: str
    needed: str


@dataclass(frozen=True)
class Measured:
    """One figure of one column. Of what is not known there is a dash or nothing.

    `value_note`: what stands under the value. `state`: what the difference says, in words; `test`: what is behind that.
    """

    head: Head
    value: str = DASH
    value_note: str = ""
    median: str = ""  # beside a mean
    difference: str = ""
    relative: str = ""
    interval: str = ""
    state: str = ""
    test: Test | None = None

    @property
    def differs(self) -> bool:
        return self.state == STATES["differs"]


@dataclass(frozen=True)
class FigureRow:
    figure: Figure
    hand: Hand
    cells: tuple[Measured, ...]


@dataclass(frozen=True)
class FigureTable:
    """`of`: what its values are, such as `median of 14`. `constant`: the figures that are the same in every run of every
    column and so have no row, with what they are there."""

    heads: tuple[Head, ...]
    rows: tuple[FigureRow, ...]
    of: str
    is_final: bool
    constant: tuple[str, ...]

    @property
    def is_few(self) -> bool:
        return len(self.heads) <= FEW

    @property
    def by_column(self) -> list[tuple[Head, list[Measured]]]:
        """The same with the columns of the comparison as rows."""
        return [(head, [row.cells[index] for row in self.rows]) for index, head in enumerate(self.heads)]


def table_of(
    inputs: Inputs, names: Mapping[int, tuple[str, str]], summaries: Iterable[Summary], results: Results | None
) -> FigureTable:
    """`names`: letter and label of each column by its position. `results`: None while there is no conclusion."""
    by_place = {(one.figure, one.variant): one for one in summaries}
    compared = {(one.figure, one.variant): one for one in results.results} if results else {}
    heads = heads_of(inputs, names)
    always = {figure: values.pop() for figure in inputs.figures if len(values := _values(figure, inputs.columns)) == 1}
    rows = [
        _row(figure, heads, by_place, compared, is_final=results is not None)
        for figure in inputs.figures
        if figure not in always
    ]
    return FigureTable(
        heads=heads,
        rows=tuple(rows),
        of=_of(heads, "mean" if results else "median"),
        is_final=results is not None,
        constant=tuple(_always(figure, value) for figure, value in always.items()),
    )


def heads_of(inputs: Inputs, names: Mapping[int, tuple[str, str]]) -> tuple[Head, ...]:
    return tuple(
        Head(
            position=column.position,
            letter=names[column.position][0],
            label=names[column.position][1],
            baseline="" if column.baseline is None else names[column.baseline][0],
            role=column.role,
            counted=counted(column),
            planned=column.planned,
        )
        for column in inputs.columns
    )


def counted(column: Column) -> int:
    """How many of its cells have an answer that is measured."""
    return len({cell for cells in column.values.values() for cell in cells})


def uncounted(inputs: Inputs, names: Mapping[int, tuple[str, str]]) -> list[str]:
    """Of each column with cells that do not count, why: `C: 0 of 20 count. 1 refused, 19 skipped.`"""
    return [
        f"{names[column.position][0]}: {counted(column):,} of {column.planned:,} count. {_whys(column.excluded)}."
        for column in inputs.columns
        if any(column.excluded.values())
    ]


def _whys(excluded: Mapping[str, int]) -> str:
    return ", ".join(f"{excluded[why]:,} {why}" for why in ORDER if excluded.get(why))


def _of(heads: Sequence[Head], what: str) -> str:
    """`median of 14` where every column that has any has as many runs that count."""
    counts = {head.counted for head in heads if head.counted}
    return f"{what} of {counts.pop():,}" if len(counts) == 1 else what


def _values(figure: Figure, columns: Iterable[Column]) -> set[float]:
    """The different values there are, where more than one run has any."""
    values = [value for column in columns for value in column.of(figure.key).values()]
    return set(values) if len(values) > 1 else set()


def _always(figure: Figure, value: float) -> str:
    """`tool calls 1`, `stopped with end_turn in all`."""
    label = figure.label[:1].lower() + figure.label[1:]
    if figure.is_share:
        return f"{label} in {'all' if value else 'none'}"
    return f"{label} {hand_for(figure.unit, [value]).value(value)}"


Place = tuple[str, int]


def _row(
    figure: Figure,
    heads: Sequence[Head],
    summaries: Mapping[Place, Summary],
    compared: Mapping[Place, Result],
    *,
    is_final: bool,
) -> FigureRow:
    found = [summaries.get((figure.key, head.position)) for head in heads]
    hand = hand_for(figure.unit, [_centre(figure, one, is_final=is_final) for one in found])
    centres = {head.letter: _centre(figure, one, is_final=is_final) for head, one in zip(heads, found, strict=True)}
    cells = []
    for head, one in zip(heads, found, strict=True):
        result = compared.get((figure.key, head.position))
        said = Measured(
            head,
            value=hand.value(centres[head.letter]),
            value_note=_note(figure, one, hand, is_final=is_final),
            median=hand.value(one.median) if one and one.n and is_final and not figure.is_share else "",
        )
        if head.is_compared and result is not None:
            cells.append(_with_result(said, result, figure, hand))
        elif head.is_compared and not is_final:
            cells.append(_so_far(said, centres[head.letter], centres.get(head.baseline), figure, hand))
        else:
            cells.append(said)
    return FigureRow(figure, hand, tuple(cells))


def _centre(figure: Figure, one: Summary | None, *, is_final: bool) -> float | None:
    if one is None:
        return None
    return one.mean if is_final or figure.is_share else one.median


def _note(figure: Figure, one: Summary | None, hand: Hand, *, is_final: bool) -> str:
    """What stands under a value: of a share how many, of a median its interval."""
    if one is None or not one.n:
        return ""
    if figure.is_share:
        return f"{round((one.mean or 0) * one.n):,} of {one.n:,}"
    return "" if is_final else hand.spread(one.low, one.high)


def _so_far(said: Measured, value: float | None, base: float | None, figure: Figure, hand: Hand) -> Measured:
    """How far apart the two lie so far; no interval and no conclusion."""
    if value is None or base is None:
        return said
    relative = "" if figure.is_share or base <= 0 else percent((value - base) / base)
    return replace(said, difference=hand.difference(value - base), relative=relative)


def _with_result(said: Measured, result: Result, figure: Figure, hand: Hand) -> Measured:
    hand = finer(hand, [result.difference, result.low, result.high])
    return replace(
        said,
        difference=hand.difference(result.difference),
        relative="" if figure.is_share else percent(result.relative),
        interval="" if result.state == "identical" else hand.interval(result.low, result.high),
        state=STATES[result.state],
        test=Test(
            runs=f"{result.n:,} pairs" if result.paired else f"{result.n:,} and {result.n_baseline:,}",
            method=result.method,
            shift=_shift(result, hand),
            p=chance(result.p),
            p_corrected=chance(result.p_corrected),
            needed=f"{result.needed:,} more repeats" if result.needed else "",
        ),
    )


def _shift(result: Result, hand: Hand) -> str:
    if result.shift is None:
        return DASH
    interval = hand.interval(result.shift_low, result.shift_high)
    return hand.difference(result.shift) if interval == DASH else f"{hand.difference(result.shift)} ({interval})"
