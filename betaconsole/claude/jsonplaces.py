"""Where in a JSON text something stands: only asked once a text has been refused, to say line and column."""

import json
import re
from collections.abc import Iterator

_PIECE = re.compile(r'"(?:[^"\\]++|\\.)*+"|[][{}:,]|[^\s\[\]{}:,"]++', re.DOTALL)


def line_and_column(text: str, position: int) -> tuple[int, int]:
    """Line and column, both from 1; only LF ends a line, as in the messages of Python's own JSON reader."""
    line_start = text.rfind("\n", 0, position) + 1
    return text.count("\n", 0, position) + 1, position - line_start + 1


def first_word(text: str, word: str) -> int:
    """The position of a bare word such as NaN, outside strings; 0 if there is none."""
    return next((position for position, piece in _pieces(text) if piece == word), 0)


def first_deeper_than(text: str, limit: int) -> int:
    """The position of the first bracket that opens a level past the limit; 0 if none does."""
    depth = 0
    for position, piece in _pieces(text):
        depth += 1 if piece in "[{" else -1 if piece in "]}" else 0
        if depth > limit:
            return position
    return 0


def first_repeated_key(text: str) -> tuple[int, str]:
    """The first key that its object has already had: where it stands again, and the key. (0, "") if there is none."""
    objects: list[set[str]] = []
    last_position, last_piece = 0, ""
    for position, piece in _pieces(text):
        if piece in "[{":
            objects.append(set())
        elif piece in "]}":
            objects.pop()
        elif piece == ":":
            key = json.loads(last_piece)
            if key in objects[-1]:
                return last_position, key
            objects[-1].add(key)
        last_position, last_piece = position, piece
    return 0, ""


def _pieces(text: str) -> Iterator[tuple[int, str]]:
    return ((found.start(), found[0]) for found in _PIECE.finditer(text))
