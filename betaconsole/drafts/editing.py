"""How a draft is changed: one conditional UPDATE per edit, a step to undo it, and notice of a second tab.

An edit is a function from the draft to an `Edit`; it may be called again where another process was faster. It raises
`Refused` for input that cannot be taken, and then nothing has changed.
"""

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any

from django.db import transaction
from django.utils import timezone

from . import controls, presets, saved_state
from .apart import taken_apart
from .columns import Column, dump
from .facts import Facts, facts_of
from .fitting import misfits
from .models import Draft, OwnBody, Step, Upload

KEPT_STEPS = 100
KEPT_CHARACTERS = 64_000_000
ONE_STEP = timedelta(seconds=8)  # typing on in one field within this time is one step to undo
ATTEMPTS = 5
SHAPING = ("changes_text", "examples", "own_body")


class Refused(ValueError):
    """Input that cannot be taken; `field` names the place of the form, `message` says what is wrong."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(message)
        self.field = field
        self.message = message


class Stale(Exception):
    """The draft was changed elsewhere since the page that sent this edit was made."""


@dataclass(frozen=True)
class Edit:
    """What one edit changes. None and missing values leave things alone; `place` names the field being typed into.

    One that is not `undoable` leaves something outside the draft behind: undo passes over it.
    """

    what: str
    columns: Sequence[Column] | None = None
    body_text: str | None = None
    values: Mapping[str, Any] = field(default_factory=dict)
    place: str = ""
    undoable: bool = True


def change(light: Draft, make: Callable[[Draft], Edit | None], *, revision: int, tab: str) -> tuple[Draft, Edit | None]:
    """Apply an edit to the draft; the draft as it then is, and the edit (None where there was nothing to change).

    Raises `Stale` where another tab changed it after `revision`, and `Refused`.
    """
    for _ in range(ATTEMPTS):
        with suppress(_Overtaken), transaction.atomic():
            draft = Draft.objects.to_edit().get(pk=light.pk)
            check_fresh(draft, revision=revision, tab=tab)
            edit = make(draft)
            if edit is not None:
                _apply(draft, edit, tab)
            return draft, edit
    raise Stale


def check_fresh(draft: Draft, *, revision: int, tab: str) -> None:
    """Raises `Stale` unless every edit after `revision` came from this very tab (whose requests arrive in order)."""
    if revision == draft.revision:
        return
    newer = draft.steps.filter(revision__gt=revision)
    known = 0 < draft.revision - revision < KEPT_STEPS
    if not known or newer.exclude(tab=tab).exists() or not newer.exists():
        raise Stale


def undo(light: Draft, *, revision: int, tab: str) -> tuple[Draft, Step | None]:
    """Take back the last edit that was not taken back; the draft as it then is, and the step (None: nothing left)."""
    with transaction.atomic():
        draft = Draft.objects.to_edit().get(pk=light.pk)
        check_fresh(draft, revision=revision, tab=tab)
        step = draft.steps.filter(undone=False).order_by("-revision").first()
        if step is None:
            return draft, None
        fields = _restored(draft, step.before)
        if step.body_before is not None:
            fields["body_text"] = step.body_before
        try:
            _write(draft, fields)
        except _Overtaken:
            raise Stale from None
        Step.objects.filter(pk=step.pk).update(
            undone=True, before={}, body_before=None, size=0, place="", tab=tab, revision=draft.revision
        )
    return draft, step


class _Overtaken(Exception):
    """Another process moved the revision between the read and the write."""


def _apply(draft: Draft, edit: Edit, tab: str) -> None:
    """Write the edit and its step."""
    fields = dict(edit.values)
    if edit.body_text is not None:
        edit = replace(edit, body_text=_kept_apart(draft, edit.body_text))
    if edit.columns is not None:
        columns = _kept_true(draft.sheet, edit.columns)
        edit = replace(edit, columns=columns)
        fields["columns"] = dump(columns)
        if draft.preset and "preset" not in fields and not presets.holds(draft.preset, columns):
            fields["preset"] = ""
    facts = _facts_after(draft, edit)
    if facts is not None:
        fields["facts"] = facts.dump()
    step = Step(
        draft=draft,
        tab=tab,
        what=edit.what[:120],
        place=edit.place,
        undone=not edit.undoable,
        before=_before(draft, fields),
        body_before=draft.body_text if edit.body_text is not None else None,
    )
    step.size = len(step.body_before or "")
    if edit.body_text is not None:
        fields["body_text"] = edit.body_text
    _write(draft, fields)
    step.revision = draft.revision
    if not _typed_on(draft, step):
        step.save(force_insert=True)
        _forget_old_steps(draft)


def _kept_true(before: Sequence[Column], after: Sequence[Column]) -> list[Column]:
    """The columns after an edit: controls go along with their baseline, and names that presets gave stay true."""
    return presets.with_true_names(before, controls.followed(before, after))


def _write(draft: Draft, fields: dict[str, Any]) -> None:
    """The conditional UPDATE; the draft in hand follows it."""
    new = {**fields, **saved_state.after(draft, fields), "revision": draft.revision + 1, "updated_at": timezone.now()}
    if Draft.objects.filter(pk=draft.pk, revision=draft.revision).update(**new) != 1:
        raise _Overtaken
    for name, value in new.items():
        setattr(draft, name, value)


def _facts_after(draft: Draft, edit: Edit) -> Facts | None:
    """The facts once the edit is made, where it touches the body or what the columns make of it."""
    columns = draft.sheet if edit.columns is None else list(edit.columns)
    if edit.body_text is None and not _shapes(draft.sheet, columns):
        return None
    text = draft.body_text if edit.body_text is None else edit.body_text
    own = {row.digest: row.text for row in OwnBody.objects.filter(draft=draft)}
    accepted = Facts.load(draft.facts).accepted
    return replace(facts_of(text, Upload.sizes(draft, text)), misfits=misfits(text, columns, own), accepted=accepted)


def _kept_apart(draft: Draft, text: str) -> str:
    """The text as a draft keeps it: its long data among the draft's files."""
    apart = taken_apart(text)
    if apart.files:
        Upload.keep(draft, apart.files)
    return apart.text


