"""Tools that the simulated API runs itself, within the answer: nothing leaves the machine, every result is made up."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from .blocks import Block, result_block, tool_use_block
from .questions import Question
from .tokens import block_tokens

FILE_WORDS = frozenset({"file", "csv", "chart", "plot", "spreadsheet", "export", "save", "slides", "deck"})
NAMES = ("web_search", "web_fetch", "code_execution", "tool_search", "advisor", "mcp_toolset")


@dataclass(frozen=True)
class ServerCall:
    """One call of a server tool and its result. `use` is what usage.server_tool_use counts of it."""

    call: Block
    result: Block
    use: Mapping[str, int] = field(default_factory=dict)
    citations: tuple[Mapping[str, Any], ...] = ()

    @property
    def read_tokens(self) -> int:
        """What the next step reads for this result."""
        return block_tokens(self.result.content)


def is_server_tool(tool: Mapping[str, Any]) -> bool:
    return str(tool.get("type") or "").startswith(NAMES)


def run_server_tools(question: Question) -> tuple[ServerCall, ...]:
    """What this answer calls: each tool on offer once, before anything that the client has to run."""
    if question.conversation.results:
        return ()
    kinds = [str(tool.get("type") or "") for tool in question.body.get("tools") or ()]
    calls = []
    for start, run in RUNNERS.items():
        kind = next((kind for kind in kinds if kind.startswith(start)), None)
        if kind is not None:
            calls.append(run(kind, question))
    return tuple(calls[:1])


def _head(question: Question, name: str) -> dict[str, Any]:
    return {"type": "server_tool_use", "id": question.seed.ident("srvtoolu_", name), "name": name}


def _call(question: Question, head: Mapping[str, Any], tool_input: Mapping[str, Any]) -> Block:
    return tool_use_block(head, tool_input, question.seed.rng(str(head["name"])), buffered_share=0.0)


def _search(kind: str, question: Question) -> ServerCall:
    topics = question.conversation.topics
    head = _head(question, "web_search")
    hits = [
        {
            "type": "web_search_result",
            "title": f"A simulated page about {topic}",
            "url": f"https://example.com/{number}",
            "encrypted_content": question.seed.ident("sim", topic),
            "page_age": None,
        }
        for number, topic in enumerate(topics[:3] or ("nothing much",), 1)
    ]
    citation = {
        "type": "web_search_result_location",
        "cited_text": "A simulated sentence that the answer rests on.",
        "url": hits[0]["url"],
        "title": hits[0]["title"],
        "encrypted_index": question.seed.ident("idx"),
    }
    return ServerCall(
        _call(question, head, {"query": " ".join(topics[:5]) or "simulated search"}),
        result_block({"type": "web_search_tool_result", "tool_use_id": head["id"], "content": hits}),
        {"web_search_requests": 1},
        (citation,),
    )


def _run_code(kind: str, question: Question) -> ServerCall:
    rng = question.seed.rng("code output")
    output = {"stdout": f"{rng.randint(2, 99)}\n", "stderr": "", "return_code": 0}
    if kind == "code_execution_20250522":
        name, tool_input = "code_execution", {"code": "print(len(rows))"}
    else:
        name, tool_input = "bash_code_execution", {"command": "python -c 'print(len(rows))'"}
    head = _head(question, name)
    files = [{"type": f"{name}_output", "file_id": question.seed.ident("file_")}] if _wants_file(question) else []
    content = {"type": f"{name}_result", **output, "content": files}
    result = {"type": f"{name}_tool_result", "tool_use_id": head["id"], "content": content}
    return ServerCall(_call(question, head, tool_input), result_block(result))


def _wants_file(question: Question) -> bool:
    return not FILE_WORDS.isdisjoint(word.strip(".,:;!?") for word in question.conversation.ask.lower().split())


RUNNERS: Mapping[str, Callable[[str, Question], ServerCall]] = {
    "web_search": _search,
    "code_execution": _run_code,
}
