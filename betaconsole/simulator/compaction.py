"""Compaction: a summary takes the place of the conversation so far.

Past a threshold (beta compact-2026-01-12) the answer begins with the summary and goes on from it, or pauses after it. Later
requests carry the block; what stands before it is not read any more.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, replace
from typing import Any

from .blocks import Block, Delta
from .caching import CacheUse
from .effects import COMPACTION, EFFECTS
from .iterations import COMPACTED, Iteration
from .prose import Writer
from .questions import Question
from .signatures import Signed, sign, text_digest
from .tokens import as_blocks, count, pieces

KIND = "compact_20260112"
DEFAULT_TRIGGER_TOKENS = 150_000
SIGNED_BYTES = 160


@dataclass(frozen=True)
class Summary:
    """A summary as written: its block, and the step that it cost."""

    block: Block
    step: Iteration


def compact_edit(body: Mapping[str, Any], betas: Collection[str]) -> Mapping[str, Any] | None:
    """The edit that asks for compaction past a threshold."""
    edits = (body.get("context_management") or {}).get("edits") or []
    if COMPACTION not in betas:
        return None
    return next((edit for edit in edits if edit.get("type") == KIND), None)


def compacted(question: Question) -> Question:
    """The question that is left when the prompt has outgrown its trigger; else the same question."""
    edit = compact_edit(question.body, question.betas)
    trigger = ((edit or {}).get("trigger") or {}).get("value") or DEFAULT_TRIGGER_TOKENS
    if edit is None or question.input_use.tokens < trigger:
        return question
    summary = summarise(question, beta=COMPACTION, instructions=edit.get("instructions"), signed_as="encrypted_content")
    body = {**question.body, "messages": [{"role": "assistant", "content": [summary.block.content]}]}
    return replace(
        question,
        body=body,
        input_use=CacheUse(count(body)),
        before=(*question.before, summary.block),
        steps=(*question.steps, summary.step),
        pauses=bool(edit.get("pause_after_compaction")),
    )


def summarise(
    question: Question,
    *,
    beta: str,
    instructions: str | None,
    signed_as: str,
    digest: Callable[[str], bytes] = text_digest,
    more: Mapping[str, Any] | None = None,
) -> Summary:
    """Summarise the conversation, for the beta that does so.

    `signed_as` is the field of the block that holds its signature, which records `digest` of the text; `more` are further fields.
    """
    rng = question.seed.rng("summary")
    writer = Writer(question.conversation.topics, rng)
    text = _summary_text(question, instructions, writer, EFFECTS[beta, "summary_tokens"].draw(rng))
    signed = Signed(question.model_id, question.prefix.digest, digest(text), question.model.binds_thinking)
    signature = sign(signed, rng, filler=SIGNED_BYTES)
    content = {"type": "compaction", "content": text, "encrypted_content": None, **(more or {}), signed_as: signature}
    written = len(pieces(text))
    told = {name: content[name] for name in ("content", "encrypted_content")}
    start = {name: value for name, value in content.items() if name != "encrypted_content"} | {"content": None}
    asked = CacheUse(int(EFFECTS[beta, "instruction_tokens"].size))
    step = Iteration(COMPACTED, question.input_use + asked, written, counted=False)
    return Summary(Block(content, start, (Delta({"type": "compaction_delta", **told}, written),), written), step)


def after_compaction(body: Mapping[str, Any]) -> Mapping[str, Any]:
    """The request without what its last summary stands for. The same body where it carries none."""
    for number in range(len(body["messages"]) - 1, -1, -1):
        message = body["messages"][number]
        blocks = as_blocks(message["content"])
        for index in range(len(blocks) - 1, -1, -1):
            if is_summary(blocks[index]):
                kept = [{**message, "content": blocks[index:]}, *body["messages"][number + 1 :]]
                return {**body, "messages": kept}
    return body


def is_summary(block: Any) -> bool:
    """Whether this is a compaction block that holds a summary; one without content is a failed one, and nothing."""
    return isinstance(block, Mapping) and block.get("type") == "compaction" and bool(block.get("content"))


def _summary_text(question: Question, instructions: str | None, writer: Writer, tokens: float) -> str:
    asked = " ".join(question.conversation.ask.split())[-200:] or "to go on"
    first = f"(Simulated summary.) The user last asked: {asked}"
    if instructions and instructions.strip():
        first += f" (summarised as told: {' '.join(instructions.split())[:120]})"
    return f"{first}\n\n{writer.thoughts(max(8.0, tokens - len(pieces(first))))}"
