"""Which tools a simulated answer calls, and with what input."""

from __future__ import annotations

import random
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from .blocks import Block, tool_use_block
from .budgets import may_call
from .client_tools import called_name, known_tool
from .conversation import Conversation
from .effects import EFFECTS, FINE_GRAINED_TOOLS
from .fitting import fit, tool_name
from .questions import Question
from .sampling import PLACE_NAMES, NoSample, Sampler
from .seeds import Seed
from .server_tools import Served, is_server_tool, run_server_tools
from .serving import ServerCall

MOST_PARALLEL = 3
MOST_ROUNDS = 4
REQUEST_KINDS = ("web_search_requests", "web_fetch_requests")
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
    server: tuple[ServerCall, ...] = ()
    pauses: bool = False

    @property
    def server_use(self) -> dict[str, int]:
        """Requests by kind; empty where no server tool ran."""
        uses = [call.outcome.use for call in self.server if call.outcome]
        return {kind: sum(use.get(kind, 0) for use in uses) for kind in REQUEST_KINDS} if uses else {}

    @property
    def citations(self) -> tuple[Mapping[str, Any], ...]:
        return tuple(citation for call in self.server if call.outcome for citation in call.outcome.citations)


def plan_calls(question: Question) -> Plan:
    """Decide on the calls of this turn.

    Client tools that fit the prompt are called one after the other, turn by turn; where a tool takes a place or a name and the
    prompt holds several, one turn calls it for each. After that, or after MOST_ROUNDS, the answer is text.
    """
    conversation, seed = question.conversation, question.seed
    choice = question.body.get("tool_choice") or {"type": "auto"}
    served = run_server_tools(question)
    plan = Plan(server=served.calls, pauses=served.pauses)
    if served.pauses or choice["type"] == "none" or not may_call(question.body):
        return plan
    rng = seed.rng("tools")
    tools = [*question.offered, *_found(served, question)]
    tool = _next_tool([tool for tool in tools if not is_server_tool(tool)], conversation, choice)
    if tool is None:
        return plan
    inputs = _inputs(tool, conversation, rng, parallel=not choice.get("disable_parallel_tool_use"))
    buffered = _buffered_share(tool, question.betas)
    calls = tuple(
        tool_use_block(_head(tool, seed, number), each, rng, buffered_share=buffered)
        for number, each in enumerate(inputs)
    )
    preface = "" if choice["type"] != "auto" or rng.random() < 0.25 else rng.choice(PREFACES)
    return replace(plan, calls=calls, preface=preface.replace("{tool}", tool_name(tool)))


def _found(served: Served, question: Question) -> list[Mapping[str, Any]]:
    """The deferred tools that were found within this answer."""
    contents = [call.outcome.result.get("content") for call in served.calls if call.outcome]
    references = [content.get("tool_references") or () for content in contents if isinstance(content, Mapping)]
    names = {reference["tool_name"] for listed in references for reference in listed}
    return [tool for tool in question.deferred if tool_name(tool) in names]


def _head(tool: Mapping[str, Any], seed: Seed, number: int) -> dict[str, Any]:
    head = {"type": "tool_use", "id": seed.ident("toolu_", str(number)), "name": called_name(tool)}
    known = known_tool(tool)
    return head | ({"toolset_name": known.toolset} if known and known.toolset else {})


def _next_tool(
    tools: Sequence[Mapping[str, Any]], conversation: Conversation, choice: Mapping[str, Any]
) -> Mapping[str, Any] | None:
    if choice["type"] == "tool":
        return next((tool for tool in tools if tool_name(tool) == choice["name"]), None)
    fitting = sorted(tools, key=lambda tool: -fit(tool, conversation.ask))
    if not any(fit(tool, conversation.ask) for tool in tools):
        fitting = fitting[:1]
    else:
        fitting = [tool for tool in fitting if fit(tool, conversation.ask)]
    if choice["type"] == "any":
        return fitting[0] if fitting else None
    if len(set(conversation.called)) >= MOST_ROUNDS:
        return None
    return next((tool for tool in fitting if called_name(tool) not in conversation.called), None)


def _inputs(
    tool: Mapping[str, Any], conversation: Conversation, rng: random.Random, *, parallel: bool
) -> list[dict[str, Any]]:
    schema = tool.get("input_schema")
    if schema is None:
        known = known_tool(tool)
        return [dict(known.input) if known else {}]
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
