"""What changed between two texts, word by word. Pure, and bounded whatever the texts are.

Lines are compared first; only where lines differ are their words, and where too many do they are shown as replaced.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from rapidfuzz.distance import Indel

MAX_LINES = 20_000  # of each text, compared; what follows is shown as replaced
MAX_TOKENS = 4_000  # of each side of one difference
CONTEXT = 3  # lines shown around a difference
TOKEN = re.compile(r"\w+|\s+|[^\w\s]")
SAME, ADDED, REMOVED, SKIPPED = "same", "added", "removed", "skipped"


@dataclass(frozen=True)
class Piece:
    """A stretch of text that is the same, added or removed; a skipped one is the same, and `text` says how much."""

    kind: str
    text: str


def word_diff(old: str, new: str) -> list[Piece]:
    """The pieces that lead from one text to the other, stretches that are the same shortened to a few lines."""
    pieces = list(_joined(_pieces(old, new)))
    last = len(pieces) - 1
    return [
        part
        for index, piece in enumerate(pieces)
        for part in (_shortened(piece, is_first=index == 0, is_last=index == last) if piece.kind == SAME else [piece])
    ]


def _pieces(old: str, new: str) -> Iterator[Piece]:
    one, other = old.splitlines(keepends=True), new.splitlines(keepends=True)
    for tag, a, b, c, d in _opcodes(one[:MAX_LINES], other[:MAX_LINES]):
        if tag == "equal":
            yield Piece(SAME, "".join(one[a:b]))
        else:
            yield from _words("".join(one[a:b]), "".join(other[c:d]))
    yield from _words("".join(one[MAX_LINES:]), "".join(other[MAX_LINES:]))


def _words(old: str, new: str) -> Iterator[Piece]:
    """The same within lines that differ."""
    one, other = TOKEN.findall(old), TOKEN.findall(new)
    if old == new or max(len(one), len(other)) > MAX_TOKENS:
        yield from [Piece(SAME, old)] if old == new else [Piece(REMOVED, old), Piece(ADDED, new)]
        return
    for tag, a, b, c, d in _opcodes(one, other):
        if tag == "equal":
            yield Piece(SAME, "".join(one[a:b]))
        else:
            yield Piece(REMOVED, "".join(one[a:b]))
            yield Piece(ADDED, "".join(other[c:d]))


def _opcodes(one: Sequence[str], other: Sequence[str]) -> Iterator[tuple[str, int, int, int, int]]:
    """Equal stretches, and between them what is replaced: a removal and an insertion side by side are one."""
    start: tuple[int, int] | None = None
    end = (0, 0)
    for code in Indel.opcodes(one, other):
        if code.tag == "equal":
            if start is not None:
                yield "replace", start[0], end[0], start[1], end[1]
                start = None
            yield "equal", code.src_start, code.src_end, code.dest_start, code.dest_end
            continue
        start = start or (code.src_start, code.dest_start)
        end = (code.src_end, code.dest_end)
    if start is not None:
        yield "replace", start[0], end[0], start[1], end[1]


def _joined(pieces: Iterator[Piece]) -> Iterator[Piece]:
    """Without empty pieces; neighbours of one kind are one."""
    held: list[Piece] = []
    for piece in pieces:
        if not piece.text:
            continue
        if held and held[0].kind != piece.kind:
            yield Piece(held[0].kind, "".join(one.text for one in held))
            held = []
        held.append(piece)
    if held:
        yield Piece(held[0].kind, "".join(one.text for one in held))


def _shortened(piece: Piece, *, is_first: bool, is_last: bool) -> list[Piece]:
    """A stretch that is the same: the lines around its neighbours, and how many are left out."""
    lines = piece.text.splitlines(keepends=True)
    before = 0 if is_first else CONTEXT + 1  # the first line may be the rest of one that differs
    after = 0 if is_last else CONTEXT + 1
    left_out = len(lines) - before - after
    if left_out < 2 or (is_first and is_last):
        return [piece]
    said = Piece(SKIPPED, f"{left_out:,} lines are the same")
    head, tail = "".join(lines[:before]), "".join(lines[len(lines) - after :] if after else [])
    return [*([Piece(SAME, head)] if head else []), said, *([Piece(SAME, tail)] if tail else [])]
