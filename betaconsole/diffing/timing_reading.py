"""One recorded stream taken apart: which block grew when and by how much. Pure."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple

from betaconsole.claude import payload
from betaconsole.claude.blocks import shown, text_in
from betaconsole.claude.errors import LimitExceeded
from betaconsole.claude.sse import Event, Parser

from .timing_silence import Timeline

FEED_BYTES = 64 * 1024
MAX_BLOCKS = 2_000
MAX_NAME = 200

Sort = Literal["thinking", "text", "tool", "other"]
_CALLS = frozenset({"tool_use", "server_tool_use", "mcp_tool_use"})
_THINKING = frozenset({"thinking", "redacted_thinking"})
# By type of delta: the field that grows, and the block it belongs to where nobody opened one.
_GROWS = {
    "text_delta": ("text", "text"),
    "thinking_delta": ("thinking", "thinking"),
    "input_json_delta": ("partial_json", "tool_use"),
    "compaction_delta": ("content", "compaction"),
}


class Piece(NamedTuple):
    """What one event added to a block: so many characters at this moment, from the last request byte of its turn."""

    at_ms: float
    characters: int


@dataclass(slots=True)
class ReadBlock:
    """A block of a stream as it grew. `name`: of the tool, for a call. `end_ms` is None where its end never came."""

    index: int
    type: str
    name: str
    start_ms: float
    end_ms: float | None = None
    pieces: list[Piece] = field(default_factory=list)

    @property
    def sort(self) -> Sort:
        if self.type in _CALLS:
            return "tool"
        return "thinking" if self.type in _THINKING else "text" if self.type == "text" else "other"

    @property
    def characters(self) -> int:
        return sum(piece.characters for piece in self.pieces)

    @property
    def last_ms(self) -> float:
        """When it ended, or was last heard of."""
        if self.end_ms is not None:
            return self.end_ms
        return self.pieces[-1].at_ms if self.pieces else self.start_ms


@dataclass(slots=True)
class ReadStream:
    """A stream taken apart. `output_tokens` and `thinking_tokens` are the totals its end reported, None where it did not."""

    blocks: list[ReadBlock] = field(default_factory=list)
    output_tokens: int | None = None
    thinking_tokens: int | None = None


def read_stream(timeline: Timeline, received: bytes) -> ReadStream:
    """The blocks of a recorded stream, from its timeline and its raw bytes; nothing in them makes it fail.

    Where the bytes hold more events than the timeline, or fewer, it is read as far as both go. Of `MAX_BLOCKS` on, blocks
    are not told apart from the last one.
    """
    reader = _Reader()
    before_ms = 0.0
    for (at_ms, _, kind), event in zip(timeline, _events(received), strict=False):
        before_ms = max(before_ms, float(at_ms))
        reader.take(before_ms, str(kind), event)
    return reader.stream


def _events(received: bytes) -> Iterator[Event]:
    """Event by event, so that half a million of them are never held at once."""
    parser = Parser()
    for start in range(0, len(received), FEED_BYTES):
        try:
            yield from parser.feed(received[start : start + FEED_BYTES])
        except LimitExceeded:
            return


class _Reader:
    def __init__(self) -> None:
        self.stream = ReadStream()
        self._open: dict[int, ReadBlock] = {}

    def take(self, at_ms: float, kind: str, event: Event) -> None:
        handle = _HANDLES.get(kind)
        if handle is None:
            return
        try:
            data = payload.parse(event.data)
        except payload.PayloadError:
            return
        if isinstance(data, dict):
            handle(self, at_ms, data)

    def block_start(self, at_ms: float, data: dict[str, Any]) -> None:
        fields = _object(data, "content_block")
        block = self._opened(_index(data), at_ms, text_in(fields, "type"), text_in(fields, "name"))
        if held := _held_at_start(block, fields):
            block.pieces.append(Piece(at_ms, held))

    def block_delta(self, at_ms: float, data: dict[str, Any]) -> None:
        delta = _object(data, "delta")
        grows, of_type = _GROWS.get(text_in(delta, "type"), ("", ""))
        characters = len(text_in(delta, grows)) if grows else 0
        block = self._open.get(_index(data)) or self._opened(_index(data), at_ms, of_type, "")
        if characters:
            block.pieces.append(Piece(at_ms, characters))

    def block_stop(self, at_ms: float, data: dict[str, Any]) -> None:
        if block := self._open.pop(_index(data), None):
            block.end_ms = at_ms

    def message_delta(self, at_ms: float, data: dict[str, Any]) -> None:
        usage = _object(data, "usage")
        tokens = _count(usage, "output_tokens")
        thinking = _count(_object(usage, "output_tokens_details"), "thinking_tokens")
        stream = self.stream
        stream.output_tokens = stream.output_tokens if tokens is None else tokens
        stream.thinking_tokens = stream.thinking_tokens if thinking is None else thinking

    def _opened(self, index: int, at_ms: float, kind: str, name: str) -> ReadBlock:
        blocks = self.stream.blocks
        if len(blocks) >= MAX_BLOCKS:
            self._open[index] = blocks[-1]
            return blocks[-1]
        block = ReadBlock(len(blocks), shown(kind[:MAX_NAME]), shown(name[:MAX_NAME]), at_ms)
        blocks.append(block)
        self._open[index] = block
        return block


_HANDLES = {
    "content_block_start": _Reader.block_start,
    "content_block_delta": _Reader.block_delta,
    "content_block_stop": _Reader.block_stop,
    "message_delta": _Reader.message_delta,
}


def _held_at_start(block: ReadBlock, fields: dict[str, Any]) -> int:
    """How many characters a block brought along when it opened: nearly always none."""
    if block.sort == "tool":
        given = fields.get("input")
        return len(json.dumps(given, ensure_ascii=False)) if isinstance(given, dict) and given else 0
    return len(text_in(fields, block.type)) if block.sort in ("text", "thinking") else 0


def _object(fields: dict[str, Any], name: str) -> dict[str, Any]:
    value = fields.get(name)
    return value if isinstance(value, dict) else {}


def _count(fields: dict[str, Any], name: str) -> int | None:
    value = fields.get(name)
    return value if type(value) is int and 0 <= value < 10**9 else None


def _index(data: dict[str, Any]) -> int:
    index = data.get("index")
    return index if type(index) is int else -1
