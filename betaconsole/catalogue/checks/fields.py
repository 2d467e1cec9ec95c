"""The fields of requests: their names, kinds and words, as fields.toml knows them."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Any

from betaconsole.catalogue.betas import all_betas, catalogue_date, stable_tool_types
from betaconsole.catalogue.model_specs import default_model

from .asked import Asked
from .endpoints import COUNT_TOKENS, PROMPTED, shown_endpoint
from .findings import Finding, Fix, error, listed, move_field, remove_field, set_field, warning
from .nearest import closest, slip_of
from .outline import is_mark
from .paths import BodyPath, Place, found, read_path

IN_HEADER = ("betas", "anthropic_beta")
_ANY_DEPTH = "**"
_DATED = re.compile(r"(.+_)(\d{8})")
_KINDS: Mapping[str, tuple[str, type[Any] | tuple[type[Any], ...]]] = MappingProxyType(
    {
        "any": ("anything", object),
        "text": ("a text", str),
        "whole": ("a whole number", int),
        "number": ("a number", (int, float)),
        "truth": ("true or false", bool),
        "list": ("a list", list),
        "object": ("an object", dict),
    }
)

_NUMBERS = ("whole", "number")
_WITH_TRUTH = ("truth", "any")  # to Python a truth value is a number too
_MOST_DIGITS = 10
# What a field of the body gets where it is missing.
_USUAL: Mapping[str, Callable[[], Any]] = MappingProxyType({"model": default_model, "max_tokens": lambda: 1_024})


@dataclass(frozen=True)
class Kinds:
    """What a field may be, as fields.toml writes it: one of several kinds, or one of a few words."""

    kinds: tuple[str, ...]
    words: tuple[str, ...]
    least: int | None

    @classmethod
    def read(cls, text: str) -> Kinds:
        parts = text.split()
        limits = [int(part.partition(">=")[2]) for part in parts if ">=" in part]
        return cls(
            kinds=tuple(part.partition(">=")[0] for part in parts if not part.startswith("=")),
            words=tuple(part[1:] for part in parts if part.startswith("=")),
            least=limits[0] if limits else None,
        )

    def fit(self, value: Any) -> bool:
        if isinstance(value, str) and value in self.words:
            return True
        return any(self._is(value, kind) for kind in self.kinds)

    def _is(self, value: Any, kind: str) -> bool:
        is_kind = isinstance(value, _KINDS[kind][1]) and isinstance(value, bool) <= (kind in _WITH_TRUTH)
        is_kind = is_kind or (kind == "whole" and isinstance(value, float) and value.is_integer())  # 1.0
        return is_kind and (self.least is None or kind not in _NUMBERS or value >= self.least)

    def __str__(self) -> str:
        limit = f" from {self.least:,} on" if self.least else ""
        kinds = [_KINDS[kind][0] + (limit if kind in _NUMBERS else "") for kind in self.kinds]
        return listed([*kinds, *(f"“{word}”" for word in self.words)], last="or")


@dataclass(frozen=True)
class Shape:
    """The fields of one object. With a `tag` it is the one whose `type` that is; `is_open` ones may have other fields too."""

    at: BodyPath | None  # None: the body itself
    tag: str
    fields: Mapping[str, Kinds]
    required: tuple[str, ...] = ()
    is_open: bool = False


@dataclass(frozen=True)
class Fields:
    """All of fields.toml. `counted` are the fields that count_tokens takes."""

    counted: frozenset[str]
    shapes: tuple[Shape, ...]
    block_types: frozenset[str]
    default_tags: Mapping[str, str] = field(default_factory=dict)


@cache
def request_fields() -> Fields:
    data = tomllib.loads((Path(__file__).parent.parent / "fields.toml").read_text(encoding="utf-8"))
    shapes = tuple(
        Shape(
            at=read_path(row["at"]) if row["at"] else None,
            tag=row.get("tag", ""),
            fields=MappingProxyType({name: Kinds.read(text) for name, text in row.get("fields", {}).items()}),
            required=tuple(row.get("required", ())),
            is_open=row.get("open", False),
        )
        for row in data["object"]
    )
    return Fields(
        counted=frozenset(data["counted"]),
        shapes=shapes,
        block_types=frozenset(data["block_types"]),
        default_tags=MappingProxyType(data["default_tags"]),
    )


def is_object(asked: Asked) -> Iterator[Finding]:
    """body_no_object: what cannot be a body where messages go."""
    body = asked.request.body
    if (
        body is not None
        and not isinstance(body, dict)
        and asked.endpoint in PROMPTED
        and asked.request.method == "POST"
    ):
        yield error("body_no_object", "The body of a request is a JSON object.")


def known_fields(asked: Asked) -> Iterator[Finding]:
    """Object by object: misspelt_field, misplaced_field, unknown_field, wrong_type, wrong_value, missing_field, misspelt_type,
    unknown_type.
    """
    for at, shapes in _by_place().items():
        if at and read_path(at).steps[-1].name not in asked.names:
            continue
        objects = found(asked.body, read_path(at)) if at else iter([((), asked.body)])
        for place, node in objects:
            if isinstance(node, dict):
                yield from _check(asked, place, node, shapes)
            elif at.endswith("[]") and not is_mark(node):
                message = f"{_dotted(place)} has to be an object."
                yield error("wrong_type", message, path=asked.shown(place), fix=remove_field(asked.pointer(place)))


def not_counted(asked: Asked) -> Iterator[Finding]:
    """not_counted_field: what count_tokens refuses of a body for messages."""
    counted = request_fields().counted
    for name in asked.body if asked.is_counted else ():
        if name not in counted and name in _top().fields and asked.body[name] is not None:
            message = f"{shown_endpoint(COUNT_TOKENS)} refuses {name}."
            fix = remove_field(asked.pointer((name,)))
            yield error("not_counted_field", message, path=asked.shown((name,)), fix=fix)


def betas_in_body(asked: Asked) -> Iterator[Finding]:
    """betas_in_body: names that belong into the header."""
    for name in IN_HEADER:
        if asked.get(name) is not None:
            message = f"{name} is no field of the body: betas go in the anthropic-beta header."
            yield error("betas_in_body", message, path=asked.shown((name,)), fix=remove_field(asked.pointer((name,))))


@cache
def _by_place() -> Mapping[str, Mapping[str, Shape]]:
    """The shapes of one place by their tag."""
    gathered: dict[str, dict[str, Shape]] = {}
    for shape in request_fields().shapes:
        gathered.setdefault(shape.at.text if shape.at else "", {})[shape.tag] = shape
    return gathered


def _top() -> Shape:
    return _by_place()[""][""]


def _check(asked: Asked, place: Place, node: dict[str, Any], shapes: Mapping[str, Shape]) -> Iterator[Finding]:
    at = next(iter(shapes.values())).at
    where = at.text if at else ""
    tag = node.get("type") or request_fields().default_tags.get(where, "")
    shape = shapes.get("") or (shapes.get(tag) if isinstance(tag, str) else None)
    if shape is None:
        yield from _check_tag(asked, (*place, "type"), tag, where)
        return
    for name in shape.required:
        if node.get(name) is None and not (name == "max_tokens" and asked.is_counted):
            yield _missing(asked, (*place, name))
    for name, value in node.items():
        if value is None or (name == "type" and shape.tag):
            continue
        kinds = shape.fields.get(name)
        if kinds is not None:
            if not kinds.fit(value):
                yield _misfit(asked, (*place, name), value, kinds)
        elif not shape.is_open and not (not place and name in IN_HEADER):
            yield _unknown(asked, (*place, name), shape)


def _check_tag(asked: Asked, place: Place, tag: Any, where: str) -> Iterator[Finding]:
    """A `type` whose fields are not known, where it is not known itself."""
    known = known_types(where)
    if not isinstance(tag, str) or not tag:
        yield _missing(asked, place)
    elif tag not in known:
        path, pointer = asked.shown(place[:-1]), asked.pointer(place)
        said = f"{_dotted(place[:-1])} is of type {_quoted(tag)}, which is not known here"
        if meant := slip_of(tag, known) or _redated(tag, known):
            yield error("misspelt_type", f"{said}: did you mean {meant}?", path=path, fix=set_field(pointer, meant))
        else:
            yield warning("unknown_type", f"{said}.", path=path, fix=remove_field(asked.pointer(place[:-1])))


@cache
def known_types(where: str) -> frozenset[str]:
    """The types of the objects at a place, those of betas included."""
    shapes = {shape.tag for shape in request_fields().shapes if shape.at and shape.at.text == where}
    start = f"{where}.type="
    betas = {
        path.removeprefix(start) for beta in all_betas().values() for path in beta.unlocks if path.startswith(start)
    }
    if where == "tools[]":
        betas |= {*stable_tool_types(), *(kind for beta in all_betas().values() for kind in beta.tool_types)}
    if where == "messages[].content[]":
        betas |= request_fields().block_types | {"tool_addition", "tool_removal"}
    return frozenset(shapes | betas)


def _redated(tag: str, known: Collection[str]) -> str | None:
    """The known type that differs only in a date, where that is no later than the catalogue's."""
    found_date = _DATED.fullmatch(tag)
    if found_date is None or found_date[2] > catalogue_date().strftime("%Y%m%d"):
        return None
    return closest(tag, [each for each in known if each.startswith(found_date[1])])


