"""`{{variables}}` in the strings of a body: which there are, and what is said of them. Pure.

What is said of them is written as a list of objects, one for each variable that has a description or a default value::

    [{"name": "country", "description": "as a reader would call it", "default": "France"}]
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from betaconsole.claude import jsontext

VARIABLE = re.compile(r"\{\{\s*([A-Za-z_][\w.-]*)\s*\}\}")
NAME = re.compile(r"[A-Za-z_][\w.-]{0,99}")
MAX_VARIABLES = 100
MAX_DESCRIPTION = 500
MAX_VALUE = 100_000  # characters
FIELDS = frozenset({"name", "description", "default"})


class VariableError(ValueError):
    """Something said of a variable that cannot be kept; `place` names it (`variables.1.default`)."""

    def __init__(self, place: str, message: str) -> None:
        super().__init__(message)
        self.place = place
        self.message = message


@dataclass(frozen=True)
class Variable:
    """A variable of a body. An empty `default` is none: what no case fills in is sent as it is typed."""

    name: str
    description: str = ""
    default: str = ""


def variables_in(body: Any) -> list[str]:
    """The names in the strings of a body, each once, in the order in which they stand there."""
    return list(dict.fromkeys(_found(body)))[:MAX_VARIABLES]


def variables_in_text(body_text: str) -> list[str]:
    """The same for a body's text; none where it does not parse."""
    if "{{" not in body_text:
        return []
    try:
        return variables_in(jsontext.loads(body_text))
    except jsontext.JsonError:
        return []


def variables_of(names: Iterable[str], described: Iterable[Mapping[str, str]]) -> list[Variable]:
    """The variables of these names with what was written of them."""
    said = {one["name"]: one for one in described}
    return [
        Variable(name, said.get(name, {}).get("description", ""), said.get(name, {}).get("default", ""))
        for name in names
    ]


def defaults_of(described: Iterable[Mapping[str, str]]) -> dict[str, str]:
    """Default values by name, of those that have one."""
    return {one["name"]: one["default"] for one in described if one.get("default")}


def written(described: Iterable[Mapping[str, str]], body_text: str) -> list[dict[str, str]]:
    """What is kept of these descriptions beside a body: of its own variables, in its order, without what is empty."""
    found = variables_of(variables_in_text(body_text), described)
    return [
        {name: value for name, value in vars(one).items() if value} for one in found if one.description or one.default
    ]


def read_described(value: Any) -> list[dict[str, str]]:
    """Descriptions and defaults from their written form. Raises `VariableError`."""
    if not isinstance(value, list):
        raise VariableError("variables", "Variables are a list: [{name, description, default}].")
    if len(value) > MAX_VARIABLES:
        raise VariableError("variables", f"{len(value)} variables; at most {MAX_VARIABLES} are possible.")
    return [_read(one, f"variables.{index}") for index, one in enumerate(value)]


def _read(one: Any, place: str) -> dict[str, str]:
    if not isinstance(one, Mapping):
        raise VariableError(place, "A variable is an object: {name, description, default}.")
    if unknown := sorted(set(one) - FIELDS):
        raise VariableError(f"{place}.{unknown[0]}", f"A variable has no field {unknown[0]!r}.")
    name = one.get("name")
    if not isinstance(name, str) or not NAME.fullmatch(name):
        raise VariableError(f"{place}.name", "A variable's name is a letter, then letters, digits, “_”, “.” and “-”.")
    for field, longest in (("description", MAX_DESCRIPTION), ("default", MAX_VALUE)):
        text = one.get(field, "")
        if not isinstance(text, str) or len(text) > longest:
            raise VariableError(f"{place}.{field}", f"The {field} is a text of at most {longest:,} characters.")
    return dict(one)


def _found(value: Any) -> Iterable[str]:
    if isinstance(value, str):
        yield from (found[1] for found in VARIABLE.finditer(value))
    elif isinstance(value, list):
        for item in value:
            yield from _found(item)
    elif isinstance(value, dict):
        for item in value.values():
            yield from _found(item)
