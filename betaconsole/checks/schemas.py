"""Whether a text is JSON, and fits a JSON Schema (draft 2020-12). Nothing is fetched, and no pattern runs for ever."""

import json
import re
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any

from .patterns import PatternError, found, pattern

NO_JSON = object()
FENCE = re.compile(r"\s*```\w*\n(.*?)\n?```\s*", re.S)
# Their patterns would run on names that a model chose, out of reach of our patience.
LEFT_OUT = ("patternProperties",)


class SchemaError(ValueError):
    """No schema that can be used here; the message is for people."""


class _TooLong(Exception):
    """A pattern took too long."""


def value_of(text: str) -> Any:
    """The JSON that a text is, also where a Markdown fence is around all of it; else `NO_JSON`."""
    fenced = FENCE.fullmatch(text)
    try:
        return json.loads(fenced[1] if fenced else text, parse_constant=_refuse)
    except (ValueError, RecursionError):
        return NO_JSON


def _refuse(name: str) -> None:
    raise ValueError(name)


def check_schema(schema: Mapping[str, Any]) -> None:
    """Raises `SchemaError` for what is no schema, refers to anything but its own parts, or has a pattern that is none."""
    from jsonschema import SchemaError as Misfit

    try:
        _validator().check_schema(schema)
        for name, value in _words(schema):
            if name in LEFT_OUT:
                raise SchemaError(f"{name} is not looked at here: name the properties.")
            if name in ("$ref", "$dynamicRef") and not str(value).startswith("#"):
                raise SchemaError(f"A schema refers to its own parts only (#…), not to {str(value)[:100]}.")
            if name == "pattern" and isinstance(value, str):
                pattern(value)
    except PatternError as error:
        raise SchemaError(str(error)) from error
    except (Misfit, RecursionError) as error:
        raise SchemaError(f"This is no JSON Schema: {str(error).splitlines()[0][:200]}") from error


def fits(schema: Mapping[str, Any], text: str) -> bool | None:
    """Whether a text is JSON that fits; None where that takes too long to tell."""
    value = value_of(text)
    if value is NO_JSON:
        return False
    try:
        return bool(_validator()(schema).is_valid(value))
    except (RecursionError, _TooLong):
        return None


@cache
def _validator() -> Any:
    # Imported when the first schema is read: it is a tenth of a second that a start need not take.
    from jsonschema import Draft202012Validator
    from jsonschema.validators import extend

    return extend(Draft202012Validator, {"pattern": _pattern})


def _pattern(validator: Any, wanted: str, instance: Any, schema: Any) -> Iterator[Exception]:
    from jsonschema import ValidationError

    if not isinstance(instance, str):
        return
    is_found = found(pattern(wanted), instance)
    if is_found is None:
        raise _TooLong
    if not is_found:
        yield ValidationError("the pattern is not found")


def _words(schema: Any) -> Iterator[tuple[str, Any]]:
    """Every member of every object in it."""
    if isinstance(schema, list):
        for one in schema:
            yield from _words(one)
    elif isinstance(schema, Mapping):
        for name, value in schema.items():
            yield name, value
            yield from _words(value)