def _missing(asked: Asked, place: Place) -> Finding:
    name = str(place[-1])
    usual = _USUAL.get(name) if len(place) == 1 else None
    fix = set_field(asked.pointer(place), usual()) if usual else None
    where = f" of {asked.shown(place[:-1])}" if place[:-1] else ""
    return error("missing_field", f"The field {name}{where} is required.", path=asked.shown(place), fix=fix)


def _misfit(asked: Asked, place: Place, value: Any, kinds: Kinds) -> Finding:
    """What to say of a value that is of none of the kinds."""
    path, pointer = asked.shown(place), asked.pointer(place)
    if not kinds.words or not isinstance(value, str):
        fix = _retyped(pointer, place, value, kinds)
        return error("wrong_type", f"{_dotted(place)} has to be {kinds}.", path=path, fix=fix)
    said = f"{_dotted(place)} is {_quoted(value)}; known are {listed(kinds.words)}."
    if meant := slip_of(value, kinds.words):
        return error("wrong_value", said, path=path, fix=set_field(pointer, meant), other=remove_field(pointer))
    return warning("wrong_value", said, path=path, fix=remove_field(pointer))


def _retyped(pointer: str, place: Place, value: Any, kinds: Kinds) -> Fix:
    """A number that was written as text, or one below its limit, put right; else the field left out."""
    is_number = isinstance(value, str) and value.isdecimal() and value.isascii() and len(value) < _MOST_DIGITS
    if is_number and kinds.fit(int(value)):
        return set_field(pointer, int(value))
    if kinds.least is not None and isinstance(value, int) and not isinstance(value, bool):
        return set_field(pointer, kinds.least)
    usual = _USUAL.get(str(place[-1])) if len(place) == 1 else None
    return remove_field(pointer) if usual is None else set_field(pointer, usual())


