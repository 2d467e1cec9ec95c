"""Input tokens as count_tokens gives them: kept by request, and remembered by a draft for what its columns were then.

A draft remembers under marks: digests of all that a column's count depends on, made without reading a body. So a count is
shown for as long as it holds, comes back when an edit is undone, and is never shown for what was not counted.
"""

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields
from typing import Any

from django.db.models.functions import Length

from betaconsole.library.stubs import TURNS_WITH_STUBS
from betaconsole.teams.models import Connection

from .columns import Column
from .facts import Facts
from .models import Draft, Engine, TokenCount

MOST_REMEMBERED = 128  # marks of a draft
NO_STUBS = len("[]")


@dataclass(frozen=True)
class ColumnCount:
    """What came of counting one column.

    `input_tokens` of all its cases, once each; None where `problem` says why there is none. `is_counted` is False where the
    console estimated some of them. `without` are betas that count_tokens refuses and the count leaves out. Of recorded
    requests, whose bodies no edit reads, `most_usd` is what one repeat costs at most, or `why_unknown`.
    """

    input_tokens: int | None = None
    is_counted: bool = True
    without: tuple[str, ...] = ()
    problem: str = ""
    most_usd: str = ""
    why_unknown: str = ""

    @classmethod
    def load(cls, stored: Mapping[str, Any]) -> "ColumnCount":
        known = {known.name for known in fields(cls)}
        values = {name: value for name, value in stored.items() if name in known}
        return cls(**{**values, "without": tuple(values.get("without", ()))})


@dataclass(frozen=True)
class Way:
    """How the cells of a draft go on: at most so many turns, each with so many characters of tool results."""

    turns: int = 1
    result_characters: int = 0


@dataclass(frozen=True)
class Counts:
    """What a draft's columns have of counts that still hold, by key; `is_stale` where some were counted before an edit."""

    by_key: Mapping[str, ColumnCount] = field(default_factory=dict)
    is_stale: bool = False


def digest_of(*, betas: Sequence[str], version: str, headers: Iterable[tuple[str, str]], body: bytes) -> str:
    """Names one request to count_tokens; the model stands in the body."""
    head = json.dumps([list(betas), version, sorted(headers)])
    return hashlib.sha256(head.encode() + b"\n" + body).hexdigest()


def known(connection: Connection, digests: Iterable[str]) -> dict[str, int]:
    """The input tokens of those of the requests that were counted on this connection."""
    rows = TokenCount.objects.filter(team_id=connection.team_id, connection=connection, digest__in=set(digests))
    return dict(rows.values_list("digest", "input_tokens"))


def keep(connection: Connection, counted: Mapping[str, int]) -> None:
    """Keep what count_tokens answered, by the request's digest."""
    rows = [
        TokenCount(team_id=connection.team_id, connection=connection, digest=digest, input_tokens=tokens)
        for digest, tokens in counted.items()
    ]
    TokenCount.objects.bulk_create(rows, ignore_conflicts=True)


def way_of(draft: Draft) -> Way:
    """Turns and tool results of the draft's cells; the stubs, which may be long, are not read."""
    if not draft.endpoint.is_messages or draft.engine == Engine.BATCH or (draft.case_set and draft.case_set.is_trace):
        return Way()
    sizes = Draft.objects.filter(pk=draft.pk).values_list(Length("tool_stubs"), flat=True)
    characters = sizes[0] if sizes else NO_STUBS
    has_stubs = characters > NO_STUBS
    return Way(draft.max_turns or (TURNS_WITH_STUBS if has_stubs else 1), characters if has_stubs else 0)


def marks_of(draft: Draft, columns: Sequence[Column], facts: Facts, way: Way) -> dict[str, str]:
    """For each column, by key, the mark of what would be counted and of what else its count remembers."""
    shared: list[Any] = [draft.connection_id, draft.case_set_id, draft.separate_caches]
    if facts.variables:  # its defaults fill them in
        shared.append(draft.prompt_version_id)
    if draft.case_set_id is not None:
        shared += [draft.engine, way.turns, way.result_characters]
    return {column.key: _mark(shared, column, facts, draft.version) for column in columns}


def _mark(shared: Sequence[Any], column: Column, facts: Facts, version: str) -> str:
    what = [column.own_body or facts.counted, column.model, column.betas, column.version or version, column.headers]
    changes = [column.examples, column.changes_text]
    return hashlib.sha256(json.dumps([*shared, *what, *changes]).encode()).hexdigest()[:32]


def counts_of(draft: Draft, columns: Sequence[Column], facts: Facts, way: Way) -> Counts:
    """The counts that hold for the columns as they are."""
    if not draft.counts:
        return Counts()
    marks = marks_of(draft, columns, facts, way)
    held = {key: ColumnCount.load(draft.counts[mark]) for key, mark in marks.items() if mark in draft.counts}
    return Counts(held, is_stale=len(held) < len(marks))


def remember(draft: Draft, counts: Mapping[str, ColumnCount]) -> None:
    """Let the draft remember what was counted, by mark, beside what it remembers of earlier columns. No edit: nothing to undo."""
    newer = {mark: asdict(count) for mark, count in counts.items()}
    kept = {**{mark: row for mark, row in draft.counts.items() if mark not in newer}, **newer}
    draft.counts = dict(list(kept.items())[-MOST_REMEMBERED:])
    Draft.objects.filter(pk=draft.pk).update(counts=draft.counts)
