"""A far end whose model calls tools: what it says is a list of replies, one for each turn of a conversation."""

import json
from collections.abc import Callable, Sequence
from typing import Any

from tests.builders import event_stream
from tests.upstream import STREAM_HEAD, Peer, answer, chunked

USAGE = {"input_tokens": 10, "output_tokens": 5}


def call(number: int = 1, tool: str = "lookup_order", **given: Any) -> dict[str, Any]:
    return {"type": "tool_use", "id": f"toolu_{number}", "name": tool, "input": given or {"order_id": "A-1043"}}


def says(text: str) -> dict[str, Any]:
    return {"type": "text", "text": text}


def reply(*content: Any, stop_reason: str = "", **fields: Any) -> dict[str, Any]:
    """A message; where it holds a call it ends with tool_use."""
    has_call = any(isinstance(block, dict) and block.get("type") == "tool_use" for block in content)
    return {
        "id": "msg_1", "type": "message", "role": "assistant", "model": "claude-sonnet-5-5", "content": list(content),
        "stop_reason": stop_reason or ("tool_use" if has_call else "end_turn"), "stop_sequence": None, "usage": USAGE,
        **fields,
    }  # fmt: skip


def conversation(*replies: dict[str, Any]) -> Callable[[Peer], None]:
    """A far end that gives these replies, by how many the request holds already; the last one again after that."""

    def far_end(peer: Peer) -> None:
        if body := peer.read_request().body:  # or it was stopped before it was written
            give(peer, replies[min(turn_of(body) - 1, len(replies) - 1)])

    return far_end


def give(peer: Peer, message: dict[str, Any]) -> None:
    """One whole answer, streamed."""
    data, _ = event_stream(message)
    peer.send(STREAM_HEAD + chunked([data]))


def refuse(peer: Peer, status: int, message: str) -> None:
    error = {"type": "error", "error": {"type": "invalid_request_error", "message": message}}
    peer.send(answer(json.dumps(error).encode(), status))


def turn_of(body: bytes) -> int:
    """Which turn of its conversation a request asks for, from 1."""
    return 1 + sum(message["role"] == "assistant" for message in json.loads(body)["messages"])


def results_in(body: bytes) -> list[Any]:
    """What the tool results of a request's last message say."""
    content: Sequence[Any] = json.loads(body)["messages"][-1]["content"]
    return [block["content"] for block in content]
