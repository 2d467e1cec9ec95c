"""Somebody else's keys out of what a far end says: a gateway may quote its own. What is no key stays byte for byte."""

import re
from collections.abc import Iterable, Iterator

from betaconsole.claude.errors import CallError
from betaconsole.claude.secret import mask_forms, mask_of

PIECE_BYTES = 64 * 1024
LONGEST_BYTES = 1024  # a key is no longer; as much is held back, for one may lie across the border of two pieces
# Prose and challenges (RFC 9110 11.6.1) stay: after `Bearer` only a whole token of 20 signs or more, with a digit in it.
KEY_LIKE = re.compile(
    rb"sk-ant-[A-Za-z0-9_-]{8,}+"
    rb"|(?<=\b(?i:bearer) )(?=[A-Za-z._~+/-]*[0-9])[A-Za-z0-9._~+/-]{20,}+=*+(?!\w|:|\\?[\"']\w)"
)


class ForeignKeys:
    """Masks these texts, and what has the shape of a key, at its own length."""

    def __init__(self, known: Iterable[str]) -> None:
        longest_first = sorted(known, key=len, reverse=True)
        self._known = tuple(text.encode("utf-8", "surrogatepass") for text in longest_first)

    def whole(self, value: str) -> str:
        """A header's value."""
        return self.masked(value.encode("latin-1", "replace")).decode("latin-1")

    def masked(self, data: bytes) -> bytes:
        """A body that is at hand as a whole."""
        return self._masked(data, is_all=True)

    def body(self, chunks: Iterator[bytes]) -> Iterator[bytes]:
        """A body, in pieces of about PIECE_BYTES; a key across the border of two is found."""
        held = b""
        try:
            for chunk in chunks:
                held += chunk
                if len(held) > PIECE_BYTES:
                    held = self._masked(held, is_all=False)
                    yield held[:-LONGEST_BYTES]
                    held = held[-LONGEST_BYTES:]
        except CallError:
            if held:
                yield self._masked(held, is_all=True)
            raise
        if held:
            yield self._masked(held, is_all=True)

    def _masked(self, data: bytes, *, is_all: bool) -> bytes:
        """What touches the end of a piece may go on in the next one: it is masked there, as a whole."""

        def mask(found: re.Match[bytes]) -> bytes:
            goes_on = not is_all and found.end() == len(data)
            return found[0] if goes_on else mask_of(len(found[0]))

        return KEY_LIKE.sub(mask, mask_forms(data, self._known))
