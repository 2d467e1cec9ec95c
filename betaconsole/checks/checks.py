"""Checks on outputs, for those who can say what a good one is: each holds for an output, does not, or cannot be told. Pure.

The form they are typed, saved and sent in is a list of objects. `name` is theirs alone; `"not": true` turns one round::

    {"name": "polite",  "kind": "contains", "value": "sorry", "ignore_case": true}
    {"name": "order",   "kind": "regex", "value": "A-\\\\d{4}"}          found anywhere in the text
    {"name": "yes",     "kind": "equals", "value": "yes"}             but for blanks around it
    {"name": "json",    "kind": "json"}                               the whole text is one JSON value
    {"name": "shape",   "kind": "json_schema", "schema": {...}}       and fits this JSON Schema (2020-12)
    {"name": "looks",   "kind": "tool_called", "tool": "look", "input": {"id": 1}}   a call whose input holds this
    {"name": "short",   "kind": "length", "max": 400}                 characters of the text, `min` and `max` included
    {"name": "cheap",   "kind": "cost", "max": 0.01}                  US dollars, all turns

A text in a Markdown fence counts as JSON too where the fence is all there is.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from betaconsole.claude.jsonsubset import holds

from .patterns import PatternError, found, pattern
from .schemas import NO_JSON, SchemaError, check_schema, fits, value_of

MAX_CHECKS = 20
MAX_NAME = 60
MAX_VALUE = 10_000  # characters of a text, of a pattern, of a schema as JSON


class CheckError(ValueError):
    """Checks that cannot be used: `place` names the field (`checks.1.value`), `message` says what is wrong."""

    def __init__(self, place: str, message: str) -> None:
        super().__init__(f"{place}: {message}")
        self.place = place
        self.message = message


@dataclass(frozen=True)
class Output:
    """What a cell came to: the text of its last turn, the tool calls (name, input) and cost of all its turns."""

    text: str
    calls: Sequence[tuple[str, Any]] = ()
    cost_usd: float | None = None


Test = Callable[[Output], bool | None]


@dataclass(frozen=True)
class Check:
    """One check. `said` describes it in a few words: `contains “sorry”`."""

    name: str
    kind: str
    said: str
    test: Test

    def holds(self, output: Output) -> bool | None:
        """Whether it holds for this output; None where that cannot be told: no cost is known, a pattern takes too long."""
        return self.test(output)


def read_checks(value: Any) -> list[Check]:
    """The checks in their written form. Raises `CheckError`."""
    if not isinstance(value, list):
        raise CheckError("checks", "Checks are a list: [{name, kind, …}].")
    if len(value) > MAX_CHECKS:
        raise CheckError("checks", f"{len(value)} checks; at most {MAX_CHECKS} are possible.")
    read = [_read(check, f"checks.{index}") for index, check in enumerate(value)]
    names = [check.name for check in read]
    for index, name in enumerate(names):
        if name in names[:index]:
            raise CheckError(f"checks.{index}.name", f"Two checks are called {name!r}.")
    return read


def _read(check: Any, place: str) -> Check:
    if not isinstance(check, Mapping):
        raise CheckError(place, "A check is an object: {name, kind, …}.")
    kind = check.get("kind")
    if not isinstance(kind, str) or kind not in KINDS:
        raise CheckError(f"{place}.kind", f"The kind of a check is one of {', '.join(KINDS)}.")
    reader, fields = KINDS[kind]
    if unknown := sorted(str(name) for name in set(check) - {"name", "kind", "not", *fields}):
        raise CheckError(f"{place}.{unknown[0][:MAX_NAME]}", f"A check of kind {kind} has no such field.")
    is_not = check.get("not", False)
    if not isinstance(is_not, bool):
        raise CheckError(f"{place}.not", "`not` is true or false.")
    said, test = reader(check, place)
    name = check.get("name", said[:MAX_NAME])
    if not isinstance(name, str) or not 1 <= len(name.strip()) <= MAX_NAME or not name.isprintable():
        raise CheckError(f"{place}.name", f"Name the check: 1 to {MAX_NAME} characters.")
    return Check(name.strip(), kind, f"not: {said}" if is_not else said, _turned(test) if is_not else test)


def _turned(test: Test) -> Test:
    def turned(output: Output) -> bool | None:
        found = test(output)
        return None if found is None else not found

    return turned


# Kinds ------------------------------------------------------------------------------------------------------------------


def _contains(check: Mapping[str, Any], place: str) -> tuple[str, Test]:
    value, ignores_case = _text(check, place), _flag(check, "ignore_case", place)
    wanted = value.casefold() if ignores_case else value
    return (
        f"contains “{_short(value)}”",
        lambda output: wanted in (output.text.casefold() if ignores_case else output.text),
    )


def _equals(check: Mapping[str, Any], place: str) -> tuple[str, Test]:
    value, ignores_case = _text(check, place), _flag(check, "ignore_case", place)
    wanted = value.strip().casefold() if ignores_case else value.strip()
    return (
        f"is “{_short(value)}”",
        lambda output: (output.text.strip().casefold() if ignores_case else output.text.strip()) == wanted,
    )


def _regex(check: Mapping[str, Any], place: str) -> tuple[str, Test]:
    value, ignores_case = _text(check, place), _flag(check, "ignore_case", place)
    try:
        wanted = pattern(value, ignores_case=ignores_case)
    except PatternError as error:
        raise CheckError(f"{place}.value", str(error)) from error
    return f"matches {_short(value)}", lambda output: found(wanted, output.text)


def _json(check: Mapping[str, Any], place: str) -> tuple[str, Test]:
    return "is JSON", lambda output: value_of(output.text) is not NO_JSON


def _json_schema(check: Mapping[str, Any], place: str) -> tuple[str, Test]:
    schema = check.get("schema")
    if not isinstance(schema, Mapping) or len(_written(schema, f"{place}.schema")) > MAX_VALUE:
        raise CheckError(f"{place}.schema", f"A JSON Schema is an object of at most {MAX_VALUE:,} characters.")
    plain = json.loads(_written(schema, place))
    try:
        check_schema(plain)
    except SchemaError as error:
        raise CheckError(f"{place}.schema", str(error)) from error
    return "fits a JSON Schema", lambda output: fits(plain, output.text)


def _tool_called(check: Mapping[str, Any], place: str) -> tuple[str, Test]:
    tool, part = check.get("tool"), check.get("input")
    if not isinstance(tool, str) or not 1 <= len(tool) <= 200:
        raise CheckError(f"{place}.tool", "Name the tool: 1 to 200 characters.")
    if part is not None and not isinstance(part, Mapping):
        raise CheckError(f"{place}.input", "The input that a call must hold is an object.")
    said = f"calls {tool}" + (f" with {_short(_written(part, f'{place}.input'))}" if part else "")
    return said, lambda output: any(
        name == tool and (part is None or holds(given, part)) for name, given in output.calls
    )


def _length(check: Mapping[str, Any], place: str) -> tuple[str, Test]:
    least, most = _bound(check, "min", place), _bound(check, "max", place)
    if least is None and most is None:
        raise CheckError(place, "Give min, max or both, in characters.")
    said = " and ".join(
        f"{word} {bound:,.0f}" for word, bound in (("at least", least), ("at most", most)) if bound is not None
    )
    return f"has {said} characters", lambda output: _between(len(output.text), least, most)


def _cost(check: Mapping[str, Any], place: str) -> tuple[str, Test]:
    least, most = _bound(check, "min", place), _bound(check, "max", place)
    if most is None and least is None:
        raise CheckError(place, "Give max, in US dollars.")
    said = " and ".join(
        f"{word} ${bound:g}" for word, bound in (("at least", least), ("at most", most)) if bound is not None
    )
    return f"costs {said}", lambda output: None if output.cost_usd is None else _between(output.cost_usd, least, most)


Reader = Callable[[Mapping[str, Any], str], tuple[str, Test]]
KINDS: Mapping[str, tuple[Reader, tuple[str, ...]]] = {
    "contains": (_contains, ("value", "ignore_case")),
    "regex": (_regex, ("value", "ignore_case")),
    "equals": (_equals, ("value", "ignore_case")),
    "json": (_json, ()),
    "json_schema": (_json_schema, ("schema",)),
    "tool_called": (_tool_called, ("tool", "input")),
    "length": (_length, ("min", "max")),
    "cost": (_cost, ("min", "max")),
}


# Parts ------------------------------------------------------------------------------------------------------------------


def _text(check: Mapping[str, Any], place: str) -> str:
    value = check.get("value")
    if not isinstance(value, str) or not 1 <= len(value) <= MAX_VALUE:
        raise CheckError(f"{place}.value", f"Give a text of 1 to {MAX_VALUE:,} characters.")
    return value


def _flag(check: Mapping[str, Any], name: str, place: str) -> bool:
    value = check.get(name, False)
    if not isinstance(value, bool):
        raise CheckError(f"{place}.{name}", f"`{name}` is true or false.")
    return value


def _bound(check: Mapping[str, Any], name: str, place: str) -> float | None:
    value = check.get(name)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < 1e12:
        raise CheckError(f"{place}.{name}", f"`{name}` is a number, 0 or more.")
    return float(value)


def _between(value: float, least: float | None, most: float | None) -> bool:
    return (least is None or value >= least) and (most is None or value <= most)


def _short(text: str) -> str:
    return text if len(text) <= 40 else text[:39] + "…"


def _written(value: Any, place: str) -> str:
    try:
        return json.dumps(value, ensure_ascii=False)
    except (TypeError, ValueError, RecursionError) as error:
        raise CheckError(place, "This is no JSON that can be written down.") from error
