"""What changed between two texts, word by word. Pure, and bounded whatever the texts are.

Lines are compared first; only where lines differ are their words. Where that would take too long the differing lines are
shown as replaced, and the diff says so.
"""

import re
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from rapidfuzz.distance import Indel

# What is looked at word by word, over all of one diff: 25,000 × 25,000 words and marks take 0.2 s and 80 MB here.
MAX_CELLS = 25_000 * 25_000
MAX_CHARACTERS = 2_000_000
MAX_LINES = 200_000  # of each text; what has more is shown as replaced
MAX_ISLAND = 20  # characters
CONTEXT = 3  # lines shown around a difference
# A language that writes no blanks is compared character by character.
_UNSPACED = "\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff"
TOKEN = re.compile(rf"[{_UNSPACED}]|[^\W{_UNSPACED}]+|[^\w\s]")
WORD = re.compile(rf"[{_UNSPACED}]|[^\W{_UNSPACED}]+")
SAME, ADDED, REMOVED, SKIPPED = "same", "added", "removed", "skipped"
Level = Literal["words", "lines"]
Code = tuple[bool, int, int, int, int]  # whether equal; from, to on the left; from, to on the right


@dataclass(frozen=True)
class Piece:
    """A stretch that is the same, added or removed: what stands for it on each side, nothing where it has none.

    The same may be written differently where blanks or case are ignored. A skipped one stands for what is the same and
    left out; both sides then say how much.
    """

    kind: str
    left: str
    right: str

    @property
    def text(self) -> str:
        return self.left if self.kind == REMOVED else self.right


@dataclass(frozen=True)
class TextDiff:
    """The pieces that lead from one text to the other, all of them: their lefts are the one, their rights the other.

    `level` is `lines` where some lines that differ were too many to look at their words.
    """

    pieces: tuple[Piece, ...]
    level: Level

    @property
    def is_same(self) -> bool:
        return all(piece.kind == SAME for piece in self.pieces)

    def words(self, kind: str) -> int:
        """How many words were added, or removed."""
        return sum(len(WORD.findall(piece.text)) for piece in self.pieces if piece.kind == kind)


@dataclass
class Budget:
    """How much may still be looked at word by word. Diffs that are shown together share one."""

    cells: int = MAX_CELLS
    characters: int = MAX_CHARACTERS

    def affords_cells(self, cells: int) -> bool:
        """Whether so many cells of the table may still be filled in; they are spent then."""
        if cells > self.cells:
            return False
        self.cells -= cells
        return True

    def affords_characters(self, characters: int) -> bool:
        """The same of characters that are read."""
        if characters > self.characters:
            return False
        self.characters -= characters
        return True


@dataclass
class _Rules:
    """What counts as the same, what may be spent, and whether that sufficed."""

    ignore_space: bool
    ignore_case: bool
    budget: Budget
    level: Level = "words"

    def word(self, word: str) -> str:
        return word.casefold() if self.ignore_case else word

    def line(self, line: str) -> str:
        return self.word(" ".join(line.split()) if self.ignore_space else line)


def text_diff(
    old: str, new: str, *, ignore_space: bool = False, ignore_case: bool = False, budget: Budget | None = None
) -> TextDiff:
    """What leads from one text to the other. What is ignored counts as the same; each side keeps its own writing."""
    rules = _Rules(ignore_space, ignore_case, budget or Budget())
    pieces = tuple(_joined(_lines(old, new, rules)))
    return TextDiff(pieces, rules.level)


def word_diff(old: str, new: str, *, ignore_space: bool = False, ignore_case: bool = False) -> list[Piece]:
    """The pieces of `text_diff`."""
    return list(text_diff(old, new, ignore_space=ignore_space, ignore_case=ignore_case).pieces)


def shortened(pieces: Sequence[Piece]) -> list[Piece]:
    """The pieces with long stretches that are the same cut down to the lines around the differences."""
    last = len(pieces) - 1
    return [
        part
        for index, piece in enumerate(pieces)
        for part in (_shortened(piece, is_first=index == 0, is_last=index == last) if piece.kind == SAME else [piece])
    ]


def aligned(one: Sequence[str], other: Sequence[str]) -> list[Code]:
    """Equal stretches of two sequences, and between them what is replaced, in order; from end to end."""
    return list(_codes(one, other))


