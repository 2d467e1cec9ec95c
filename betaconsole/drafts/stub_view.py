"""The tools of a draft and the stubs that answer for them, as the composer shows them. Pure."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from betaconsole.claude import jsontext
from betaconsole.library.stubs import result_content, turns_allowed
from betaconsole.storage.fields import showable

from .form_view import preview
from .stubbing import as_typed
from .tools import MOST_SHOWN, Tool, tools_of

GIST = 60
SENT_AS_TEXT = "JSON, sent as its text"


@dataclass(frozen=True)
class StubView:
    """One stub. `index` is its place among all, `number` (from 1) that among those of its tool.

    `note` says what the answer is sent as; `is_odd` that it probably is not what was meant. `is_idle`: one before it
    takes every input.
    """

    index: int
    number: int
    tool: str
    match: str
    is_exact: bool
    is_error: bool
    answer: str
    delay_ms: int
    when: str
    then: str
    note: str
    is_odd: bool
    is_first: bool
    is_last: bool
    is_idle: bool


@dataclass(frozen=True)
class ToolView:
    """A tool and its stubs. `tool` is None for stubs of a tool that the body does not have; `says` is the rest."""

    name: str
    tool: Tool | None
    stubs: tuple[StubView, ...]
    says: str

    @property
    def takes_stubs(self) -> bool:
        return self.tool is None or not self.tool.runs_on_server


@dataclass(frozen=True)
class ToolPanel:
    """All of them: the tools of the body in order, then those that only stubs name."""

    tools: tuple[ToolView, ...]
    left_out: int
    usual_turns: int


def tool_panel(body: Any, stubs: Sequence[dict[str, Any]], max_turns: int | None) -> ToolPanel:
    """The panel for a body (None where it does not parse)."""
    declared = tools_of(body)
    turns = turns_allowed(max_turns, stubs)
    names = [tool.name for tool in declared]
    strays = dict.fromkeys(stub["tool"] for stub in stubs if stub["tool"] not in names)
    shown = [_tool_view(tool.name, tool, stubs, turns) for tool in declared[:MOST_SHOWN]]
    return ToolPanel(
        tools=(*shown, *(_tool_view(name, None, stubs, turns) for name in strays)),
        left_out=max(0, len(declared) - MOST_SHOWN),
        usual_turns=turns_allowed(None, stubs),
    )


def tools_chip(body: Any, stubs: Sequence[Any]) -> str:
    """What the chip says: `1 tool, 1 stub`; empty where there is neither."""
    tools = len(tools_of(body))
    if not tools and not stubs:
        return ""
    return f"{_count(tools, 'tool')}, {_count(len(stubs), 'stub')}"


def stub_view(stubs: Sequence[dict[str, Any]], index: int) -> StubView:
    """One stub by its place among all; IndexError where it is gone."""
    tool = stubs[index]["tool"]
    return next(view for view in _views(stubs, tool) if view.index == index)


def _tool_view(name: str, tool: Tool | None, stubs: Sequence[dict[str, Any]], turns: int) -> ToolView:
    views = tuple(_views(stubs, name))
    return ToolView(showable(name), tool, views, _says(tool, views, turns))


def _says(tool: Tool | None, stubs: Sequence[StubView], turns: int) -> str:
    if tool is None:
        return "The prompt has no tool of this name."
    if tool.runs_on_server:
        return "The API runs it: it needs no stub."
    if any(stub.when == ANY for stub in stubs):
        return ""
    which = "Other inputs" if stubs else "No stub"
    if turns == 1:
        return f"{which}: a cell ends where the model calls it."
    return f"{which}: cells will wait for you to type the result."


ANY = "any input"


def _views(stubs: Sequence[dict[str, Any]], tool: str) -> Iterator[StubView]:
    mine = [(index, stub) for index, stub in enumerate(stubs) if stub["tool"] == tool]
    takes_all = False
    for number, (index, stub) in enumerate(mine, start=1):
        answer = stub.get("error", stub.get("result"))
        note, is_odd = ("an error, as text", False) if "error" in stub else _note(answer)
        yield StubView(
            index=index,
            number=number,
            tool=showable(tool),
            match=showable(as_typed(stub["match"])) if "match" in stub else "",
            is_exact=stub.get("match_exactly", False),
            is_error="error" in stub,
            answer=showable(as_typed(answer)),
            delay_ms=int(stub.get("delay_ms", 0)),
            when=_when(stub),
            then=_gist(answer),
            note=note,
            is_odd=is_odd,
            is_first=number == 1,
            is_last=number == len(mine),
            is_idle=takes_all,
        )
        takes_all = takes_all or "match" not in stub


def _when(stub: dict[str, Any]) -> str:
    if "match" not in stub:
        return ANY
    return ("exactly " if stub.get("match_exactly") else "") + _gist(stub["match"])


def _gist(value: Any) -> str:
    text = value if isinstance(value, str) else jsontext.dumps(value)
    return preview(" ".join(text[: GIST * 4].split()), GIST)


def _note(answer: Any) -> tuple[str, bool]:
    """What a result is sent as, and whether that is probably a slip."""
    if not isinstance(result_content(answer), str):
        return _count(len(answer), "content block"), False
    text = as_typed(answer)
    if not text.strip():
        return "an empty text", False
    if not text.lstrip().startswith(("{", "[")):
        return "text", False
    try:
        jsontext.loads(text)
    except jsontext.JsonError as error:
        return f"Sent as text. As JSON it is cut or wrong at {error}", True
    return SENT_AS_TEXT, False


def _count(number: int, noun: str) -> str:
    return f"{number or 'no'} {noun}{'' if number in (0, 1) else 's'}"