def _shapes(before: Sequence[Column], after: Sequence[Column]) -> bool:
    """Whether what some column does to the body has changed."""
    old = {column.key: [getattr(column, name) for name in SHAPING] for column in before}
    new = {column.key: [getattr(column, name) for name in SHAPING] for column in after}
    return any(any(values) and old.get(key) != values for key, values in new.items()) or any(
        any(values) and new.get(key) != values for key, values in old.items()
    )


def _before(draft: Draft, fields: Mapping[str, Any]) -> dict[str, Any]:
    """The old values of the fields; of columns in the same order only those that change."""
    before = {name: getattr(draft, name) for name in fields}
    if "columns" in fields and [row["key"] for row in draft.columns] == [row["key"] for row in fields["columns"]]:
        before.pop("columns")
        pairs = zip(draft.columns, fields["columns"], strict=True)
        before["changed_columns"] = [old for old, new in pairs if old != new]
    return before


def _restored(draft: Draft, before: Mapping[str, Any]) -> dict[str, Any]:
    """The fields to write so that what `_before` kept stands again."""
    fields = dict(before)
    changed = {row["key"]: row for row in fields.pop("changed_columns", [])}
    if changed:
        fields["columns"] = [changed.get(row["key"], row) for row in draft.columns]
    return fields


def _typed_on(draft: Draft, step: Step) -> bool:
    """Whether the last step was typing in the same field a moment ago, and now covers this edit too."""
    if not step.place:
        return False
    return (
        Step.objects.filter(
            draft=draft,
            revision=draft.revision - 1,
            tab=step.tab,
            place=step.place,
            undone=False,
            created_at__gt=step.created_at - ONE_STEP,
        ).update(revision=step.revision, created_at=step.created_at)
        == 1
    )


def _forget_old_steps(draft: Draft) -> None:
    """Keep the last steps, fewer of them where the bodies they hold are big."""
    kept = characters = 0
    for revision, size in draft.steps.order_by("-revision").values_list("revision", "size"):
        kept, characters = kept + 1, characters + size
        if kept > KEPT_STEPS or (kept > 1 and characters > KEPT_CHARACTERS):
            draft.steps.filter(revision__lte=revision).delete()
            return