def _lines(old: str, new: str, rules: _Rules) -> Iterator[Piece]:
    if old == new:
        yield Piece(SAME, old, new)
        return
    if max(old.count("\n"), new.count("\n")) > MAX_LINES:
        rules.level = "lines"
        yield from _replaced(old, new)
        return
    one, other = _split(old), _split(new)
    keys = [rules.line(line) for line in one], [rules.line(line) for line in other]
    for is_equal, a, b, c, d in _between_anchors(*keys, rules):
        left, right = "".join(one[a:b]), "".join(other[c:d])
        if is_equal:
            yield Piece(SAME, left, right)
        else:
            yield from _words(left, right, rules)


def _split(text: str) -> list[str]:
    """Lines with their ends; only LF ends a line, as on a page."""
    return [f"{line}\n" for line in text.split("\n")[:-1]] + ([last] if (last := text.rpartition("\n")[2]) else [])


def _between_anchors(one: Sequence[str], other: Sequence[str], rules: _Rules) -> Iterator[Code]:
    """As `_codes`, of any number of lines: where they are too many, those that stand once on each side lead the way."""
    if len(one) * len(other) <= MAX_CELLS // 4:
        yield from _codes(one, other)
        return
    here = there = 0  # the first of each side that is not dealt with
    run = 0  # how many anchors in a row end there
    for a, c in [*_anchors(one, other), (len(one), len(other))]:
        if (here, there) != (a, c) or a == len(one):
            yield True, here - run, here, there - run, there
            yield from _between(one[here:a], other[there:c], rules, after=(here, there))
            run = 0
        run, here, there = run + 1, a + 1, c + 1


def _between(one: Sequence[str], other: Sequence[str], rules: _Rules, *, after: tuple[int, int]) -> Iterator[Code]:
    """The codes of what lies between two anchors, in places of the whole."""
    here, there = after
    codes = (
        _codes(one, other)
        if rules.budget.affords_cells(len(one) * len(other))
        else [(False, 0, len(one), 0, len(other))]
    )
    for is_equal, a, b, c, d in codes:
        yield is_equal, here + a, here + b, there + c, there + d


def _anchors(one: Sequence[str], other: Sequence[str]) -> list[tuple[int, int]]:
    """The longest run of pairs, rising on both sides, of what stands exactly once on each (patience diff's)."""
    once = Counter(one)
    places = {key: place for place, key in enumerate(other)}
    twice = {key for key, times in Counter(other).items() if times > 1}
    pairs = [
        (place, places[key]) for place, key in enumerate(one) if once[key] == 1 and key in places and key not in twice
    ]
    tops: list[int] = []  # the smallest right place that ends a run of each length
    ends: list[int] = []  # the pair it belongs to
    before: list[int] = []
    for index, (_, right) in enumerate(pairs):
        length = bisect_left(tops, right)
        tops[length : length + 1], ends[length : length + 1] = [right], [index]
        before.append(ends[length - 1] if length else -1)
    found, index = [], ends[-1] if ends else -1
    while index >= 0:
        found.append(pairs[index])
        index = before[index]
    return found[::-1]


def _words(old: str, new: str, rules: _Rules) -> Iterator[Piece]:
    """The same within lines that differ."""
    if rules.ignore_space and not old.strip() and not new.strip():
        yield Piece(SAME, old, new)
        return
    if not old or not new:
        yield from _replaced(old, new)
        return
    if rules.budget.affords_characters(len(old) + len(new)):
        one, other = _tokens(old), _tokens(new)
        keys = [rules.word(word) for word, _ in one], [rules.word(word) for word, _ in other]
        if rules.budget.affords_cells(len(one) * len(other)):
            yield from _calmed(list(_joined(_pieces(one, other, aligned(*keys), rules))))
            return
    rules.level = "lines"
    yield from _replaced(old, new)


def _tokens(text: str) -> list[tuple[str, str]]:
    """Words and marks, each with the blanks after it; what stands before the first is the blanks after none."""
    found = list(TOKEN.finditer(text))
    ends = [*(token.start() for token in found), len(text)]
    return [
        ("", text[: ends[0]]),
        *((token[0], text[token.end() : end]) for token, end in zip(found, ends[1:], strict=True)),
    ]


