"""The engine that answers: from a checked request to one message, the same for JSON and for a stream."""

from __future__ import annotations

import json
import random
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from .blocks import Block, result_block, text_block
from .budgets import output_share
from .caching import CacheUse
from .citing import citations
from .effects import NOISE
from .iterations import SAMPLED, Iteration
from .mcp import listing_blocks
from .prefixes import Prefix
from .prose import GREETINGS, Writer
from .questions import Question
from .refusals import invalid
from .replies import Message
from .sampling import NoSample, Sampler
from .serving import ServerCall
from .thinking import noise, think, thinking_tokens
from .tokens import pieces
from .tools import Plan, plan_calls

EFFORT_ANSWER = {"low": 0.75, "medium": 1.0, "high": 1.1, "xhigh": 1.15, "max": 1.2}
GREETINGS_HEARD = frozenset({"hello", "hi", "hey", "hello claude", "hi there", "good morning", "hello, claude"})


def answer(question: Question) -> Message:
    """Compose the answer to a question. Raises a Refusal where an output schema cannot be met."""
    return _Composer(question).compose()


class _Composer:
    """Gathers blocks until the answer is done or `max_tokens` is reached.

    The model is sampled anew after each result of a server tool: each such step reads all that came before it.
    """

    def __init__(self, question: Question) -> None:
        self._question = question
        self._left = question.body["max_tokens"]
        self._blocks: list[Block] = list(question.before)
        self._steps: list[Iteration] = list(question.steps)
        self._use = question.input_use
        self._step_tokens = 0
        self._writer = Writer(question.conversation.topics, question.seed.rng("words"))

    def compose(self) -> Message:
        question = self._question
        if question.pauses:
            return self._message("compaction", Plan())
        if self._left == 0:
            return self._finish("max_tokens", Plan())
        plan = plan_calls(question)
        due = [call for call in plan.server if call.call is None]
        for call in due:
            self._take_up(call)
        self._blocks += listing_blocks(question)
        if (tokens := thinking_tokens(question)) and not self._think(tokens):
            return self._finish("max_tokens", replace(plan, server=tuple(due)))
        for number, call in enumerate(plan.server[len(due) :], len(due)):
            if not self._serve(call):
                return self._finish("max_tokens", replace(plan, server=plan.server[:number]))
        if plan.pauses:
            return self._finish("pause_turn", plan)
        if plan.calls:
            fits = self._write(plan.preface) and all(self._add(call) for call in plan.calls)
            return self._finish("tool_use" if fits else "max_tokens", plan)
        return self._text(plan)

    def _text(self, plan: Plan) -> Message:
        question = self._question
        schema = _output_schema(question.body)
        text = self._prose() if schema is None else self._json(schema)
        stop_sequence, text = _cut_at_stop(text, question.body.get("stop_sequences") or (), question.conversation.ask)
        cited = () if schema else (*citations(question), *plan.citations)
        if not self._write(text, citations=cited):
            return self._finish("max_tokens", plan)
        return self._finish("stop_sequence" if stop_sequence else "end_turn", plan, stop_sequence)

    def _finish(self, reason: str, plan: Plan, stop_sequence: str | None = None) -> Message:
        self._end_step()
        return self._message(reason, plan, stop_sequence)

    def _message(self, reason: str, plan: Plan, stop_sequence: str | None = None) -> Message:
        return Message(
            self._question,
            tuple(self._blocks),
            reason,
            tuple(self._steps),
            stop_sequence,
            server_tool_use=plan.server_use,
        )

    def _take_up(self, call: ServerCall) -> None:
        """Add the result of a call that an earlier answer made; the first step reads it."""
        if call.outcome:
            self._blocks.append(result_block(call.outcome.result, delay_tokens=call.outcome.delay_tokens))
            self._use += CacheUse(call.read_tokens)

    def _serve(self, call: ServerCall) -> bool:
        """Add a server tool's call and result, and begin the step that reads the result. Whether the call fitted."""
        if call.call is None or not self._add(call.call):
            return False
        if call.outcome is None:
            return True
        self._blocks.append(result_block(call.outcome.result, delay_tokens=call.outcome.delay_tokens))
        self._end_step()
        read = CacheUse(self._use.tokens + self._step_tokens)
        if call.outcome.aside:
            self._steps.append(call.outcome.aside(read))
        self._use = read + CacheUse(call.read_tokens)
        self._step_tokens = 0
        return True

    def _end_step(self) -> None:
        least = 1 if self._question.body["max_tokens"] else 0
        self._steps.append(
            Iteration(SAMPLED, self._use, max(least, self._step_tokens), model_id=self._question.model_id)
        )

    def _add(self, block: Block) -> bool:
        """Keep a block if it still fits; a call that does not fit is dropped whole."""
        if block.tokens > self._left:
            return False
        self._blocks.append(block)
        self._left -= block.tokens
        self._step_tokens += block.tokens
        return True

    def _write(self, text: str, *, citations: Sequence[Mapping[str, Any]] = ()) -> bool:
        """Add text, cut to what is left of `max_tokens`. Whether all of it fitted."""
        parts = pieces(text)
        fits = len(parts) <= self._left
        if kept := "".join(parts[: self._left]):
            self._add(text_block(kept, self._rng(f"text {len(self._blocks)}"), citations=citations))
        return fits

    def _think(self, tokens: int) -> bool:
        """Add a thinking block, cut to what is left of `max_tokens`. Whether anything is left after it."""
        fits = tokens < self._left
        self._add(think(self._question, min(tokens, self._left), prefix=self._prefix(), writer=self._writer))
        return fits

    def _prefix(self) -> Prefix:
        prefix = self._question.prefix
        for block in self._blocks:
            prefix = prefix.after("assistant", block.content)
        return prefix

    def _prose(self) -> str:
        conversation = self._question.conversation
        greeted = conversation.ask.lower().strip(" .!?,") in GREETINGS_HEARD
        if greeted and not conversation.results and not self._question.wishes.tokens:
            return self._rng("greeting").choice(GREETINGS)
        return self._writer.answer(_answer_tokens(self._question), first=_first_words(self._question))

    def _json(self, schema: Mapping[str, Any]) -> str:
        conversation = self._question.conversation
        sampler = Sampler(schema, self._rng("sample"), conversation.topics, conversation.names)
        try:
            return json.dumps(sampler.sample(), ensure_ascii=False)
        except NoSample as error:
            raise invalid("output_config.format.schema: Invalid schema: no value can meet it") from error

    def _rng(self, purpose: str) -> random.Random:
        return self._question.seed.rng(purpose)


