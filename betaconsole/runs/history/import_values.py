"""Values of a line that somebody brought, each looked at before it is believed. Pure.

Every reader names the field in what it raises, as a person reads it.
"""

import json
import math
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, TypeGuard

from django.utils import timezone

from betaconsole.storage.fields import showable
from betaconsole.web.incoming import has_too_many_values
from betaconsole.web.paging import identifier

MAX_DEPTH = 70  # of JSON that people type 64, and what a line wraps it in
LONGEST = 1_000_000  # characters of a text that has no limit of its own
MOST_MS = 1e10
MOST_PAIRS, LONGEST_HEADER = 200, 64_000


class Bad(ValueError):
    """A line that cannot be taken, and why."""


class Values:
    """The fields of one JSON object."""

    def __init__(self, value: Mapping[str, Any], place: str = "") -> None:
        self.value = value
        self.place = place

    def bad(self, name: str, wanted: str) -> Bad:
        return Bad(f"{self.place}{name}: {wanted}.")

    def text(self, name: str, most: int = LONGEST) -> str:
        """A text, empty where there is none; exactly as it stands in the file."""
        found = self.value.get(name) or ""
        if not isinstance(found, str) or len(found) > most:
            raise self.bad(name, f"a text of at most {most:,} characters")
        return found

    def said(self, name: str, most: int) -> str:
        """The same for columns that cannot hold every sign."""
        return showable(self.text(name, most))

    def text_or_none(self, name: str, most: int = LONGEST) -> str | None:
        return None if self.value.get(name) is None else self.text(name, most)

    def flag(self, name: str) -> bool:
        found = self.value.get(name, False)
        if not isinstance(found, bool):
            raise self.bad(name, "true or false")
        return found

    def number(self, name: str, least: int, most: int) -> int:
        found = self.value.get(name)
        if isinstance(found, bool) or not isinstance(found, int) or not least <= found <= most:
            raise self.bad(name, f"a whole number from {least:,} to {most:,}")
        return found

    def number_or_none(self, name: str, least: int, most: int) -> int | None:
        return None if self.value.get(name) is None else self.number(name, least, most)

    def ms(self, name: str) -> float | None:
        """A time in milliseconds."""
        found = self.value.get(name)
        if found is None:
            return None
        if isinstance(found, bool) or not isinstance(found, int | float) or not 0 <= found <= MOST_MS:
            raise self.bad(name, "milliseconds")
        return float(found)

    def id(self, name: str) -> str:
        found = self.value.get(name)
        if not isinstance(found, str) or not identifier(found) or len(found) > 24:
            raise self.bad(name, "no id of ours")
        return found

    def digest(self, name: str) -> str:
        found = self.value.get(name)
        if not isinstance(found, str) or len(found) != 64 or set(found) - set("0123456789abcdef"):
            raise self.bad(name, "a SHA-256 in hexadecimal digits")
        return found

    def digest_or_none(self, name: str) -> str | None:
        return None if self.value.get(name) is None else self.digest(name)

    def moment(self, name: str) -> datetime | None:
        """A moment with its time zone; what lies in the future is now."""
        found = self.value.get(name)
        if found is None:
            return None
        try:
            moment = datetime.fromisoformat(found)
        except (TypeError, ValueError) as error:
            raise self.bad(name, "a moment such as 2026-11-22T09:14:03+00:00") from error
        if moment.tzinfo is None or moment.year < 2000:
            raise self.bad(name, "a moment with its time zone, after 2000")
        return min(moment, timezone.now())

    def pairs(self, name: str) -> list[list[str]]:
        """Header lines: [[name, value], …]."""
        found = self.value.get(name) or []
        is_list = isinstance(found, list) and len(found) <= MOST_PAIRS
        if not is_list or not all(map(_is_pair, found)):
            raise self.bad(name, f"at most {MOST_PAIRS} pairs of name and value")
        return [[showable(key), showable(value)] for key, value in found]

    def items(self, name: str, most: int) -> Sequence[Any]:
        found = self.value.get(name) or []
        if not isinstance(found, list) or len(found) > most:
            raise self.bad(name, f"a list of at most {most:,}")
        return found

    def texts(self, name: str, most: int, longest: int) -> list[str]:
        found = self.items(name, most)
        if not all(isinstance(one, str) and len(one) <= longest for one in found):
            raise self.bad(name, "texts")
        return [showable(one) for one in found]

    def objects(self, name: str, most: int) -> "list[Values]":
        found = self.items(name, most)
        if not all(isinstance(one, dict) for one in found):
            raise self.bad(name, "a list of objects")
        return [Values(one, f"{self.place}{name}.{index}.") for index, one in enumerate(found)]


def _is_pair(value: Any) -> bool:
    is_pair = isinstance(value, list) and len(value) == 2 and all(isinstance(part, str) for part in value)
    return is_pair and sum(map(len, value)) <= LONGEST_HEADER


def parsed(line: bytes) -> Mapping[str, Any]:
    """The JSON object that a line is. Raises `Bad`."""
    if has_too_many_values(line):
        raise Bad("It holds more values than the console reads at once.")
    try:
        value = json.loads(line.decode("utf-8-sig"), parse_constant=_no_number)
    except UnicodeDecodeError as error:
        raise Bad("It is not UTF-8.") from error
    except (ValueError, RecursionError) as error:
        raise Bad("It is not JSON: an export of ours has one JSON object to a line.") from error
    if not isinstance(value, dict):
        raise Bad("It is not a JSON object.")
    if _depth(value) > MAX_DEPTH:
        raise Bad(f"It is nested more than {MAX_DEPTH} deep.")
    return value


def _no_number(word: str) -> float:
    raise ValueError(f"{word} is no number of JSON")


def _depth(value: Any) -> int:
    """How deep lists and objects stand in each other; looked at level by level."""
    level, depth = [value], 0
    while level and depth <= MAX_DEPTH:
        level = [inner for one in level for inner in _inner(one)]
        depth += 1
    return depth


def _inner(value: Any) -> Sequence[Any]:
    if isinstance(value, dict):
        return [one for one in value.values() if isinstance(one, dict | list)]
    return [one for one in value if isinstance(one, dict | list)]


def timeline_of(value: Any, *, size: int) -> bytes | None:
    """A timeline as its column keeps it: moments and offsets that only grow, within the response. Raises `Bad`."""
    if value is None:
        return None
    last_ms, last_end = 0.0, 0
    for entry in value if isinstance(value, list) else [None]:
        if not _is_entry(entry):
            raise Bad("timeline: entries of milliseconds, end offset and event.")
        at_ms, end, _ = entry
        if not last_ms <= at_ms <= MOST_MS or not last_end <= end <= size:
            raise Bad("timeline: its moments and offsets must grow, within the response.")
        last_ms, last_end = at_ms, end
    return json.dumps(value).encode()


def _is_entry(entry: Any) -> TypeGuard[list[Any]]:
    if not isinstance(entry, list) or len(entry) != 3 or any(isinstance(part, bool) for part in entry):
        return False
    at_ms, end, event = entry
    is_float = isinstance(at_ms, float) and math.isfinite(at_ms)
    is_timed = (is_float or isinstance(at_ms, int)) and isinstance(end, int)
    return is_timed and isinstance(event, str) and len(event) <= 100
