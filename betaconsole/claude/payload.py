"""JSON as the far end sends it: read strictly and guarded, and read as far as it goes where it was cut off."""

import json
import math
import re
from typing import NoReturn

MAX_DEPTH = 200
# What is read takes up to a hundred bytes of memory for each of these signs (`[[],[],[]…`): more is no answer of an API.
MAX_SIGNS = 2_000_000

_TOKEN = re.compile(
    r"""[ \t\r\n]*+(?:(?P<string>"[^"\\]*+(?:\\.[^"\\]*+)*+")|(?P<mark>[][{}:,])|(?P<word>[-+.0-9A-Za-z]++))""",
    re.DOTALL,
)
_HALF_STRING = re.compile(r"[ \t\r\n]*+(\"|\Z)")
_WHOLE_WORD = re.compile(r"-?\d+(\.\d+)?([eE][-+]?\d+)?|true|false|null")


class PayloadError(ValueError):
    """Not JSON this console reads: malformed, NaN or Infinity, an integer of thousands of digits, nested too deep, or
    of millions of parts."""


def parse(text: str, *, decoder: json.JSONDecoder | None = None) -> object:
    """The value of one JSON text. Nesting stops at `MAX_DEPTH`, so that whoever writes the value out again is safe too."""
    _check_size(text)
    try:
        value = (decoder or _decoder).decode(text)
    except RecursionError:
        raise PayloadError("nested too deep") from None
    except ValueError as error:
        raise PayloadError(str(error)) from None
    if text.count("[") + text.count("{") > MAX_DEPTH and depth(value) > MAX_DEPTH:
        raise PayloadError("nested too deep")
    return value


def parse_start(text: str) -> object:
    """The value of a JSON text that was cut off: what is complete in it; a half string, word or member is left out.

    The same reading as the official SDK's of a tool's input that `max_tokens` cut short. PayloadError where the text
    is no beginning of JSON.
    """
    _check_size(text)
    end, open_brackets = _last_safe_cut(text)
    return parse(text[:end] + "".join("}" if bracket == "{" else "]" for bracket in reversed(open_brackets)))


def _check_size(text: str) -> None:
    if len(text) > MAX_SIGNS and sum(map(text.count, "[{,")) > MAX_SIGNS:
        raise PayloadError("of too many parts")


def _last_safe_cut(text: str) -> tuple[int, list[str]]:
    """The last place after which only closing brackets are missing, and the brackets open there."""
    open_brackets: list[str] = []
    safe_end, position = 0, 0
    key_due = False
    while found := _TOKEN.match(text, position):
        before, position, mark = position, found.end(), found["mark"]
        if mark == ":" or (mark == "," and before == safe_end) or (key_due and found["string"]):
            key_due = mark == "," and open_brackets[-1:] == ["{"]
            continue
        if mark == "," or (found["word"] and not _WHOLE_WORD.fullmatch(found["word"])):
            break
        if mark in ("{", "["):
            open_brackets.append(mark)
            if len(open_brackets) > MAX_DEPTH:
                raise PayloadError("nested too deep")
        elif mark and open_brackets:
            open_brackets.pop()
        key_due = mark == "{"
        safe_end = position
    if position < len(text) and not _HALF_STRING.match(text, position):
        raise PayloadError(f"not the beginning of JSON (character {position})")
    return safe_end, open_brackets


def depth(value: object) -> int:
    """How deep lists and objects are nested, found without recursion."""
    level, layer = 0, [value]
    while layer := [item for item in layer if isinstance(item, (dict, list))]:
        level += 1
        layer = [inner for item in layer for inner in (item.values() if isinstance(item, dict) else item)]
    return level


def _refuse(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is not JSON")


def _finite(spelling: str) -> float:
    number = float(spelling)
    # 1e999 is JSON, but what it becomes here could not be written out again.
    return number if math.isfinite(number) else _refuse(spelling)


_decoder = json.JSONDecoder(parse_float=_finite, parse_constant=_refuse)


class NotingDecoder(json.JSONDecoder):
    """For `parse`: `doubled` says whether an object has named a member twice so far (the last one counts, as everywhere)."""

    def __init__(self) -> None:
        super().__init__(object_pairs_hook=self._object, parse_float=_finite, parse_constant=_refuse)
        self.doubled = False

    def _object(self, pairs: list[tuple[str, object]]) -> dict[str, object]:
        value = dict(pairs)
        self.doubled = self.doubled or len(value) < len(pairs)
        return value