def _answer_tokens(question: Question) -> float:
    """The length of a text answer: its mean belongs to the prompt (or was asked for), its noise to this request."""
    ask = question.conversation.ask.lower()
    words = len(ask.split())
    rng = question.task.rng("answer")
    if question.wishes.tokens:
        mean: float = question.wishes.tokens
    elif any(phrase in ask for phrase in ("one word", "one sentence", "single sentence", "one line", "briefly")):
        mean = rng.uniform(24, 40)
    elif question.conversation.results:
        mean = rng.uniform(90, 150)
    elif words <= 3:
        mean = rng.uniform(35, 70)
    else:
        mean = rng.uniform(180, 330)
    effort = EFFORT_ANSWER.get(question.effort, 1.0) if question.model.efforts else 1.0
    return mean * effort * output_share(question.body) * noise(question.seed.rng("answer tokens"), NOISE.answer_tokens)


def _first_words(question: Question) -> str:
    """How an answer takes up what it was told along the way and the results it was given."""
    says = (
        [f"As told along the way ({' '.join(question.instructions.split())[:120]}):"] if question.instructions else []
    )
    for result in question.conversation.results[:3]:
        text = " ".join(result.text.split())[:120] or "nothing"
        says.append(f"{result.name} failed: {text}." if result.is_error else f"{result.name} says: {text}.")
    return " ".join(says)


def _output_schema(body: Mapping[str, Any]) -> Mapping[str, Any] | None:
    wanted = (body.get("output_config") or {}).get("format") or body.get("output_format")
    return wanted["schema"] if wanted else None


def _cut_at_stop(text: str, sequences: Sequence[str], ask: str) -> tuple[str | None, str]:
    """Cut the text at the first stop sequence. One that the prompt names is written at the end, as asked."""
    named = next((sequence for sequence in sequences if sequence.strip() and sequence in ask), None)
    if named is not None:
        text = f"{text}\n\n{named}"
    found = [(text.find(sequence), sequence) for sequence in sequences if sequence and sequence in text]
    if not found:
        return None, text
    place, sequence = min(found)
    return sequence, text[:place]
