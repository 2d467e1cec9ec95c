"""Choosing where a draft's requests go: the known endpoints in groups, what each takes, and ids put into a path. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import groupby
from typing import Literal
from urllib.parse import quote, unquote

from betaconsole.claude.endpoints import (
    KNOWN_ENDPOINTS,
    Endpoint,
    EndpointError,
    KnownEndpoint,
    check_endpoint,
    known_endpoint,
)

Takes = Literal["json", "multipart", "nothing"]
COUNT_TOKENS = "/v1/messages/count_tokens"
BATCHES = "/v1/messages/batches"
GROUPS = (
    ("/v1/messages/batches", "Batches"),
    ("/v1/messages", "Messages"),
    ("/v1/models", "Models"),
    ("/v1/files", "Files"),
    ("/v1/skills", "Skills"),
    ("/v1/organizations", "Organization"),
)
OTHERS = "Agents and the rest"
# The fields count_tokens takes, those of betas included; it refuses every other.
COUNTED_FIELDS = frozenset(
    {"model", "messages", "system", "tools", "tool_choice", "thinking", "cache_control", "output_config", "speed"}
    | {"context_management", "compaction", "mcp_servers", "billing_policy"}
)


def takes(endpoint: Endpoint) -> Takes:
    """What its requests carry. An endpoint that is not known takes JSON where its method has a body."""
    known = known_endpoint(endpoint)
    if known is not None:
        return known.takes
    return "json" if endpoint.has_body else "nothing"


def is_count(endpoint: Endpoint) -> bool:
    return (endpoint.method, endpoint.path) == ("POST", COUNT_TOKENS)


def is_batches(endpoint: Endpoint) -> bool:
    return (endpoint.method, endpoint.path) == ("POST", BATCHES)


def is_final(endpoint: Endpoint) -> bool:
    """Whether what its requests do cannot be taken back, so that Run asks first."""
    return endpoint.method == "DELETE"


def has_model(endpoint: Endpoint) -> bool:
    """Whether its body names a model, so that a column may name another."""
    return endpoint.is_messages or is_count(endpoint)


def title_of(endpoint: Endpoint) -> str:
    """What a known endpoint does, in a few words; empty for others."""
    known = known_endpoint(endpoint)
    return known.title if known else ""


@dataclass(frozen=True)
class Option:
    """A known endpoint in the list; `value` is what a form sends for it: `GET /v1/models/{id}`."""

    value: str
    title: str
    is_chosen: bool


def options(chosen: str) -> list[tuple[str, list[Option]]]:
    """The known endpoints by group, in the order of the list; `chosen` is the value of one."""
    rows = [(_group(known.endpoint.path), _option(known, chosen)) for known in KNOWN_ENDPOINTS]
    order = list(dict.fromkeys(group for group, _ in rows))
    rows.sort(key=lambda row: order.index(row[0]))
    return [(group, [option for _, option in part]) for group, part in groupby(rows, key=lambda row: row[0])]


def find_option(value: str) -> KnownEndpoint | None:
    """The known endpoint that a value of the list names."""
    return next((known for known in KNOWN_ENDPOINTS if value_of(known) == value), None)


def value_of(known: KnownEndpoint) -> str:
    """How a form names a known endpoint."""
    return f"{known.endpoint.method} {known.endpoint.path}"


def filled(known: KnownEndpoint, ids: Mapping[str, str], query: str) -> Endpoint:
    """The endpoint with ids in place of its placeholders; an id stays one segment of the path. Raises EndpointError."""
    path = known.endpoint.path
    for name in known.placeholders:
        value = ids.get(name, "").strip()
        if not value:
            raise EndpointError(f"Fill in the {name}: it stands in the path {known.endpoint.path}.")
        path = path.replace(f"{{{name}}}", quote(value, safe=""), 1)
    return check_endpoint(known.endpoint.method, path, query.strip())


def typed(method: str, path: str, query: str) -> Endpoint:
    """An endpoint typed by hand; a query may stand behind the path. Raises EndpointError."""
    path, mark, behind = path.strip().partition("?")
    if mark and query.strip():
        raise EndpointError("The query stands twice: behind the path and in its own field.")
    return check_endpoint(method.strip().upper(), path, behind or query.strip())


def ids_in(known: KnownEndpoint, endpoint: Endpoint) -> dict[str, str]:
    """What stands in the endpoint where the known one has placeholders; nothing for another endpoint."""
    if not known.fits(endpoint):
        return {}
    pairs = zip(known.endpoint.path.split("/"), endpoint.path.split("/"), strict=True)
    return {name[1:-1]: unquote(value) for name, value in pairs if name.startswith("{")}


def _option(known: KnownEndpoint, chosen: str) -> Option:
    return Option(value_of(known), known.title, value_of(known) == chosen)


def _group(path: str) -> str:
    return next((name for start, name in GROUPS if path.startswith(start)), OTHERS)
