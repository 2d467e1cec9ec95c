"""Kinds of values, of which the shapes of requests are built: `check` walks a value along one and raises the first misfit.

Error paths carry the union's tag, as the API's do: `tools.0.custom.defer_loading`, `system.1.cache_control.ephemeral.scope`.
What a kind calls gated is there only where a beta of the header opens the place.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from .gates import Place
from .refusals import Refusal, invalid


class Kind:
    """Anything at all; the base of the other kinds."""

    def check(self, value: Any, walk: Walk, place: Place) -> None:
        """Raise a Refusal where `value` is not of this kind."""

    def inner(self, value: Any, step: str | int) -> tuple[str | None, Kind]:
        """The union tag the API inserts before `step`, if any, and the kind found there."""
        return None, ANYTHING


@dataclass(frozen=True)
class Simple(Kind):
    """A string, whole number or truth value."""

    type: type[Any] | tuple[type[Any], ...]
    name: str
    least: int | None = None

    def check(self, value: Any, walk: Walk, place: Place) -> None:
        if not isinstance(value, self.type) or (isinstance(value, bool) and self.type is not bool):
            raise walk.misfit(place, f"Input should be a valid {self.name}")
        if self.least is not None and value < self.least:
            raise walk.misfit(place, f"Input should be greater than or equal to {self.least}")


@dataclass(frozen=True)
class Choice(Kind):
    """One of a few words."""

    words: tuple[str, ...]
    gated: tuple[str, ...] = ()

    def check(self, value: Any, walk: Walk, place: Place) -> None:
        if value not in self.words and not (place in walk.opened and value in self.gated):
            raise walk.misfit(place, self.expected())

    def expected(self) -> str:
        quoted = [f"'{word}'" for word in self.words]
        return "Input should be " + " or ".join(filter(None, (", ".join(quoted[:-1]), quoted[-1])))


@dataclass(frozen=True)
class ListOf(Kind):
    """A list of one kind, or with `or_text` a string in its place."""

    element: Kind
    or_text: bool = False

    def check(self, value: Any, walk: Walk, place: Place) -> None:
        if self.or_text and isinstance(value, str):
            return
        if not isinstance(value, list):
            raise walk.misfit(place, "Input should be a valid list")
        for index, element in enumerate(value):
            self.element.check(element, walk, (*place, index))

    def inner(self, value: Any, step: str | int) -> tuple[str | None, Kind]:
        return None, self.element


@dataclass(frozen=True)
class Record(Kind):
    """An object with these fields; `loose` objects may have others too. A null stands for an optional field left out."""

    fields: Mapping[str, Kind]
    required: tuple[str, ...] = ()
    loose: bool = False
    or_text: bool = False
    gated: Mapping[str, Kind] = field(default_factory=dict)

    def check(self, value: Any, walk: Walk, place: Place) -> None:
        if self.or_text and isinstance(value, str):
            return
        if not isinstance(value, dict):
            raise walk.misfit(place, "Input should be an object")
        for name in self.required:
            if value.get(name) is None:
                raise walk.misfit((*place, name), "Field required")
        for name, inner in value.items():
            kind = self.fields.get(name)
            if kind is None and (*place, name) in walk.opened:
                kind = self.gated.get(name, ANYTHING)
            if kind is not None and inner is not None:
                kind.check(inner, walk, (*place, name))
            elif kind is None and not self.loose:
                raise walk.misfit((*place, name), "Extra inputs are not permitted")

    def inner(self, value: Any, step: str | int) -> tuple[str | None, Kind]:
        return None, {**self.gated, **self.fields}.get(str(step), ANYTHING)


@dataclass(frozen=True)
class Union(Kind):
    """An object whose `type` says which of `members` it is; `default` is meant where `type` is missing."""

    members: Mapping[str, Record]
    default: str | None = None
    or_text: bool = False
    gated: Mapping[str, Record] = field(default_factory=dict)

    def check(self, value: Any, walk: Walk, place: Place) -> None:
        if self.or_text and isinstance(value, str):
            return
        if not isinstance(value, dict):
            raise walk.misfit(place, "Input should be an object")
        tag = value.get("type") or self.default
        if tag is None:
            raise walk.misfit((*place, "type"), "Field required")
        opened = (*place, "type") in walk.opened
        known = {**self.members, **(self.gated if opened else {})}
        member = known.get(tag) if isinstance(tag, str) else None
        if member is not None:
            member.check(value, walk, place)
        elif not opened:
            raise walk.misfit(place, self.unexpected(tag))

    def unexpected(self, tag: Any, *, hidden: Collection[str] = ()) -> str:
        tags = ", ".join(f"'{each}'" for each in sorted(self.members) if each not in hidden)
        return f"Input tag '{tag}' found using 'type' does not match any of the expected tags: {tags}"

    def inner(self, value: Any, step: str | int) -> tuple[str | None, Kind]:
        tag = (value.get("type") or self.default) if isinstance(value, dict) else None
        if not isinstance(tag, str) or step == "type":
            return None, ANYTHING
        member = self.members.get(tag) or self.gated.get(tag)
        return tag, member.inner(value, step)[1] if member else ANYTHING


@dataclass
class Walk:
    """One check of one body. `opened` are the places beyond the shape that a beta of the header allows."""

    body: Any
    shape: Kind
    opened: Collection[Place] = field(default_factory=frozenset)

    def misfit(self, place: Place, message: str) -> Refusal:
        return invalid(f"{self.path(place)}: {message}" if place else message)

    def path(self, place: Place) -> str:
        """A place as the API writes it, union tags included."""
        shown: list[str] = []
        for tag, step, _ in self._along(place):
            shown += [str(step)] if tag is None else [tag, str(step)]
        return ".".join(shown)

    def kind_at(self, place: Place) -> Kind:
        along = self._along(place)
        return along[-1][2] if along else self.shape

    def _along(self, place: Place) -> list[tuple[str | None, str | int, Kind]]:
        steps = []
        node, kind = self.body, self.shape
        for step in place:
            tag, kind = kind.inner(node, step)
            steps.append((tag, step, kind))
            node = _child(node, step)
        return steps


def _child(node: Any, step: str | int) -> Any:
    if isinstance(node, dict):
        return node.get(str(step))
    return node[step] if isinstance(node, list) and isinstance(step, int) and step < len(node) else None


ANYTHING = Kind()
STRING = Simple(str, "string")
BOOLEAN = Simple(bool, "boolean")
WHOLE = Simple(int, "integer")
COUNT = Simple(int, "integer", 0)
OBJECT = Record({}, loose=True)


def loose(names: Sequence[str], **kinds: Kind) -> dict[str, Record]:
    return {name: Record(dict(kinds), loose=True) for name in names}
