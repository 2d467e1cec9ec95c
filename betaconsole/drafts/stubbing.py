"""Edits of tool stubs in their written form (library.stubs): stubs in, stubs out. Pure.

What is typed as a result is kept to the letter, as text; only content blocks are kept as JSON.
"""

import json
from collections.abc import Sequence
from typing import Any

from betaconsole.claude import jsontext
from betaconsole.library.stubs import MAX_DELAY_MS, MAX_STUBS, MAX_TURNS, result_content

MAX_CHARACTERS = 1_000_000  # of one match, result or error
MAX_ALL_CHARACTERS = 8_000_000
LONGEST_TOOL = 200
RESULT, ERROR = "result", "error"
Stub = dict[str, Any]
Stubs = list[Stub]


class StubMistake(ValueError):
    """What cannot be taken; `field` is tool, match, answer, delay, turns or empty."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(message)
        self.field = field


def add(stubs: Sequence[Stub], tool: str) -> Stubs:
    """One more stub for the tool, for any input and with an empty result; it is asked after those that are there."""
    if len(stubs) >= MAX_STUBS:
        raise StubMistake("", f"There are {MAX_STUBS} stubs; more are not possible.")
    return [*stubs, {"tool": _tool(tool), RESULT: ""}]


def remove(stubs: Sequence[Stub], index: int) -> Stubs:
    _at(stubs, index)
    return [stub for at, stub in enumerate(stubs) if at != index]


def move(stubs: Sequence[Stub], index: int, *, by: int) -> tuple[Stubs, int]:
    """The stub asked one place earlier (`by` negative) or later among those of its tool, and where it then stands."""
    tool = _at(stubs, index)["tool"]
    others = [at for at, stub in enumerate(stubs) if stub["tool"] == tool]
    place = others.index(index) + (1 if by > 0 else -1)
    if not 0 <= place < len(others):
        return list(stubs), index
    moved = list(stubs)
    moved[index], moved[others[place]] = moved[others[place]], moved[index]
    return moved, others[place]


def set_tool(stubs: Sequence[Stub], index: int, tool: str) -> Stubs:
    """Let the stub answer another tool."""
    return _changed(stubs, index, {**_at(stubs, index), "tool": _tool(tool)})


def set_match(stubs: Sequence[Stub], index: int, text: str) -> Stubs:
    """What the input must hold; empty: any input."""
    rest = {name: value for name, value in _at(stubs, index).items() if name != "match"}
    if not text.strip():
        rest.pop("match_exactly", None)
        return _changed(stubs, index, rest)
    _check_length(text, "match", "A match")
    return _changed(stubs, index, {"tool": rest.pop("tool"), "match": _match(text), **rest})


def set_exact(stubs: Sequence[Stub], index: int, *, on: bool) -> Stubs:
    """Whether the input must be the match and nothing more."""
    stub = _at(stubs, index)
    if on and "match" not in stub:
        raise StubMistake("match", "Type the input first that it must be exactly.")
    rest = {name: value for name, value in stub.items() if name != "match_exactly"}
    return _changed(stubs, index, {**rest, "match_exactly": True} if on else rest)


def set_answer(stubs: Sequence[Stub], index: int, *, kind: str, text: str) -> Stubs:
    """What the tool says: a result or an error."""
    if kind not in (RESULT, ERROR):
        raise StubMistake("answer", "A tool answers with a result or with an error.")
    _check_length(text, "answer", f"{'A result' if kind == RESULT else 'An error'}")
    rest = {name: value for name, value in _at(stubs, index).items() if name not in (RESULT, ERROR)}
    delay = {name: rest.pop(name) for name in ("delay_ms",) if name in rest}
    return _changed(stubs, index, {**rest, kind: as_kept(text) if kind == RESULT else text, **delay})


def set_delay(stubs: Sequence[Stub], index: int, text: str) -> Stubs:
    """How long the tool takes, in ms; empty or 0: no time."""
    text = text.strip() or "0"
    if not (text.isascii() and text.isdigit() and len(text) < 9 and int(text) <= MAX_DELAY_MS):
        raise StubMistake("delay", f"A delay is a whole number of milliseconds, 0 to {MAX_DELAY_MS:,}.")
    rest = {name: value for name, value in _at(stubs, index).items() if name != "delay_ms"}
    return _changed(stubs, index, {**rest, "delay_ms": int(text)} if int(text) else rest)


def read_turns(text: str) -> int | None:
    """How many turns a cell may take; empty: as many as usual."""
    text = text.strip()
    if not text:
        return None
    if not (text.isascii() and text.isdigit() and len(text) < 7 and 1 <= int(text) <= MAX_TURNS):
        raise StubMistake("turns", f"Turns: choose 1 to {MAX_TURNS}, or leave it empty.")
    return int(text)


def as_kept(text: str) -> Any:
    """A typed result as it is kept: content blocks as JSON, everything else to the letter."""
    if not text.lstrip().startswith("["):
        return text
    try:
        value = _plain(jsontext.loads(text))
    except (jsontext.JsonError, ValueError):
        return text
    return value if not isinstance(result_content(value), str) else text


def as_typed(value: Any) -> str:
    """A kept result, error or match as the text to edit."""
    return value if isinstance(value, str) else jsontext.dumps(value, indent=2)


def _match(text: str) -> Any:
    try:
        value = jsontext.loads(text)
    except jsontext.JsonError as error:
        raise StubMistake("match", f"The match is not JSON: {error}") from error
    if not isinstance(value, dict):
        raise StubMistake("match", 'A match is an object, as the input of a tool is: {"order_id": "A-1043"}')
    try:
        return _plain(value)
    except ValueError as error:
        raise StubMistake("match", "The match holds a number that is too big to compare with.") from error


def _plain(value: Any) -> Any:
    """The value as the database gives it back. ValueError for numbers that it could not."""
    plain = json.loads(jsontext.dumps(value))
    json.dumps(plain, allow_nan=False)
    return plain


def _tool(name: str) -> str:
    if not 1 <= len(name) <= LONGEST_TOOL:
        raise StubMistake("tool", f"Name the tool: 1 to {LONGEST_TOOL} characters.")
    return name


def _at(stubs: Sequence[Stub], index: int) -> Stub:
    if not 0 <= index < len(stubs):
        raise StubMistake("", "That stub is no longer there.")
    return stubs[index]


def _changed(stubs: Sequence[Stub], index: int, stub: Stub) -> Stubs:
    changed = [stub if at == index else other for at, other in enumerate(stubs)]
    if sum(_size(one) for one in changed) > MAX_ALL_CHARACTERS:
        raise StubMistake("answer", f"All stubs together have at most {MAX_ALL_CHARACTERS:,} characters.")
    return changed


def _size(stub: Stub) -> int:
    """About how many characters it holds, without writing them all out."""
    return sum(len(value) if isinstance(value, str) else len(json.dumps(value)) for value in stub.values())


def _check_length(text: str, field: str, what: str) -> None:
    if len(text) > MAX_CHARACTERS:
        raise StubMistake(field, f"{what} has at most {MAX_CHARACTERS:,} characters; this has {len(text):,}.")
