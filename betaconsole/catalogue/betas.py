"""What is known about the values of the `anthropic-beta` header: the rows of betas.toml, typed and searchable.

Facts, never a gate: a well-formed name that is not here may be sent all the same.
"""

from __future__ import annotations

import datetime
import json
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Any, cast

from betaconsole.claude.jsontext import apply_changes

AREAS: Mapping[str, str] = MappingProxyType(
    {
        "context": "Context and caching",
        "conversation": "Conversation",
        "thinking": "Thinking",
        "output": "Output",
        "tools": "Tools and MCP",
        "fallback": "Fallback",
        "files": "Files and documents",
        "endpoints": "Batches and counting",
        "profiles": "User profiles",
        "agents": "Hosted agents",
        "admin": "Administration",
        "access": "Signing in",
        "clients": "Seen in clients",
    }
)
# A well-formed name that is no beta and will be none: an API that takes it looks at no name, so taking others says nothing.
MADE_UP = "no-such-beta-2020-01-01"
MESSAGES = "messages"

_DATED = re.compile(r"(?P<family>.+)-(?P<year>\d{4})-?(?P<month>\d{2})-?(?P<day>\d{2})")


class Status(StrEnum):
    """How far a beta has come; superseded and retired ones may still be accepted (see `Beta.refused`)."""

    ACTIVE = "active"
    SUPERSEDED = "superseded"
    GENERALLY_AVAILABLE = "generally_available"
    RETIRED = "retired"
    UNKNOWN = "unknown"

    @property
    def label(self) -> str:
        """The status as people read it: "Generally available"."""
        return self.value.replace("_", " ").capitalize()


GATING = (Status.ACTIVE, Status.SUPERSEDED)


@dataclass(frozen=True)
class Evidence:
    """What a beta may add to an answer, so that its effect can be seen.

    `blocks`, `deltas` (`thinking_delta.estimated_tokens` is a field of one) and `stop_reasons` are types; `message`, `usage`,
    `count_tokens` and `models` are paths inside the message, its usage, a token count and a model object.
    `note` says what has no path.
    """

    blocks: tuple[str, ...] = ()
    deltas: tuple[str, ...] = ()
    message: tuple[str, ...] = ()
    usage: tuple[str, ...] = ()
    stop_reasons: tuple[str, ...] = ()
    count_tokens: tuple[str, ...] = ()
    models: tuple[str, ...] = ()
    note: str = ""


@dataclass(frozen=True)
class Pins:
    """An older shape of answers, which is all that a header still selects.

    `requests`: whose answers have it, such as `GET /v1/files`; `shape`: paths in an answer that only the older shape has,
    none where it is not known what differs.
    """

    requests: tuple[str, ...]
    shape: tuple[str, ...] = ()


@dataclass(frozen=True)
class Raises:
    """A limit in tokens that a header raises, for these models; of none, models.toml says which."""

    max_tokens: int | None = None
    input_tokens: int | None = None
    models: tuple[str, ...] = ()


@dataclass(frozen=True)
class Beta:
    """One value of the `anthropic-beta` header. Empty strings and tuples mean unknown or none.

    `unlocks` holds paths in the request body, written as at the top of betas.toml, and `gated` those of them that are
    refused today without the header; `tool_types` are types of tools it unlocks, and `acts_on` paths of what it acts on
    where that is neither. `refused` says that the API refuses the name itself. `built_in_since` is the day from which no
    header was needed. `models` are the ids it is documented for, none where no source lists them. `needs` holds names that
    must stand in the header as well, `conflicts` paths that may not stand in the same request, `account_words` what the API
    calls it where it refuses an account. `regions` names regions and platforms, `inference_geo` how it goes together with
    that field. `example_request` is the method, path and query of the example.
    """

    name: str
    area: str
    title: str
    summary: str
    status: Status
    status_note: str
    endpoints: tuple[str, ...]
    sources: tuple[str, ...]
    gated: tuple[str, ...]
    refused: bool = False
    superseded_by: str | None = None
    header_only: bool = False
    unlocks: tuple[str, ...] = ()
    acts_on: tuple[str, ...] = ()
    tool_types: tuple[str, ...] = ()
    evidence: Evidence = field(default_factory=Evidence)
    built_in_since: datetime.date | None = None
    pins: Pins | None = None
    raises: Raises | None = None
    account_words: tuple[str, ...] = ()
    models: tuple[str, ...] = ()
    models_note: str = ""
    limits_note: str = ""
    regions: str = ""
    inference_geo: str = ""
    needs: tuple[str, ...] = ()
    conflicts: tuple[str, ...] = ()
    docs_url: str | None = None
    example_request: str = "POST /v1/messages"
    changes_json: str | None = None
    example_json: str | None = None

    @property
    def family(self) -> str:
        """The name without its date: what all versions of one beta share."""
        return family_of(self.name)

    @property
    def date(self) -> datetime.date:
        """The date in the name."""
        found = _dated(self.name)
        return datetime.date(int(found["year"]), int(found["month"]), int(found["day"]))

    @property
    def on_messages(self) -> bool:
        """Whether it acts on POST /v1/messages, so that a comparison can show it."""
        return MESSAGES in self.endpoints or "all" in self.endpoints

    @property
    def changes(self) -> dict[str, Any] | list[Any] | None:
        """What gives it something to act on in a body: a JSON merge patch (dict), RFC 6902 operations (list), or None."""
        return None if self.changes_json is None else json.loads(self.changes_json)

    @property
    def example_base(self) -> dict[str, Any] | None:
        """A body to try it with, valid without it; None where it does not act on a body we know."""
        return None if self.example_json is None else json.loads(self.example_json)

    @property
    def example_body(self) -> dict[str, Any] | None:
        """The same body with the changes made."""
        return cast("dict[str, Any] | None", apply_changes(self.example_base, self.changes))


