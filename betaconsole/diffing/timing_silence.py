"""Silences of a stream, from the moments of its events alone: cheap enough for thousands of exchanges. Pure.

A timeline is [[at_ms, end offset, event type], …] in the order the events came, at_ms from the last request byte. Pings keep
a line open and say nothing, so they end no silence. The wait for the first event is no silence: it has a name of its own.
"""

import heapq
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

Timeline = Sequence[Sequence[Any]]
KEPT = 5
LAST_EVENT = "message_stop"


class Silence(NamedTuple):
    """A stretch of a stream without an event; `before` is the type of the event that ended it, empty at the end."""

    start_ms: float
    end_ms: float
    before: str

    @property
    def length_ms(self) -> float:
        return self.end_ms - self.start_ms


def longest_silence_ms(timeline: Timeline, *, until_ms: float | None = None) -> float | None:
    """The longest time between two events in a row; None where there are not two.

    `until_ms`: when the answer ended. What a stream that was cut off waited for in vain counts as silence too.
    """
    # Asked of thousands of streams at once, so without a value for each silence.
    longest: float | None = None
    before_ms: float | None = None
    for at_ms, _, kind in timeline:
        if kind == "ping":
            continue
        if before_ms is None:
            before_ms = at_ms
            continue
        length_ms = at_ms - before_ms
        if length_ms > 0:
            before_ms = at_ms
        if longest is None or length_ms > longest:
            longest = max(0.0, length_ms)
    is_cut = bool(timeline) and timeline[-1][2] != LAST_EVENT
    if before_ms is not None and until_ms is not None and is_cut and until_ms > before_ms:
        longest = max(longest or 0.0, until_ms - before_ms)
    return longest


def longest_silences(timeline: Timeline, *, until_ms: float | None = None) -> list[Silence]:
    """The `KEPT` longest silences, longest first; those without a length are none."""
    found = (silence for silence in _silences(timeline, until_ms) if silence.length_ms > 0)
    return heapq.nlargest(KEPT, found, key=lambda silence: silence.length_ms)


def _silences(timeline: Timeline, until_ms: float | None) -> Iterator[Silence]:
    before_ms: float | None = None
    kind = ""
    for at_ms, _, kind in timeline:
        if kind == "ping":
            continue
        if before_ms is not None:
            yield Silence(before_ms, max(at_ms, before_ms), kind)
        before_ms = at_ms if before_ms is None else max(at_ms, before_ms)
    if before_ms is not None and until_ms is not None and kind != LAST_EVENT and until_ms > before_ms:
        yield Silence(before_ms, until_ms, "")
