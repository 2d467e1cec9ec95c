"""Places in a request body: paths as the catalogue's files write them, the API's way to name a place, and JSON pointers."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any

Place = tuple[str | int, ...]

# What is a person's own JSON, where names mean nothing to the API.
OPAQUE = frozenset({"input", "input_schema", "schema"})
# Fields that hold an object (or a list of them) of several types: the API's errors name the type after them.
_TYPED = frozenset(
    {"tools", "content", "thinking", "cache_control", "tool_choice", "source", "edits", "thread", "compaction", "tool"}
)
_STEP = re.compile(r"(?P<name>\*\*|\w[\w-]*)(?P<each>\[(?:(?P<key>\w+)=(?P<value>[^\]]+))?\])?(?:\.|(?==)|$)")


@dataclass(frozen=True)
class Step:
    """One part of a path. `each`: the elements of that list; only those whose `key` is `value`, where a key is given."""

    name: str
    each: bool
    key: str | None
    value: str | None


_ANYWHERE = Step("**", each=False, key=None, value=None)


@dataclass(frozen=True)
class BodyPath:
    """A path as at the top of betas.toml. With `value` it names the places that hold it, else all that are there."""

    text: str
    steps: tuple[Step, ...]
    value: str | None

    @property
    def field(self) -> str:
        """The field of the body it begins with."""
        return self.steps[0].name


@cache
def read_path(text: str) -> BodyPath:
    """Raises ValueError for what is no path."""
    steps, position = [], 0
    while position < len(text) and text[position] != "=":
        found = _STEP.match(text, position)
        if found is None:
            raise ValueError(f"not a path: {text!r}")
        steps.append(Step(found["name"], found["each"] is not None, found["key"], found["value"]))
        position = found.end()
    value = text[position + 1 :] if position < len(text) else None
    is_open_ended = text.endswith(".") or steps[-1:] == [_ANYWHERE]
    if not steps or value == "" or is_open_ended or any(step.name == "**" for step in steps[1:]):
        raise ValueError(f"not a path: {text!r}")
    return BodyPath(text, tuple(steps), value)


def found(body: Any, path: BodyPath) -> Iterator[tuple[Place, Any]]:
    """Every place in the body that the path names, and what stands there. A null counts as not sent."""
    for place, value in _walk(body, path.steps, ()):
        if value is not None and (path.value is None or _is(value, path.value)):
            yield place, value


def occurs(body: Any, path: BodyPath) -> bool:
    return next(found(body, path), None) is not None


def shown(body: Any, place: Place) -> str:
    """A place as the API writes it in its errors: with the type of an object after it, `thinking.adaptive.block_binding`."""
    parts: list[str] = []
    holder, node = "", body
    for step in place:
        if isinstance(step, str):
            if holder in _TYPED and step != "type" and (tag := _tag(node, holder)):
                parts.append(tag)
            holder = step
        parts.append(str(step))
        node = _child(node, step)
    return ".".join(parts)


def pointer(place: Iterable[str | int]) -> str:
    """The JSON pointer of a place (RFC 6901)."""
    return "".join(f"/{str(step).replace('~', '~0').replace('/', '~1')}" for step in place)


def _walk(node: Any, steps: tuple[Step, ...], place: Place) -> Iterator[tuple[Place, Any]]:
    if not steps:
        yield place, node
        return
    step, rest = steps[0], steps[1:]
    if step.name == "**":
        for inner_place, inner in everywhere(node, place):
            yield from _walk(inner, rest, inner_place)
    elif isinstance(node, dict) and step.name in node:
        inner, inner_place = node[step.name], (*place, step.name)
        if not step.each:
            yield from _walk(inner, rest, inner_place)
            return
        for index, element in enumerate(inner if isinstance(inner, list) else ()):
            if step.key is None or (isinstance(element, dict) and element.get(step.key) == step.value):
                yield from _walk(element, rest, (*inner_place, index))


def everywhere(node: Any, place: Place = ()) -> Iterator[tuple[Place, dict[str, Any]]]:
    """Every object in a value, itself included, but for those in a person's own JSON."""
    pending: list[tuple[Place, Any]] = [(place, node)]
    while pending:
        place, node = pending.pop()
        if isinstance(node, dict):
            yield place, node
            inner: Iterable[tuple[str | int, Any]] = [(key, each) for key, each in node.items() if key not in OPAQUE]
        else:
            inner = list(enumerate(node)) if isinstance(node, list) else []
        pending += [((*place, key), each) for key, each in reversed(list(inner)) if isinstance(each, dict | list)]


def _is(value: Any, word: str) -> bool:
    """Whether a value is what a path's text says; `stream=true` means the truth value."""
    return bool(value == word) if isinstance(value, str) else isinstance(value, bool) and word == str(value).lower()


def _tag(node: Any, holder: str) -> str:
    tag = node.get("type") if isinstance(node, dict) else None
    return tag if isinstance(tag, str) and tag else "custom" if holder == "tools" and isinstance(node, dict) else ""


def _child(node: Any, step: str | int) -> Any:
    if isinstance(node, dict):
        return node.get(step)
    return node[step] if isinstance(node, list) and isinstance(step, int) and 0 <= step < len(node) else None
