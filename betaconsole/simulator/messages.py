"""POST /v1/messages and /v1/messages/count_tokens: checks in the API's order, then the message, streamed or whole."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace
from typing import Any

from . import faults
from .admission import check_shape, read_body
from .advisor import check_advisor
from .attachments import with_files
from .caching import CacheUse
from .compaction import compacted
from .containers import container_of, loaded_skills
from .conversation import Conversation
from .effects import CONTEXT_MANAGEMENT, EFFECTS, FAST_MODE, MESSAGE_THREADS
from .fallback import Fallbacks, answer_or_decline, read_fallbacks
from .files import find_file, keep_made_files
from .limits import (
    check_conversation,
    check_effort,
    check_limits,
    check_model,
    check_output_format,
    check_prompt,
    check_speed,
    check_thinking,
    check_tool_choice,
    check_tools,
)
from .mcp import check_servers
from .prompts import Prompt, see
from .questions import Question
from .replies import Message
from .rules import ModelRule
from .steering import check_system_messages
from .stream import Tempo, encoded, frames
from .summaries import answer_with_summary, check_compaction, check_signed_summaries
from .tokens import count, measure
from .visits import Caller, Visit
from .wire import Answer

LONG_THREAD_TOKENS = 500_000
STREAM_TYPES = (("content-type", "text/event-stream; charset=utf-8"), ("cache-control", "no-cache"))


def create_message(visit: Visit) -> Answer:
    caller, body = _received(visit)
    if broken := visit.broken_early():
        return broken
    question, fallbacks = _asked(visit, caller, body)
    return _told(visit, caller, question, _answered(visit, caller, question, fallbacks))


def message_alone(visit: Visit, caller: Caller) -> Message:
    """The message of a visit that is answered elsewhere, in the results of a batch. Raises Refusal.

    Faults that are an error status strike here too; those of a connection have none to strike.
    """
    body = _read(visit)
    visit.broken_early()
    question, fallbacks = _asked(visit, caller, body, alone=True)
    return _answered(visit, caller, question, fallbacks)


def count_tokens(visit: Visit) -> Answer:
    caller, body = _received(visit)
    if broken := visit.broken_early():
        return broken
    _, model, prompt = _checked(visit, caller, body, endpoint="messages.count_tokens")
    tokens = count(prompt.body) + _more_tokens(visit, prompt)
    check_prompt(tokens, model)
    counted: dict[str, Any] = {"input_tokens": tokens}
    if CONTEXT_MANAGEMENT in caller.betas and body.get("context_management"):
        counted["context_management"] = {"original_input_tokens": count(prompt.unedited) + _more_tokens(visit, prompt)}
    return visit.whole(200, counted, at_s=visit.quick_s())


def _received(visit: Visit) -> tuple[Caller, dict[str, Any]]:
    caller = visit.admit()
    return caller, _read(visit)


def _read(visit: Visit) -> dict[str, Any]:
    """The body, with its wishes and its seed taken up."""
    body = read_body(visit.request)
    visit.wish(wishes_in(body))
    visit.seeded(body)
    return body


def wishes_in(body: Mapping[str, Any]) -> str:
    """The directives to the simulator in a body that may be malformed."""
    try:
        return Conversation.of(body).directives
    except (KeyError, TypeError, AttributeError):
        return ""


def _checked(
    visit: Visit, caller: Caller, body: Mapping[str, Any], *, endpoint: str, alone: bool = False
) -> tuple[str, ModelRule, Prompt]:
    rules = visit.world.rules
    check_output_format(body, caller.betas)
    check_shape(body, rules, endpoint=endpoint, betas=caller.betas, version=caller.version)
    body = visit.world.threads.resumed(body, caller.key_name)
    model_id, model = check_model(body, rules)
    redemption = None
    if not alone:
        redemption = visit.world.credits.redeemed(body, caller.key_name, betas=caller.betas, model_id=model_id)
    check_speed(body, model_id, model, caller.betas)
    if endpoint == "messages":
        check_compaction(body)
    check_signed_summaries(body)
    may_continue = bool(body.get("compaction")) or (redemption is not None and redemption.continues)
    _check_meaning(body, model_id, model, betas=caller.betas, may_continue=may_continue)
    fallbacks = read_fallbacks(body, betas=caller.betas, model_id=model_id, rules=rules)
    prompt = see(body, betas=caller.betas, model_id=model_id, model=model)
    prompt = replace(prompt, redemption=redemption, fallbacks=fallbacks)
    return model_id, model, _with_files(visit, caller, prompt)


def _check_meaning(
    body: Mapping[str, Any], model_id: str, model: ModelRule, *, betas: Collection[str], may_continue: bool
) -> None:
    check_conversation(body, model, may_continue=may_continue)
    check_system_messages(body, model)
    check_tools(body)
    check_servers(body, betas)
    check_advisor(body, model_id, model)
    check_tool_choice(body, model)
    check_thinking(body, model)
    check_effort(body, model)


def _asked(visit: Visit, caller: Caller, body: Mapping[str, Any], *, alone: bool = False) -> tuple[Question, Fallbacks]:
    """The question that the (then valid) request puts to the model, and what follows if that declines. Raises Refusal.

    `alone`: the request is one of a batch.
    """
    model_id, model, prompt = _checked(visit, caller, body, endpoint="messages", alone=alone)
    more_tokens = _more_tokens(visit, prompt)
    check_limits(body, model_id, model, input_tokens=count(prompt.body) + more_tokens)
    use = _cached(visit, prompt.body, f"{caller.key_name} {model_id}", model) + CacheUse(more_tokens)
    message_id = visit.seeded().ident("msg_")
    diagnosis = visit.world.diagnoses.diagnosed(prompt.sent, caller.key_name, message_id=message_id)
    question = Question(
        sent=prompt.sent,
        body=prompt.body,
        betas=caller.betas,
        model_id=model_id,
        model=model,
        rules=visit.world.rules,
        conversation=Conversation.of(prompt.sent),
        seed=visit.seeded(),
        input_use=use,
        wishes=visit.wishes,
        opening={**prompt.opening, **diagnosis},
        closing=prompt.closing,
        lists_iterations=prompt.lists_iterations,
        offered=prompt.offer.tools,
        deferred=prompt.offer.deferred,
        tool_changes=prompt.offer.changes,
        instructions=prompt.instructions,
        more_usage=prompt.redemption.usage() if prompt.redemption else {},
    )
    return compacted(question), prompt.fallbacks


def _answered(visit: Visit, caller: Caller, question: Question, fallbacks: Fallbacks) -> Message:
    skills = loaded_skills(visit, caller, question.sent)
    if question.body.get("compaction"):
        message = answer_with_summary(question)
    else:
        message = answer_or_decline(question, fallbacks, lambda body: _asked(visit, caller, body)[0])
    message = visit.world.credits.granted(message, caller.key_name)
    content = [block.content for block in message.blocks]
    keep_made_files(visit, caller, content)
    return replace(message, container=container_of(visit, question.sent, content, skills))


def _with_files(visit: Visit, caller: Caller, prompt: Prompt) -> Prompt:
    def found(body: Mapping[str, Any]) -> Mapping[str, Any]:
        return with_files(body, lambda file_id: find_file(visit, caller, file_id))

    return replace(prompt, body=found(prompt.body), unedited=found(prompt.unedited))


def _more_tokens(visit: Visit, prompt: Prompt) -> int:
    """What is to be counted beside the prompt, as wished; a summary has taken the place of that too."""
    return 0 if prompt.carries_summary else visit.wishes.more_input


def _cached(visit: Visit, body: Mapping[str, Any], owner: str, model: ModelRule) -> CacheUse:
    segments = measure(body)
    if marker := body.get("cache_control"):
        segments[-1] = replace(segments[-1], cache_ttl=marker.get("ttl") or "5m")
    ready_in_s = visit.paced().ttft_ms / 1000
    return visit.world.cache.use(segments, owner=owner, least_tokens=model.min_cache_tokens, ready_in_s=ready_in_s)


def _told(visit: Visit, caller: Caller, question: Question, message: Message) -> Answer:
    """The message, streamed or whole, with the fault it was to meet."""
    tempo = _tempo(visit, question)
    if question.sent.get("thread"):
        takes_s = tempo.at(message.written_tokens)
        visit.world.threads.hold(question.sent, message.as_json(), caller.key_name, takes_s=takes_s)
    fault = faults.strikes(visit.wishes, visit.seeded()) or ""
    if question.body.get("stream") and fault != "json":
        struck = faults.strike_stream(fault, frames(message, tempo), visit.wishes)
        parts = encoded(struck.frames)
        headers = (*STREAM_TYPES, *visit.headers())
        return Answer(200, headers, parts, None, parts[0].at_s if parts else tempo.ttft_s, struck.ending)
    whole = visit.whole(200, message.as_json(), at_s=tempo.at(message.written_tokens))
    return faults.strike_body(fault, whole, visit.wishes)


def _tempo(visit: Visit, question: Question) -> Tempo:
    use = question.steps[0].use if question.steps else question.input_use
    uncached = use.input_tokens + use.written_5m_tokens + use.written_1h_tokens
    fast = EFFECTS[FAST_MODE, "pace"].size if question.body.get("speed") == "fast" else 1.0
    return Tempo.of(
        visit.paced(),
        visit.seeded().rng("pace"),
        input_tokens=uncached,
        model_pace=question.model.pace * fast,
        ttft_share=_ttft_share(question),
    )


def _ttft_share(question: Question) -> float:
    """How much of the usual time to the first token passes: less in a long thread, whose past is there already."""
    if (question.sent.get("thread") or {}).get("type") != "continue":
        return 1.0
    length = min(1.0, question.input_use.tokens / LONG_THREAD_TOKENS)
    return 1.0 + EFFECTS[MESSAGE_THREADS, "ttft_share"].size * length
