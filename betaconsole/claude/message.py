"""Messages stream events → one message, equal to what the official SDK accumulates, with unknown things kept.

Where the SDK drops or refuses something, this reads on: the raw bytes are stored elsewhere, and every oddity leaves a
warning here. Fields of our own in a message start with an underscore: `_deltas` (deltas of unknown types, as they came)
and `_partial_json` (a tool's input that is no JSON).
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple

from . import payload
from .blocks import Block, block_at, blocks, citation_label, json_text, shown, text_in, text_of
from .payload import NotingDecoder, PayloadError
from .sse import Event

__all__ = ["Accumulator", "Block", "Change", "blocks", "text_of"]

_BLOCK_OF_DELTA = {
    "text_delta": "text",
    "citations_delta": "text",
    "thinking_delta": "thinking",
    "signature_delta": "thinking",
    "input_json_delta": "tool_use",
    "compaction_delta": "compaction",
}
_NOT_NEWS = frozenset({"type", "delta", "usage", "content"})
_MANY_TOKENS = 10**9
_CALLS = frozenset({"tool_use", "server_tool_use", "mcp_tool_use"})


class Change(NamedTuple):
    """What one event does to the picture.

    `open` (text: the block's label), `append` and `replace` (text: what to show in `field`), `close`,
    `usage` (look at the message; or field "estimated_tokens", text: the sum so far),
    `stop` (field "stop_reason", "message_stop" or "error"; text: its value).
    `index` is the block's position in the message's content, -1 where no block is concerned. Text has no lone surrogates.
    """

    kind: Literal["open", "append", "replace", "close", "usage", "stop"]
    index: int = -1  # type: ignore[assignment]  # hides tuple.index
    block_type: str = ""
    field: str = ""
    text: str = ""


@dataclass(slots=True)
class _Slot:
    """A block that deltas come for. Pieces gather in lists, since adding to a long string copies it each time."""

    position: int
    block: dict[str, Any]
    pieces: dict[str, list[str]] = field(default_factory=dict)
    input_before: dict[str, Any] = field(default_factory=dict)
    input_text: str = ""
    input_oddity: str = ""
    closed: bool = False

    def __post_init__(self) -> None:
        self.input_before = {name: value for name, value in self.block.items() if name == "input"}

    @property
    def type(self) -> str:
        return text_in(self.block, "type")

    def append(self, name: str, text: str) -> Change:
        self.pieces.setdefault(name, []).append(text)
        return self.change("append", name, text)

    def change(self, kind: Literal["append", "replace", "close"], name: str = "", text: str = "") -> Change:
        return Change(kind, self.position, self.type, name, shown(text))

    def join(self) -> None:
        """Put what has gathered into the block."""
        for name, pieces in self.pieces.items():
            text = "".join(pieces)
            pieces.clear()
            if name != "partial_json":
                self.block[name] = text_in(self.block, name) + text
            elif text:
                self.input_text += text
                self._set_input()

    def _set_input(self) -> None:
        """A tool's input from its JSON text: as far as it goes where it is cut off; kept as text where it is no JSON."""
        self.block.pop("_partial_json", None)
        for read, oddity in ((payload.parse, ""), (payload.parse_start, "cut_input")):
            try:
                self.block["input"] = read(self.input_text)
                self.input_oddity = oddity
                return
            except PayloadError:
                continue
        self.block.pop("input", None)
        self.block |= {**self.input_before, "_partial_json": self.input_text}
        self.input_oddity = "bad_input"


class Accumulator:
    """Gathers one message from its stream's events; nothing an event holds makes it fail."""

    def __init__(self) -> None:
        self.finished = False
        self.error: dict[str, Any] | None = None
        self.warnings: list[str] = []
        self.event_type = ""
        self.estimated_tokens: int | None = None
        self._decoder = NotingDecoder()
        self._message: dict[str, Any] | None = None
        self._slots: dict[int, _Slot] = {}

    @property
    def message(self) -> dict[str, Any] | None:
        """The message so far, None before its start. Joins what has gathered: not meant to be read after each event."""
        for slot in self._slots.values():
            slot.join()
        return self._message

    def add(self, event: Event) -> list[Change]:
        """Take in one event; `event_type` then says which it was."""
        if not event.raw_utf8_ok:
            self.warn("bad_utf8")
        data = self._data(event)
        self.event_type = "error" if event.name == "error" else text_in(data, "type") or event.name
        if self.event_type == "ping" or not data:
            return []
        if self.finished:
            self.warn("after_stop")
            return []
        handle = _EVENTS.get(self.event_type)
        if handle is None:
            self.warn("unknown_event")
            return []
        return handle(self, data)

    def warn(self, code: str) -> None:
        """Note an oddity, each code once."""
        if code not in self.warnings:
            self.warnings.append(code)

    def _data(self, event: Event) -> dict[str, Any]:
        """The event's JSON object; empty where it is none (an error event's text then stands in for its message)."""
        if event.name == "ping":
            return {}
        try:
            value = payload.parse(event.data, decoder=self._decoder)
        except PayloadError:
            value = None
        if self._decoder.doubled:
            self.warn("double_name")
        if isinstance(value, dict) and value:
            return value
        self.warn("bad_json")
        return {"error": {"message": event.data}} if event.name == "error" else {}

    def _started(self) -> dict[str, Any]:
        """The message; where its start is missing or was unreadable, one to gather the rest in."""
        if self._message is None:
            self.warn("out_of_order")
            self._message = {"type": "message", "role": "assistant", "content": []}
        return self._message

    def _open(self, index: int, block: dict[str, Any]) -> list[Change]:
        content = self._started()["content"]
        if index in self._slots:
            self._close(self._slots[index])
        slot = self._slots[index] = _Slot(len(content), block)
        content.append(block)
        return _opening(slot)

    def _close(self, slot: _Slot) -> None:
        """The block's end: only now is an unfinished input an oddity."""
        slot.join()
        if slot.input_oddity:
            self.warn(slot.input_oddity)

    def _slot(self, data: dict[str, Any], delta_type: str) -> tuple[_Slot, list[Change]]:
        """Where a delta belongs. One for a block never opened opens it: its start may have been unreadable."""
        index = _index(data)
        slot = self._slots.get(index)
        if slot is None or slot.closed:
            self.warn("out_of_order")
        if slot is not None:
            return slot, []
        opening = self._open(index, {"type": _BLOCK_OF_DELTA.get(delta_type, "")})
        return self._slots[index], opening


def _message_start(gathered: Accumulator, data: dict[str, Any]) -> list[Change]:
    message = data.get("message")
    if gathered._message is not None or not isinstance(message, dict):
        gathered.warn("out_of_order" if gathered._message is not None else "bad_event")
        return []
    content = message.get("content")
    gathered._message = {**message, "content": []}
    changes = []
    for index, block in enumerate(content if isinstance(content, list) else []):
        changes += gathered._open(index, _object(gathered, block))
        changes.append(gathered._slots[index].change("close"))
    if message.get("usage"):
        changes.append(Change("usage"))
    return changes + _stop_reason(message)


def _block_start(gathered: Accumulator, data: dict[str, Any]) -> list[Change]:
    index, block = _index(data), _object(gathered, data.get("content_block"))
    message = gathered._started()
    if index != len(message["content"]) or index in gathered._slots:
        gathered.warn("out_of_order")
    if block.get("type") == "fallback" and isinstance(to := block.get("to"), dict) and text_in(to, "model"):
        message["model"] = to[
            "model"
        ]  # the model that goes on with the answer, as a message that is not streamed says it
    return gathered._open(index, block)


def _block_delta(gathered: Accumulator, data: dict[str, Any]) -> list[Change]:
    delta = _object(gathered, data.get("delta"))
    delta_type = text_in(delta, "type")
    slot, changes = gathered._slot(data, delta_type)
    handle = _DELTAS.get(delta_type, _unknown_delta)
    return changes + handle(gathered, slot, delta)


def _block_stop(gathered: Accumulator, data: dict[str, Any]) -> list[Change]:
    slot = gathered._slots.get(_index(data))
    if slot is None or slot.closed:
        gathered.warn("out_of_order")
        return []
    slot.closed = True
    gathered._close(slot)
    return [slot.change("close")]


def _message_delta(gathered: Accumulator, data: dict[str, Any]) -> list[Change]:
    """Ends the answer. Usage counts are totals: each overwrites the earlier one; what is null leaves it standing."""
    message = gathered._started()
    delta = _object(gathered, data.get("delta"))
    message |= {name: delta.get(name) for name in ("stop_reason", "stop_sequence", "stop_details") if name in message}
    for news in (delta, data):
        _overwrite(message, {name: value for name, value in news.items() if name not in _NOT_NEWS})
    changes = _stop_reason(delta)
    if isinstance(usage := data.get("usage"), dict):
        if not isinstance(message.get("usage"), dict):
            message["usage"] = {}
        _overwrite(message["usage"], usage)
        changes.insert(0, Change("usage"))
    return changes


def _message_stop(gathered: Accumulator, data: dict[str, Any]) -> list[Change]:
    if gathered._message is None:
        gathered.warn("out_of_order")
    for slot in gathered._slots.values():
        gathered._close(slot)
    gathered.finished = True
    return [Change("stop", field="message_stop")]


def _error(gathered: Accumulator, data: dict[str, Any]) -> list[Change]:
    if gathered.error is None:
        gathered.error = data
    inner = data.get("error")
    return [Change("stop", field="error", text=shown(text_in(inner, "message") if isinstance(inner, dict) else ""))]


def _text_delta(name: str) -> "Delta":
    """A delta whose text is appended to the block's field of this name."""

    def handle(gathered: Accumulator, slot: _Slot, delta: dict[str, Any]) -> list[Change]:
        text = delta.get(name)
        if not isinstance(text, str):
            return _unknown_delta(gathered, slot, delta)
        return [slot.append(name, text)]

    return handle


def _thinking_delta(gathered: Accumulator, slot: _Slot, delta: dict[str, Any]) -> list[Change]:
    changes = _append_thinking(gathered, slot, delta)
    tokens = delta.get("estimated_tokens")
    if type(tokens) is int and abs(tokens) < _MANY_TOKENS:
        gathered.estimated_tokens = (gathered.estimated_tokens or 0) + tokens
        changes.append(Change("usage", slot.position, slot.type, "estimated_tokens", str(gathered.estimated_tokens)))
    return changes


def _citations_delta(gathered: Accumulator, slot: _Slot, delta: dict[str, Any]) -> list[Change]:
    _add_to_list(slot.block, "citations", delta.get("citation"))
    return [slot.change("append", "citation", citation_label(delta.get("citation")))]


def _signature_delta(gathered: Accumulator, slot: _Slot, delta: dict[str, Any]) -> list[Change]:
    slot.block["signature"] = delta.get("signature")
    return [slot.change("replace", "signature", text_in(delta, "signature"))]


def _compaction_delta(gathered: Accumulator, slot: _Slot, delta: dict[str, Any]) -> list[Change]:
    slot.block |= {name: value for name, value in delta.items() if name != "type"}
    return [slot.change("replace", "content", text_in(delta, "content"))]


def _unknown_delta(gathered: Accumulator, slot: _Slot, delta: dict[str, Any]) -> list[Change]:
    gathered.warn("unknown_delta")
    _add_to_list(slot.block, "_deltas", delta)
    return [slot.change("append", text_in(delta, "type") or "unknown", json_text(delta))]


def _opening(slot: _Slot) -> list[Change]:
    """The block's label, and what it holds already at its start."""
    seen = block_at(slot.position, slot.block)
    changes = [Change("open", seen.index, seen.type, "label", seen.label)]
    if seen.text:
        changes.append(slot.change("append", seen.type if seen.type in ("text", "thinking") else "content", seen.text))
    elif seen.json:
        changes.append(slot.change("append", "partial_json" if seen.type in _CALLS else "json", json_text(seen.json)))
    return changes


def _stop_reason(fields: dict[str, Any]) -> list[Change]:
    reason = text_in(fields, "stop_reason")
    return [Change("stop", field="stop_reason", text=shown(reason))] if reason else []


def _overwrite(target: dict[str, Any], news: dict[str, Any]) -> None:
    target |= {name: value for name, value in news.items() if value is not None or name not in target}


def _add_to_list(target: dict[str, Any], name: str, value: object) -> None:
    if not isinstance(target.get(name), list):
        target[name] = []
    target[name].append(value)


def _object(gathered: Accumulator, value: object) -> dict[str, Any]:
    """The value if it is an object; else an empty one and a warning."""
    if isinstance(value, dict):
        return value
    gathered.warn("bad_event")
    return {}


def _index(data: dict[str, Any]) -> int:
    """The block's index as sent; -1 for what is none. Only ever a key: nothing is allocated by it."""
    index = data.get("index")
    return index if type(index) is int else -1


Delta = Callable[[Accumulator, _Slot, dict[str, Any]], list[Change]]

_append_thinking = _text_delta("thinking")
_DELTAS: dict[str, Delta] = {
    "text_delta": _text_delta("text"),
    "thinking_delta": _thinking_delta,
    "input_json_delta": _text_delta("partial_json"),
    "citations_delta": _citations_delta,
    "signature_delta": _signature_delta,
    "compaction_delta": _compaction_delta,
}
_EVENTS: dict[str, Callable[[Accumulator, dict[str, Any]], list[Change]]] = {
    "message_start": _message_start,
    "content_block_start": _block_start,
    "content_block_delta": _block_delta,
    "content_block_stop": _block_stop,
    "message_delta": _message_delta,
    "message_stop": _message_stop,
    "error": _error,
}
