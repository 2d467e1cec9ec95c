"""A diff of two texts line by line, for reading: both sides beside each other, lines that belong together in one row. Pure."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise, zip_longest
from typing import Literal

from .words import CONTEXT, SAME, Piece

RowKind = Literal["same", "added", "removed", "changed", "skipped"]
MAX_LINE = 20_000  # characters of one stretch that are shown
LINE_END = "↵"  # stands for the end of a line that only one side has


@dataclass(frozen=True)
class Part:
    """A stretch of a line. `differs`: only this side has it."""

    text: str
    differs: bool


@dataclass(frozen=True)
class Line:
    """One line of one side, counted from 1."""

    number: int
    parts: tuple[Part, ...]

    @property
    def differs(self) -> bool:
        return any(part.differs for part in self.parts)


@dataclass(frozen=True)
class Row:
    """Lines that belong together; of a skipped row only `skipped` counts: how many rows that are the same are left out."""

    kind: RowKind
    left: Line | None = None
    right: Line | None = None
    skipped: int = 0


class _Side:
    """The lines of one side, as far as the pieces have come."""

    def __init__(self) -> None:
        self.lines: list[list[Part]] = [[]]

    def write(self, text: str, *, differs: bool) -> None:
        first, *others = text.split("\n")
        self._append(first, differs=differs)
        for line in others:
            if differs and any(not part.differs for part in self.lines[-1]):
                self.lines[-1].append(Part(LINE_END, True))
            self.lines.append([])
            self._append(line, differs=differs)

    def _append(self, text: str, *, differs: bool) -> None:
        if len(text) > MAX_LINE:
            text = f"{text[:MAX_LINE]}… {len(text) - MAX_LINE:,} more characters"
        if text:
            self.lines[-1].append(Part(text, differs))

    @property
    def here(self) -> int:
        return len(self.lines) - 1

    def whole(self) -> list[Line]:
        """All lines; what follows the last line's end is none."""
        lines = self.lines if self.lines[-1] else self.lines[:-1]
        return [Line(number, tuple(parts)) for number, parts in enumerate(lines, 1)]


def rows_of(pieces: Sequence[Piece]) -> list[Row]:
    """Every line of both sides, once and in order."""
    left, right = _Side(), _Side()
    links: list[tuple[int, int]] = []
    for piece in pieces:
        before = left.here, right.here
        differs = piece.kind != SAME
        left.write(piece.left, differs=differs)
        right.write(piece.right, differs=differs)
        if not differs:
            links += _links(piece, before, (left.here, right.here))
    return list(_rows(left.whole(), right.whole(), links))


def around_changes(rows: Sequence[Row]) -> list[Row]:
    """The rows that differ with a few around each; what is left out between them is said."""
    changed = [index for index, row in enumerate(rows) if row.kind != "same"]
    shown: list[Row] = []
    ends = [-1 - CONTEXT, *changed, len(rows) + CONTEXT]
    for last, following in pairwise(ends):
        if last >= 0:
            shown.append(rows[last])
        gap = rows[max(last + 1, 0) : min(following, len(rows))]
        head = gap[: CONTEXT if last >= 0 else 0]
        tail = gap[max(len(gap) - CONTEXT, 0) :] if following < len(rows) else []
        left_out = len(gap) - len(head) - len(tail)
        if left_out < 2 or not changed:
            shown += gap
        else:
            shown += [*head, Row("skipped", skipped=left_out), *tail]
    return shown


def _links(piece: Piece, before: tuple[int, int], after: tuple[int, int]) -> Iterator[tuple[int, int]]:
    """Which lines a stretch that both have puts beside each other."""
    lines = piece.right.split("\n")
    if after[0] - before[0] == after[1] - before[1]:
        last = len(lines) - 1
        yield from (
            (before[0] + step, before[1] + step) for step, line in enumerate(lines) if line.strip() or 0 < step < last
        )
        if last and not lines[0]:
            yield before  # it ends the line that both are in
    else:
        yield before
        yield after


def _rows(left: Sequence[Line], right: Sequence[Line], links: Sequence[tuple[int, int]]) -> Iterator[Row]:
    ends = len(left), len(right)
    a = b = 0
    for here, there in sorted(set(links)):
        if here < a or there < b or here >= len(left) or there >= len(right):
            continue
        yield from _side_by_side(left[a:here], right[b:there], ends)
        yield _row(left[here], right[there], ends)
        a, b = here + 1, there + 1
    yield from _side_by_side(left[a:], right[b:], ends)


def _side_by_side(left: Sequence[Line], right: Sequence[Line], ends: tuple[int, int]) -> Iterator[Row]:
    for one, other in zip_longest(left, right):
        yield _row(one, other, ends)


def _row(left: Line | None, right: Line | None, ends: tuple[int, int]) -> Row:
    """`ends`: the numbers of the last lines, where alone the lack of a line's end is worth a mark."""
    if left is None or right is None:
        return Row("added" if left is None else "removed", left, right)
    if (left.number, right.number) != ends:
        left, right = _without_end(left), _without_end(right)
    return Row("changed" if left.differs or right.differs else "same", left, right)


def _without_end(line: Line) -> Line:
    is_marked = bool(line.parts) and line.parts[-1] == Part(LINE_END, True)
    return Line(line.number, line.parts[:-1]) if is_marked else line
