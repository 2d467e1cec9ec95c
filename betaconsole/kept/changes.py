"""What changed between two texts of the library, word by word, as `library/diff.html` shows it."""

from typing import Any

from betaconsole.diffing.words import ADDED, REMOVED, Piece, shortened, word_diff
from betaconsole.storage.fields import showable

MOST_CHARACTERS = 400_000  # of each text that are compared
MOST_PIECES = 4_000


def changes(old: str, new: str) -> dict[str, Any]:
    """The pieces, how many words came and went, whether there is no difference at all, and whether some is not shown."""
    pieces = shortened(word_diff(showable(old[:MOST_CHARACTERS]), showable(new[:MOST_CHARACTERS])))
    return {
        "pieces": pieces[:MOST_PIECES],
        "is_same": old == new,
        "added": _words(pieces, ADDED),
        "removed": _words(pieces, REMOVED),
        "is_cut": len(pieces) > MOST_PIECES or max(len(old), len(new)) > MOST_CHARACTERS,
    }


def _words(pieces: list[Piece], kind: str) -> int:
    return sum(len(piece.text.split()) for piece in pieces if piece.kind == kind)
