"""On-demand compaction (beta compact-2026-09-04): a request that only asks for a summary, and the signed block it answers with."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from .compaction import KIND, is_summary, summarise
from .effects import ON_DEMAND
from .questions import Question
from .refusals import invalid
from .replies import Message
from .signatures import DIGEST, BadSignature, read_signature, text_digest
from .tokens import as_blocks

MOST_TOOL_REFERENCES = 500  # invented
HALF = DIGEST // 2
CONFLICTS = ("context_management", "stop_sequences")


def check_compaction(body: Mapping[str, Any]) -> None:
    """What a request for a summary may not ask besides, and that there is something to summarise."""
    if not body.get("compaction"):
        return
    for name in CONFLICTS:
        if body.get(name):
            raise invalid(f"compaction: cannot be combined with `{name}`")
    if (body.get("tool_choice") or {}).get("type") in ("any", "tool"):
        raise invalid("compaction: cannot be combined with a `tool_choice` that forces tool use")
    if (body.get("output_config") or {}).get("format") or body.get("output_format"):
        raise invalid("compaction: cannot be combined with `output_config.format`")
    said = [message for message in body["messages"] if message["role"] != "system" and as_blocks(message["content"])]
    if not said:
        raise invalid("compaction: `messages` hold nothing to summarize", code="compaction_nothing_to_summarize")
    if said[-1]["role"] == "assistant" and _is_unfinished(as_blocks(said[-1]["content"])):
        raise invalid(
            "compaction: the conversation ends on an assistant turn that is not finished",
            code="compaction_incomplete_turn",
        )


def _is_unfinished(blocks: Sequence[Any]) -> bool:
    called = {
        block["id"] for block in blocks if isinstance(block, Mapping) and str(block.get("type")).endswith("tool_use")
    }
    return bool(called - {block.get("tool_use_id") for block in blocks if isinstance(block, Mapping)})


def check_signed_summaries(body: Mapping[str, Any]) -> None:
    """That a signed block comes back as it was, alone, and first in the conversation."""
    summaries = [
        (number, index, block)
        for number, message in enumerate(body["messages"])
        for index, block in enumerate(as_blocks(message["content"]))
        if is_summary(block)
    ]
    signed = [found for found in summaries if found[2].get("signature")]
    if not signed:
        return
    edits = (body.get("context_management") or {}).get("edits") or ()
    if any(edit.get("type") == KIND for edit in edits):
        raise invalid(f"context_management: a signed `compaction` block cannot be combined with a `{KIND}` edit")
    if len(summaries) > 1:
        raise invalid("messages: more than one `compaction` block with content", code="compaction_block_ambiguous")
    number, index, block = signed[0]
    spoken = next(n for n, message in enumerate(body["messages"]) if message["role"] != "system")
    if (number, index) != (spoken, 0):
        raise invalid(
            f"messages.{number}.content.{index}: the `compaction` block must be the first block of the conversation",
            code="compaction_block_misplaced",
        )
    _check_signature(f"messages.{number}.content.{index}", block)


def _check_signature(path: str, block: Mapping[str, Any]) -> None:
    try:
        signed = read_signature(block["signature"])
    except BadSignature:
        raise invalid(
            f"{path}: Invalid `signature` in `compaction` block", code="compaction_signature_invalid"
        ) from None
    if signed is None:
        return
    if signed.text == _digest(block["content"], block.get("tool_changes") or []):
        return
    if signed.text[:HALF] == text_digest(block["content"])[:HALF]:
        raise invalid(
            f"{path}: `tool_changes` differ from what was returned with the block",
            code="compaction_tool_changes_mismatch",
        )
    raise invalid(
        f"{path}: `content` differs from the text that the `signature` recorded", code="compaction_content_mismatch"
    )


def _digest(text: str, changes: Sequence[Any]) -> bytes:
    """One digest of both, whose first half is that of the text alone."""
    return text_digest(text)[:HALF] + text_digest(json.dumps(list(changes), sort_keys=True))[:HALF]


def answer_with_summary(question: Question) -> Message:
    """The answer to a request for a summary: one block, and its cost in the iterations only."""
    changes = [dict(change) for change in question.tool_changes]
    if len(changes) > MOST_TOOL_REFERENCES:
        raise invalid(
            f"compaction: the conversation refers to more than {MOST_TOOL_REFERENCES} tools",
            code="compaction_too_many_tool_references",
        )
    summary = summarise(
        question,
        beta=ON_DEMAND,
        instructions=question.body["compaction"].get("instructions"),
        signed_as="signature",
        digest=lambda text: _digest(text, changes),
        more={"tool_changes": changes},
    )
    return Message(question, (summary.block,), "compaction", (summary.step,))
