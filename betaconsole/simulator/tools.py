"""Which tools a simulated answer calls, and with what input."""

from __future__ import annotations

import random
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from .blocks import Block, result_block, tool_use_block
from .conversation import COMMON, WORD, Conversation
from .effects import EFFECTS, FINE_GRAINED_TOOLS
from .sampling import PLACE_NAMES, NoSample, Sampler
from .seeds import Seed

MOST_PARALLEL = 3
MOST_ROUNDS = 4
CLIENT_INPUTS: Mapping[str, Mapping[str, Any]] = {
    "bash": {"command": "ls -la"},
    "text_editor": {"command": "view", "path": "/repo/README.md"},
    "memory": {"command": "view", "path": "/memories"},
    "computer": {"action": "screenshot"},
}
SERVER_TOOLS = ("web_search", "web_fetch", "code_execution", "tool_search", "advisor", "mcp_toolset")
PREFACES = (
    "I'll look that up with {tool}.",
    "Let me ask {tool} first.",
    "I need {tool} for this – one moment.",
    "To answer that, I will use {tool}.",
)


@dataclass(frozen=True)
class Plan:
    """What an answer does with tools: server tools run within it, `calls` end it."""

    calls: tuple[Block, ...] = ()
    preface: str = ""
    server_blocks: tuple[Block, ...] = ()
    server_use: Mapping[str, int] = field(default_factory=dict)
    citations: tuple[Mapping[str, Any], ...] = ()


def plan_calls(body: Mapping[str, Any], conversation: Conversation, betas: Collection[str], seed: Seed) -> Plan:
    """Decide on the calls of this turn.

    Client tools that fit the prompt are called one after the other, turn by turn; where a tool takes a place or a name and the
    prompt holds several, one turn calls it for each. After that, or after MOST_ROUNDS, the answer is text.
    """
    tools = list(body.get("tools") or ())
    choice = body.get("tool_choice") or {"type": "auto"}
    if not tools or choice["type"] == "none":
        return Plan()
    rng = seed.rng("tools")
    server = _run_server_tools(tools, conversation, seed) if choice["type"] == "auto" else Plan()
    tool = _next_tool([tool for tool in tools if not _is_server(tool)], conversation, choice)
    if tool is None:
        return server
    inputs = _inputs(tool, conversation, rng, parallel=not choice.get("disable_parallel_tool_use"))
    buffered = _buffered_share(tool, betas)
    calls = tuple(
        tool_use_block(_head(tool, seed, number), each, rng, buffered_share=buffered)
        for number, each in enumerate(inputs)
    )
    preface = "" if choice["type"] != "auto" or rng.random() < 0.25 else rng.choice(PREFACES)
    return Plan(calls, preface.replace("{tool}", _name(tool)), server.server_blocks, server.server_use)


def _is_server(tool: Mapping[str, Any]) -> bool:
    return str(tool.get("type") or "").startswith(SERVER_TOOLS)


def _name(tool: Mapping[str, Any]) -> str:
    return str(tool.get("name") or tool.get("type"))


def _head(tool: Mapping[str, Any], seed: Seed, number: int) -> dict[str, Any]:
    head: dict[str, Any] = {"type": "tool_use", "id": seed.ident("toolu_", str(number)), "name": _name(tool)}
    kind = str(tool.get("type") or "")
    if "_toolset_" in kind:
        head |= {"name": "screenshot" if kind.startswith("computer") else "read_page", "toolset_name": _name(tool)}
    return head


def _next_tool(
    tools: Sequence[Mapping[str, Any]], conversation: Conversation, choice: Mapping[str, Any]
) -> Mapping[str, Any] | None:
    if choice["type"] == "tool":
        return next((tool for tool in tools if _name(tool) == choice["name"]), None)
    fitting = sorted(tools, key=lambda tool: -_fit(tool, conversation))
    if not any(_fit(tool, conversation) for tool in tools):
        fitting = fitting[:1]
    else:
        fitting = [tool for tool in fitting if _fit(tool, conversation)]
    if choice["type"] == "any":
        return fitting[0] if fitting else None
    if len(set(conversation.called)) >= MOST_ROUNDS:
        return None
    return next((tool for tool in fitting if _name(tool) not in conversation.called), None)


def _fit(tool: Mapping[str, Any], conversation: Conversation) -> int:
    """How many telling words the tool's name and description share with the prompt."""
    asked = {_stem(word) for word in WORD.findall(conversation.ask)} - {""}
    name = {_stem(word) for word in _name(tool).replace("-", "_").split("_")} - {""}
    words = {_stem(word) for word in WORD.findall(str(tool.get("description") or "")[:2_000])} - {""}
    return 3 * len(asked & name) + len(asked & words)


