"""The messages: who speaks first, empty turns, and tool calls with their results."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from .asked import Asked
from .findings import Finding, error, remove_field
from .paths import Place

_CALLS = ("server_tool_use", "mcp_tool_use")


def turns(asked: Asked) -> Iterator[Finding]:
    """no_messages, first_turn, empty_turn, empty_text: a conversation that the API does not read."""
    sent = asked.get("messages")
    if sent == []:
        yield error("no_messages", "messages is empty: at least one is needed.", path=asked.shown(("messages",)))
    last = asked.messages[-1][0] if asked.messages else ()
    for number, (place, message) in enumerate(asked.messages):
        role, content = message.get("role"), message.get("content")
        fix = remove_field(asked.pointer(place)) if len(asked.messages) > 1 and not asked.is_cut else None
        if number == 0 and place == ("messages", 0) and role == "assistant" and not _starts_with_summary(content):
            yield error("first_turn", "The first message has to be the user's.", path=asked.shown(place), fix=fix)
        if content in ("", []) and (role == "user" or (role == "assistant" and place != last)):
            yield error("empty_turn", "A message may not be empty.", path=asked.shown(place), fix=fix)
    for place, _, block in asked.blocks:
        if block.get("type") == "text" and block.get("text") == "":
            fix = remove_field(asked.pointer(place))
            yield error("empty_text", "A text block may not be empty.", path=asked.shown(place), fix=fix)


def tool_results(asked: Asked) -> Iterator[Finding]:
    """result_without_call, call_without_result: every call is answered in the next turn, and nothing else is."""
    if asked.is_cut:
        return
    pending: dict[str, Place] = {}
    for blocks in _turns(asked):
        answered: set[str] = set()
        for place, block in blocks:
            ident = block.get("tool_use_id")
            if block.get("type") == "tool_result" and isinstance(ident, str):
                answered.add(ident)
                if ident not in pending:
                    yield _without_call(asked, place, "tool_use")
        yield from (_without_result(asked, place) for ident, place in pending.items() if ident not in answered)
        calls = [(block["id"], place) for place, block in blocks if _is_call(block)]
        pending = dict(calls)
    yield from (_without_result(asked, place) for place in pending.values())


def server_results(asked: Asked) -> Iterator[Finding]:
    """result_without_call: results of server and MCP tools follow their calls."""
    if asked.is_cut:
        return
    called: dict[str, str] = {}
    for place, _, block in asked.blocks:
        kind, ident = block.get("type"), block.get("id")
        if not isinstance(kind, str):
            continue
        if kind in _CALLS and isinstance(ident, str):
            called[ident] = kind
        elif kind.endswith("_tool_result"):
            needed = "mcp_tool_use" if kind == "mcp_tool_result" else "server_tool_use"
            answered = block.get("tool_use_id")
            if isinstance(answered, str) and called.get(answered) != needed:
                yield _without_call(asked, place, needed)


def _turns(asked: Asked) -> Iterator[list[tuple[Place, dict[str, Any]]]]:
    """The blocks of each turn: neighbours of one role are one turn, and system messages do not count."""
    by_message: dict[Place, list[tuple[Place, dict[str, Any]]]] = {}
    for place, _, block in asked.blocks:
        by_message.setdefault(place[:2], []).append((place, block))
    speaker = None
    turn: list[tuple[Place, dict[str, Any]]] = []
    for place, message in asked.messages:
        role = message.get("role")
        if role == "system":
            continue
        if role != speaker and speaker is not None:
            yield turn
            turn = []
        speaker = role
        turn = turn + by_message.get(place, [])
    if speaker is not None:
        yield turn


def _is_call(block: dict[str, Any]) -> bool:
    return block.get("type") == "tool_use" and isinstance(block.get("id"), str)


def _without_call(asked: Asked, place: Place, needed: str) -> Finding:
    message = f"The result has no {needed} before it that it answers."
    return error("result_without_call", message, path=asked.shown(place), fix=remove_field(asked.pointer(place)))


def _without_result(asked: Asked, place: Place) -> Finding:
    message = "The tool call has no tool_result in the next turn."
    return error("call_without_result", message, path=asked.shown(place), fix=remove_field(asked.pointer(place)))


def _starts_with_summary(content: Any) -> bool:
    first = content[0] if isinstance(content, list) and content else None
    return isinstance(first, dict) and first.get("type") == "compaction"
