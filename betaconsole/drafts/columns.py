"""The columns of a draft: the JSON schema of `Draft.columns`, parsed at the edge and typed everywhere else."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

MAX_COLUMNS = 32


def letter(position: int) -> str:
    """A, B, … Z, AA, AB, …: how people name the column at a position counted from 0."""
    name = ""
    position += 1
    while position:
        position, rest = divmod(position - 1, 26)
        name = chr(ord("A") + rest) + name
    return name


@dataclass(frozen=True)
class Column:
    """One column of the matrix as composed: what it adds to the prompt and what it is compared with.

    `key` names the column for good, whatever its place. `model`, `version` and `baseline` are empty where the column
    follows the draft (baseline: the first column). `changes_text` is the patch as typed (empty: none); `own_body_text`
    replaces the draft's body where it is not None.
    """

    key: str
    name: str = ""
    betas: tuple[str, ...] = ()
    model: str = ""
    version: str = ""
    changes_text: str = ""
    own_body_text: str | None = None
    baseline: str = ""

    def with_beta(self, name: str) -> "Column":
        return self if name in self.betas else replace(self, betas=(*self.betas, name))

    def without_beta(self, name: str) -> "Column":
        return replace(self, betas=tuple(beta for beta in self.betas if beta != name))


def load(stored: Sequence[dict[str, Any]]) -> list[Column]:
    """Columns from their stored form; fields that a newer version wrote are ignored."""
    known = Column.__dataclass_fields__
    return [
        Column(**{**{field: value for field, value in row.items() if field in known}, "betas": tuple(row.get("betas", ()))})
        for row in stored
    ]


def dump(columns: Sequence[Column]) -> list[dict[str, Any]]:
    """The stored form of columns."""
    return [{**column.__dict__, "betas": list(column.betas)} for column in columns]
