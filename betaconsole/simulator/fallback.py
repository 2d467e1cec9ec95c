"""Models that decline, and others that answer in their place (beta server-side-fallback).

A simulated model declines only where the request wishes it: `[[simulator: refuse]]`.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from .answering import answer
from .blocks import Block
from .caching import CacheUse
from .effects import SERVER_SIDE_FALLBACK
from .iterations import FALLEN_BACK
from .models import allowed_fallbacks
from .questions import Question
from .refusals import invalid
from .replies import Message
from .rules import ModelRule, Rules

MOST_HOPS = 3
DEFAULT = "default"
FALLBACK_FAMILY = "server-side-fallback-"
CATEGORIES = ("cyber", "bio", "frontier_llm", "reasoning_extraction", "general_harms")
PREFERRED_LINE = "opus"
NOT_PASSED_ON = ("fallbacks", "thread")
EXPLANATION = "This simulated request was declined because it asked to be."

# The question that the same request puts to another model, given the request as it goes there. Raises a Refusal.
Ask = Callable[[Mapping[str, Any]], Question]


@dataclass(frozen=True)
class Fallbacks:
    """The requests that go to other models, in order, should the first one decline."""

    bodies: tuple[Mapping[str, Any], ...] = ()


def read_fallbacks(body: Mapping[str, Any], *, betas: Collection[str], model_id: str, rules: Rules) -> Fallbacks:
    """The chain that a (well-formed) request names. Raises a Refusal where its entries do not fit."""
    asked = body.get("fallbacks")
    if not asked:
        return Fallbacks()
    if body.get("fallback_credit_token") is not None:
        raise invalid("fallback_credit_token: cannot be combined with `fallbacks`")
    allowed = allowed_fallbacks(rules, model_id)
    if asked == DEFAULT and SERVER_SIDE_FALLBACK in betas:
        entries: Sequence[Mapping[str, Any]] = _recommended(allowed, rules)
    elif isinstance(asked, list):
        entries = asked
    else:
        expected = "a valid list" if SERVER_SIDE_FALLBACK not in betas else "a valid list or 'default'"
        raise invalid(f"fallbacks: Input should be {expected}")
    if len(entries) > MOST_HOPS:
        raise invalid(f"fallbacks: List should have at most {MOST_HOPS} items after validation, not {len(entries)}")
    return Fallbacks(tuple(_passed_on(body, entry, number, allowed, rules) for number, entry in enumerate(entries)))


def _recommended(allowed: Sequence[str], rules: Rules) -> list[Mapping[str, Any]]:
    """What "default" means here is invented: the first opus that may stand in, else the first model that may."""
    preferred = [name for name in allowed if rules.models[name].line == PREFERRED_LINE]
    return [{"model": name} for name in (preferred or list(allowed))[:1]]


def _passed_on(
    body: Mapping[str, Any], entry: Mapping[str, Any], number: int, allowed: Collection[str], rules: Rules
) -> Mapping[str, Any]:
    """The request as it goes to the model of one entry, its own fields over those of the request."""
    found = rules.find_model(entry["model"])
    if found is None or found[0] not in allowed:
        raise invalid(f"fallbacks.{number}.model: {entry['model']} is not a permitted fallback of {body['model']}")
    passed = {name: value for name, value in body.items() if name not in NOT_PASSED_ON}
    passed |= {"model": found[0], "max_tokens": entry.get("max_tokens") or body["max_tokens"]}
    for name, value in (
        ("thinking", _thinking(body, entry, found[1])),
        ("output_config", _output_config(body, entry, found[1])),
        ("speed", _speed(body, entry, found[1])),
    ):
        passed.pop(name, None)
        if value:
            passed[name] = value
    return passed


def _thinking(body: Mapping[str, Any], entry: Mapping[str, Any], model: ModelRule) -> Any:
    if "thinking" in entry:
        return entry["thinking"]
    asked = body.get("thinking") or {}
    if asked.get("type") == "between_tools" and "between_tools" not in model.thinking:
        return {"type": "disabled"} if "disabled" in model.thinking else None
    return asked if asked.get("type") in model.thinking else None


def _output_config(body: Mapping[str, Any], entry: Mapping[str, Any], model: ModelRule) -> Any:
    if "output_config" in entry and entry["output_config"] is None:
        return None
    own = entry.get("output_config") or {}
    merged = {**(body.get("output_config") or {}), **own}
    if "effort" not in own and merged.get("effort") not in model.efforts:
        merged.pop("effort", None)
    return {name: value for name, value in merged.items() if value is not None}


def _speed(body: Mapping[str, Any], entry: Mapping[str, Any], model: ModelRule) -> Any:
    if "speed" in entry:
        return entry["speed"]
    return "fast" if body.get("speed") == "fast" and model.fast_mode == "built_in" else None


def answer_or_decline(question: Question, fallbacks: Fallbacks, ask: Ask) -> Message:
    """The answer, from the first model of the chain that does not decline; else the last refusal."""
    declines = question.wishes.declines if question.wishes.refuse else 0
    if question.sent.get("fallback_credit_token") is not None:
        declines -= 1  # the model that gave the token has declined already
    if declines <= 0:
        return answer(question)
    message = _declined(question)
    name = question.sent["model"]
    for number, body in enumerate(fallbacks.bodies, 1):
        asked = _continued(ask(body), message, name)
        name = asked.model_id
        if number >= declines:
            return _served(answer(asked))
        message = _declined(asked)
    return message


def _declined(question: Question) -> Message:
    """The answer of a model that declines, at once or after so many tokens."""
    most = min(question.wishes.refuse_after, question.body["max_tokens"])
    partial = answer(replace(question, body={**question.body, "max_tokens": most}))
    category = question.wishes.refuse if question.wishes.refuse in CATEGORIES else None
    details = {"type": "refusal", "category": category, "explanation": EXPLANATION}
    if any(beta.startswith(FALLBACK_FAMILY) for beta in question.betas):
        details["recommended_model"] = None
    return replace(partial, question=question, stop_reason="refusal", stop_details=details)


def _continued(question: Question, declined: Message, name: str) -> Question:
    """The question to the next model, which reads what the one before it wrote. `name` is how that one was called."""
    boundary = {
        "type": "fallback",
        "from": {"model": name},
        "to": {"model": question.model_id},
        "trigger": {"type": "refusal", "category": (declined.stop_details or {}).get("category")},
    }
    return replace(
        question,
        input_use=question.input_use + CacheUse(declined.output_tokens),
        before=(*declined.blocks, Block(boundary, boundary)),
        steps=tuple(replace(step, counted=False) for step in declined.iterations),
        lists_iterations=True,
    )


def _served(message: Message) -> Message:
    """The answer of a model that stands in: its last step says so."""
    *steps, last = message.iterations
    return replace(message, iterations=(*steps, replace(last, kind=FALLEN_BACK)))
