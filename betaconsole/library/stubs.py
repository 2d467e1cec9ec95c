"""Tool stubs: scripted answers to a model's tool calls. Pure; part of a prompt.

The form they are typed, saved and sent in is a list of objects::

    [{"tool": "lookup_order",                 the tool's name
      "match": {"order_id": "A-1043"},        (optional) the input must hold this: a JSON subset
      "match_exactly": true,                  (optional) the input must be this and nothing more
      "result": {"status": "delivered"},      text, content blocks, or any JSON, which is sent as its text
      "error": "order not found",             in place of result: an is_error result with this text
      "delay_ms": 300}]                       (optional) how long the tool takes

The first stub that fits answers.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from betaconsole.claude import jsontext
from betaconsole.claude.jsonsubset import holds, same

MAX_STUBS = 100
MAX_DELAY_MS = 600_000
MAX_TURNS = 100
TURNS_WITH_STUBS = 10
FIELDS = frozenset({"tool", "match", "match_exactly", "result", "error", "delay_ms"})
RESULT_BLOCKS = frozenset({"text", "image", "document", "search_result", "tool_reference"})


class StubError(ValueError):
    """Stubs that cannot be used: `place` names the field (`tool_stubs.1.delay_ms`), `message` says what is wrong."""

    def __init__(self, place: str, message: str) -> None:
        super().__init__(f"{place}: {message}")
        self.place = place
        self.message = message


@dataclass(frozen=True)
class ToolStub:
    """One scripted answer. `content` is what a tool_result carries: text or content blocks."""

    tool: str
    content: Any
    match: Any = None
    is_exact: bool = False
    is_error: bool = False
    delay_ms: int = 0

    def answers(self, name: str, tool_input: Any) -> bool:
        """Whether it is the answer to this call."""
        if name != self.tool:
            return False
        if self.is_exact:
            return same(self.match, tool_input)
        return self.match is None or holds(tool_input, self.match)


def read_stubs(value: Any) -> list[ToolStub]:
    """The stubs in their written form. Raises `StubError`."""
    if not isinstance(value, list):
        raise StubError("tool_stubs", "Tool stubs are a list: [{tool, match, result}].")
    if len(value) > MAX_STUBS:
        raise StubError("tool_stubs", f"{len(value)} tool stubs; at most {MAX_STUBS} are possible.")
    return [_read(stub, f"tool_stubs.{index}") for index, stub in enumerate(value)]


def find(stubs: Iterable[ToolStub], name: str, tool_input: Any) -> ToolStub | None:
    """The stub that answers this call: the first that fits."""
    return next((stub for stub in stubs if stub.answers(name, tool_input)), None)


def turns_allowed(asked: int | None, stubs: Sequence[Any]) -> int:
    """How many turns a cell may take: what was asked for, else ten where there are stubs and one where there are none."""
    return asked or (TURNS_WITH_STUBS if stubs else 1)


def result_content(value: Any) -> Any:
    """A result as the content of a tool_result: text and content blocks as they are, other JSON as its text."""
    if isinstance(value, str) or _is_blocks(value):
        return value
    return jsontext.dumps(value)


def _is_blocks(value: Any) -> bool:
    return (
        isinstance(value, list)
        and bool(value)
        and all(isinstance(block, Mapping) and block.get("type") in RESULT_BLOCKS for block in value)
    )


def _read(stub: Any, place: str) -> ToolStub:
    if not isinstance(stub, Mapping):
        raise StubError(place, "A tool stub is an object: {tool, match, result}.")
    if unknown := sorted(set(stub) - FIELDS):
        raise StubError(f"{place}.{unknown[0]}", f"A tool stub has no field {unknown[0]!r}.")
    tool = stub.get("tool")
    if not isinstance(tool, str) or not 1 <= len(tool) <= 200:
        raise StubError(f"{place}.tool", "Name the tool: 1 to 200 characters.")
    if ("result" in stub) == ("error" in stub):
        raise StubError(place, "Give a result or an error, one of the two.")
    error = stub.get("error")
    if "error" in stub and not isinstance(error, str):
        raise StubError(f"{place}.error", "An error is a text.")
    is_exact = stub.get("match_exactly", False)
    if not isinstance(is_exact, bool) or (is_exact and "match" not in stub):
        raise StubError(f"{place}.match_exactly", "match_exactly is true or false, and needs a match.")
    return ToolStub(
        tool=tool,
        content=error if "error" in stub else result_content(stub["result"]),
        match=stub.get("match"),
        is_exact=is_exact,
        is_error="error" in stub,
        delay_ms=_delay_ms(stub.get("delay_ms", 0), f"{place}.delay_ms"),
    )


def _delay_ms(value: Any, place: str) -> int:
    # A jsontext number is its own type and compares like one.
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= MAX_DELAY_MS:
        raise StubError(place, f"A delay is 0 to {MAX_DELAY_MS:,} milliseconds.")
    return int(value)
