"""The form that adds a check, from what was typed to its written form. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from betaconsole.checks.checks import CheckError, read_checks
from betaconsole.claude import jsontext

# In the order in which they are offered, with what each wants to know.
KINDS = (
    ("contains", "contains a text", ("value", "ignore_case")),
    ("equals", "is exactly a text", ("value", "ignore_case")),
    ("regex", "matches a pattern", ("value", "ignore_case")),
    ("json", "is JSON", ()),
    ("json_schema", "fits a JSON Schema", ("schema",)),
    ("tool_called", "calls a tool", ("tool", "input")),
    ("length", "has so many characters", ("min", "max")),
    ("cost", "costs so many dollars", ("min", "max")),
)
FIELDS = {kind: fields for kind, _, fields in KINDS}
FLAGS, JSONS, NUMBERS = ("ignore_case", "not"), ("schema", "input"), ("min", "max")
PLACES = ("name", "kind", "value", "schema", "tool", "input", "min", "max")


@dataclass(frozen=True)
class CheckForm:
    """What was typed, and what is wrong with it: a message for each field, and one for all (`form`)."""

    typed: Mapping[str, str] = field(default_factory=dict)
    problems: Mapping[str, str] = field(default_factory=dict)

    @property
    def kind(self) -> str:
        return self.typed.get("kind") or KINDS[0][0]


EMPTY = CheckForm()


class Refused(Exception):
    """`problems` by field; `form` where it is none of them."""

    def __init__(self, problems: Mapping[str, str]) -> None:
        super().__init__("; ".join(problems.values()))
        self.problems = problems


def read_form(typed: Mapping[str, str], *, there: list[Any]) -> dict[str, Any]:
    """The check that was typed, in its written form, as one more beside those `there`. Raises `Refused`."""
    if written := typed.get("written"):
        check = _json(written, "form")
    else:
        wanted = ("name", *FIELDS.get(typed.get("kind", ""), ()), "not")
        values = {name: _value(name, typed.get(name, "").strip()) for name in wanted if typed.get(name, "").strip()}
        check = {"kind": typed.get("kind", ""), **values}
    try:
        read_checks([*there, check])
    except CheckError as error:
        place = error.place.rpartition(".")[2]
        raise Refused({place if place in PLACES else "form": error.message}) from error
    return check


def _value(name: str, text: str) -> Any:
    if name in FLAGS:
        return True
    if name in JSONS:
        return _json(text, name)
    return _number(text, name) if name in NUMBERS else text


def _json(text: str, name: str) -> Any:
    try:
        return jsontext.loads(text)
    except jsontext.JsonError as error:
        raise Refused({name: f"This is no JSON: {error}"}) from error


def _number(text: str, name: str) -> float | int:
    try:
        value = float(text)
    except ValueError as error:
        raise Refused({name: "A number, please."}) from error
    return int(value) if value.is_integer() else value
