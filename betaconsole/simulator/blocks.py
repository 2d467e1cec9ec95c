"""Content blocks: what each holds in the end, and the deltas in which it streams. JSON and SSE both come from these."""

from __future__ import annotations

import json
import random
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from .tokens import pieces


@dataclass(frozen=True)
class Delta:
    """One `content_block_delta`. `tokens` is the output that was generated since the delta before it."""

    data: Mapping[str, Any]
    tokens: float


@dataclass(frozen=True)
class Block:
    """One content block: the finished `content`, the `start` a stream opens it with, its deltas and all its output tokens.

    `delay_tokens`: it begins only after as long as so many tokens take, which are not its own.
    """

    content: Mapping[str, Any]
    start: Mapping[str, Any]
    deltas: tuple[Delta, ...] = ()
    tokens: int = 0
    delay_tokens: int = 0


def text_block(text: str, rng: random.Random, *, citations: Sequence[Mapping[str, Any]] = ()) -> Block:
    """A text block that streams a few tokens at a time; citations come before the text they belong to ends."""
    parts = pieces(text)
    deltas = [Delta({"type": "text_delta", "text": part}, tokens) for part, tokens in _grouped(parts, rng)]
    deltas += [Delta({"type": "citations_delta", "citation": citation}, 0) for citation in citations]
    content: dict[str, Any] = {"type": "text", "text": text}
    if citations:
        content["citations"] = list(citations)
    start = {"type": "text", "text": "", **({"citations": []} if citations else {})}
    return Block(content, start, tuple(deltas), len(parts))


@dataclass(frozen=True)
class Thinking:
    """How one thinking block is to come out.

    `tokens` of reasoning are billed; `summary` is what is shown of it, or None when the display is omitted. With `quantum` every
    thinking_delta carries `estimated_tokens` (beta thinking-token-count): null, or with the display omitted increments of
    `quantum` that sum up to about `estimated` tokens.
    """

    tokens: int
    summary: str | None
    quantum: int | None = None
    estimated: float = 0.0


def thinking_block(thinking: Thinking, signature: str, rng: random.Random) -> Block:
    if thinking.summary is None:
        deltas = _estimates(thinking)
    else:
        note = {} if thinking.quantum is None else {"estimated_tokens": None}
        parts = pieces(thinking.summary)
        each = thinking.tokens / max(1, len(parts))
        deltas = [
            Delta({"type": "thinking_delta", "thinking": part, **note}, tokens * each)
            for part, tokens in _grouped(parts, rng)
        ]
    spent = sum(delta.tokens for delta in deltas)
    deltas.append(Delta({"type": "signature_delta", "signature": signature}, max(0.0, thinking.tokens - spent)))
    content = {"type": "thinking", "thinking": thinking.summary or "", "signature": signature}
    return Block(content, {**content, "thinking": "", "signature": ""}, tuple(deltas), thinking.tokens)


def _estimates(thinking: Thinking) -> list[Delta]:
    if not thinking.quantum:
        return []
    frames = max(1, round(thinking.estimated / thinking.quantum))
    data = {"type": "thinking_delta", "thinking": "", "estimated_tokens": thinking.quantum}
    return [Delta(data, thinking.tokens / frames)] * frames


def tool_use_block(
    head: Mapping[str, Any], tool_input: Mapping[str, Any], rng: random.Random, *, buffered_share: float
) -> Block:
    """A call: `head` is the block without its input. Each value of the input is held back for `buffered_share` of the time it
    takes to write, then comes in a burst; 0 streams it as it is written."""
    head_tokens = 12
    deltas = [Delta({"type": "input_json_delta", "partial_json": ""}, head_tokens)]
    for part in _members(tool_input):
        groups = list(_grouped(pieces(part), rng))
        held = sum(tokens for _, tokens in groups) * buffered_share
        for place, (text, tokens) in enumerate(groups):
            waits = tokens * (1 - buffered_share) + (held if place == 0 else 0)
            deltas.append(Delta({"type": "input_json_delta", "partial_json": text}, waits))
    tokens = head_tokens + len(pieces(json.dumps(tool_input, ensure_ascii=False)))
    return Block({**head, "input": tool_input}, {**head, "input": {}}, tuple(deltas), tokens)


def _members(tool_input: Mapping[str, Any]) -> Iterable[str]:
    """The JSON text of an object, cut after each member."""
    if not tool_input:
        return ["{}"]
    members = [
        f"{json.dumps(key, ensure_ascii=False)}: {json.dumps(value, ensure_ascii=False)}"
        for key, value in tool_input.items()
    ]
    return [
        ("{" if place == 0 else ", ") + member + ("}" if place == len(members) - 1 else "")
        for place, member in enumerate(members)
    ]


def result_block(content: Mapping[str, Any], *, delay_tokens: int = 0) -> Block:
    """A server tool's result, which comes whole with its start, after as long as so many tokens take to write."""
    return Block(content, content, delay_tokens=delay_tokens)


def _grouped(parts: Sequence[str], rng: random.Random) -> Iterable[tuple[str, int]]:
    """Neighbouring tokens in groups of one to four, as they arrive."""
    place = 0
    while place < len(parts):
        size = min(1 + int(4 * rng.random()), len(parts) - place)
        yield "".join(parts[place : place + size]), size
        place += size