def all_betas() -> Mapping[str, Beta]:
    """Every known beta by name, in the order of the file (by area)."""
    return _catalogue().betas


def find(name: str) -> Beta | None:
    """What is known about this exact name."""
    return all_betas().get(name)


def family_of(name: str) -> str:
    """The name without its date; the whole name where it has none."""
    found = _DATED.fullmatch(name)
    return found["family"] if found else name


def date_of(name: str) -> datetime.date | None:
    """The date in any name; None where there is none, or no such day."""
    found = _DATED.fullmatch(name)
    try:
        return datetime.date(int(found["year"]), int(found["month"]), int(found["day"])) if found else None
    except ValueError:
        return None


def catalogue_date() -> datetime.date:
    """The day up to which the facts were gathered."""
    return _catalogue().date


def sdk_version() -> str:
    """The release of the Python SDK whose names were gathered."""
    return _catalogue().sdk_version


def stable_tool_types() -> tuple[str, ...]:
    """The types of tools that need no beta."""
    return _catalogue().stable_tool_types


def search(query: str, *, limit: int = 20) -> list[Beta]:
    """The betas that have every word of the query in name, title, summary, unlocked fields or tool types.

    An exact name comes first, then names that begin with the query, then what can be tried here: active and on Messages.
    """
    words = query.lower().split()
    hits = [beta for name, beta in all_betas().items() if all(word in _searched()[name] for word in words)]
    start = "-".join(words)
    hits.sort(key=lambda beta: (beta.name != start, not beta.name.startswith(start), _remoteness(beta)))
    return hits[:limit]


@dataclass(frozen=True)
class _Catalogue:
    date: datetime.date
    sdk_version: str
    stable_tool_types: tuple[str, ...]
    betas: Mapping[str, Beta]


@cache
def _catalogue() -> _Catalogue:
    data = tomllib.loads(Path(__file__).with_name("betas.toml").read_text(encoding="utf-8"))
    betas = {row["name"]: _beta(row) for row in data["beta"]}
    return _Catalogue(
        data["catalogue_date"], data["sdk_version"], tuple(data["stable_tool_types"]), MappingProxyType(betas)
    )


def _beta(row: Mapping[str, Any]) -> Beta:
    values = _frozen(row)
    values["status"] = Status(row["status"])
    values.setdefault("gated", values.get("unlocks", ()) if values["status"] in GATING else ())
    values["evidence"] = Evidence(**_frozen(values.get("evidence", {})))
    for name, kind in (("pins", Pins), ("raises", Raises)):
        if name in values:
            values[name] = kind(**_frozen(values[name]))
    return Beta(changes_json=values.pop("changes", None), example_json=values.pop("example", None), **values)


def _frozen(row: Mapping[str, Any]) -> dict[str, Any]:
    return {key: tuple(value) if isinstance(value, list) else value for key, value in row.items()}


@cache
def _searched() -> Mapping[str, str]:
    return {
        beta.name: " ".join((beta.name, beta.title, beta.summary, *beta.unlocks, *beta.tool_types)).lower()
        for beta in all_betas().values()
    }


def _remoteness(beta: Beta) -> int:
    """How far it is from being worth a try here: 0 for an active one on Messages."""
    usefulness = (Status.ACTIVE, Status.GENERALLY_AVAILABLE, Status.SUPERSEDED, Status.UNKNOWN, Status.RETIRED)
    return usefulness.index(beta.status) + (0 if beta.on_messages else len(usefulness))


def _dated(name: str) -> re.Match[str]:
    found = _DATED.fullmatch(name)
    if found is None:
        raise ValueError(f"the beta name {name!r} does not end in a date")
    return found
