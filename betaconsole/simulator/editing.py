"""Context editing: old tool results and thinking blocks leave the prompt before it is read (beta context-management)."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from .effects import CONTEXT_MANAGEMENT, EFFECTS
from .tokens import as_blocks, block_tokens, count, text_tokens

DEFAULT_TRIGGER_TOKENS = 100_000
DEFAULT_KEEP_TOOL_USES = 3
DEFAULT_KEEP_THINKING_TURNS = 1
# as many characters as the table's placeholder_tokens make, in block_tokens' measure
PLACEHOLDER = "[cleared]".ljust(4 * (int(EFFECTS[CONTEXT_MANAGEMENT, "placeholder_tokens"].size) - 1))


@dataclass(frozen=True)
class Edited:
    """The prompt as the model sees it, and what was done to it, in the form of `context_management.applied_edits`."""

    body: Mapping[str, Any]
    applied: tuple[Mapping[str, Any], ...] = ()


def edit_context(body: Mapping[str, Any], betas: Collection[str]) -> Edited:
    """Apply the body's `context_management.edits` in order. The given body is not changed.

    Without the beta nothing is edited (the field itself is refused earlier). Edits of other kinds leave the prompt alone.
    """
    edits = (body.get("context_management") or {}).get("edits") or []
    if CONTEXT_MANAGEMENT not in betas:
        return Edited(body)
    applied: list[Mapping[str, Any]] = []
    for edit in edits:
        before = count(body)
        if edit.get("type") == "clear_tool_uses_20250919":
            changed, cleared = _clear_tool_uses(body, edit, before)
            figure = "cleared_tool_uses"
        elif edit.get("type") == "clear_thinking_20251015":
            changed, cleared = _clear_thinking(body, edit)
            figure = "cleared_thinking_turns"
        else:
            continue
        saved = before - count(changed)
        if not cleared or saved < _value(edit.get("clear_at_least"), 0):
            continue
        body = changed
        applied.append({"type": edit["type"], figure: cleared, "cleared_input_tokens": saved})
    return Edited(body, tuple(applied))


def _clear_tool_uses(body: Mapping[str, Any], edit: Mapping[str, Any], tokens: int) -> tuple[Mapping[str, Any], int]:
    uses = [block for block in _blocks(body) if block.get("type") == "tool_use"]
    trigger = edit.get("trigger") or {}
    reached = len(uses) if trigger.get("type") == "tool_uses" else tokens
    if reached <= _value(trigger, DEFAULT_TRIGGER_TOKENS):
        return body, 0
    keep = _value(edit.get("keep"), DEFAULT_KEEP_TOOL_USES)
    spared = set(edit.get("exclude_tools") or ())
    old = [use for use in uses[: max(0, len(uses) - keep)] if use.get("name") not in spared]
    old_ids = {use["id"] for use in old if "id" in use}
    inputs = edit.get("clear_tool_inputs")
    input_names = {use["name"] for use in old} if inputs is True else set(inputs or ())
    cleared = {
        block["tool_use_id"]
        for block in _blocks(body)
        if block.get("type") == "tool_result" and block.get("tool_use_id") in old_ids and _worth_clearing(block)
    }

    def shortened(block: dict[str, Any]) -> dict[str, Any] | None:
        if block.get("type") == "tool_result" and block.get("tool_use_id") in cleared:
            return {**block, "content": PLACEHOLDER}
        if block.get("type") == "tool_use" and block.get("id") in cleared and block["name"] in input_names:
            return {**block, "input": {}}
        return block

    return _with_blocks(body, shortened), len(cleared)


def _worth_clearing(block: Mapping[str, Any]) -> bool:
    return sum(block_tokens(each) for each in as_blocks(block.get("content"))) > text_tokens(PLACEHOLDER)


def _clear_thinking(body: Mapping[str, Any], edit: Mapping[str, Any]) -> tuple[Mapping[str, Any], int]:
    keep = edit.get("keep")
    if keep == "all" or (isinstance(keep, dict) and keep.get("type") == "all"):
        return body, 0
    turns = [message for message in body["messages"] if message["role"] == "assistant" and _thinks(message)]
    old = turns[: max(0, len(turns) - _value(keep, DEFAULT_KEEP_THINKING_TURNS))]
    old_blocks = {id(block) for message in old for block in message["content"]}

    def kept(block: dict[str, Any]) -> dict[str, Any] | None:
        gone = id(block) in old_blocks and block.get("type") in ("thinking", "redacted_thinking")
        return None if gone else block

    return _with_blocks(body, kept), len(old)


def _thinks(message: Mapping[str, Any]) -> bool:
    return isinstance(message["content"], list) and any(
        block.get("type") in ("thinking", "redacted_thinking") for block in message["content"]
    )


def _blocks(body: Mapping[str, Any]) -> list[dict[str, Any]]:
    return [block for message in body["messages"] for block in as_blocks(message["content"]) if isinstance(block, dict)]


def _with_blocks(body: Mapping[str, Any], change: Any) -> Mapping[str, Any]:
    """The body with each content block replaced by `change(block)`, or left out where that is None."""
    messages = []
    for message in body["messages"]:
        content = message["content"]
        if isinstance(content, list):
            changed = (change(block) for block in content)
            message = {**message, "content": [block for block in changed if block is not None]}
        messages.append(message)
    return {**body, "messages": messages}


def _value(setting: Any, default: int) -> int:
    return setting.get("value", default) if isinstance(setting, dict) else default
