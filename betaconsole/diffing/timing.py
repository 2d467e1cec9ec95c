"""When the parts of an answer came: the moments that count, spans of blocks, silences, sizes, tokens per second. Pure.

All moments are milliseconds. Those of one turn count from the last byte of its request; the turns of a conversation stand
one after the other on the axis, each where the one before it ended (what the tools took between them is left out).
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from itertools import accumulate, groupby
from operator import itemgetter
from statistics import median
from typing import Any, Literal

from .timing_rate import Rate, bin_for, rate_of
from .timing_reading import ReadBlock, ReadStream, Sort, read_stream
from .timing_silence import KEPT, Silence, Timeline, longest_silences

MAX_POINTS = 200
NoStream = Literal["", "not_sent", "in_batch", "not_streamed", "no_events"]
MarkKind = Literal["first_byte", "first_thinking", "first_text", "first_tool_json", "cut", "end"]


@dataclass(frozen=True)
class Recorded:
    """One exchange as it is kept: its timeline [[at_ms, end offset, type], …] and the bytes of its response.

    `total_ms`: when it ended, None where nobody knows. `is_streamed`: what the request asked for. `is_whole`: it came to
    its proper end.
    """

    timeline: Timeline
    received: bytes
    first_byte_ms: float | None
    total_ms: float | None
    is_streamed: bool = True
    in_batch: bool = False
    is_whole: bool = True


@dataclass(frozen=True)
class TurnSpan:
    """Where one turn stands on the axis. `is_cut`: its stream broke off."""

    turn: int
    start_ms: float
    end_ms: float
    events: int
    is_cut: bool


@dataclass(frozen=True)
class Mark:
    """A moment that counts; `turn` is from 1."""

    kind: MarkKind
    at_ms: float
    turn: int


@dataclass(frozen=True)
class Span:
    """A block from its start to its end. `first_ms`: when its first characters came, None where none did."""

    turn: int
    index: int
    type: str
    sort: Sort
    name: str
    start_ms: float
    first_ms: float | None
    end_ms: float
    pieces: int
    characters: int
    is_whole: bool


@dataclass(frozen=True)
class Sizes:
    """How large the parts were that something came in. All None where there is none."""

    count: int
    smallest: int | None
    median: float | None
    largest: int | None
    total: int


@dataclass(frozen=True)
class ToolInput:
    """How the JSON of one tool call grew. `points`: (at_ms, share of its characters that was there), thinned to `MAX_POINTS`.

    `largest_share` is the part of it that came in its largest piece: 1 where it came in one.
    """

    turn: int
    index: int
    name: str
    start_ms: float
    first_ms: float | None
    end_ms: float
    pieces: int
    characters: int
    largest_share: float | None
    is_whole: bool
    points: tuple[tuple[float, float], ...]

    @property
    def came_in_one(self) -> bool:
        return self.pieces == 1


@dataclass(frozen=True)
class Timing:
    """What the recorded streams of one cell say about time.

    `no_stream` says why there is nothing to draw; empty where at least one turn was streamed. `silences` are the longest,
    longest first. `arrivals`: bytes that came at one moment; `pieces`: characters by event.
    """

    no_stream: NoStream
    total_ms: float | None
    turns: tuple[TurnSpan, ...]
    marks: tuple[Mark, ...]
    spans: tuple[Span, ...]
    silences: tuple[Silence, ...]
    arrivals: Sizes
    pieces: Sizes
    rate: Rate
    tool_inputs: tuple[ToolInput, ...]

    def first(self, kind: MarkKind) -> float | None:
        """When the first mark of a kind stands on the axis."""
        return next((mark.at_ms for mark in self.marks if mark.kind == kind), None)

    @property
    def longest_silence_ms(self) -> float | None:
        return self.silences[0].length_ms if self.silences else None

    @property
    def is_cut(self) -> bool:
        return any(turn.is_cut for turn in self.turns)

    def time_in(self, sort: Sort) -> float | None:
        """Milliseconds that blocks of a sort were open, all added up; None where there is no such block."""
        lengths = [span.end_ms - span.start_ms for span in self.spans if span.sort == sort]
        return sum(lengths) if lengths else None

    def dump(self) -> dict[str, Any]:
        """As JSON for the API. `points` are [at_ms, share] pairs; a moment that never came is null."""
        kinds: tuple[MarkKind, ...] = ("first_byte", "first_thinking", "first_text", "first_tool_json")
        return {
            "streamed": not self.no_stream,
            "why_not": self.no_stream,
            "total_ms": self.total_ms,
            **{f"{kind}_ms": self.first(kind) for kind in kinds},
            "longest_silence_ms": self.longest_silence_ms,
            "cut": self.is_cut,
            "turns": [asdict(turn) for turn in self.turns],
            "spans": [asdict(span) for span in self.spans],
            "silences": [{**silence._asdict(), "length_ms": round(silence.length_ms, 2)} for silence in self.silences],
            "arrivals": asdict(self.arrivals),
            "pieces": asdict(self.pieces),
            "rate": self.rate.dump(),
            "tool_inputs": [asdict(tool) for tool in self.tool_inputs],
        }


def timing_of(turns: Sequence[Recorded], *, bin_ms: int | None = None) -> Timing:
    """The timing of a cell, from its turns in order; one exchange is a cell of one turn.

    `bin_ms`: the width of the bins of the rate, where several are to be drawn on one axis.
    """
    placed = list(zip(_starts(turns), turns, strict=True))
    streams = [(start, read_stream(turn.timeline, turn.received)) for start, turn in placed]
    total_ms = length_ms(turns)
    blocks = [
        (number, start, block) for number, (start, stream) in enumerate(streams, start=1) for block in stream.blocks
    ]
    return Timing(
        no_stream=_no_stream(turns),
        total_ms=_round(total_ms) if total_ms else None,
        turns=tuple(_turn(number, start, turn) for number, (start, turn) in enumerate(placed, start=1)),
        marks=tuple(_marks(placed, streams)),
        spans=tuple(_span(*one) for one in blocks),
        silences=_silences(placed),
        arrivals=_sizes(size for turn in turns for size in _arrivals(turn.timeline)),
        pieces=_sizes(piece.characters for _, _, block in blocks for piece in block.pieces),
        rate=rate_of(streams, bin_ms=bin_ms or bin_for(total_ms)),
        tool_inputs=tuple(_tool_input(*one) for one in blocks if one[2].sort == "tool"),
    )


def length_ms(turns: Sequence[Recorded]) -> float:
    """How long the turns are together: where a common axis has to end."""
    return sum(map(_length, turns))


def _length(turn: Recorded) -> float:
    last_ms = float(turn.timeline[-1][0]) if turn.timeline else 0.0
    return max(turn.total_ms or 0.0, turn.first_byte_ms or 0.0, last_ms)


def _starts(turns: Sequence[Recorded]) -> list[float]:
    starts, at_ms = [], 0.0
    for turn in turns:
        starts.append(at_ms)
        at_ms += _length(turn)
    return starts


def _no_stream(turns: Sequence[Recorded]) -> NoStream:
    if not turns:
        return "not_sent"
    if any(turn.timeline for turn in turns):
        return ""
    if any(turn.in_batch for turn in turns):
        return "in_batch"
    return "no_events" if any(turn.is_streamed for turn in turns) else "not_streamed"


def _turn(number: int, start: float, turn: Recorded) -> TurnSpan:
    return TurnSpan(number, _round(start), _round(start + _length(turn)), len(turn.timeline), _is_cut(turn))


def _is_cut(turn: Recorded) -> bool:
    return bool(turn.timeline) and not turn.is_whole


def _marks(placed: Sequence[tuple[float, Recorded]], streams: Sequence[tuple[float, ReadStream]]) -> Iterator[Mark]:
    """The marks of every turn, in the order they stand on the axis within a turn, and one at the very end."""
    end_ms = 0.0
    for number, ((start, turn), (_, stream)) in enumerate(zip(placed, streams, strict=True), start=1):
        end_ms = start + _length(turn)
        moments: list[tuple[float | None, MarkKind]] = [
            (_first_byte(turn), "first_byte"),
            (_first_piece(stream, "thinking"), "first_thinking"),
            (_first_piece(stream, "text"), "first_text"),
            (_first_piece(stream, "tool"), "first_tool_json"),
            (_length(turn) if _is_cut(turn) else None, "cut"),
        ]
        known = [(at_ms, kind) for at_ms, kind in moments if at_ms is not None]
        yield from (Mark(kind, _round(start + at_ms), number) for at_ms, kind in sorted(known, key=itemgetter(0)))
    if end_ms:
        yield Mark("end", _round(end_ms), len(placed))


def _first_byte(turn: Recorded) -> float | None:
    """Never after the first event: the timeline is rounded, the other is not."""
    events = [float(event[0]) for event in turn.timeline[:1]]
    return min([turn.first_byte_ms, *events]) if turn.first_byte_ms is not None else None


def _first_piece(stream: ReadStream, sort: Sort) -> float | None:
    return min((block.pieces[0].at_ms for block in stream.blocks if block.sort == sort and block.pieces), default=None)


def _span(turn: int, start: float, block: ReadBlock) -> Span:
    return Span(
        turn=turn,
        index=block.index,
        type=block.type,
        sort=block.sort,
        name=block.name,
        start_ms=_round(start + block.start_ms),
        first_ms=_round(start + block.pieces[0].at_ms) if block.pieces else None,
        end_ms=_round(start + block.last_ms),
        pieces=len(block.pieces),
        characters=block.characters,
        is_whole=block.end_ms is not None,
    )


def _tool_input(turn: int, start: float, block: ReadBlock) -> ToolInput:
    span = _span(turn, start, block)
    return ToolInput(
        turn=turn,
        index=block.index,
        name=block.name,
        start_ms=span.start_ms,
        first_ms=span.first_ms,
        end_ms=span.end_ms,
        pieces=span.pieces,
        characters=span.characters,
        largest_share=max(piece.characters for piece in block.pieces) / span.characters if block.pieces else None,
        is_whole=span.is_whole,
        points=_points(start, block),
    )


def _points(start: float, block: ReadBlock) -> tuple[tuple[float, float], ...]:
    """How much of the input there was after each piece; of many pieces evenly chosen ones, the last among them."""
    grown = list(accumulate(piece.characters for piece in block.pieces))
    chosen: Sequence[int] = range(len(grown))
    if len(grown) > MAX_POINTS:
        chosen = sorted({round(place * (len(grown) - 1) / (MAX_POINTS - 1)) for place in range(MAX_POINTS)})
    return tuple((_round(start + block.pieces[at].at_ms), round(grown[at] / grown[-1], 4)) for at in chosen)


def _silences(placed: Sequence[tuple[float, Recorded]]) -> tuple[Silence, ...]:
    found = [
        silence._replace(start_ms=_round(start + silence.start_ms), end_ms=_round(start + silence.end_ms))
        for start, turn in placed
        for silence in longest_silences(turn.timeline, until_ms=None if turn.is_whole else turn.total_ms)
    ]
    return tuple(sorted(found, key=lambda silence: -silence.length_ms)[:KEPT])


def _arrivals(timeline: Timeline) -> Iterator[int]:
    """The bytes of the events that came at one moment: with one read, as far as the console can tell."""
    before_end = 0
    for _, events in groupby(timeline, key=itemgetter(0)):
        for _, end, _ in events:
            last_end = int(end)
        yield last_end - before_end
        before_end = last_end


def _sizes(values: Iterable[int]) -> Sizes:
    known = sorted(values)
    if not known:
        return Sizes(0, None, None, None, 0)
    return Sizes(len(known), known[0], median(known), known[-1], sum(known))


def _round(at_ms: float) -> float:
    return round(at_ms, 2)
