"""Betas that an exchange was refused for want of: they were not sent."""

from __future__ import annotations

import re
from collections.abc import Iterator

from betaconsole.catalogue.betas import Beta, Status, all_betas
from betaconsole.catalogue.checks.endpoints import BATCHES, MESSAGES
from betaconsole.catalogue.model_specs import find_model

from .facts import Facts, Outcome, Verdict
from .saying import said
from .unlocking import gated_tool_types, unlocking, used

OAUTH = "oauth-2025-04-20"
_ASKED_FOR = re.compile(r"add `(?P<beta>[a-z0-9][a-z0-9.-]{0,127})` to the `anthropic-beta` header")
_NO_OAUTH = re.compile(r"OAuth authentication is currently not supported", re.IGNORECASE)
_TOO_MUCH = re.compile(
    r"max_tokens: (?P<asked>\d{1,12}) > (?P<most>\d{1,12}), which is the maximum allowed number of output tokens for "
    r"(?P<model>[\w.@-]{1,100})"
)


def missing(facts: Facts) -> list[Outcome]:
    """The betas not sent for want of which the request was refused, in the words of the refusal; mostly none."""
    if not facts.is_refused or facts.error is None:
        return []
    return [outcome for outcome in _missing(facts) if outcome.beta not in facts.betas][:1]


def _missing(facts: Facts) -> Iterator[Outcome]:
    words = said(facts)
    message = facts.error.message if facts.error else ""
    if found := _ASKED_FOR.search(message):
        yield _needed(found["beta"], words)
    if _NO_OAUTH.search(message):
        yield _needed(OAUTH, words, "an OAuth token counts only with this header")
    yield from _unlocking(facts, words)
    yield from _raising(facts, message, words)
    yield from _opening(facts, words)


def _needed(beta: str, *evidence: str) -> Outcome:
    return Outcome(beta, Verdict.NEEDED_BUT_MISSING, list(evidence))


def _unlocking(facts: Facts, words: str) -> Iterator[Outcome]:
    """The likeliest of those that unlock the place that is refused. Where one of them was sent, none is missing."""
    found = unlocking(facts)
    if not found or any(beta.name in facts.betas for beta in found):
        return
    beta = found[0]
    evidence = [words, *_what_speaks_against(beta, facts)]
    yield _needed(beta.name, *evidence)


def _what_speaks_against(beta: Beta, facts: Facts) -> Iterator[str]:
    if not (beta.gated or gated_tool_types(beta)) and beta.status is not Status.ACTIVE:
        yield f"{beta.name} unlocked this before it was generally available: this platform or model may still ask for it"
    refused = {words for words in used(beta, facts) if facts.spec and words in facts.spec.refused_fields}
    if refused:
        yield f"{facts.model} does not take {', '.join(sorted(refused))} with the header either"


def _raising(facts: Facts, message: str, words: str) -> Iterator[Outcome]:
    """What would have raised the output limit. (No header is known to raise the input limit of a current model.)"""
    found = _TOO_MUCH.search(message)
    if found is None:
        return
    asked, spec = int(found["asked"]), find_model(found["model"])
    for beta in all_betas().values():
        raises = beta.raises
        if raises is None or spec is None or asked > (raises.max_tokens or 0) or not _acts(beta, facts):
            continue
        if spec.id in raises.models or (spec.batch_max_output_tokens or 0) >= asked:
            yield _needed(beta.name, words, f"this header raises the limit to {raises.max_tokens:,}")


def _opening(facts: Facts, words: str) -> Iterator[Outcome]:
    """What an endpoint that is not there may be waiting for: endpoints in beta answer 404 without their header."""
    if facts.status != 404 or not facts.endpoint or facts.endpoint in (MESSAGES, BATCHES):
        return
    opening = [beta for beta in all_betas().values() if opens_endpoint(beta) and facts.endpoint in beta.endpoints]
    if len(opening) == 1 and opening[0].name not in facts.betas:
        yield _needed(opening[0].name, words, "endpoints in beta answer 404 where their header is missing")


def opens_endpoint(beta: Beta) -> bool:
    """Whether it opens endpoints of its own, and nothing in requests for messages."""
    return beta.status is Status.ACTIVE and not beta.on_messages and not beta.header_only


def _acts(beta: Beta, facts: Facts) -> bool:
    return facts.endpoint in beta.endpoints or (facts.in_batch and BATCHES in beta.endpoints)
