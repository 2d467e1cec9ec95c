"""Tools that the simulated API runs itself, within the answer: nothing leaves the machine, every result is made up."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from .advisor import ADVISOR
from .blocks import tool_use_block
from .code_tool import CODE_EXECUTION
from .mcp import MCP
from .questions import Question
from .serving import Outcome, ServerCall, ServerTool
from .tool_search import TOOL_SEARCH
from .web_tools import WEB_FETCH, WEB_SEARCH

KINDS: tuple[ServerTool, ...] = (TOOL_SEARCH, MCP, WEB_SEARCH, WEB_FETCH, CODE_EXECUTION, ADVISOR)
ID_PREFIXES = {"server_tool_use": "srvtoolu_", "mcp_tool_use": "mcptoolu_"}


@dataclass(frozen=True)
class Served:
    """What an answer does with server tools. `pauses`: the turn ends at the last call, to be run when it is sent back."""

    calls: tuple[ServerCall, ...] = ()
    pauses: bool = False


def is_server_tool(tool: Mapping[str, Any]) -> bool:
    return _kind_of(tool) is not None


def run_server_tools(question: Question) -> Served:
    """The results that are still due, then each tool on offer once, before anything that the client has to run.

    A wish to pause makes one call after the other end the turn, as often as it says, before the rest go on.
    """
    due = tuple(ServerCall(None, _outcome(question, call)) for call in question.conversation.pending)
    if question.conversation.results or not question.calls_freely:
        return Served(due)
    paused = question.conversation.paused_calls or 0
    if paused < question.wishes.pause_turn:
        for tool, kind in _on_offer(question):
            if call := _called(question, tool, kind, number=paused):
                return Served((*due, ServerCall(_block(question, call), None)), pauses=True)
    made = []
    for number, (tool, kind) in enumerate(_on_offer(question)):
        call = _called(question, tool, kind, number=paused + number)
        if call and call["name"] not in question.conversation.served:
            made.append(ServerCall(_block(question, call), kind.run(question, tool, call)))
    return Served((*due, *made))


def _on_offer(question: Question) -> list[tuple[Mapping[str, Any], ServerTool]]:
    """The server tools on offer with their kinds, in the order of KINDS."""
    found = [(tool, kind) for tool in question.offered if (kind := _kind_of(tool))]
    return sorted(found, key=lambda pair: KINDS.index(pair[1]))


def _kind_of(tool: Mapping[str, Any]) -> ServerTool | None:
    name = str(tool.get("type") or "")
    return next((kind for kind in KINDS if name.startswith(kind.begins)), None)


def _called(question: Question, tool: Mapping[str, Any], kind: ServerTool, *, number: int) -> dict[str, Any] | None:
    call = kind.call(question, tool)
    if call is None:
        return None
    prefix = ID_PREFIXES[call["type"]]
    return {**call, "id": question.seed.ident(prefix, f"{call['name']} {number}")}


def _block(question: Question, call: Mapping[str, Any]) -> Any:
    head = {name: value for name, value in call.items() if name != "input"}
    return tool_use_block(head, call["input"], question.seed.rng(call["id"]), buffered_share=0.0)


def _outcome(question: Question, call: Mapping[str, Any]) -> Outcome:
    """The result of a call that an earlier answer made, by the tool it was made of."""
    for tool, kind in _on_offer(question):
        made = kind.call(question, tool)
        if made and (made["name"], made.get("server_name")) == (call.get("name"), call.get("server_name")):
            return kind.run(question, tool, call)
    error = {"type": f"{call.get('name')}_tool_result_error", "error_code": "unavailable"}
    kind_of_result = "mcp_tool_result" if call["type"] == "mcp_tool_use" else f"{call.get('name')}_tool_result"
    return Outcome({"type": kind_of_result, "tool_use_id": call["id"], "content": error})
