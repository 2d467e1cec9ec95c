"""What stands before a block of a conversation, as one digest: the system text, the tools and every block so far.

Two requests have the same prefix where they say the same, however they spell it: a string for a text block, a message cut in
two, keys in another order, a null for a field left out, a cache marker moved.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from .signatures import compacted_prefix
from .tokens import as_blocks

LENGTH = 16
NOT_SAID = frozenset({"cache_control", "parsed_output"})


@dataclass(frozen=True)
class Prefix:
    """The digest of everything up to some place. Blocks that the model is never shown leave it as it is."""

    digest: bytes

    @classmethod
    def start(cls, body: Mapping[str, Any]) -> Prefix:
        """The prefix of the first message: system and tools."""
        system = [_said(block) for block in as_blocks(body.get("system"))]
        tools = [_said(tool) for tool in body.get("tools") or ()]
        return cls(_digest(b"", "start", [system, tools]))

    @classmethod
    def end(cls, body: Mapping[str, Any]) -> Prefix:
        """The prefix of what comes next."""
        prefix = cls.start(body)
        for step in walk(body):
            prefix = step.prefix.after(step.role, step.block)
        return prefix

    def after(self, role: str, block: Any) -> Prefix:
        """The prefix once this block has been said. A compaction block stands for what it was made from."""
        kind = block.get("type") if isinstance(block, Mapping) else "text"
        if kind == "fallback":
            return self
        if kind == "compaction" and (stood_for := compacted_prefix(block)):
            return Prefix(stood_for)
        if kind in ("thinking", "redacted_thinking"):
            block = block.get("signature") or block.get("data")
        return Prefix(_digest(self.digest, role, _said(block)))


@dataclass(frozen=True)
class Step:
    """One block of a conversation with its place in the request as sent, and what stands before it."""

    message: int
    index: int
    role: str
    block: Any
    prefix: Prefix

    @property
    def path(self) -> str:
        return f"messages.{self.message}.content.{self.index}"


def walk(body: Mapping[str, Any]) -> Iterator[Step]:
    """Every block of the messages in order."""
    prefix = Prefix.start(body)
    for number, message in enumerate(body["messages"]):
        for index, block in enumerate(as_blocks(message["content"])):
            yield Step(number, index, message["role"], block, prefix)
            prefix = prefix.after(message["role"], block)


def _said(value: Any) -> Any:
    """A block without what does not count."""
    if isinstance(value, str):
        return {"type": "text", "text": value}
    if not isinstance(value, Mapping):
        return value
    return {name: inner for name, inner in value.items() if inner is not None and name not in NOT_SAID}


def _digest(before: bytes, role: str, said: Any) -> bytes:
    text = json.dumps([role, said], sort_keys=True, default=str)
    return hashlib.sha256(before + text.encode("utf-8", "surrogatepass")).digest()[:LENGTH]
