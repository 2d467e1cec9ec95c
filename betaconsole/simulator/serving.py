"""What it takes to run a tool within an answer: the calls of server tools, their results and what those cost."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from .blocks import Block
from .caching import CacheUse
from .iterations import Iteration
from .questions import Question
from .tokens import block_tokens


@dataclass(frozen=True)
class Outcome:
    """What a call brought. `use` is what usage.server_tool_use counts of it.

    `aside` is a step of another model, given what the own one has read and written so far.
    """

    result: Mapping[str, Any]
    use: Mapping[str, int] = field(default_factory=dict)
    citations: tuple[Mapping[str, Any], ...] = ()
    aside: Callable[[CacheUse], Iteration] | None = None
    delay_tokens: int = 0


@dataclass(frozen=True)
class ServerTool:
    """One kind of tool. `begins` are the first letters of its types; both functions get the tool as it was defined.

    `call` gives the call's block without id, or None where the tool has nothing to do; `run` what came of a call.
    """

    begins: str
    call: Callable[[Question, Mapping[str, Any]], Mapping[str, Any] | None]
    run: Callable[[Question, Mapping[str, Any], Mapping[str, Any]], Outcome]


@dataclass(frozen=True)
class ServerCall:
    """One call within an answer. `call` is None where an earlier answer made it, `outcome` where a later one will run it."""

    call: Block | None
    outcome: Outcome | None

    @property
    def read_tokens(self) -> int:
        """What the next step reads of the result."""
        return block_tokens(self.outcome.result) if self.outcome else 0


def server_use(name: str, tool_input: Mapping[str, Any]) -> dict[str, Any]:
    """The call of a server tool, without its id."""
    return {"type": "server_tool_use", "name": name, "input": dict(tool_input)}
