"""Tokens per second over time, in bins of equal width. Pure.

An API's stream does not say how many tokens an event holds; its end says how many there were. So the reported tokens are
laid over the characters that came: thinking tokens over the characters of thinking, the rest over text, tool input and what
else was written. Tokens of a kind that brought no characters (thinking that is not shown) have no place on the axis and are
told apart; where the end never came, characters are all there is.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from .timing_reading import ReadStream

BINS = 60
_STEPS = tuple(base * 10**power for power in range(9) for base in (1, 2, 5))
NARROWEST_MS = 20


class Bin(NamedTuple):
    """What came from `at_ms` until the next bin. `tokens`: an estimate, None where no total was reported."""

    at_ms: float
    characters: int
    tokens: float | None


@dataclass(frozen=True)
class Rate:
    """The bins that hold something, in order. `unplaced_tokens`: reported, but of what was never shown."""

    bin_ms: int
    bins: tuple[Bin, ...]
    tokens: int | None
    unplaced_tokens: float

    def per_second(self, one: Bin) -> float | None:
        """Tokens per second within one bin."""
        return None if one.tokens is None else one.tokens * 1000 / self.bin_ms

    @property
    def peak(self) -> float | None:
        return max((rate for one in self.bins if (rate := self.per_second(one)) is not None), default=None)

    def dump(self) -> dict[str, Any]:
        """As JSON for the API: `tokens` of a bin are an estimate, rounded to hundredths."""
        return {
            "bin_ms": self.bin_ms,
            "output_tokens": self.tokens,
            "unplaced_tokens": round(self.unplaced_tokens, 2),
            "bins": [
                {"at_ms": one.at_ms, "characters": one.characters, "tokens": _rounded(one.tokens)} for one in self.bins
            ],
        }


def bin_for(total_ms: float) -> int:
    """A round width, in ms, that cuts an axis of this length into at most `BINS`."""
    return next((step for step in _STEPS if step >= NARROWEST_MS and total_ms / step <= BINS), _STEPS[-1])


def rate_of(streams: Sequence[tuple[float, ReadStream]], *, bin_ms: int) -> Rate:
    """The rate over several streams, each with the moment it begins at on the axis."""
    characters: dict[int, int] = {}
    tokens: dict[int, float | None] = {}
    unplaced = 0.0
    for start_ms, stream in streams:
        per_thinking, per_other, left_over = _shares(stream)
        unplaced += left_over
        for block in stream.blocks:
            per_character = per_thinking if block.sort == "thinking" else per_other
            for piece in block.pieces:
                place = int((start_ms + piece.at_ms) // bin_ms)
                characters[place] = characters.get(place, 0) + piece.characters
                tokens[place] = _plus(tokens.get(place, 0.0), per_character, piece.characters)
    bins = tuple(Bin(place * bin_ms, characters[place], tokens[place]) for place in sorted(characters))
    return Rate(bin_ms, bins, _sum(stream.output_tokens for _, stream in streams), unplaced)


def _shares(stream: ReadStream) -> tuple[float | None, float | None, float]:
    """Tokens by character of thinking and of all else, and the tokens that have no character."""
    if stream.output_tokens is None:
        return None, None, 0.0
    thought, written = _characters(stream, thinking=True), _characters(stream, thinking=False)
    if stream.thinking_tokens is None:
        every = thought + written
        share = stream.output_tokens / every if every else 0.0
        return share, share, 0.0 if every else float(stream.output_tokens)
    thinking = min(stream.thinking_tokens, stream.output_tokens)
    rest = stream.output_tokens - thinking
    return (
        thinking / thought if thought else 0.0,
        rest / written if written else 0.0,
        (0.0 if thought else thinking) + (0.0 if written else rest),
    )


def _characters(stream: ReadStream, *, thinking: bool) -> int:
    return sum(
        piece.characters for block in stream.blocks if (block.sort == "thinking") is thinking for piece in block.pieces
    )


def _plus(tokens: float | None, per_character: float | None, characters: int) -> float | None:
    return None if tokens is None or per_character is None else tokens + per_character * characters


def _sum(values: Iterable[int | None]) -> int | None:
    known = list(values)
    return None if not known or None in known else sum(value for value in known if value is not None)


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 2)
