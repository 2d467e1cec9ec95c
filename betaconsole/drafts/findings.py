"""What to know before Run, in the order of how much it stands in the way. Pure; nothing here reads a body."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from betaconsole.claude.endpoints import Endpoint

from .caching import SHORTEST_CACHED
from .columns import Column, letter
from .composing import MAX_BODY_BYTES, Problem, batch_problems, endpoint_problems, shape_problems
from .endpoint_choice import has_model, is_count, is_final, takes
from .facts import Facts, betas_inside_message
from .models import Draft
from .moving import not_counted
from .shaping import changed_fields

LONG_CHANGES = 20_000  # characters
CACHED_FIRST = frozenset({"tools", "system"})  # the beginning of a prompt: who changes these shares no cached prefix

BAD, WARN, QUIET = "bad", "warn", ""


@dataclass(frozen=True)
class Finding:
    """One line under the matrix. `action` names what a button beside it does (templates/drafts/_findings.html), or none."""

    tone: str
    message: str
    action: str = ""
    line: int = 0
    column: int = 0


def findings(draft: Draft, columns: list[Column], facts: Facts, problems: Sequence[Problem] = ()) -> list[Finding]:
    """Everything worth a word. `problems` are what Run refused, where it was pressed."""
    endpoint = draft.endpoint
    found = [Finding(BAD, problem.message) for problem in endpoint_problems(endpoint)]
    found += [Finding(BAD, problem.message, "send_live") for problem in batch_problems(draft)]
    takes_json = takes(endpoint) == "json"
    cases = draft.case_set if takes_json else None
    if takes_json and cases is None:
        found += [*_about_body(facts), *_about_columns(columns, facts)]
    found += [
        Finding(BAD, problem.message) for problem in shape_problems(columns, draft.repeats, cases.count if cases else 1)
    ]
    if draft.connection is None or draft.connection.archived_at:
        found.append(Finding(BAD, "The connection this draft used is gone. Choose another one."))
    told = {finding.message for finding in found}
    found += [Finding(BAD, problem.message) for problem in problems if problem.message not in told]
    if takes_json and facts.problem and cases is None:
        return found
    return [
        *found,
        *_about_endpoint(endpoint, facts, len(columns)),
        *_about_caches(draft, columns, facts),
        *_same_requests(_as_sent(columns, endpoint)),
    ]


def _about_endpoint(endpoint: Endpoint, facts: Facts, columns: int) -> list[Finding]:
    """What is particular about asking there."""
    if is_count(endpoint) and (refused := not_counted(facts.fields)):
        return [Finding(WARN, f"count_tokens refuses a body with {_and(refused)}.", "drop_fields")]
    if is_final(endpoint) and columns > 1:
        return [
            Finding(
                QUIET,
                "All columns delete the same thing: the first to arrive takes it away, the others will not find it.",
            )
        ]
    return []


def _about_caches(draft: Draft, columns: Sequence[Column], facts: Facts) -> list[Finding]:
    """Columns of which one pays for the prompt cache that the others read."""
    if not draft.endpoint.is_messages or draft.separate_caches or facts.cached_characters < SHORTEST_CACHED:
        return []
    sharing: dict[str, list[str]] = {}
    for position, column in enumerate(columns):
        if not _changes_the_beginning(column):
            sharing.setdefault(column.model or facts.model, []).append(letter(position))
    groups = [_and(letters) for letters in sharing.values() if len(letters) > 1]
    if not groups:
        return []
    message = (
        f"{'; '.join(groups)} begin the same way, marked for caching: the first to write the cache pays for the rest."
    )
    return [Finding(WARN, message, "separate_caches")]


def _about_body(facts: Facts) -> list[Finding]:
    found = []
    if facts.size_bytes > MAX_BODY_BYTES:
        size = f"{facts.size_bytes:,} bytes; the API takes at most {MAX_BODY_BYTES:,} (32 MB)"
        found.append(Finding(BAD, f"The body has {size}."))
    if facts.problem:
        message = f"The body is not JSON: line {facts.line}, column {facts.column}: {facts.problem}"
        found.append(Finding(BAD, message, "go", facts.line, facts.column))
    found += [Finding(BAD, betas_inside_message(name), "move_betas") for name in facts.betas_inside]
    return found


def _about_columns(columns: Sequence[Column], facts: Facts) -> list[Finding]:
    return [
        Finding(BAD, f"Column {letter(position)}: {facts.misfits[column.key]}")
        for position, column in enumerate(columns)
        if column.key in facts.misfits
    ]


def _changes_the_beginning(column: Column) -> bool:
    """Whether the column's prompt begins in its own way; changes that would take long to read are taken to."""
    is_long = len(column.changes_text) > LONG_CHANGES
    return bool(column.own_body) or is_long or bool(CACHED_FIRST & changed_fields(column))


def _as_sent(columns: Sequence[Column], endpoint: Endpoint) -> list[Column]:
    """The columns without what their requests to that endpoint do not carry."""
    bodiless: dict[str, Any] = {} if takes(endpoint) == "json" else {"changes_text": "", "examples": (), "own_body": ""}
    without = bodiless if has_model(endpoint) else {**bodiless, "model": ""}
    return [replace(column, **without) for column in columns]


def _same_requests(columns: Sequence[Column]) -> list[Finding]:
    """Columns that would send the very same request."""
    alike: dict[Column, list[str]] = {}
    for position, column in enumerate(columns):
        alike.setdefault(replace(column, key="", name="", baseline=""), []).append(letter(position))
    groups = [letters for letters in alike.values() if len(letters) > 1]
    return [Finding(QUIET, f"{_and(letters)} send the same request so far.") for letters in groups]


def _and(names: Sequence[str]) -> str:
    """`A, B and C`."""
    return f"{', '.join(names[:-1])} and {names[-1]}" if len(names) > 1 else "".join(names)
