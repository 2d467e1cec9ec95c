"""Betas of which nobody says what they add: only a baseline can show that something is new."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .facts import Facts, Outcome, Pair
from .saying import effective, listed, quiet

MOST_NAMED = 5
_OWN_HEADERS = ("anthropic-",)
_EVERYWHERE = ("anthropic-ratelimit-", "anthropic-organization-id", "anthropic-workspace-id")


def stranger(name: str, pair: Pair, why: str) -> Outcome:
    """`why` says what is not known, as the end of a sentence that begins with the beta."""
    baseline = pair.alone(name)
    if baseline is None or not _differs_only_in(name, pair.facts, baseline):
        return quiet(name, why)
    new = _fields(pair.facts) - _fields(baseline)
    if not new:
        return quiet(name, why, "the answer has no field, event or header that the baseline's has not")
    shown = sorted(new)
    more = f" and {len(shown) - MOST_NAMED} more" if len(shown) > MOST_NAMED else ""
    return effective(name, f"{listed(shown[:MOST_NAMED])}{more} in the answer, and not in the baseline's")


def _differs_only_in(name: str, facts: Facts, baseline: Facts) -> bool:
    """Whether nothing else explains a difference: both whole, of the same request, but for this one name."""
    same = (facts.method, facts.path, facts.model, facts.is_streamed, facts.asked("stop_sequences") is None) == (
        (baseline.method, baseline.path, baseline.model, baseline.is_streamed, baseline.asked("stop_sequences") is None)
    )
    added = set(facts.betas) - set(baseline.betas)
    return same and facts.body == baseline.body and facts.is_whole and baseline.is_whole and added == {name}


def _fields(facts: Facts) -> set[str]:
    """The names of what an answer is made of, which do not change from sample to sample as its content does."""
    usage = facts.message.get("usage")
    return {
        *_named("", facts.message),
        *_named("usage.", usage if isinstance(usage, dict) else {}),
        *(f"the event {kind}" for kind in facts.events),
        *(f"the header {name.lower()}" for name, _ in facts.headers if _is_own(name.lower())),
    }


def _named(prefix: str, fields: Mapping[str, Any]) -> set[str]:
    return {f"{prefix}{name}" for name in fields if isinstance(name, str)}


def _is_own(name: str) -> bool:
    return name.startswith(_OWN_HEADERS) and not name.startswith(_EVERYWHERE)
