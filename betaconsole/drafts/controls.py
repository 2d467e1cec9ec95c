"""Controls: columns that tell whether a comparison can be trusted. Pure; columns in, columns out.

A made-up beta must be refused: where it is taken, taking the others says nothing. A twin asks exactly what its baseline
asks: where it shows a difference, differences of the others may be noise or drift as well.
"""

from collections.abc import Sequence
from dataclasses import replace

from betaconsole.catalogue.betas import MADE_UP

from .columns import Column, baselines, new_key

MADE_UP_BETA, TWIN = "made_up", "twin"  # roles of columns
CONTROLS_IN_SHORT = {MADE_UP_BETA: "made up", TWIN: "twin"}


def with_controls(columns: Sequence[Column]) -> list[Column]:
    """The columns, and after them both controls of the first baseline, in place of those that are there."""
    rest = without_controls(columns)
    base = baseline_among(rest)
    return [*rest, *(_control(role, base, Column(key=new_key())) for role in (MADE_UP_BETA, TWIN))]


def without_controls(columns: Sequence[Column]) -> list[Column]:
    """The columns that are no controls."""
    return [column for column in columns if not column.role]


def has_controls(columns: Sequence[Column]) -> bool:
    return any(column.role for column in columns)


def baseline_among(columns: Sequence[Column]) -> Column:
    """The first column that is compared with no other one."""
    compared = baselines(columns)
    return next((column for column in columns if compared[column.key] is None), columns[0])


def followed(before: Sequence[Column], after: Sequence[Column]) -> list[Column]:
    """The columns after an edit: a control goes along with its baseline; one that was edited itself is none any more."""
    was = {column.key: column for column in before}
    by_key = {column.key: column for column in after}
    compared = baselines(after)
    return [
        _followed(column, was.get(column.key), by_key.get(compared[column.key] or "")) if column.role else column
        for column in after
    ]


def _followed(column: Column, was: Column | None, base: Column | None) -> Column:
    is_edited = was is not None and asked_by(was) != asked_by(column)
    if base is None or base.role or is_edited:
        return replace(column, role="")
    return _control(column.role, base, column)


def asked_by(column: Column) -> Column:
    """What a column asks, without what it is called, compared with and for."""
    return replace(column, key="", name="", baseline="", role="", combination=0)


def _control(role: str, base: Column, column: Column) -> Column:
    """The column as that control of `base`; it keeps its key and its name."""
    betas = base.betas if role == TWIN or MADE_UP in base.betas else (*base.betas, MADE_UP)
    taken = base.combination if role == TWIN else 0
    return replace(base, key=column.key, name=column.name, role=role, baseline=base.key, betas=betas, combination=taken)
