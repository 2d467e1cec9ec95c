"""What the prompt says, as far as a simulated answer needs to know it."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from .directions import directives_in, without_directives
from .tokens import as_blocks

WORD = re.compile(r"[^\W\d_][\w'’-]*")
NAME = re.compile(r"(?<![.!?:]\s)(?<=\s)[A-ZÀ-Þ][\w'’-]{2,}")
STRETCH = re.compile(r"[.,;:!?()\n\[\]{}<>\"]+")
READ_CHARS = 20_000
SERVER_CALLS = ("server_tool_use", "mcp_tool_use")
COMMON = frozenset(
    """a about above after again all also am an and any are as at be because been before being between both but by can could did do
    does doing done each else even every few for from further get give go had has have having her here hers him his how i if in
    into is it its just know let like make many may me might more most much must my need no nor not now of off on once one only
    or other our out over own please same say see shall she should show so some such tell than that the their them then there
    these they this those through to too under until up us use used using very want was way we well were what when where which
    while who whom why will with without would you your answer explain write describe""".split()  # noqa: SIM905
)


@dataclass(frozen=True)
class ToolResult:
    """One result the last user turn brings: the tool's name as far as known, and its text."""

    name: str
    text: str
    is_error: bool = False


@dataclass(frozen=True)
class Conversation:
    """The parts of a prompt that shape an answer.

    `ask` is the last user text (without directives), `results` the tool results of the last user turn, `called` the names of
    the tools called since `ask`. `topics` are its telling phrases, `names` its capitalised ones. Directives stand in `directives`.

    `served` are the names of the server tools called since `ask`, and `pending` those calls of the last assistant turn that have
    no result yet. `paused_calls`: where the conversation ends with an assistant turn that was cut off, its server calls.
    """

    ask: str
    results: tuple[ToolResult, ...]
    called: tuple[str, ...]
    topics: tuple[str, ...]
    names: tuple[str, ...]
    directives: str
    served: tuple[str, ...] = ()
    pending: tuple[Mapping[str, Any], ...] = ()
    paused_calls: int | None = None

    @classmethod
    def of(cls, body: Mapping[str, Any]) -> Conversation:
        messages = [message for message in body["messages"] if message["role"] != "system"]
        last = as_blocks(messages[-1]["content"]) if messages else []
        start, ask = _last_ask(messages)
        later = [block for message in messages[start:] for block in _dicts(message)]
        uses = [block for block in later if block.get("type") == "tool_use"]
        names_by_id = {block.get("id"): block.get("name", "") for block in uses}
        results = tuple(_result(block, names_by_id) for block in last if _kind(block) == "tool_result")
        return cls(
            ask=without_directives(ask),
            results=results,
            called=tuple(use.get("name", "") for use in uses),
            topics=_topics(without_directives(ask)),
            names=_names(without_directives(ask)),
            served=tuple(block.get("name", "") for block in later if block.get("type") in SERVER_CALLS),
            pending=_pending(messages),
            paused_calls=_paused_calls(messages),
            directives=f"{directives_in(text_of(body.get('system'))[:READ_CHARS])} {directives_in(ask)}",
        )


def text_of(content: Any) -> str:
    """The text of some content: a string, or its text blocks."""
    texts = [block if isinstance(block, str) else str(block.get("text") or "") for block in as_blocks(content)]
    return "\n".join(text for text in texts if text)


def _last_ask(messages: Sequence[Mapping[str, Any]]) -> tuple[int, str]:
    """Where the last user message with text of its own stands, and that text."""
    for place in range(len(messages) - 1, -1, -1):
        message = messages[place]
        if message["role"] == "user" and (text := text_of(message["content"])):
            return place, text[-READ_CHARS:]
    return 0, ""


def _pending(messages: Sequence[Mapping[str, Any]]) -> tuple[Mapping[str, Any], ...]:
    """The server calls of the last assistant turn without a result. A user turn may follow that only brings tool results."""
    blocks: list[dict[str, Any]] = []
    for message in reversed(messages):
        if message["role"] == "assistant":
            blocks = _dicts(message) + blocks
        elif blocks or any(block.get("type") != "tool_result" for block in _dicts(message) or [{}]):
            break
    answered = {block.get("tool_use_id") for block in blocks}
    return tuple(block for block in blocks if block.get("type") in SERVER_CALLS and block.get("id") not in answered)


def _paused_calls(messages: Sequence[Mapping[str, Any]]) -> int | None:
    if not messages or messages[-1]["role"] != "assistant":
        return None
    calls = 0
    for message in reversed(messages):
        if message["role"] != "assistant":
            break
        calls += sum(block.get("type") in SERVER_CALLS for block in _dicts(message))
    return calls


def _result(block: Mapping[str, Any], names_by_id: Mapping[Any, str]) -> ToolResult:
    name = names_by_id.get(block.get("tool_use_id")) or "the tool"
    return ToolResult(name, text_of(block.get("content"))[:READ_CHARS], bool(block.get("is_error")))


def _topics(text: str) -> tuple[str, ...]:
    """Phrases of one or two telling words that stand together, the most frequent first."""
    phrases: Counter[str] = Counter()
    spelling: dict[str, str] = {}
    for stretch in STRETCH.split(text):
        run: list[str] = []
        for word in [*WORD.findall(stretch), ""]:
            if len(word) > 2 and word.lower() not in COMMON:
                run.append(word)
                continue
            if run:
                phrase = " ".join(run[-2:])
                spelling.setdefault(phrase.lower(), phrase)
                phrases[phrase.lower()] += 1
            run = []
    return tuple(spelling[phrase] for phrase, _ in phrases.most_common(12))


def _names(text: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(name for name in NAME.findall(text) if name.lower() not in COMMON))


def _dicts(message: Mapping[str, Any]) -> list[dict[str, Any]]:
    return [block for block in as_blocks(message["content"]) if isinstance(block, dict)]


def _kind(block: Any) -> Any:
    return block.get("type") if isinstance(block, dict) else None
