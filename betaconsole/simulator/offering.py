"""Which tools a request offers at its end: those declared, less those deferred, with the changes made along the way.

System messages among the messages add and remove tools (beta mid-conversation-tool-changes), also ones that they define
themselves (beta inline-tools); so does a compaction block, for the messages whose place it took.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from .fitting import tool_name
from .refusals import Refusal, invalid
from .tokens import as_blocks

Tool = Mapping[str, Any]
TOOLSET = "mcp_toolset"
CHANGES = ("tool_addition", "tool_removal")


@dataclass(frozen=True)
class Offer:
    """The tools that may be called, and those that have to be found first. `changes` lead from the declared tools to them."""

    tools: tuple[Tool, ...] = ()
    deferred: tuple[Tool, ...] = ()
    changes: tuple[Mapping[str, Any], ...] = ()


def offer(body: Mapping[str, Any]) -> Offer:
    """What a (well-formed) request offers. Raises a Refusal where a change refers to nothing, or takes a name that is taken."""
    declared = {_key(tool): tool for tool in body.get("tools") or ()}
    found = set(_referenced(body))
    deferred = {key for key, tool in declared.items() if tool.get("defer_loading") and tool.get("name") not in found}
    known = dict(declared)
    on_offer = {key: tool for key, tool in declared.items() if key not in deferred}
    for path, block in _changes(body):
        if block["type"] == "tool_removal":
            on_offer = _without(on_offer, block["tool"], _resolved(block["tool"], known, path))
        else:
            on_offer |= _added(block["tool"], known, on_offer, path)
    deferred -= set(on_offer)
    return Offer(
        tuple(on_offer.values()),
        tuple(declared[key] for key in declared if key in deferred),
        tuple(_net_changes(declared, on_offer, deferred)),
    )


def _key(tool: Tool) -> str:
    return f"{TOOLSET} {tool.get('mcp_server_name')}" if tool.get("type") == TOOLSET else tool_name(tool)


def _changes(body: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    for number, message in enumerate(body["messages"]):
        for index, block in enumerate(as_blocks(message["content"])):
            kind = block.get("type") if isinstance(block, Mapping) else None
            path = f"messages.{number}.content.{index}"
            if kind in CHANGES:
                yield path, block
            if kind == "compaction":
                yield from ((path, change) for change in block.get("tool_changes") or () if change["type"] in CHANGES)


def _resolved(reference: Mapping[str, Any], known: Mapping[str, Tool], path: str) -> str:
    """The key of the tool that a reference names."""
    server = reference.get("server_name")
    key = f"{TOOLSET} {server}" if server else str(reference.get("name"))
    tool = known.get(key)
    inner = reference.get("name") if server else None
    if tool is None or (inner and inner not in {each["name"] for each in tool.get("tools") or ()}):
        raise _unresolved(reference, path)
    return key


def _added(
    reference: Mapping[str, Any], known: dict[str, Tool], on_offer: Mapping[str, Tool], path: str
) -> dict[str, Tool]:
    if reference["type"] != "tool_definition":
        key = _resolved(reference, known, path)
        tool = known[key]
        if reference["type"] == "mcp_tool_reference":
            kept = {each["name"] for each in on_offer.get(key, {}).get("tools", ())} | {reference["name"]}
            tool = {**tool, "tools": [each for each in tool["tools"] if each["name"] in kept]}
        return {key: tool}
    tool = reference["definition"]
    if not tool.get("name") and not tool.get("type"):
        raise invalid(f"{path}.tool.tool_definition.definition.name: Field required")
    key = _key(tool)
    holder = on_offer.get(key)
    if holder is not None and (holder.get("type") or "custom") != (tool.get("type") or "custom"):
        raise invalid(
            f"{path}: the tool name '{key}' is already held by an available tool of another kind",
            code="tool_name_conflict",
        )
    known[key] = tool
    return {key: tool}


def _without(on_offer: Mapping[str, Tool], reference: Mapping[str, Any], key: str) -> dict[str, Tool]:
    left = dict(on_offer)
    tool = left.pop(key, None)
    if tool is not None and reference["type"] == "mcp_tool_reference":
        left[key] = {**tool, "tools": [each for each in tool["tools"] if each["name"] != reference["name"]]}
    return left


def _unresolved(reference: Mapping[str, Any], path: str) -> Refusal:
    named = " of ".join(str(reference[name]) for name in ("name", "server_name") if reference.get(name))
    return invalid(
        f"{path}: the tool '{named}' is not defined at this point of the conversation",
        code="tool_reference_unresolved",
    )


def _net_changes(
    declared: Mapping[str, Tool], on_offer: Mapping[str, Tool], deferred: set[str]
) -> Iterator[Mapping[str, Any]]:
    for key, tool in on_offer.items():
        if tool != declared.get(key):
            yield {"type": "tool_addition", "tool": {"type": "tool_definition", "definition": dict(tool)}}
    for key, tool in declared.items():
        if key not in on_offer and key not in deferred:
            server = tool.get("mcp_server_name")
            named = {"type": "mcp_toolset_reference", "server_name": server} if server else None
            yield {"type": "tool_removal", "tool": named or {"type": "tool_reference", "name": key}}


def _referenced(body: Mapping[str, Any]) -> Iterator[str]:
    """The names of tools that a search has found, by the API or by the client."""
    pending: list[Any] = [block for message in body["messages"] for block in as_blocks(message["content"])]
    while pending:
        block = pending.pop()
        if not isinstance(block, Mapping):
            continue
        if block.get("type") == "tool_reference":
            yield str(block.get("tool_name"))
        if block.get("type") in ("tool_result", "tool_search_tool_result", "tool_search_tool_search_result"):
            pending += as_blocks(block.get("content") or block.get("tool_references"))