def _pieces(
    one: Sequence[tuple[str, str]], other: Sequence[tuple[str, str]], codes: Iterable[Code], rules: _Rules
) -> Iterator[Piece]:
    for is_equal, a, b, c, d in codes:
        if not is_equal:
            blanks = _shared_end(one[a:b], other[c:d])
            yield from _replaced(_text(one[a:b]).removesuffix(blanks), _text(other[c:d]).removesuffix(blanks))
            yield Piece(SAME, blanks, blanks)
            continue
        start = 0
        for place, ((word, blanks), (word_there, blanks_there)) in enumerate(zip(one[a:b], other[c:d], strict=True), 1):
            if blanks == blanks_there or rules.ignore_space:
                continue
            yield Piece(
                SAME, _text(one[a + start : a + place - 1]) + word, _text(other[c + start : c + place - 1]) + word_there
            )
            yield from _replaced(blanks, blanks_there)
            start = place
        yield Piece(SAME, _text(one[a + start : b]), _text(other[c + start : d]))


def _shared_end(one: Sequence[tuple[str, str]], other: Sequence[tuple[str, str]]) -> str:
    """The blanks after both, where they are the same."""
    return one[-1][1] if one and other and one[-1][1] == other[-1][1] else ""


def _text(tokens: Sequence[tuple[str, str]]) -> str:
    return "".join(map("".join, tokens))


def _replaced(old: str, new: str) -> Iterator[Piece]:
    yield Piece(REMOVED, old, "")
    yield Piece(ADDED, "", new)


def _codes(one: Sequence[str], other: Sequence[str]) -> Iterator[Code]:
    """A removal and an insertion side by side are one replacement."""
    start: tuple[int, int] | None = None
    end = (0, 0)
    for code in Indel.opcodes(one, other):
        if code.tag == "equal":
            if start is not None:
                yield False, start[0], end[0], start[1], end[1]
                start = None
            yield True, code.src_start, code.src_end, code.dest_start, code.dest_end
            continue
        start = start or (code.src_start, code.dest_start)
        end = (code.src_end, code.dest_end)
    if start is not None:
        yield False, start[0], end[0], start[1], end[1]


def _calmed(pieces: list[Piece]) -> Iterator[Piece]:
    """Without islands: a few characters that happen to be the same between larger changes belong to the change."""
    removed = added = ""
    for index, piece in enumerate(pieces):
        if piece.kind == REMOVED:
            removed += piece.left
        elif piece.kind == ADDED:
            added += piece.right
        elif _is_island(piece, max(len(removed), len(added)), pieces[index + 1 : index + 3]):
            removed, added = removed + piece.left, added + piece.right
        else:
            yield from (*_replaced(removed, added), piece)
            removed = added = ""
    yield from _replaced(removed, added)


def _is_island(piece: Piece, before: int, after: Sequence[Piece]) -> bool:
    """Whether it is short and the changes on both sides are larger. A line's end always stands: rows are aligned by it."""
    beyond = max((len(next_one.text) for next_one in after if next_one.kind != SAME), default=0)
    most = min(before, beyond, 2 * MAX_ISLAND) // 2
    return len(piece.text.strip()) <= most and "\n" not in piece.left and "\n" not in piece.right


def _joined(pieces: Iterable[Piece]) -> Iterator[Piece]:
    """Without empty pieces; neighbours of one kind are one, and what is removed stands before what is added with it."""
    held: dict[str, list[Piece]] = {}
    for piece in pieces:
        if not (piece.left or piece.right):
            continue
        if held and (SAME in held) != (piece.kind == SAME):
            yield from _flushed(held)
            held = {}
        held.setdefault(piece.kind, []).append(piece)
    yield from _flushed(held)


def _flushed(held: dict[str, list[Piece]]) -> Iterator[Piece]:
    for kind in (SAME, REMOVED, ADDED):
        if parts := held.get(kind):
            yield Piece(kind, "".join(one.left for one in parts), "".join(one.right for one in parts))


def _shortened(piece: Piece, *, is_first: bool, is_last: bool) -> list[Piece]:
    """A stretch that is the same: the lines around its neighbours, and how many are left out."""
    lines, others = _split(piece.left), _split(piece.right)
    before = 0 if is_first else CONTEXT + 1  # the first line may be the rest of one that differs
    after = 0 if is_last else CONTEXT + 1
    left_out = len(others) - before - after
    if min(left_out, len(lines) - before - after) < 2 or (is_first and is_last):
        return [piece]
    said = f"{left_out:,} lines are the same"
    head = Piece(SAME, "".join(lines[:before]), "".join(others[:before]))
    tail = Piece(SAME, *("".join(side[len(side) - after :] if after else []) for side in (lines, others)))
    return [*([head] if head.right else []), Piece(SKIPPED, said, said), *([tail] if tail.right else [])]