def _unknown(asked: Asked, place: Place, shape: Shape) -> Finding:
    name = str(place[-1])
    path, without = asked.shown(place), remove_field(asked.pointer(place))
    where = f"{_dotted(place[:-1])} has" if place[:-1] else "Requests have"
    if meant := slip_of(name, list(shape.fields)):
        to = asked.pointer((*place[:-1], meant))
        fix = without if meant in _holder(asked, place) else move_field(asked.pointer(place), to)
        return error("misspelt_field", f"{where} no field {_quoted(name)}: did you mean {meant}?", path=path, fix=fix)
    if home := _home(name):
        to = asked.pointer((*home, name))
        message = f"{where} no field {name}: it belongs in {'.'.join(home)}."
        is_free = asked.get(*home, name) is None and isinstance(asked.get(*home) or {}, dict)
        return error(
            "misplaced_field", message, path=path, fix=move_field(asked.pointer(place), to) if is_free else without
        )
    return warning("unknown_field", f"{where} no field {_quoted(name)} that is known here.", path=path, fix=without)


def _holder(asked: Asked, place: Place) -> Any:
    node: Any = asked.body
    for step in place[:-1]:
        node = node[step]
    return node


@cache
def _home(name: str) -> tuple[str, ...] | None:
    """Where a field belongs that stands somewhere else: the only object of the body itself that has it."""
    homes = {
        tuple(step.name for step in shape.at.steps)
        for shape in request_fields().shapes
        if name in shape.fields
        and shape.at
        and not shape.tag
        and not any(step.each or step.name == _ANY_DEPTH for step in shape.at.steps)
    }
    return homes.pop() if len(homes) == 1 and name not in _top().fields else None


def _dotted(place: Place) -> str:
    return ".".join(map(str, place))


def _quoted(text: str) -> str:
    return repr(text[:60])
