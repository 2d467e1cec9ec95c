"""The beta matrix as templates show it: its columns, its rows, and the examples that columns could take."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

from betaconsole.catalogue import betas as catalogue
from betaconsole.claude import jsontext
from betaconsole.claude.headers import EXTRA_HEADERS
from betaconsole.library.models import CombinationVersion
from betaconsole.library.patches import as_patch
from betaconsole.storage.fields import showable

from .columns import Column, baselines, letter
from .controls import CONTROLS_IN_SHORT
from .labels import labels, split_name
from .models import Draft
from .shaping import ChangesError, example_of, offered_fields, read_changes

UNKNOWN = {catalogue.MADE_UP: "made up, for a control: must be refused"}
BIG_TEXT = 200_000  # characters; a bigger body is typed into only on request and saved only on request


@dataclass(frozen=True)
class Name:
    """A beta name as a page writes it: a line may break between `stem` and `date` only."""

    full: str
    stem: str
    date: str

    @classmethod
    def of(cls, beta: str) -> "Name":
        return cls(beta, *split_name(beta))


@dataclass(frozen=True)
class ColumnView:
    """One column of the matrix. `changes` and `settings` are the short marks of its cells, `settings_title` in full."""

    draft: Draft
    column: Column
    position: int
    label: str
    names: tuple[Name, ...]
    changes: str
    changes_title: str
    settings: str
    settings_title: str
    baseline: str  # a letter, or a dash for none
    misfit: str

    @property
    def key(self) -> str:
        return self.column.key

    @property
    def letter(self) -> str:
        return letter(self.position)

    @property
    def control(self) -> str:
        """What it is as a control, in a word; empty for none."""
        return CONTROLS_IN_SHORT.get(self.column.role, "")

    @property
    def headers(self) -> list[tuple[str, str]]:
        """The further request headers it may set, each with its value or nothing."""
        return [(name, dict(self.column.headers).get(name, "")) for name in EXTRA_HEADERS]

    @property
    def examples(self) -> list["Example"]:
        """What it has taken from the catalogue."""
        taken = ((beta, example_of(beta)) for beta in self.column.examples if beta in self.column.betas)
        return [Example(Name.of(beta), jsontext.dumps(value, indent=2)) for beta, value in taken if value is not None]

    @cached_property
    def applied(self) -> "Applied | None":
        """The saved combination that it took last, while any of its betas is there; asks the database."""
        mine = CombinationVersion.objects.filter(combination__team=self.draft.team_id, combination__archived_at=None)
        version = mine.filter(pk=self.column.combination).select_related("combination").first()
        if version is None or not set(version.betas) & set(self.column.betas):
            return None
        column, newest = self.column, version.combination.newest
        is_as_saved = version.is_in(betas=column.betas, changes_text=column.changes_text)
        is_changed = not is_as_saved or bool(column.examples or column.own_body)
        return Applied(version, is_changed=is_changed, newest=newest.number if newest else version.number)

    @property
    def saves_changes(self) -> bool:
        """Whether saving its betas as a combination takes its changes to the body along."""
        return bool(as_patch(self.column.changes_text))

    @cached_property
    def own_body_text(self) -> str:
        row = self.draft.own_bodies.filter(digest=self.column.own_body).first() if self.column.own_body else None
        return showable(row.text) if row else ""

    @property
    def own_body_is_big(self) -> bool:
        return len(self.own_body_text) > BIG_TEXT


@dataclass(frozen=True)
class Applied:
    """A version of a saved combination that a column took, and whether it was changed there since."""

    version: CombinationVersion
    is_changed: bool
    newest: int

    @property
    def is_newest(self) -> bool:
        return self.version.number == self.newest


@dataclass(frozen=True)
class RowView:
    """A beta with its checkboxes: `cells` are (column's key, its letter, ` checked` or nothing)."""

    name: Name
    number: int
    title: str
    status: str
    summary: str
    cells: tuple[tuple[str, str, str], ...]


@dataclass(frozen=True)
class Offer:
    """A beta whose example some columns could take: `fields` are the body's fields it would bring."""

    beta: str
    fields: str
    columns: tuple[tuple[str, str], ...]  # key and letter of each


@dataclass(frozen=True)
class Example:
    """An example a column has taken, and its JSON."""

    name: Name
    text: str


class SheetView:
    """A draft's columns as the matrix shows them. `misfits` says of a column, by its key, why its changes do not fit the body."""

    def __init__(self, draft: Draft, *, misfits: Mapping[str, str]) -> None:
        self.draft = draft
        self.sheet = draft.sheet
        self.misfits = misfits

    @cached_property
    def letters(self) -> dict[str, str]:
        """Each column's letter by its key."""
        return {column.key: letter(position) for position, column in enumerate(self.sheet)}

    @cached_property
    def labels(self) -> list[str]:
        return labels(self.sheet)

    @cached_property
    def baselines(self) -> dict[str, str | None]:
        return baselines(self.sheet)

    @cached_property
    def columns(self) -> list[ColumnView]:
        return [self.column(column.key) for column in self.sheet]

    def column(self, key: str) -> ColumnView:
        """One column; KeyError where it is gone."""
        if key not in self.letters:
            raise KeyError(key)
        position = list(self.letters).index(key)
        column = self.sheet[position]
        base = self.baselines[key]
        settings_of = [column.model.removeprefix("claude-"), column.version, *map(": ".join, column.headers)]
        changes, title = _changes_mark(column)
        return ColumnView(
            draft=self.draft,
            column=column,
            position=position,
            label=self.labels[position],
            names=tuple(Name.of(beta) for beta in column.betas),
            changes=changes,
            changes_title=title,
            settings="●" if any(settings_of) else "",
            settings_title=", ".join(filter(None, settings_of)) or "as the prompt",
            baseline=self.letters[base] if base else "–",
            misfit=self.misfits.get(key, ""),
        )

    @cached_property
    def rows(self) -> list[RowView]:
        """The betas of the matrix: the rows that were added, then what columns tick without a row."""
        ticked = (beta for column in self.sheet for beta in column.betas)
        sets = [(column.key, self.letters[column.key], set(column.betas)) for column in self.sheet]
        return [_row(number, beta, sets) for number, beta in enumerate(dict.fromkeys([*self.draft.rows, *ticked]))]

    @cached_property
    def offers(self) -> list[Offer]:
        """Examples that columns could take for what they tick."""
        columns: dict[tuple[str, str], list[tuple[str, str]]] = {}
        for column in self.sheet:
            for beta in column.betas:
                if fields := offered_fields(column, beta):
                    columns.setdefault((beta, ", ".join(fields)), []).append((column.key, self.letters[column.key]))
        return [Offer(beta, fields, tuple(where)) for (beta, fields), where in columns.items()]


def _row(number: int, beta: str, sets: list[tuple[str, str, set[str]]]) -> RowView:
    known = catalogue.find(beta)
    usual = known is None or known.status == catalogue.Status.ACTIVE
    return RowView(
        name=Name.of(beta),
        number=number,
        title=known.title if known else UNKNOWN.get(beta, "not in the catalogue: sent as typed"),
        status="" if usual or known is None else known.status.label.lower(),
        summary=known.summary if known else "",
        cells=tuple((key, letter_of, " checked" if beta in ticked else "") for key, letter_of, ticked in sets),
    )


def _changes_mark(column: Column) -> tuple[str, str]:
    """The mark of the cell "Changes to the body" (`+2`, `own`) and what it stands for."""
    if column.own_body:
        return "own", "its own body"
    fields = len([beta for beta in column.examples if beta in column.betas])
    try:
        typed = read_changes(column.changes_text)
    except ChangesError:
        return "!", "changes that cannot be read"
    count = fields + (len(typed) if typed is not None else 0)
    return (f"+{count}", f"{count} change{'s' if count > 1 else ''}") if count else ("", "none")
