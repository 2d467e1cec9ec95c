"""What a refusal says of each beta that was sent with the request."""

from __future__ import annotations

import re

from betaconsole.catalogue.betas import Beta, find
from betaconsole.catalogue.checks.paths import read_path

from .facts import Outcome, Pair, Verdict
from .named_places import is_named
from .reach import not_here
from .saying import elsewhere, listed, quiet, said, unclear
from .unlocking import MOST_SEARCHED, unlocking

_EMPTY_NAME = re.compile(r"Unexpected value\(s\) `\s*` for")
_SOME_FLAG = re.compile(r"invalid beta flag", re.IGNORECASE)
_EXCLUDE = re.compile(r"anthropic-beta header cannot include both")
_LIMIT_OF_0 = re.compile(r"\blimit of 0\b")
_NOT_OPEN = re.compile(r"not (?:yet )?available|is required for|limit of 0\b|not enrolled|no access", re.IGNORECASE)
NOT_ENROLLED = "organization_not_enrolled_in_beta"
# Refusals of one account that have a code, and what in the request they are about.
_ACCOUNT_CODES = {
    "user_profile_billing_not_authorized": "billing_policy",
    "user_profile_not_billable": "billing_policy",
    "linked_organization_billing_unavailable": "billing_policy",
}
# How the API says that a model does not take something, and what that is among the paths of betas.toml.
_MODEL_WORDS = (
    (re.compile(r"does not support the `?speed`? parameter"), "speed"),
    (re.compile(r"does not support the effort parameter"), "output_config.effort"),
    (re.compile(r"does not support programmatic tool calling"), "tools[].allowed_callers"),
    (re.compile(r"role 'system' is not supported|Unexpected role \"system\""), "messages[].role=system"),
)
_MODEL_PLACE = re.compile(
    r"(?P<place>[\w.-]{1,300}): (?:this model (?:does not support|supports)|.{0,200}not supported (?:on|for|by) this model)",
    re.IGNORECASE,
)
_TOO_LONG = re.compile(r"prompt is too long: \d{1,12} tokens > (?P<most>\d{1,12}) maximum")
_TOO_MUCH = re.compile(r"max_tokens: \d{1,12} > (?P<most>\d{1,12}), which is the maximum")


def refused(name: str, pair: Pair) -> Outcome:
    """What came of this beta in a request that was answered with an error status."""
    beta = find(name)
    by_name = _by_name(name, pair) or _by_account(name, pair)
    if by_name:
        return by_name
    if beta is not None and (away := not_here(beta, pair.facts)):
        return elsewhere(name, away.sentence, there=away.there)
    by_request = beta and (_by_model(beta, pair) or _by_limit(beta, pair))
    return by_request or unclear(name, _why_unclear(pair))


def message_of(pair: Pair) -> str:
    """What the refusal said, as far as it is searched."""
    return pair.facts.error.message[:MOST_SEARCHED] if pair.facts.error else ""


def _by_name(name: str, pair: Pair) -> Outcome | None:
    error, words, message = pair.facts.error, said(pair.facts), message_of(pair)
    names = error.refused_betas if error else ()
    if name in names:
        return Outcome(name, Verdict.REFUSED_UNKNOWN, [words if name in words else f"{name} is not known: {words}"])
    if names:
        return unclear(name, f"the request was refused for {listed(names)} in the same header")
    if _EMPTY_NAME.search(message) or _EXCLUDE.search(message):
        return unclear(name, f"the header was refused as a whole: {words}")
    if _SOME_FLAG.search(message):
        if len(set(pair.facts.betas)) == 1:
            return Outcome(name, Verdict.REFUSED_UNKNOWN, [f"the only beta of the header: {words}"])
        return unclear(name, f"one of the header's betas was refused, and the answer does not say which: {words}")
    return None


def _by_account(name: str, pair: Pair) -> Outcome | None:
    """A refusal of the account (or its plan) is a refusal of the beta it speaks of, whatever status it wears."""
    words, message = said(pair.facts), message_of(pair)
    code = pair.facts.error.code if pair.facts.error and pair.facts.error.code else ""
    if not (code == NOT_ENROLLED or code in _ACCOUNT_CODES or _NOT_OPEN.search(message)):
        return None
    if name in _spoken_of(pair):
        return Outcome(name, Verdict.REFUSED_ACCOUNT, [words])
    if _is_the_difference(name, pair) and (code == NOT_ENROLLED or _LIMIT_OF_0.search(message)):
        return Outcome(name, Verdict.REFUSED_ACCOUNT, [words, _why_this_one(pair)])
    return None


def _spoken_of(pair: Pair) -> set[str]:
    """The betas sent that the refusal names, by name or in its words for them."""
    message = message_of(pair)
    code = pair.facts.error.code if pair.facts.error else None
    found = {name for name in pair.facts.betas if name and name in message}
    for name in pair.facts.betas:
        beta = find(name)
        if beta is None:
            continue
        if any(words in message.lower() for words in beta.account_words):
            found.add(name)
        if code in _ACCOUNT_CODES and _ACCOUNT_CODES[code] in beta.unlocks:
            found.add(name)
    return found


def _is_the_difference(name: str, pair: Pair) -> bool:
    """Whether nothing but this beta can be meant: it is alone in its header, or alone in what an accepted baseline lacks."""
    if _spoken_of(pair):
        return False
    sent, baseline = set(pair.facts.betas), pair.alone(name)
    return len(sent) == 1 or (baseline is not None and baseline.is_whole and sent - set(baseline.betas) == {name})


def _why_this_one(pair: Pair) -> str:
    return (
        "the only beta of the header" if len(set(pair.facts.betas)) == 1 else "the baseline, without it, was answered"
    )


def _by_model(beta: Beta, pair: Pair) -> Outcome | None:
    """What the beta unlocks was refused with its header sent: then it is the model, or the platform, that does not take it."""
    facts, words, message = pair.facts, said(pair.facts), message_of(pair)
    if any(pattern.search(message) and path in beta.unlocks for pattern, path in _MODEL_WORDS):
        return Outcome(beta.name, Verdict.REFUSED_MODEL, [words])
    if (found := _MODEL_PLACE.search(message)) and any(
        is_named(read_path(path), found["place"]) for path in beta.unlocks
    ):
        return Outcome(beta.name, Verdict.REFUSED_MODEL, [words])
    if beta in unlocking(facts):
        why = f"refused with the header sent: {facts.model or 'the model'} or the platform does not take it"
        return Outcome(beta.name, Verdict.REFUSED_MODEL, [words, why])
    return None


def _by_limit(beta: Beta, pair: Pair) -> Outcome | None:
    """A header that raises a limit, in a request that is past the limit all the same."""
    raises, words = beta.raises, said(pair.facts)
    if raises is None:
        return None
    found = (_TOO_MUCH if raises.max_tokens else _TOO_LONG).search(message_of(pair))
    if found is None:
        return None
    raised, most = raises.max_tokens or raises.input_tokens or 0, int(found["most"])
    if most >= raised:
        return unclear(beta.name, f"past the raised limit too: {words}")
    return quiet(beta.name, f"the limit stayed at {most:,}: {words}")


def _why_unclear(pair: Pair) -> str:
    facts, words = pair.facts, said(pair.facts)
    kind = facts.error.type if facts.error and facts.error.type else ""
    head = f"{facts.status} {kind}".strip()
    if facts.status == 429:
        return f"rate limited ({head}), which says nothing of the beta"
    if facts.status is not None and facts.status >= 500:
        return f"the API failed ({head}), which says nothing of the beta"
    return f"refused for something else: {words}" if words else f"refused without a reason ({head})"
