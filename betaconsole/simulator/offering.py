"""Which tools a request offers at its end: those declared, less those deferred, with the changes made along the way."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from .tokens import as_blocks

Tool = Mapping[str, Any]


@dataclass(frozen=True)
class Offer:
    """The tools that may be called, and those that have to be found first."""

    tools: tuple[Tool, ...] = ()
    deferred: tuple[Tool, ...] = ()


def offer(body: Mapping[str, Any]) -> Offer:
    """What a (valid) request offers."""
    declared = list(body.get("tools") or ())
    found = set(_referenced(body))
    deferred = tuple(tool for tool in declared if tool.get("defer_loading") and tool.get("name") not in found)
    return Offer(tuple(tool for tool in declared if tool not in deferred), deferred)


def _referenced(body: Mapping[str, Any]) -> Iterator[str]:
    """The names of tools that a search has found, by the API or by the client."""
    pending: list[Any] = [block for message in body["messages"] for block in as_blocks(message["content"])]
    while pending:
        block = pending.pop()
        if not isinstance(block, Mapping):
            continue
        if block.get("type") == "tool_reference" and "tool_name" in block:
            yield block["tool_name"]
        if block.get("type") in ("tool_result", "tool_search_tool_result", "tool_search_tool_search_result"):
            content = block.get("content") or block.get("tool_references")
            pending += as_blocks(content)
