"""Where a beta acts, and whether this exchange went there."""

from __future__ import annotations

from typing import NamedTuple

from betaconsole.catalogue.betas import Beta
from betaconsole.catalogue.checks.endpoints import BATCHES, COUNT_TOKENS, MESSAGES, shown_endpoint
from betaconsole.claude.endpoints import Endpoint, KnownEndpoint

from .facts import Facts
from .saying import listed

MODELS, ALL = "models", "all"
_LISTED = (
    "files",
    "skills",
    "agents",
    "sessions",
    "environments",
    "deployments",
    "vaults",
    "memory_stores",
    "dreams",
    "tunnels",
    "user_profiles",
)
# A request that shows what acts on an endpoint.
_TO_ASK = {
    MESSAGES: "POST /v1/messages",
    COUNT_TOKENS: "POST /v1/messages/count_tokens",
    BATCHES: "POST /v1/messages/batches",
    **{word: f"GET /v1/{word}" for word in _LISTED},
}


class Away(NamedTuple):
    """Why nothing can be seen in this exchange, and the request that would show it (empty: not known)."""

    sentence: str
    there: str


def not_here(beta: Beta, facts: Facts) -> Away | None:
    """Where the beta acts instead, None where it acts on this request. What acts on messages acts on those of a batch."""
    if beta.pins is not None:
        return _shape_elsewhere(beta, facts)
    if facts.endpoint in beta.endpoints or ALL in beta.endpoints:
        return None
    if (facts.is_batch_call or facts.in_batch) and {MESSAGES, BATCHES} & set(beta.endpoints):
        return None
    if facts.endpoint == MODELS and beta.evidence.models:
        return None
    where = listed([shown_endpoint(word) for word in beta.endpoints])
    here = shown_endpoint(facts.endpoint) if facts.endpoint else f"{facts.method} {facts.path}"
    return Away(f"acts on {where}; this request went to {here}", _TO_ASK.get(beta.endpoints[0], ""))


def _shape_elsewhere(beta: Beta, facts: Facts) -> Away | None:
    assert beta.pins is not None
    endpoint = Endpoint(facts.method, facts.path)
    if any(_pattern(request).fits(endpoint) for request in beta.pins.requests):
        return None
    since = f"; built in since {beta.built_in_since}" if beta.built_in_since else ""
    there = next(request for request in beta.pins.requests if "{" not in request)
    return Away(f"only selects an older shape of other answers ({there}){since}", there)


def _pattern(request: str) -> KnownEndpoint:
    method, _, path = request.partition(" ")
    return KnownEndpoint(Endpoint(method, path), "")
