"""A string that fits a regular expression: enough of the syntax for schemas people write."""

from __future__ import annotations

import random
import re
from typing import Any

# re's own parser; sre_parse was its public name until Python 3.11
_parse = re._parser.parse  # type: ignore[attr-defined]

CATEGORIES = {"CATEGORY_DIGIT": "0123456789", "CATEGORY_WORD": "abcdefghijklmnopqrstuvwxyz", "CATEGORY_SPACE": " "}
MOST_REPEATS = 100
MOST_CHARS = 2_000
MOST_PATTERN_CHARS = 500


def fitting(pattern: str, rng: random.Random) -> str | None:
    """A short string that the pattern matches; None for patterns with look-around, back references or mistakes."""
    if len(pattern) > MOST_PATTERN_CHARS:
        return None
    try:
        return _write(_parse(pattern), rng)
    except (re.error, ValueError, RecursionError, OverflowError):
        return None


def _write(parsed: Any, rng: random.Random) -> str:
    text = ""
    for operation, argument in parsed:
        text += _write_one(str(operation), argument, rng)
        if len(text) > MOST_CHARS:
            raise ValueError("too long")
    return text


def _write_one(operation: str, argument: Any, rng: random.Random) -> str:
    if operation == "LITERAL":
        return chr(argument)
    if operation == "AT":
        return ""
    if operation in ("ANY", "NOT_LITERAL"):
        return "a" if argument != ord("a") else "b"
    if operation == "IN":
        return rng.choice(_letters(argument))
    if operation == "SUBPATTERN":
        return _write(argument[-1], rng)
    if operation == "BRANCH":
        return _write(rng.choice(argument[1]), rng)
    if operation in ("MAX_REPEAT", "MIN_REPEAT", "POSSESSIVE_REPEAT"):
        least, most, inner = argument
        times = rng.randint(least, min(int(most), least + 4))
        if times > MOST_REPEATS:
            raise ValueError("too many repeats")
        return "".join(_write(inner, rng) for _ in range(times))
    raise ValueError(f"cannot write {operation}")


def _letters(members: Any) -> str:
    letters = ""
    excluded = False
    for operation, argument in members:
        kind = str(operation)
        if kind == "NEGATE":
            excluded = True
        elif kind == "LITERAL":
            letters += chr(argument)
        elif kind == "RANGE":
            low, high = argument
            letters += "".join(chr(code) for code in range(low, min(high, low + 99) + 1))
        else:
            letters += CATEGORIES.get(str(argument), "")
    if excluded:
        letters = "".join(letter for letter in "abcdefghijklmnopqrstuvwxyz0123456789-_ ABC" if letter not in letters)
    if not letters:
        raise ValueError("an empty set")
    return letters
