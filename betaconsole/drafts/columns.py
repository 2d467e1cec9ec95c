"""The columns of a draft: the JSON schema of `Draft.columns`, parsed at the edge and typed everywhere else."""

import secrets
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

MAX_COLUMNS = 32
MAX_REPEATS = 100
MAX_CELLS = 2_000  # columns × cases × repeats
TUPLES = ("betas", "examples")


def letter(position: int) -> str:
    """A, B, … Z, AA, AB, …: how people name the column at a position counted from 0."""
    name = ""
    position += 1
    while position:
        position, rest = divmod(position - 1, 26)
        name = chr(ord("A") + rest) + name
    return name


def new_key() -> str:
    """A key for a new column."""
    return secrets.token_hex(4)


@dataclass(frozen=True)
class Column:
    """One column of the matrix as composed: what it adds to the prompt and what it is compared with.

    `key` names the column for good, whatever its place. `model`, `version` and `baseline` are empty where the column
    follows the draft (baseline: the first column; its own key: compared with none). `examples` are the ticked betas
    whose catalogue example the column takes; they are laid under `changes_text`, the patch as typed (empty: none).
    `headers` are further request headers of the short list in claude.headers, as (name, value).
    `own_body` is the digest of an `OwnBody` of the draft, empty where the column uses the draft's body. `role` is empty or
    names what a control is for: `made_up` (a beta that must be refused), `twin` (the same as its baseline).
    `combination` is the key of the library.CombinationVersion that the column took last, 0 for none; what was ticked since
    does not change it, and what is asked is the same without it.
    """

    key: str
    name: str = ""
    betas: tuple[str, ...] = ()
    model: str = ""
    version: str = ""
    changes_text: str = ""
    examples: tuple[str, ...] = ()
    own_body: str = ""
    baseline: str = ""
    headers: tuple[tuple[str, str], ...] = ()
    role: str = ""
    combination: int = field(default=0, compare=False)

    def with_beta(self, name: str) -> "Column":
        return self if name in self.betas else replace(self, betas=(*self.betas, name))

    def without_beta(self, name: str) -> "Column":
        """The column without the beta, and without the example that came with it."""
        return replace(
            self,
            betas=tuple(beta for beta in self.betas if beta != name),
            examples=tuple(beta for beta in self.examples if beta != name),
        )


def load(stored: Sequence[dict[str, Any]]) -> list[Column]:
    """Columns from their stored form; fields that a newer version wrote are ignored."""
    return [_column(row) for row in stored]


def _column(row: dict[str, Any]) -> Column:
    known = {field: value for field, value in row.items() if field in Column.__dataclass_fields__}
    lists = {field: tuple(known.get(field, ())) for field in TUPLES}
    return Column(**{**known, **lists, "headers": tuple((name, value) for name, value in known.get("headers", ()))})


def dump(columns: Iterable[Column]) -> list[dict[str, Any]]:
    """The stored form of columns."""
    return [
        {field: list(value) if isinstance(value, tuple) else value for field, value in column.__dict__.items()}
        for column in columns
    ]


def baselines(columns: Sequence[Column]) -> dict[str, str | None]:
    """For each column's key the key of the column it is compared with; None for none.

    A column that names none follows the first one; where that would close a circle it is compared with none.
    """
    keys = {column.key for column in columns}
    first = columns[0].key if columns else ""
    chosen = {
        column.key: None if column.baseline == column.key else column.baseline
        for column in columns
        if column.baseline in keys
    }
    found: dict[str, str | None] = {}
    for column in columns:
        if column.key in chosen:
            found[column.key] = chosen[column.key]
        else:
            found[column.key] = None if column.key in _chain(first, chosen) else first
    return found


def makes_a_circle(columns: Sequence[Column], key: str, baseline: str) -> bool:
    """Whether comparing the column `key` with `baseline` would lead back to itself."""
    others = {name: target for name, target in baselines(columns).items() if name != key}
    return key in _chain(baseline, others)


def _chain(key: str, targets: dict[str, str | None]) -> list[str]:
    """The column and all it is compared with, directly and indirectly."""
    seen: list[str] = []
    step: str | None = key
    while step is not None and step not in seen:
        seen.append(step)
        step = targets.get(step)
    return seen
