"""The engine that answers: from a checked request to one message, the same for JSON and for a stream."""

from __future__ import annotations

import json
import math
import random
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from .blocks import Block, Thinking, text_block, thinking_block
from .caching import CacheUse
from .conversation import Conversation
from .effects import CONTEXT_MANAGEMENT, EFFECTS, INTERLEAVED_THINKING, NOISE, THINKING_TOKEN_COUNT
from .prose import GREETINGS, Writer
from .refusals import invalid
from .rules import ModelRule
from .sampling import NoSample, Sampler
from .seeds import Seed
from .tokens import pieces
from .tools import plan_calls

EFFORT_THINKING = {"low": 0.4, "medium": 1.0, "high": 1.6, "xhigh": 2.4, "max": 3.2}
EFFORT_ANSWER = {"low": 0.75, "medium": 1.0, "high": 1.1, "xhigh": 1.15, "max": 1.2}
SUMMARY_SHARE = 0.4
DEFAULT_THINKING_EFFORT = "high"
GREETINGS_HEARD = frozenset({"hello", "hi", "hey", "hello claude", "hi there", "good morning", "hello, claude"})


@dataclass(frozen=True)
class Question:
    """One checked request, and everything its answer depends on."""

    body: Mapping[str, Any]
    betas: tuple[str, ...]
    model_id: str
    model: ModelRule
    conversation: Conversation
    seed: Seed
    input_use: CacheUse
    applied_edits: tuple[Mapping[str, Any], ...] = ()
    wanted_tokens: int | None = None

    @property
    def task(self) -> Seed:
        """The chance that belongs to the prompt alone: the same in every column and repeat, so that only noise differs."""
        return Seed.of("task", self.conversation.ask, *self.conversation.called)

    @property
    def effort(self) -> str:
        return (self.body.get("output_config") or {}).get("effort") or self.model.effort_default


@dataclass(frozen=True)
class Message:
    """One answer. `as_json` is the message of a JSON response; a stream says the same in its events."""

    question: Question
    blocks: tuple[Block, ...]
    stop_reason: str
    stop_sequence: str | None = None
    server_tool_use: Mapping[str, int] = field(default_factory=dict)

    @property
    def output_tokens(self) -> int:
        return max(1, sum(block.tokens for block in self.blocks)) if self.question.body["max_tokens"] else 0

    def head(self) -> dict[str, Any]:
        """The message as `message_start` carries it."""
        usage = {**self._input_usage(), "output_tokens": min(self.output_tokens, 1 + len(self.blocks))}
        usage |= {
            "service_tier": "standard",
            "inference_geo": "global",
            "speed": self.question.body.get("speed") or "standard",
        }
        return {
            "model": self.question.model_id,
            "id": self.question.seed.ident("msg_"),
            "type": "message",
            "role": "assistant",
            "content": [],
            "container": None,
            "diagnostics": None,
            "stop_reason": None,
            "stop_sequence": None,
            "stop_details": None,
            "usage": usage,
        }

    def final_usage(self) -> dict[str, Any]:
        """The cumulative usage of `message_delta`."""
        thinking = sum(block.tokens for block in self.blocks if block.content["type"] == "thinking")
        usage = self._input_usage()
        del usage["cache_creation"]
        usage |= {"output_tokens": self.output_tokens, "output_tokens_details": {"thinking_tokens": thinking}}
        if self.server_tool_use:
            usage["server_tool_use"] = dict(self.server_tool_use)
        return usage

    def stop(self) -> dict[str, Any]:
        return {"stop_reason": self.stop_reason, "stop_sequence": self.stop_sequence, "stop_details": None}

    def context_management(self) -> dict[str, Any]:
        """What the beta adds beside the message; empty without it."""
        if CONTEXT_MANAGEMENT not in self.question.betas:
            return {}
        return {"context_management": {"applied_edits": list(self.question.applied_edits)}}

    def as_json(self) -> dict[str, Any]:
        message = self.head()
        message |= {**self.stop(), "content": [block.content for block in self.blocks]}
        message["usage"] |= self.final_usage()
        return message | self.context_management()

    def _input_usage(self) -> dict[str, Any]:
        use = self.question.input_use
        return {
            "input_tokens": use.input_tokens,
            "cache_creation_input_tokens": use.written_5m_tokens + use.written_1h_tokens,
            "cache_read_input_tokens": use.read_tokens,
            "cache_creation": {
                "ephemeral_5m_input_tokens": use.written_5m_tokens,
                "ephemeral_1h_input_tokens": use.written_1h_tokens,
            },
        }


