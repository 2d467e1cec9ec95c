"""Streams with moments: real and made-up bodies, their events laid on a clock of our own."""

import json
from collections.abc import Callable, Sequence
from typing import Any

from betaconsole.claude.sse import Parser
from betaconsole.diffing.timing import Recorded


def recorded(body: bytes, *, at: Callable[[int], float] = lambda number: 100.0 + 10 * number, **more: Any) -> Recorded:
    """A body as it would be kept if its n-th event had come at `at(n)` ms."""
    timeline = [[at(number), event.end, kind_of(event.data, event.name)] for number, event in enumerate(events(body))]
    first = timeline[0][0] if timeline else None
    return Recorded(**{"timeline": timeline, "received": body, "first_byte_ms": first, "total_ms": None, **more})


def events(body: bytes) -> Sequence[Any]:
    return Parser().feed(body)


def kind_of(data: str, name: str) -> str:
    try:
        value = json.loads(data)
    except ValueError:
        return name
    return value.get("type", name) if isinstance(value, dict) else name


def stream(*payloads: dict[str, Any]) -> bytes:
    return b"".join(f"event: {one['type']}\ndata: {json.dumps(one)}\n\n".encode() for one in payloads)


def begin() -> dict[str, Any]:
    return {"type": "message_start", "message": {"type": "message", "content": [], "usage": {"output_tokens": 1}}}


def opened(index: int, kind: str, **fields: Any) -> dict[str, Any]:
    return {"type": "content_block_start", "index": index, "content_block": {"type": kind, **fields}}


def text(index: int, written: str) -> dict[str, Any]:
    return _delta(index, {"type": "text_delta", "text": written})


def thought(index: int, written: str) -> dict[str, Any]:
    return _delta(index, {"type": "thinking_delta", "thinking": written})


def json_piece(index: int, written: str) -> dict[str, Any]:
    return _delta(index, {"type": "input_json_delta", "partial_json": written})


def closed(index: int) -> dict[str, Any]:
    return {"type": "content_block_stop", "index": index}


def ending(tokens: int, **details: int) -> list[dict[str, Any]]:
    usage = {"output_tokens": tokens, **({"output_tokens_details": details} if details else {})}
    return [{"type": "message_delta", "delta": {"stop_reason": "end_turn"}, "usage": usage}, {"type": "message_stop"}]


def _delta(index: int, delta: dict[str, Any]) -> dict[str, Any]:
    return {"type": "content_block_delta", "index": index, "delta": delta}
