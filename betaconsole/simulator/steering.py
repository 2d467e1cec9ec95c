"""System messages among the messages: what they may hold, how long they are seen, and the effort they set."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .conversation import text_of
from .refusals import invalid
from .rules import ModelRule
from .tokens import as_blocks

ALLOWED = ("text", "tool_addition", "tool_removal")


def check_system_messages(body: Mapping[str, Any], model: ModelRule) -> None:
    """What a message of role system may hold, and what may not stand together in it."""
    for number, message in enumerate(body["messages"]):
        if message["role"] == "system":
            _check_system_message(f"messages.{number}", message, model)


def _check_system_message(path: str, message: Mapping[str, Any], model: ModelRule) -> None:
    blocks = as_blocks(message["content"])
    effort = (message.get("output_config") or {}).get("effort")
    kinds = [block.get("type") if isinstance(block, Mapping) else "text" for block in blocks]
    for index, kind in enumerate(kinds):
        if kind == "compaction":
            raise invalid(
                f"{path}.content.{index}: `compaction` blocks are not permitted in system messages",
                code="compaction_block_misplaced",
            )
        if kind not in ALLOWED:
            raise invalid(f"{path}.content.{index}: `{kind}` blocks are not permitted in system messages")
    if not blocks and effort is None:
        raise invalid(f"{path}: system messages must have content or `output_config`")
    if effort is not None and effort not in model.efforts:
        raise invalid(f"{path}.output_config.effort: this model does not support '{effort}'")
    if message.get("clear_at") is None:
        return
    if any(kind != "text" for kind in kinds):
        raise invalid(f"{path}.clear_at: only permitted on system messages of text")
    if effort is not None:
        raise invalid(f"{path}.clear_at: cannot be combined with `output_config`")
    if any(isinstance(block, Mapping) and block.get("cache_control") for block in blocks):
        raise invalid(f"{path}.clear_at: cannot be combined with `cache_control`")


def still_seen(body: Mapping[str, Any]) -> Mapping[str, Any]:
    """The request without the system messages that a later user message has cleared. The same body where none was."""
    users = [number for number, message in enumerate(body["messages"]) if message["role"] == "user"]
    last = users[-1] if users else -1
    messages = [
        message
        for number, message in enumerate(body["messages"])
        if message.get("clear_at") != "next_user_message" or number > last
    ]
    return body if len(messages) == len(body["messages"]) else {**body, "messages": messages}


def with_effort(body: Mapping[str, Any], said: Mapping[str, Any]) -> Mapping[str, Any]:
    """The request with the effort that the last of its messages to set one (`said`) asks for."""
    efforts = [(message.get("output_config") or {}).get("effort") for message in said["messages"]]
    asked = next((effort for effort in reversed(efforts) if effort), None)
    if asked is None:
        return body
    return {**body, "output_config": {**(body.get("output_config") or {}), "effort": asked}}


def instructions(body: Mapping[str, Any]) -> str:
    """What the last system message among the messages says."""
    texts = [text_of(message["content"]) for message in body["messages"] if message["role"] == "system"]
    return next((text for text in reversed(texts) if text), "")