def answer(question: Question) -> Message:
    """Compose the answer to a question. Raises a Refusal where an output schema cannot be met."""
    return _Composer(question).compose()


class _Composer:
    """Gathers blocks until the answer is done or `max_tokens` is reached."""

    def __init__(self, question: Question) -> None:
        self._question = question
        self._left = question.body["max_tokens"]
        self._blocks: list[Block] = []
        self._writer = Writer(question.conversation.topics, question.seed.rng("words"))

    def compose(self) -> Message:
        question = self._question
        if self._left == 0:
            return Message(question, (), "max_tokens")
        if (tokens := _thinking_tokens(question)) and not self._think(tokens):
            return self._finish("max_tokens")
        plan = plan_calls(question.body, question.conversation, question.betas, question.seed)
        if sum(block.tokens for block in plan.server_blocks) > self._left:
            return self._finish("max_tokens")
        for block in plan.server_blocks:
            self._add(block)
        if plan.calls:
            fits = self._write(plan.preface) and all(self._add(call) for call in plan.calls)
            return self._finish("tool_use" if fits else "max_tokens", plan.server_use)
        schema = _output_schema(question.body)
        text = self._prose() if schema is None else self._json(schema)
        stop_sequence, text = _cut_at_stop(text, question.body.get("stop_sequences") or (), question.conversation.ask)
        if not self._write(text, citations=plan.citations):
            return self._finish("max_tokens", plan.server_use)
        return self._finish("stop_sequence" if stop_sequence else "end_turn", plan.server_use, stop_sequence)

    def _finish(
        self, reason: str, server_use: Mapping[str, int] | None = None, stop_sequence: str | None = None
    ) -> Message:
        return Message(self._question, tuple(self._blocks), reason, stop_sequence, server_use or {})

    def _add(self, block: Block) -> bool:
        """Keep a block if it still fits; a call that does not fit is dropped whole."""
        if block.tokens > self._left:
            return False
        self._blocks.append(block)
        self._left -= block.tokens
        return True

    def _write(self, text: str, *, citations: tuple[Mapping[str, Any], ...] = ()) -> bool:
        """Add text, cut to what is left of `max_tokens`. Whether all of it fitted."""
        parts = pieces(text)
        fits = len(parts) <= self._left
        if kept := "".join(parts[: self._left]):
            self._add(text_block(kept, self._rng(f"text {len(self._blocks)}"), citations=citations))
        return fits

    def _think(self, tokens: int) -> bool:
        """Add a thinking block, cut to what is left of `max_tokens`. Whether anything is left after it."""
        fits = tokens < self._left
        tokens = min(tokens, self._left)
        counts = THINKING_TOKEN_COUNT in self._question.betas
        shown = _display(self._question) != "omitted"
        thinking = Thinking(
            tokens,
            summary=self._writer.thoughts(tokens * SUMMARY_SHARE) if shown else None,
            quantum=int(EFFECTS[THINKING_TOKEN_COUNT, "estimate_quantum"].size) if counts else None,
            estimated=tokens * EFFECTS[THINKING_TOKEN_COUNT, "estimated_share"].draw(self._rng("estimate")),
        )
        self._add(thinking_block(thinking, self._rng("thinking")))
        return fits

    def _prose(self) -> str:
        conversation = self._question.conversation
        greeted = conversation.ask.lower().strip(" .!?,") in GREETINGS_HEARD
        if greeted and not conversation.results and not self._question.wanted_tokens:
            return self._rng("greeting").choice(GREETINGS)
        return self._writer.answer(_answer_tokens(self._question), first=_first_words(conversation))

    def _json(self, schema: Mapping[str, Any]) -> str:
        conversation = self._question.conversation
        sampler = Sampler(schema, self._rng("sample"), conversation.topics, conversation.names)
        try:
            return json.dumps(sampler.sample(), ensure_ascii=False)
        except NoSample as error:
            raise invalid("output_config.format.schema: Invalid schema: no value can meet it") from error

    def _rng(self, purpose: str) -> random.Random:
        return self._question.seed.rng(purpose)


