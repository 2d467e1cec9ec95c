"""What to know before Run: what stands in a draft's way, and what preflight says of its columns. Nothing here reads a body."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from betaconsole.catalogue.preflight import Fix, Level
from betaconsole.claude.endpoints import Endpoint

from .before_run import Told
from .columns import Column, letter
from .composing import MAX_BODY_BYTES, Problem, batch_problems, endpoint_problems, shape_problems
from .endpoint_choice import has_model, is_count, is_final, takes
from .facts import BETAS_IN_BODY, Facts, betas_inside_message
from .fixing import label_of
from .models import Draft
from .moving import not_counted

BAD, WARN, QUIET = "bad", "warn", ""
TONES = {Level.ERROR: BAD, Level.WARNING: WARN, Level.HINT: QUIET}
_DATED_NAME = re.compile(r"([a-z0-9][a-z0-9.-]*?)(-\d{4}-\d{2}-\d{2})\b")
WORDS = {BAD: "Error", WARN: "Warning", QUIET: "Hint"}


@dataclass(frozen=True)
class Button:
    """A change that one press makes: what it says, and whether it is the second one of its finding."""

    label: str
    other: bool = False


@dataclass(frozen=True)
class Finding:
    """One line under the matrix. `action` names what a button beside it does (templates/drafts/_findings.html), or none.

    What preflight said has an `id`, a `path` and `buttons` in place of an action.
    """

    tone: str
    message: str
    action: str = ""
    line: int = 0
    column: int = 0
    id: str = ""
    path: str = ""
    buttons: tuple[Button, ...] = ()

    @property
    def word(self) -> str:
        """The level as a word."""
        return WORDS[self.tone]

    @property
    def place(self) -> str:
        """The place, where it is deeper than a field of the body and the message does not name it."""
        return "" if "." not in self.path or self.path in self.message else self.path

    @property
    def parts(self) -> list[tuple[str, str, str]]:
        """The message in pieces: text, and the stem and date of the name after it, between which alone a line may break."""
        *pieces, rest = _DATED_NAME.split(self.message)
        return [*zip(pieces[::3], pieces[1::3], pieces[2::3], strict=True), (rest, "", "")]


@dataclass(frozen=True)
class Group:
    """The findings about the same columns: their letters, none for those about the draft itself."""

    letters: tuple[str, ...]
    everywhere: bool
    findings: tuple[Finding, ...]

    @property
    def title(self) -> str:
        """`A and B`."""
        return _and(self.letters)


def grouped(told: Sequence[Told], facts: Facts, endpoint: Endpoint) -> list[Group]:
    """What preflight says, by the columns it is true of; without what the draft's own findings say already."""
    groups: dict[tuple[str, ...], list[Told]] = {}
    for each in told:
        if not _is_said_already(each, facts, endpoint):
            groups.setdefault(each.letters, []).append(each)
    return [Group(letters, group[0].everywhere, tuple(map(_shown, group))) for letters, group in groups.items()]


def _is_said_already(told: Told, facts: Facts, endpoint: Endpoint) -> bool:
    path, code = told.finding.path, told.finding.code
    if code == "not_counted_field":
        return is_count(endpoint) and path in facts.fields
    return path in BETAS_IN_BODY and path in facts.betas_inside


def _shown(told: Told) -> Finding:
    finding = told.finding
    fixes: list[tuple[Fix | None, bool]] = [(finding.fix, False), (finding.other, True)]
    buttons = tuple(Button(label_of(fix), other) for fix, other in fixes if fix is not None)
    return Finding(TONES[finding.level], finding.message, id=told.id, path=finding.path, buttons=buttons)


def findings(draft: Draft, columns: list[Column], facts: Facts, problems: Sequence[Problem] = ()) -> list[Finding]:
    """Everything worth a word about the draft itself. `problems` are what Run refused, where it was pressed."""
    endpoint = draft.endpoint
    found = [Finding(BAD, problem.message) for problem in endpoint_problems(endpoint)]
    found += [Finding(BAD, problem.message, "send_live") for problem in batch_problems(draft)]
    takes_json = takes(endpoint) == "json"
    cases = draft.recorded if takes_json else None
    if takes_json and cases is None:
        found += [*_about_body(facts), *_about_columns(columns, facts)]
    count = draft.case_set.count if takes_json and draft.case_set else 1
    found += [Finding(BAD, problem.message) for problem in shape_problems(columns, draft.repeats, count)]
    if draft.connection is None or draft.connection.archived_at:
        found.append(Finding(BAD, "The connection this draft used is gone. Choose another one."))
    told = {finding.message for finding in found}
    found += [Finding(BAD, problem.message) for problem in problems if problem.message not in told]
    if takes_json and facts.problem and cases is None:
        return found
    return [
        *found,
        *_about_endpoint(endpoint, facts, len(columns)),
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
