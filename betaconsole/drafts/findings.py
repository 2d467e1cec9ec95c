"""What to know before Run, in the order of how much it stands in the way. Pure; nothing here reads a body."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from .columns import Column, letter
from .composing import MAX_BODY_BYTES, Problem, shape_problems
from .facts import Facts, betas_inside_message
from .models import Draft

BAD, QUIET = "bad", ""


@dataclass(frozen=True)
class Finding:
    """One line under the matrix. `action` names what a button beside it does: `go`, `move_betas` or none."""

    tone: str
    message: str
    action: str = ""
    line: int = 0
    column: int = 0


def findings(draft: Draft, columns: list[Column], facts: Facts, problems: Sequence[Problem] = ()) -> list[Finding]:
    """Everything worth a word. `problems` are what Run refused, where it was pressed."""
    found = [*_about_body(facts), *_about_columns(columns, facts)]
    found += [Finding(BAD, problem.message) for problem in shape_problems(columns, draft.repeats)]
    if draft.connection is None or draft.connection.archived_at:
        found.append(Finding(BAD, "The connection this draft used is gone. Choose another one."))
    told = {finding.message for finding in found}
    found += [Finding(BAD, problem.message) for problem in problems if problem.message not in told]
    return found if facts.problem else found + _same_requests(columns)


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


def _same_requests(columns: Sequence[Column]) -> list[Finding]:
    """Columns that would send the very same request."""
    alike: dict[Column, list[str]] = {}
    for position, column in enumerate(columns):
        alike.setdefault(replace(column, key="", name="", baseline=""), []).append(letter(position))
    groups = [letters for letters in alike.values() if len(letters) > 1]
    return [
        Finding(QUIET, f"{', '.join(letters[:-1])} and {letters[-1]} send the same request so far.")
        for letters in groups
    ]
