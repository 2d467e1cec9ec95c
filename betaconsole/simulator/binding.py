"""Thinking blocks that come back: whether they are as they were made, and belong to this conversation.

A changed signature is refused on every model. Models with preserved thinking (`ModelRule.binds_thinking`) also check that
nothing before the block has changed and that they may read what its model thought; beta thinking-binding-controls chooses what
a block with another past does, and reports what was left out.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from .effects import BINDING_CONTROLS
from .prefixes import Step, walk
from .refusals import Refusal, invalid
from .rules import ModelRule
from .signatures import BadSignature, Signed, read_signature, text_digest
from .tokens import as_blocks


@dataclass(frozen=True)
class Bound:
    """The request without the thinking that its model may not see. `opening` is what the answer says of that."""

    body: Mapping[str, Any]
    opening: Mapping[str, Any]


def bind_thinking(body: Mapping[str, Any], *, betas: Collection[str], model_id: str, model: ModelRule) -> Bound:
    """Check every thinking block of the messages. Raises a Refusal; the given body is not changed."""
    latest = max((n for n, message in enumerate(body["messages"]) if message["role"] == "assistant"), default=-1)
    dropped: dict[tuple[int, int], str] = {}
    for step in walk(body) if any(map(_is_thinking, _blocks(body))) else ():
        if _is_thinking(step.block):
            reason = _misfit(step, body, model_id, model, latest=step.message == latest)
            follows = dropped.get((step.message, step.index - 1))
            if reason or follows:
                dropped[step.message, step.index] = reason or follows or ""
    reports = BINDING_CONTROLS in betas and any(kind != "disabled" for kind in model.thinking)
    listed = [
        {"type": "thinking_dropped", "path": f"messages.{message}.content.{index}", "reason": reason}
        for (message, index), reason in dropped.items()
    ]
    return Bound(without(body, dropped), {"input_transformations": listed} if reports else {})


def _blocks(body: Mapping[str, Any]) -> Iterator[Any]:
    return (block for message in body["messages"] for block in as_blocks(message["content"]))


def _is_thinking(block: Any) -> bool:
    return isinstance(block, Mapping) and block.get("type") == "thinking"


def _misfit(step: Step, body: Mapping[str, Any], model_id: str, model: ModelRule, *, latest: bool) -> str | None:
    """Why this block is to be left out; None where it may stay. Raises where the request fails with it."""
    signed = _read(step)
    if signed is None:
        return None
    if latest and signed.text != text_digest(step.block.get("thinking") or ""):
        raise invalid(
            f"{step.path}: `thinking` or `redacted_thinking` blocks in the latest assistant message cannot be modified. "
            "These blocks must remain as they were in the original response."
        )
    if not _may_read(model_id, model, signed):
        return "model_binding_mismatch"
    if not model.binds_thinking or signed.prefix == step.prefix.digest:
        return None
    if _behaviour(body) == "drop_block":
        return "prefix_binding_mismatch"
    raise invalid(
        f"{step.path}: Invalid `signature` in `thinking` block. The block is bound to a different conversation. Remove the "
        'block, or set `thinking.block_binding.prefix_mismatch_behavior` to "drop_block".'
    )


def _read(step: Step) -> Signed | None:
    try:
        return read_signature(step.block.get("signature"))
    except BadSignature:
        raise _refused(step) from None


def _refused(step: Step) -> Refusal:
    return invalid(f"{step.path}: Invalid `signature` in `thinking` block")


def _may_read(model_id: str, model: ModelRule, signed: Signed) -> bool:
    """Models without preserved thinking read each other's; what one with it thought is read by few."""
    if signed.model_id == model_id or signed.model_id in model.reads_thinking_of:
        return True
    return not model.binds_thinking and not signed.binds


def _behaviour(body: Mapping[str, Any]) -> str:
    binding = (body.get("thinking") or {}).get("block_binding") or {}
    return binding.get("prefix_mismatch_behavior") or "error"


def without(body: Mapping[str, Any], places: Collection[tuple[int, int]]) -> Mapping[str, Any]:
    """The body without the blocks at these places (message, index); a message that is left empty goes too."""
    if not places:
        return body
    messages = []
    for number, message in enumerate(body["messages"]):
        content = message["content"]
        if isinstance(content, list):
            kept = [block for index, block in enumerate(content) if (number, index) not in places]
            if content and not kept:
                continue
            message = {**message, "content": kept}
        messages.append(message)
    return {**body, "messages": messages}
