"""JSON text ⇄ values, with each number's spelling kept.

A body may hold numbers that Python would write differently (1.0, 1e2, -0) or could not hold exactly (beyond 2^53 as a
float, thousands of digits). What a person typed is what must be sent, so numbers remember how they were written.
"""

import json
import re
import sys
from collections.abc import Callable
from json.encoder import encode_basestring
from typing import Any, NoReturn, Self

from . import jsonplaces
from .payload import depth

MAX_DEPTH = 64
MAX_VALUES = 2_000_000  # about: commas and brackets outside of strings. Each may take a hundred times its one sign

_SAFE_DIGITS = sys.int_info.str_digits_check_threshold
_STRING = re.compile(r'"(?:[^"\\]++|\\.)*+"?', re.DOTALL)  # one that never ends is all the rest
_SURROGATE = re.compile("[\\ud800-\\udfff]")


class JsonError(ValueError):
    """Text that is not the JSON this console sends; says where, lines and columns counted from 1."""

    def __init__(self, message: str, line: int, column: int) -> None:
        super().__init__(f"line {line}, column {column}: {message}")
        self.message = message
        self.line = line
        self.column = column


class Integer(int):
    """An integer that remembers its spelling.

    Past the digits Python always converts its value is a stand-in of that size; the spelling is exact.
    """

    spelling: str

    def __new__(cls, spelling: str) -> Self:
        is_huge = len(spelling) > _SAFE_DIGITS
        number = super().__new__(cls, _stand_in(spelling) if is_huge else spelling)
        number.spelling = spelling
        return number

    def __deepcopy__(self, memo: object) -> Self:
        return self

    def __reduce__(self) -> tuple[type[Self], tuple[str]]:
        return type(self), (self.spelling,)


class Real(float):
    """A number with a fraction or an exponent that remembers its spelling (its value may be rounded, or infinite)."""

    __slots__ = ("spelling",)
    spelling: str

    def __new__(cls, spelling: str) -> Self:
        number = super().__new__(cls, spelling)
        number.spelling = spelling
        return number

    def __deepcopy__(self, memo: object) -> Self:
        return self

    def __reduce__(self) -> tuple[type[Self], tuple[str]]:
        return type(self), (self.spelling,)


_SPELLED = (Integer, Real)
_ARRAYS = (list, tuple)


def loads(text: str) -> object:
    """The value of a JSON text; numbers are `Integer` or `Real`.

    Strict: JsonError for NaN and Infinity, a key twice in one object, nesting past `MAX_DEPTH`, and more values than
    memory should be given to.
    """
    if _has_too_many_values(text):
        _refuse(text, 0, f"it holds more than {MAX_VALUES:,} values")
    try:
        value = _decoder.decode(text)
    except json.JSONDecodeError as error:
        raise JsonError(error.msg.removesuffix(" starting at").removesuffix(" at"), error.lineno, error.colno) from None
    except _BareWord as error:
        _refuse(text, jsonplaces.first_word(text, error.word), f"{error.word} is not JSON")
    except _RepeatedKey:
        position, key = jsonplaces.first_repeated_key(text)
        _refuse(text, position, f"the key {json.dumps(key)} stands twice in one object")
    except RecursionError:
        _refuse_depth(text)
    if text.count("[") + text.count("{") > MAX_DEPTH and depth(value) > MAX_DEPTH:
        _refuse_depth(text)
    return value


def dumps(value: object, *, indent: int | None = None) -> str:
    """The JSON text of a value, numbers as they were spelled; compact, or indented by so many spaces.

    Non-ASCII characters stay as they are, but lone surrogates are escaped: the text always encodes as UTF-8.
    ValueError for NaN and infinities, TypeError for what JSON has no form for.
    """
    parts: list[str] = []
    _write(value, parts.append, "\n" if indent is not None else "", " " * (indent or 0))
    text = "".join(parts)
    try:
        text.encode()
    except UnicodeEncodeError:
        return _SURROGATE.sub(lambda found: f"\\u{ord(found[0]):04x}", text)
    return text


def _has_too_many_values(text: str) -> bool:
    if sum(map(text.count, ",[{")) <= MAX_VALUES:
        return False
    return sum(map(_STRING.sub("", text).count, ",[{")) > MAX_VALUES


class _BareWord(Exception):
    def __init__(self, word: str) -> None:
        self.word = word


class _RepeatedKey(Exception):
    pass


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) < len(pairs):
        raise _RepeatedKey
    return members


def _bare_word(word: str) -> NoReturn:
    raise _BareWord(word)


_decoder = json.JSONDecoder(parse_int=Integer, parse_float=Real, parse_constant=_bare_word, object_pairs_hook=_object)


def _stand_in(spelling: str) -> int:
    """An integer as large as Python will always write out, with the sign of the one spelled."""
    return int(spelling[:_SAFE_DIGITS])


def _refuse(text: str, position: int, message: str) -> NoReturn:
    raise JsonError(message, *jsonplaces.line_and_column(text, position)) from None


def _refuse_depth(text: str) -> NoReturn:
    _refuse(text, jsonplaces.first_deeper_than(text, MAX_DEPTH), f"nested more than {MAX_DEPTH} levels deep")


def _write(value: object, out: Callable[[str], object], newline: str, step: str) -> None:
    """Write one value; `newline` is the line break with the indentation of this level, empty for compact text."""
    if isinstance(value, str):
        out(encode_basestring(value))
    elif isinstance(value, _SPELLED):
        out(value.spelling)
    elif isinstance(value, dict):
        _write_object(value, out, newline, step)
    elif isinstance(value, _ARRAYS):
        _write_array(value, out, newline, step)
    else:
        out(_plain(value))


def _write_object(members: dict[Any, Any], out: Callable[[str], object], newline: str, step: str) -> None:
    inner = newline and newline + step
    colon = ": " if newline else ":"
    before = "{" + inner
    for key, value in members.items():
        if not isinstance(key, str):
            raise TypeError(f"a key must be a string, not {type(key).__name__}")
        out(before)
        out(encode_basestring(key))
        out(colon)
        _write(value, out, inner, step)
        before = "," + inner
    out(newline + "}" if members else "{}")


def _write_array(items: list[Any] | tuple[Any, ...], out: Callable[[str], object], newline: str, step: str) -> None:
    inner = newline and newline + step
    before = "[" + inner
    for item in items:
        out(before)
        _write(item, out, inner, step)
        before = "," + inner
    out(newline + "]" if items else "[]")


def _plain(value: object) -> str:
    """A constant, or a number that was not read from text."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return json.dumps(value, allow_nan=False)
    raise TypeError(f"JSON has no form for {type(value).__name__}")
