"""What a check of betas asks, in what order: pure.

Betas that are asked about at the same place with the same model form a group and share its controls: the same request
without a beta, which must be answered well, and with a made-up name, which must be refused. Without them an answer proves
nothing: the endpoint may be out of reach, or may not look at the header at all.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from enum import Enum
from types import MappingProxyType
from typing import Any, cast

from betaconsole.availability.models import Method
from betaconsole.catalogue.betas import GATING, MADE_UP, MESSAGES, Beta, Status, all_betas, find
from betaconsole.catalogue.checks.endpoints import COUNT_TOKENS, shown_endpoint
from betaconsole.catalogue.checks.estimate import estimated_tokens, most_cost, terms_of
from betaconsole.catalogue.checks.fields import request_fields
from betaconsole.claude.endpoints import Endpoint
from betaconsole.claude.headers import MAX_BETAS
from betaconsole.claude.jsontext import apply_changes

from .listing import gated_tools
from .trials import TRIALS

Json = dict[str, Any]

SMALLEST: Json = {"max_tokens": 1, "messages": [{"role": "user", "content": "Hi"}]}
ONE_ROW = "limit=1"
UNPRICED_USD = Decimal("0.01")  # taken for a message whose price is not known: more than the smallest costs anywhere

# The cheapest request to what is no message: a list of one row.
LISTS: Mapping[str, Endpoint] = MappingProxyType(
    {
        "messages.batches": Endpoint("GET", "/v1/messages/batches", ONE_ROW),
        "models": Endpoint("GET", "/v1/models", ONE_ROW),
        "admin": Endpoint("GET", "/v1/organizations/workspaces", ONE_ROW),
        **{
            word: Endpoint("GET", f"/v1/{word}", ONE_ROW)
            for word in (
                *("files", "skills", "user_profiles", "agents", "environments", "sessions", "deployments", "vaults"),
                *("deployment_runs", "memory_stores", "dreams", "tunnels"),
            )
        },
    }
)
# Open to every key without a header; the others answer 404 where the header is missing (api.md section 1.2).
OPEN_LISTS = ("messages.batches", "models", "files", "skills")
PROMPTS: Mapping[str, Endpoint] = MappingProxyType(
    {COUNT_TOKENS: Endpoint("POST", "/v1/messages/count_tokens"), MESSAGES: Endpoint.MESSAGES}
)
_METHODS = {COUNT_TOKENS: Method.COUNT_TOKENS, MESSAGES: Method.MESSAGE}


class Kind(Enum):
    """What a request is there for."""

    PLAIN = "without a beta"
    MADE_UP = "with a made-up name"
    LISTED = "with all names, for the API to list those it does not know"
    BETA = "with the beta and what it opens"
    HEADER = "with the beta alone"


@dataclass(frozen=True)
class Group:
    """Betas asked about at one place: `word` names the endpoint as betas.toml does.

    `models` are those the answers count for: one where there is a prompt, all of the check elsewhere.
    """

    word: str
    models: tuple[str, ...]
    betas: tuple[str, ...]

    @property
    def endpoint(self) -> Endpoint:
        return PROMPTS.get(self.word) or LISTS[self.word]

    @property
    def has_prompt(self) -> bool:
        return self.word in PROMPTS

    @property
    def method(self) -> Method:
        return _METHODS.get(self.word, Method.ENDPOINT)

    @property
    def needs_beta(self) -> bool:
        """Whether the endpoint is not found at all without its header."""
        return not self.has_prompt and self.word not in OPEN_LISTS


@dataclass(frozen=True)
class Ask:
    """One request of a check. `about`: the beta it tells of, empty for a control."""

    group: Group
    kind: Kind
    betas: tuple[str, ...] = ()
    about: str = ""
    part: int = 0  # of several with all names

    @property
    def body(self) -> Json | None:
        """What is sent; None where nothing is."""
        if not self.group.has_prompt:
            return None
        known = find(self.about) if self.kind is Kind.BETA else None
        return body_for(known, self.group.models[0], counts=self.group.word == COUNT_TOKENS)


def usable_betas() -> list[str]:
    """What a check looks at where nothing is chosen: all that the catalogue does not call retired."""
    return [name for name, beta in all_betas().items() if beta.status is not Status.RETIRED]


def active_betas() -> list[str]:
    """What a schedule looks at where nothing is chosen."""
    return [name for name, beta in all_betas().items() if beta.status is Status.ACTIVE]


def groups(betas: Sequence[str], models: Sequence[str]) -> list[Group]:
    """Where each beta is asked about. Those that cannot be (`why_not`) are left out."""
    by_word: dict[str, list[str]] = {}
    for name in dict.fromkeys(betas):
        if word := word_for(name):
            by_word.setdefault(word, []).append(name)
    found = []
    for word, names in by_word.items():
        for asked in [(model,) for model in models] if word in PROMPTS else [tuple(models)]:
            found.append(Group(word, asked, tuple(names)))
    return found


def word_for(name: str) -> str:
    """The endpoint with the cheapest request that tells of this beta; empty where no request does.

    Tokens are counted free of charge, so that comes first; a name that the catalogue does not know is asked about there.
    """
    beta = find(name)
    if beta is None or {COUNT_TOKENS, "all"} & set(beta.endpoints):
        return COUNT_TOKENS
    can = [word for word in beta.endpoints if word in PROMPTS or word in LISTS]
    gated = MESSAGES in can and can[0] not in (*OPEN_LISTS, MESSAGES)
    return MESSAGES if gated else next(iter(can), "")


def why_not(name: str) -> str:
    """Why no request tells of this beta."""
    beta = find(name)
    where = " and ".join(shown_endpoint(word) for word in beta.endpoints) if beta else "an endpoint"
    return f"It acts on {where}, where no cheap request would tell: not asked."


def controls(group: Group) -> list[Ask]:
    """What is asked of a group first."""
    asks = [Ask(group, Kind.PLAIN), Ask(group, Kind.MADE_UP, (MADE_UP,))]
    if len(group.betas) < 2:
        return asks
    # With the made-up name among them the request is refused whatever becomes of the others: no message is written.
    step = MAX_BETAS - 1
    parts = [group.betas[start : start + step] for start in range(0, len(group.betas), step)]
    return asks + [Ask(group, Kind.LISTED, (*names, MADE_UP), part=part) for part, names in enumerate(parts)]


def ask_about(group: Group, name: str) -> Ask:
    """The request that tells of one beta, with the field that it opens where the header alone proves nothing."""
    known = find(name)
    kind = Kind.BETA if group.has_prompt and known is not None and opens_field(known) else Kind.HEADER
    return Ask(group, kind, (*(known.needs if known else ()), name), name)


def with_header_alone(ask: Ask) -> Ask:
    """The same without the field: for a refusal that spoke of something else in the body."""
    return replace(ask, kind=Kind.HEADER)


def opens_field(beta: Beta) -> bool:
    """Whether a field, value or tool type is refused without the header, so that sending it tells more than the name."""
    if beta.changes_json is None or beta.header_only or (beta.name in TRIALS and TRIALS[beta.name].without_field):
        return False
    return bool(beta.gated or gated_tools(beta)) or beta.status in GATING


def body_for(beta: Beta | None, model: str, *, counts: bool) -> Json:
    """The smallest body for a model; with what the beta opens, on the catalogue's example, where there is a beta.

    `counts`: as count_tokens takes it.
    """
    body = SMALLEST
    if beta is not None and beta.changes_json is not None:
        body = cast(Json, apply_changes(beta.example_base or SMALLEST, beta.changes))
    body = {**body, "model": model, "max_tokens": _least_tokens(body)}
    if counts:
        return {name: value for name, value in body.items() if name in request_fields().counted}
    return {name: value for name, value in body.items() if name != "stream"}


def most_usd(ask: Ask) -> Decimal:
    """What a request costs at the most; only messages cost anything."""
    body = ask.body
    if body is None or ask.group.endpoint != Endpoint.MESSAGES:
        return Decimal()
    cost = most_cost(terms_of(body), estimated_tokens(body)).usd
    return UNPRICED_USD if cost is None else cost


def _least_tokens(body: Mapping[str, Any]) -> int:
    """As short an answer as can be had: a budget for thinking must be smaller than max_tokens."""
    thinking = body.get("thinking")
    budget = thinking.get("budget_tokens") if isinstance(thinking, dict) else None
    return budget + 1 if isinstance(budget, int) else 1