def _thinking_tokens(question: Question) -> int:
    """How many tokens this answer thinks; 0 when it does not think."""
    setting = question.body.get("thinking") or {}
    kind = setting.get("type") or question.model.thinking_default
    between = bool(question.conversation.results)
    interleaved = kind == "enabled" and INTERLEAVED_THINKING in question.betas
    if (
        kind == "disabled"
        or (kind == "between_tools" and not between)
        or (kind == "enabled" and between and not interleaved)
    ):
        return 0
    rng = question.seed.rng("thinking tokens")
    if between:
        blocks = EFFECTS[INTERLEAVED_THINKING, "thinking_blocks"].size
        tokens = blocks * EFFECTS[INTERLEAVED_THINKING, "thinking_tokens"].draw(rng)
    else:
        effort = question.effort if kind == "adaptive" else DEFAULT_THINKING_EFFORT
        base = question.task.rng("thinking").uniform(110, 240)
        tokens = base * EFFORT_THINKING.get(effort, 1.0) * _noise(rng, NOISE.thinking_tokens)
    return max(16, min(round(tokens), setting.get("budget_tokens") or 100_000))


def _display(question: Question) -> str:
    return (question.body.get("thinking") or {}).get("display") or question.model.thinking_display


def _answer_tokens(question: Question) -> float:
    """The length of a text answer: its mean belongs to the prompt (or was asked for), its noise to this request."""
    ask = question.conversation.ask.lower()
    words = len(ask.split())
    rng = question.task.rng("answer")
    if question.wanted_tokens:
        mean: float = question.wanted_tokens
    elif any(phrase in ask for phrase in ("one word", "one sentence", "single sentence", "one line", "briefly")):
        mean = rng.uniform(24, 40)
    elif question.conversation.results:
        mean = rng.uniform(90, 150)
    elif words <= 3:
        mean = rng.uniform(35, 70)
    else:
        mean = rng.uniform(180, 330)
    effort = EFFORT_ANSWER.get(question.effort, 1.0) if question.model.efforts else 1.0
    return mean * effort * _noise(question.seed.rng("answer tokens"), NOISE.answer_tokens)


def _noise(rng: random.Random, spread: float) -> float:
    """A factor with mean 1 and that relative standard deviation."""
    sigma = math.sqrt(math.log(1 + spread * spread))
    return rng.lognormvariate(-sigma * sigma / 2, sigma)


def _first_words(conversation: Conversation) -> str:
    """How an answer takes up the results it was given."""
    says = []
    for result in conversation.results[:3]:
        text = " ".join(result.text.split())[:120] or "nothing"
        says.append(f"{result.name} failed: {text}." if result.is_error else f"{result.name} says: {text}.")
    return " ".join(says)


def _output_schema(body: Mapping[str, Any]) -> Mapping[str, Any] | None:
    wanted = (body.get("output_config") or {}).get("format") or body.get("output_format")
    return wanted["schema"] if wanted else None


def _cut_at_stop(text: str, sequences: tuple[str, ...] | list[str], ask: str) -> tuple[str | None, str]:
    """Cut the text at the first stop sequence. One that the prompt names is written at the end, as asked."""
    named = next((sequence for sequence in sequences if sequence.strip() and sequence in ask), None)
    if named is not None:
        text = f"{text}\n\n{named}"
    found = [(text.find(sequence), sequence) for sequence in sequences if sequence and sequence in text]
    if not found:
        return None, text
    place, sequence = min(found)
    return sequence, text[:place]
