"""The paths of betas.toml, found in JSON: in a request body, in an answer, and in the place an error message names. Pure.

How a path is written: see the top of betas.toml. What is null counts as not there.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

Place = tuple[str | int, ...]

# A person's own JSON lies below these: nothing in it is a field of the API.
OWN_JSON = frozenset({"input", "input_schema", "schema", "output_format"})
_STEP = r"(\*\*|[A-Za-z0-9_-]+)(\[(?:([A-Za-z0-9_]+)=([^\]]+))?\])?"
_PATH = re.compile(rf"{_STEP}(?:\.{_STEP})*(?:=(?P<value>.+))?")
_BATCH_PREFIX = re.compile(r"requests\.\d+\.params\.")


@dataclass(frozen=True)
class Step:
    """One step of a path. `each`: into every element of that list, of those with `key` = `value` where a key is given."""

    name: str
    each: bool
    key: str | None
    value: str | None


@dataclass(frozen=True)
class BodyPath:
    """A path taken apart. `value`: what must stand at its end, None where anything may."""

    text: str
    steps: tuple[Step, ...]
    value: str | None

    @property
    def is_kind(self) -> bool:
        """Whether it names one member of a union: a `type` of a certain value."""
        return self.value is not None and self.steps[-1].name == "type"


@cache
def read_path(text: str) -> BodyPath:
    """The path that is written so; ValueError for one that cannot be read."""
    found = _PATH.fullmatch(text)
    if found is None:
        raise ValueError(f"the path {text!r} cannot be read")
    value = found["value"]
    steps = re.findall(_STEP, text if value is None else text[: found.start("value") - 1])
    return BodyPath(
        text, tuple(Step(name, bool(each), key or None, of or None) for name, each, key, of in steps), value
    )


def find_in(json: Any, path: BodyPath) -> Iterator[tuple[Place, Any]]:
    """Every place where the path leads in this JSON, and what stands there."""
    for place, found in _walk(json, path.steps, ()):
        if found is not None and (path.value is None or found == path.value):
            yield place, found


def stands_in(json: Any, path: BodyPath) -> bool:
    """Whether the path leads anywhere in this JSON."""
    return next(find_in(json, path), None) is not None


def is_named(path: BodyPath, place: str) -> bool:
    """Whether an error message that names `place` (`tools.0.custom.defer_loading`) means this path.

    The API puts the kind of a thing into the places it names, and the number of the request in a batch before them.
    """
    return _fits(_BATCH_PREFIX.sub("", place, count=1).split("."), path.steps)


def is_kind_named(path: BodyPath, place: str, kind: str) -> bool:
    """Whether a message that calls the kind at `place` unexpected means this path (`…[].type=file`)."""
    if not path.is_kind or path.value != kind:
        return False
    return _fits(_BATCH_PREFIX.sub("", place, count=1).split("."), path.steps[:-1])


def _walk(node: Any, steps: Sequence[Step], place: Place) -> Iterator[tuple[Place, Any]]:
    if not steps:
        yield place, node
        return
    step, rest = steps[0], steps[1:]
    if step.name == "**":
        for inner_place, inner in _objects(node, place):
            yield from _walk(inner, rest, inner_place)
    elif isinstance(node, dict) and step.name in node:
        here, inner = (*place, step.name), node[step.name]
        if not step.each:
            yield from _walk(inner, rest, here)
        elif isinstance(inner, list):
            for index, element in enumerate(inner):
                if step.key is None or (isinstance(element, dict) and element.get(step.key) == step.value):
                    yield from _walk(element, rest, (*here, index))


def _objects(node: Any, place: Place) -> Iterator[tuple[Place, dict[str, Any]]]:
    """Every object at any depth, without recursion: bodies may be nested deeper than the interpreter likes."""
    pending: list[tuple[Place, Any]] = [(place, node)]
    while pending:
        place, node = pending.pop()
        if isinstance(node, dict):
            yield place, node
        pending += [((*place, key), inner) for key, inner in _within(node) if isinstance(inner, dict | list)]


def _within(node: Any) -> Iterable[tuple[str | int, Any]]:
    if isinstance(node, dict):
        return ((key, inner) for key, inner in node.items() if key not in OWN_JSON)
    return enumerate(node) if isinstance(node, list) else ()


def _fits(words: Sequence[str], steps: Sequence[Step]) -> bool:
    """Whether the words of a place are these steps, with the kind of a thing before each name where the API says it."""
    if not steps:
        return not words
    step, rest = steps[0], steps[1:]
    if step.name == "**":
        return any(_fits(words[skipped:], rest) for skipped in range(len(words)))
    if not words:
        return False
    if words[0] != step.name:
        return not words[0].isdigit() and len(words) > 1 and words[1] == step.name and _fits(words[1:], steps)
    if not step.each:
        return _fits(words[1:], rest)
    return len(words) > 1 and words[1].isdigit() and _fits(words[2:], rest)
