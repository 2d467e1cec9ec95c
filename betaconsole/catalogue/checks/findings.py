"""What a rule says: a finding, and the change that one click can make about it. Plain data."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Any


class Level(StrEnum):
    """How much a finding matters; the order of the members is the order in which people read them."""

    ERROR = "error"  # as far as is known, the API refuses the request
    WARNING = "warning"  # it may be refused, or will not do what it looks like
    HINT = "hint"  # worth knowing

    @property
    def rank(self) -> int:
        return list(Level).index(self)


class Action(StrEnum):
    """What a fix does to a column; `separate_caches` alone concerns all of them."""

    ADD_BETA = "add_beta"
    REMOVE_BETA = "remove_beta"
    REPLACE_BETA = "replace_beta"
    INSERT_EXAMPLE = "insert_example"
    SET_FIELD = "set_field"
    REMOVE_FIELD = "remove_field"
    MOVE_FIELD = "move_field"
    SEPARATE_CACHES = "separate_caches"


@dataclass(frozen=True)
class Fix:
    """One change to a column. What its action does not need is empty.

    `beta` is the name it is about and `new` the one that takes its place; `path` and `to` are JSON pointers (RFC 6901) into
    the body the column sends. Setting a field makes the objects on the way to it.
    """

    action: Action
    beta: str = ""
    new: str = ""
    path: str = ""
    to: str = ""
    value: Any = None

    def as_json(self) -> dict[str, Any]:
        """As the JSON API and a page's button carry it: the action and what it needs."""
        given = {"action": str(self.action)}
        given |= {name: value for name in ("beta", "new", "path", "to") if (value := getattr(self, name))}
        return {**given, "value": self.value} if self.action is Action.SET_FIELD else given


def add_beta(name: str) -> Fix:
    return Fix(Action.ADD_BETA, beta=name)


def remove_beta(name: str) -> Fix:
    return Fix(Action.REMOVE_BETA, beta=name)


def replace_beta(old: str, new: str) -> Fix:
    return Fix(Action.REPLACE_BETA, beta=old, new=new)


def insert_example(beta: str) -> Fix:
    """Put the catalogue's example for this beta into the column's changes."""
    return Fix(Action.INSERT_EXAMPLE, beta=beta)


def set_field(path: str, value: Any) -> Fix:
    return Fix(Action.SET_FIELD, path=path, value=value)


def remove_field(path: str) -> Fix:
    return Fix(Action.REMOVE_FIELD, path=path)


def move_field(path: str, to: str) -> Fix:
    return Fix(Action.MOVE_FIELD, path=path, to=to)


def separate_caches() -> Fix:
    return Fix(Action.SEPARATE_CACHES)


@dataclass(frozen=True)
class Finding:
    """One thing to know before sending: one plain sentence, and where.

    `code` is stable. `path` is a place in the body as the API's errors write it (`tools.0.custom.defer_loading`), or empty.
    `other` is a second way out, where there is one: instead of adding a beta, do without the field.
    """

    level: Level
    code: str
    message: str
    path: str = ""
    fix: Fix | None = None
    other: Fix | None = None


def error(code: str, message: str, *, path: str = "", fix: Fix | None = None, other: Fix | None = None) -> Finding:
    return Finding(Level.ERROR, code, message, path, fix, other)


def warning(code: str, message: str, *, path: str = "", fix: Fix | None = None, other: Fix | None = None) -> Finding:
    return Finding(Level.WARNING, code, message, path, fix, other)


def hint(code: str, message: str, *, path: str = "", fix: Fix | None = None) -> Finding:
    return Finding(Level.HINT, code, message, path, fix)


def listed(names: list[str] | tuple[str, ...], *, last: str = "and") -> str:
    """`A, B and C`."""
    return f"{', '.join(names[:-1])} {last} {names[-1]}" if len(names) > 1 else "".join(names)
