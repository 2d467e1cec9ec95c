"""Making the change that a finding offers: ticks in columns, or a field of the body or of a column's changes."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from betaconsole.catalogue.checks.fixing import fixed_betas, operations
from betaconsole.catalogue.preflight import Action, Fix
from betaconsole.claude import jsontext

from . import matrix
from .before_run import Told, shaped_outline
from .columns import Column
from .document import rewritten
from .editing import Edit
from .labels import split_name
from .models import Draft
from .shaping import Changes, joined, read_changes

MODEL = "/model"
LONGEST_SHOWN = 28
_IN_HEADER = (Action.ADD_BETA, Action.REMOVE_BETA, Action.REPLACE_BETA)


def label_of(fix: Fix) -> str:
    """What the button says."""
    leaf = fix.path.rpartition("/")[2]
    match fix.action:
        case Action.ADD_BETA:
            return f"Add {split_name(fix.beta)[0]}"
        case Action.REMOVE_BETA:
            return "Untick it"
        case Action.REPLACE_BETA:
            return f"Use {fix.new}"
        case Action.INSERT_EXAMPLE:
            return "Insert example"
        case Action.SET_FIELD:
            return _setting(leaf, fix.value)
        case Action.MOVE_FIELD:
            return f"Move it to {fix.to.strip('/').replace('/', '.')}"
        case Action.REMOVE_FIELD:
            return "Take it out" if leaf.isdecimal() else f"Take {leaf} out"
        case Action.SEPARATE_CACHES:
            return "Turn on separate caches"


def edit_of(draft: Draft, told: Told, fix: Fix) -> Edit:
    """The edit that makes the change in the columns the finding is about.

    Raises `MatrixError`, `ChangesError` or `DocumentError` where it cannot be made.
    """
    columns = draft.sheet
    if fix.action is Action.SEPARATE_CACHES:
        return Edit("turn separate caches on", values={"separate_caches": True})
    what = f"{label_of(fix)[:1].lower()}{label_of(fix)[1:]} in {', '.join(told.letters)}"
    if fix.action is Action.INSERT_EXAMPLE:
        for key in told.keys:
            columns = matrix.take_example(columns, key, fix.beta, on=True)
        return Edit(what, columns=columns)
    if fix.action in _IN_HEADER:
        return _header_edit(draft, columns, told.keys, fix, what)
    if _is_everyones(draft, columns, told, fix):
        return Edit(what, body_text=rewritten(draft.body_text, lambda body: _apply(body, fix)))
    return Edit(what, columns=_in_columns(columns, told.keys, lambda column: _changed(draft, column, fix)))


def _header_edit(draft: Draft, columns: Sequence[Column], keys: Sequence[str], fix: Fix, what: str) -> Edit:
    """Ticks, and a row for a name that is new."""
    rows = list(draft.rows)
    if name := fix.new or (fix.beta if fix.action is Action.ADD_BETA else ""):
        rows = matrix.add_row(rows, name)

    def ticked(column: Column) -> Column:
        betas = fixed_betas(column.betas, fix)
        return replace(column, betas=betas, examples=tuple(beta for beta in column.examples if beta in betas))

    changed = _in_columns(columns, keys, ticked)
    if fix.new and all(fix.beta not in column.betas for column in changed):
        rows = [row for row in rows if row != fix.beta]
    return Edit(what, columns=changed, values={"rows": rows})


def _in_columns(columns: Sequence[Column], keys: Sequence[str], change: Callable[[Column], Column]) -> list[Column]:
    return [change(column) if column.key in keys else column for column in columns]


def _is_everyones(draft: Draft, columns: Sequence[Column], told: Told, fix: Fix) -> bool:
    """Whether the change belongs into the body that all columns share: true of all, and no column has it of its own."""
    if set(told.keys) != {column.key for column in columns} or any(column.own_body for column in columns):
        return False
    if fix.path == MODEL and any(column.model for column in columns):
        return False
    shared = shaped_outline(draft, Column(key=""))
    return shared is not None and all(
        operations(fix, shaped_outline(draft, column)) == operations(fix, shared) != [] for column in columns
    )


def _apply(body: dict[str, Any], fix: Fix) -> None:
    """Make the change in place, as `rewritten` wants it."""
    after = jsontext.apply_patch(body, operations(fix, body))
    body.clear()
    body.update(after if isinstance(after, dict) else {})


def _changed(draft: Draft, column: Column, fix: Fix) -> Column:
    """The column with the change among its own."""
    if fix.path == MODEL and fix.action is Action.SET_FIELD:
        return replace(column, model=str(fix.value))
    body = shaped_outline(draft, column)
    typed = read_changes(column.changes_text)
    layers: list[Changes] = [layer for layer in (typed, _as_changes(fix, body)) if layer is not None]
    base = shaped_outline(draft, replace(column, changes_text=""))
    changes = joined(base, layers)
    return replace(column, changes_text=jsontext.dumps(changes, indent=2) if changes else "")


def _as_changes(fix: Fix, body: Any) -> Changes | None:
    """The change as a merge patch where one can say it, which reads better than operations."""
    steps = fix.path.split("/")[1:]
    is_plain = fix.action is not Action.MOVE_FIELD and "~" not in fix.path and _all_objects(body, steps[:-1])
    if not is_plain:
        return operations(fix, body) or None
    patch: Any = None
    if fix.action is Action.SET_FIELD:
        patch = _replacing(fix.value, _at(body, steps))
    for step in reversed(steps):
        patch = {step: patch}
    return patch


def _replacing(value: Any, standing: Any) -> Any:
    """A merge patch that leaves `value` where `standing` is: what that has beyond it goes."""
    if not isinstance(value, dict) or not isinstance(standing, dict):
        return value
    return {**dict.fromkeys(name for name in standing if name not in value), **value}


def _all_objects(body: Any, steps: Sequence[str]) -> bool:
    return all(isinstance(_at(body, steps[:count]), dict) for count in range(len(steps) + 1))


def _at(body: Any, steps: Sequence[str]) -> Any:
    for step in steps:
        body = body.get(step) if isinstance(body, dict) else None
    return body


def _setting(name: str, value: Any) -> str:
    text = value if isinstance(value, str) else jsontext.dumps(value)
    return f"Set {name} to {text}" if len(text) <= LONGEST_SHOWN else f"Set {name}"