def _stem(word: str) -> str:
    word = word.lower()
    return "" if word in COMMON or len(word) < 3 else word.removesuffix("s")


def _inputs(
    tool: Mapping[str, Any], conversation: Conversation, rng: random.Random, *, parallel: bool
) -> list[dict[str, Any]]:
    schema = tool.get("input_schema")
    if schema is None:
        kind = str(tool.get("type") or "")
        return [dict(next((value for start, value in CLIENT_INPUTS.items() if kind.startswith(start)), {}))]
    field_name = _place_field(schema)
    names = conversation.names[:MOST_PARALLEL] if parallel and field_name else ()
    inputs = []
    for name in names or (None,):
        try:
            sample = Sampler(schema, rng, conversation.topics, conversation.names).sample()
        except NoSample:
            sample = {}
        if name is not None and field_name:
            sample[field_name] = name
        inputs.append(sample if isinstance(sample, dict) else {})
    return inputs


def _place_field(schema: Mapping[str, Any]) -> str | None:
    """The free string of an input schema that takes a place or a name."""
    properties = schema.get("properties")
    for name, inner in (properties if isinstance(properties, dict) else {}).items():
        free = (
            isinstance(inner, dict)
            and inner.get("type") == "string"
            and not {"enum", "const", "pattern", "format"} & set(inner)
        )
        if free and any(word in name.lower() for word in (*PLACE_NAMES, "name")):
            return str(name)
    return None


def _buffered_share(tool: Mapping[str, Any], betas: Collection[str]) -> float:
    if tool.get("eager_input_streaming"):
        return 0.0
    return 1.0 + (EFFECTS[FINE_GRAINED_TOOLS, "buffered_share"].size if FINE_GRAINED_TOOLS in betas else 0.0)


def _run_server_tools(tools: Sequence[Mapping[str, Any]], conversation: Conversation, seed: Seed) -> Plan:
    """One web search or one piece of code where such a tool is offered; other server tools are left unused."""
    if conversation.results:
        return Plan()
    kinds = [str(tool.get("type") or "") for tool in tools]
    if any(kind.startswith("web_search") for kind in kinds):
        return _search(conversation, seed)
    code = next((kind for kind in kinds if kind.startswith("code_execution")), None)
    return _run_code(code, seed) if code else Plan()


def _search(conversation: Conversation, seed: Seed) -> Plan:
    call_id = seed.ident("srvtoolu_")
    query = " ".join(conversation.topics[:5]) or "simulated search"
    head = {"type": "server_tool_use", "id": call_id, "name": "web_search"}
    hits = [
        {
            "type": "web_search_result",
            "title": f"A simulated page about {topic}",
            "url": f"https://example.com/{number}",
            "encrypted_content": seed.ident("sim", topic),
            "page_age": None,
        }
        for number, topic in enumerate(conversation.topics[:3] or ("nothing much",), 1)
    ]
    citation = {
        "type": "web_search_result_location",
        "cited_text": "A simulated sentence that the answer rests on.",
        "url": hits[0]["url"],
        "title": hits[0]["title"],
        "encrypted_index": seed.ident("idx"),
    }
    return Plan(
        server_blocks=(
            tool_use_block(head, {"query": query}, seed.rng("search"), buffered_share=0.0),
            result_block({"type": "web_search_tool_result", "tool_use_id": call_id, "content": hits}),
        ),
        server_use={"web_search_requests": 1, "web_fetch_requests": 0},
        citations=(citation,),
    )


def _run_code(kind: str, seed: Seed) -> Plan:
    call_id = seed.ident("srvtoolu_")
    output = {"stdout": f"{seed.rng('code').randint(2, 99)}\n", "stderr": "", "return_code": 0, "content": []}
    if kind == "code_execution_20250522":
        name, tool_input = "code_execution", {"code": "print(len(rows))"}
    else:
        name, tool_input = "bash_code_execution", {"command": "python -c 'print(len(rows))'"}
    head = {"type": "server_tool_use", "id": call_id, "name": name}
    result = {"type": f"{name}_tool_result", "tool_use_id": call_id, "content": {"type": f"{name}_result", **output}}
    blocks = (tool_use_block(head, tool_input, seed.rng("code"), buffered_share=0.0), result_block(result))
    return Plan(server_blocks=blocks)
