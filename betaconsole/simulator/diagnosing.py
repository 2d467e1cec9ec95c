"""Cache diagnosis: what changed since an earlier request, so that its prompt could not be read from the cache."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from .store import Shelf
from .tokens import count

MOST = 2_000
MOST_BYTES = 16 * 1024 * 1024
# what else makes the prompt: a difference there is no reason that has a name
FURTHER = ("thinking", "tool_choice", "output_config", "mcp_servers")


@dataclass(frozen=True)
class Fingerprint:
    """What is remembered of a request, under the id of its answer."""

    id: str
    owner: str
    parts: Mapping[str, str]
    messages: tuple[str, ...]
    input_tokens: int

    @property
    def size_bytes(self) -> int:
        return 200 + 20 * len(self.messages)


class Diagnoses:
    """The requests of one simulator that asked for a diagnosis: only those are remembered."""

    def __init__(self) -> None:
        self._kept: Shelf[Fingerprint] = Shelf(most=MOST, most_bytes=MOST_BYTES)

    def diagnosed(self, body: Mapping[str, Any], owner: str, *, message_id: str) -> dict[str, Any]:
        """The answer's `diagnostics` by field, and remember the request under the id its answer will have."""
        asked = body.get("diagnostics")
        if asked is None:
            return {}
        new = _fingerprint(body, owner, message_id)
        self._kept.put(new)
        previous_id = asked.get("previous_message_id")
        if previous_id is None:
            return {}
        previous = self._kept.find(previous_id, owner)
        reason = {"type": "previous_message_not_found"} if previous is None else _reason(previous, new)
        return {"diagnostics": {"cache_miss_reason": reason}} if reason else {}


def _reason(previous: Fingerprint, new: Fingerprint) -> dict[str, Any] | None:
    """The first thing that differs, in the order of the prompt; None where the earlier prompt is the start of this one."""
    for part, kind in (("model", "model_changed"), ("system", "system_changed"), ("tools", "tools_changed")):
        if previous.parts[part] != new.parts[part]:
            return {"type": kind, "cache_missed_input_tokens": previous.input_tokens}
    if new.messages[: len(previous.messages)] != previous.messages:
        return {"type": "messages_changed", "cache_missed_input_tokens": previous.input_tokens}
    return {"type": "unavailable"} if previous.parts["further"] != new.parts["further"] else None


def _fingerprint(body: Mapping[str, Any], owner: str, message_id: str) -> Fingerprint:
    parts = {
        "model": _digest([body["model"], body.get("speed") or "standard"]),
        "system": _digest(body.get("system")),
        "tools": _digest(body.get("tools") or []),
        "further": _digest([body.get(name) for name in FURTHER]),
    }
    messages = tuple(_digest([message["role"], message["content"]]) for message in body["messages"])
    return Fingerprint(message_id, owner, parts, messages, count(body))


def _digest(value: Any) -> str:
    text = json.dumps(_unmarked(value), sort_keys=True)
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:16]


def _unmarked(value: Any) -> Any:
    """A value without cache markers, which say nothing about the prompt, and with strings as the blocks they stand for."""
    if isinstance(value, Mapping):
        return {name: _unmarked(inner) for name, inner in value.items() if name != "cache_control"}
    return [_unmarked(inner) for inner in value] if isinstance(value, list) else value
