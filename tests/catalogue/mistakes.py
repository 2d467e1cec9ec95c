"""Requests with a mistake in the header or in the body, made from what the catalogue knows; many others are right after all."""

import itertools
import json
from collections.abc import Iterator
from copy import deepcopy
from dataclasses import dataclass, replace
from typing import Any

from betaconsole.catalogue.betas import Beta, all_betas, stable_tool_types
from betaconsole.catalogue.checks.fields import request_fields
from betaconsole.catalogue.model_specs import all_models
from betaconsole.catalogue.preflight import ColumnRequest

MESSAGES, COUNT, BATCHES = "/v1/messages", "/v1/messages/count_tokens", "/v1/messages/batches"
VERSION = "2026-10-21"
HELLO = {"role": "user", "content": "Say hello."}
BODY: dict[str, Any] = {"model": "claude-opus-5-5", "max_tokens": 1024, "messages": [HELLO]}
TOOL = {"name": "get_time", "description": "The time", "input_schema": {"type": "object", "properties": {}}}
SERVER = {"type": "url", "url": "https://example.com/mcp", "name": "example"}
TOOLSET = {"type": "mcp_toolset", "mcp_server_name": "example"}
COMPUTER = {"name": "computer", "display_width_px": 1024, "display_height_px": 768}
ADVISOR = {"type": "advisor_20260301", "name": "advisor", "model": "claude-opus-5-5"}
LIVING = [spec for spec in all_models().values() if spec.price is not None]

Json = dict[str, Any]


@dataclass(frozen=True)
class Case:
    """One request, and the kind of mistake that it was made for."""

    kind: str
    request: ColumnRequest

    def __str__(self) -> str:
        request = self.request
        return (
            f"{self.kind}: {request.path} {','.join(request.betas)} {request.version} {json.dumps(request.body)[:300]}"
        )


def cases() -> list[Case]:
    """Every request of the set, each once."""
    makers = (missing_headers, wrong_names, wrong_fields, conflicts, models, versions, tools, conversations, endpoints)
    made = {str(case): case for maker in makers for case in maker()}
    return list(made.values())


def body(**changes: Any) -> Json:
    """The plain body with these fields; None takes one away."""
    return {name: value for name, value in {**deepcopy(BODY), **changes}.items() if value is not None}


def case(kind: str, sent: Any, betas: tuple[str, ...] = (), *, path: str = MESSAGES, version: str = VERSION) -> Case:
    return Case(kind, ColumnRequest("A", "POST", path, betas, version, sent))


def counted(sent: Json) -> Json:
    return {name: value for name, value in sent.items() if name in request_fields().counted}


# A header is missing -----------------------------------------------------------------------------------------------------

ASSISTANT_BLOCKS: dict[str, Json] = {
    "compaction": {"type": "compaction", "content": "So far: hello.", "encrypted_content": "c2lt"},
    "fallback": {"type": "fallback", "from": {"model": "claude-opus-5"}, "to": {"model": "claude-opus-5-5"}},
    "mcp_tool_use": {
        "type": "mcp_tool_use",
        "id": "mcptoolu_1",
        "name": "search",
        "server_name": "example",
        "input": {},
    },
    "mcp_tool_listing": {"type": "mcp_tool_listing", "mcp_server_name": "example", "tools": []},
}
RESULTS: dict[str, list[Json]] = {
    "mcp_tool_result": [
        ASSISTANT_BLOCKS["mcp_tool_use"],
        {"type": "mcp_tool_result", "tool_use_id": "mcptoolu_1", "content": []},
    ],
    "advisor_tool_result": [
        {"type": "server_tool_use", "id": "srvtoolu_1", "name": "advisor", "input": {}},
        {
            "type": "advisor_tool_result",
            "tool_use_id": "srvtoolu_1",
            "content": {"type": "advisor_result", "text": "Yes"},
        },
    ],
}
SYSTEM_BLOCKS: dict[str, Json] = {
    "tool_addition": {"type": "tool_addition", "tool": {"type": "tool_reference", "name": "get_time"}},
    "tool_removal": {"type": "tool_removal", "tool": {"type": "tool_reference", "name": "get_time"}},
    "tool_definition": {"type": "tool_addition", "tool": {"type": "tool_definition", "definition": TOOL}},
}


def with_blocks(role: str, blocks: list[Json], **fields: Any) -> Json:
    said = {"role": role, "content": [*blocks, {"type": "text", "text": "Hello."}] if role == "assistant" else blocks}
    return body(messages=[HELLO, said, *([HELLO] if role == "assistant" else [])], **fields)


def gated_bodies() -> dict[str, list[Json]]:
    """For every gate of the catalogue (a path, or a type of tools) bodies that stand behind it."""
    edits = lambda edit: {"context_management": {"edits": [edit]}}  # noqa: E731
    found: dict[str, list[Json]] = {
        "context_management": [body(context_management={"edits": []})],
        "context_management.edits[].type=compact_20260112": [body(**edits({"type": "compact_20260112"}))],
        "context_management.edits[].type=clear_tool_uses_20250919": [
            body(**edits({"type": "clear_tool_uses_20250919"}))
        ],
        "context_management.edits[].type=clear_thinking_20251015": [body(**edits({"type": "clear_thinking_20251015"}))],
        "compaction": [body(compaction={"type": "summarize"})],
        "thread": [body(thread={"type": "create"})],
        "messages[role=system].clear_at": [
            body(messages=[HELLO, {"role": "system", "content": "In French.", "clear_at": "next_user_message"}])
        ],
        "messages[role=system].output_config": [
            body(messages=[HELLO, {"role": "system", "content": [], "output_config": {"effort": "max"}}])
        ],
        "thinking.display=updates": [body(thinking={"type": "adaptive", "display": "updates"})],
        "thinking.block_binding": [
            body(thinking={"type": "adaptive", "block_binding": {"prefix_mismatch_behavior": "drop_block"}})
        ],
        "output_format": [body(output_format={"type": "json_schema", "schema": {"type": "object"}})],
        "output_config.task_budget": [body(output_config={"task_budget": {"type": "tokens", "total": 64_000}})],
        "mcp_servers": [body(mcp_servers=[SERVER], tools=[TOOLSET])],
        "mcp_servers[].tool_configuration": [body(mcp_servers=[{**SERVER, "tool_configuration": {"enabled": True}}])],
        "tools[type=mcp_toolset].tools": [body(mcp_servers=[SERVER], tools=[{**TOOLSET, "tools": [TOOL]}])],
        "fallbacks": [body(fallbacks="default"), body(fallbacks=[{"model": "claude-opus-5"}])],
        "fallback_credit_token": [body(fallback_credit_token="fcr_1"), body(fallback_credit_token={"token": "fcr_1"})],
        "billing_policy": [body(billing_policy={"type": "billing_policy", "bill_to": "self"})],
        "**.cache_control.scope": [body(cache_control={"type": "ephemeral", "scope": "global"})],
        "messages[role=system].content[].tool.type=tool_definition": [
            with_blocks("system", [SYSTEM_BLOCKS["tool_definition"]])
        ],
    }
    for kind, block in ASSISTANT_BLOCKS.items():
        found[f"messages[].content[].type={kind}"] = [with_blocks("assistant", [block])]
    for kind, blocks in RESULTS.items():
        found[f"messages[].content[].type={kind}"] = [with_blocks("assistant", blocks)]
    for kind in ("tool_addition", "tool_removal"):
        changed = [with_blocks("system", [SYSTEM_BLOCKS[kind]], tools=[TOOL])]
        found[f"messages[role=system].content[].type={kind}"] = changed
    for kind in {kind for beta in all_betas().values() for kind in beta.tool_types} - set(stable_tool_types()):
        extra = {"advisor_20260301": ADVISOR, "mcp_toolset": TOOLSET}.get(kind, {"name": kind.rpartition("_")[0]})
        sizes = COMPUTER if kind.startswith("computer") else {}
        found[kind] = [
            body(
                tools=[{**extra, **sizes, "type": kind}], **({"mcp_servers": [SERVER]} if kind == "mcp_toolset" else {})
            )
        ]
    return found


def missing_headers() -> Iterator[Case]:
    for sent in itertools.chain.from_iterable(gated_bodies().values()):
        for model in ("claude-opus-5-5", "claude-sonnet-4-6", "claude-haiku-4-5"):
            own = {**sent, "model": model}
            yield case("no header", own)
            yield case("another header", own, ("files-api-2025-04-14",))
            yield case("no header, counted", counted(own), path=COUNT)
    for beta in all_betas().values():
        for sent in [sent for path in (*beta.gated, *beta.tool_types) for sent in gated_bodies().get(path, [])]:
            yield case("the header", sent, (beta.name, *beta.needs))
            yield case("the header, counted", counted(sent), (beta.name, *beta.needs), path=COUNT)
            yield case("the header, counted with everything", sent, (beta.name, *beta.needs), path=COUNT)
        if beta.gated and beta.example_body and "messages" in beta.example_body:
            yield case("example without header", beta.example_body)
            yield from (case("example, one date off", beta.example_body, (wrong,)) for wrong in redated(beta))


def redated(beta: Beta) -> list[str]:
    head, day = beta.name[:-2], beta.name[-2:]
    return [f"{head}{int(day) % 28 + 1:02}", f"{beta.family}-2025-01-01"]


# Names -------------------------------------------------------------------------------------------------------------------


def misspelt(name: str) -> Iterator[str]:
    """Slips of the hand: a letter missing, doubled, swapped, in capitals; blanks, underscores, no date."""
    middle = len(name) // 3
    yield name[:middle] + name[middle + 1 :]
    yield name[:middle] + name[middle] + name[middle:]
    yield name[:middle] + name[middle + 1] + name[middle] + name[middle + 2 :]
    yield name.upper()
    yield name.replace("-", "_")
    yield name + "x"
    yield f"beta-{name}"
    yield name.rpartition("-20")[0]


def wrong_names() -> Iterator[Case]:
    for beta in all_betas().values():
        yield case("name as it is", body(), (beta.name,))
        yield from (case("misspelt name", body(), (wrong,)) for wrong in (*misspelt(beta.name), *redated(beta)))
        yield case("misspelt name among others", body(), ("files-api-2025-04-14", redated(beta)[0]))
    for name in ("no-such-beta-2026-01-01", "gpt-4", "2026-01-01", "future-thing-2027-05-05"):
        yield case("unknown name", body(), (name,))


# Fields ------------------------------------------------------------------------------------------------------------------

VALUES: tuple[Any, ...] = ("word", "", 7, -1, 1.5, True, [], ["word"], {}, {"type": "word"}, {"word": 1})
OBJECTS: dict[str, Json] = {
    "thinking": {"type": "adaptive", "display": "summarized"},
    "output_config": {"effort": "low", "format": {"type": "json_schema", "schema": {"type": "object"}}},
    "tool_choice": {"type": "auto", "disable_parallel_tool_use": True},
    "cache_control": {"type": "ephemeral", "ttl": "5m"},
    "metadata": {"user_id": "user-1"},
}


def wrong_fields() -> Iterator[Case]:
    top = next(shape for shape in request_fields().shapes if shape.at is None)
    for name in top.fields:
        if name not in ("model", "max_tokens", "messages"):
            yield from (case("misspelt field", {**body(), wrong: BODY.get(name, 1)}) for wrong in _slips(name))
        yield from (case("wrong kind", {**body(), name: value}) for value in VALUES)
    for name in ("model", "max_tokens", "messages"):
        yield case("missing field", body(**{name: None}))
        yield case("missing field, counted", {n: v for n, v in counted(body()).items() if n != name}, path=COUNT)
        yield from (case("misspelt field", {**body(**{name: None}), wrong: BODY[name]}) for wrong in _slips(name))
    for name, value in OBJECTS.items():
        extra = {"tools": [TOOL]} if name == "tool_choice" else {}
        yield from (case("nested", sent) for sent in _nested(name, value, extra))
    for name in (
        "effort",
        "format",
        "task_budget",
        "budget_tokens",
        "display",
        "user_id",
        "ttl",
        "betas",
        "edits",
        "prompt",
    ):
        yield case("misplaced field", {**body(), name: "low"})
    for sent in _in_tools_and_messages():
        yield case("nested", sent)


def _slips(name: str) -> list[str]:
    middle = len(name) // 2
    return [name[:middle] + name[middle + 1 :], name + "s", name.upper(), name[:middle] + "_" + name[middle:]]


def _nested(name: str, value: Json, extra: Json) -> Iterator[Json]:
    for inner, inner_value in value.items():
        yield from ({**body(**extra), name: {**value, inner: wrong}} for wrong in VALUES)
        for slip in _slips(inner):
            left = {key: each for key, each in value.items() if key != inner}
            yield {**body(**extra), name: {**left, slip: inner_value}}
    yield {**body(**extra), name: {**value, "else": 1}}


def _in_tools_and_messages() -> Iterator[Json]:
    for name in TOOL:
        yield body(tools=[{key: value for key, value in TOOL.items() if key != name}])
        yield from (body(tools=[{**TOOL, name: wrong}]) for wrong in VALUES)
    for extra in ("parameters", "function", "desciption", "cache", "stricts"):
        yield body(tools=[{**TOOL, extra: {}}])
    for kind in ("custum", "web_serch_20250305", "web_search_20250306", "computer_20250101", "retrieval", "function"):
        yield body(tools=[{**TOOL, "type": kind}])
    for name in HELLO:
        yield body(messages=[{key: value for key, value in HELLO.items() if key != name}])
        yield from (body(messages=[{**HELLO, name: wrong}]) for wrong in VALUES)
    for kind in ("txt", "image_url", "input_text", "tool_uses", "documents"):
        yield body(messages=[{"role": "user", "content": [{"type": kind, "text": "Hello."}]}])
    yield body(messages=[{**HELLO, "name": "Ann"}])
    yield body(messages=[{"role": "user", "content": [{"type": "text"}]}])
    yield body(messages=[{"role": "user", "content": [{"type": "text", "txt": "Hello."}]}])


# Conflicts ---------------------------------------------------------------------------------------------------------------


def conflicts() -> Iterator[Case]:
    both = ("compact-2026-09-04", "context-management-2025-06-27")
    compacted = body(compaction={"type": "summarize"}, tools=[TOOL])
    for more in (
        {"context_management": {"edits": [{"type": "clear_tool_uses_20250919"}]}},
        {"stop_sequences": ["END"]},
        {"tool_choice": {"type": "any"}},
        {"tool_choice": {"type": "tool", "name": "get_time"}},
        {"output_config": {"format": {"type": "json_schema", "schema": {"type": "object"}}}},
    ):
        yield case("conflict", {**compacted, **more, "model": "claude-sonnet-4-6"}, both)
    fell = ("server-side-fallback-2026-07-01", "fallback-credit-2026-07-01")
    yield case("conflict", body(fallbacks="default", fallback_credit_token="fcr_1"), fell)
    clear = "mid-conversation-system-clear-at-2026-08-21"
    system = {"role": "system", "content": "In French.", "clear_at": "never"}
    steer = "mid-conversation-output-config-2026-07-01"
    yield case("conflict", body(messages=[HELLO, {**system, "output_config": {"effort": "low"}}]), (clear, steer))
    yield case("conflict", body(messages=[HELLO, {**system, "cache_control": {"type": "ephemeral"}}]), (clear,))
    thread = ("message-threads-2026-08-12", "context-management-2025-06-27")
    for more in ({"system": "Short."}, {"tools": [TOOL]}):
        yield case("conflict", body(thread={"type": "continue", "previous_message_id": "msg_1"}, **more), thread)
    yield case(
        "conflict",
        body(thread={"type": "create"}, context_management={"edits": [{"type": "clear_tool_uses_20250919"}]}),
        thread,
    )
    yield case("clashing names", body(), ("agent-api-2026-03-01", "managed-agents-2026-04-01"))


# Models ------------------------------------------------------------------------------------------------------------------


def models() -> Iterator[Case]:
    for spec in all_models().values():
        yield case("model as it is", body(model=spec.id))
        for wrong in (
            spec.id[:-3] + spec.id[-2:],
            spec.id.replace("claude", "cluade"),
            spec.id.upper(),
            f"{spec.id}-latest",
        ):
            yield case("misspelt model", body(model=wrong))
    for name in ("", "gpt-4", "claude", "sonnet", "claude-opus-9"):
        yield case("unknown model", body(model=name))
    for spec in LIVING:
        yield from (
            case("model", {**sent, "model": spec.id}, betas)
            for sent, betas in _for_a_model(spec.max_output_tokens or 64_000)
        )


def _for_a_model(most: int) -> Iterator[tuple[Json, tuple[str, ...]]]:
    for kind in ("adaptive", "disabled", "between_tools"):
        yield body(thinking={"type": kind}), ()
    for budget, tokens in ((1024, 4096), (1023, 4096), (4096, 4096), (9000, 4096)):
        yield body(thinking={"type": "enabled", "budget_tokens": budget}, max_tokens=tokens), ()
    yield from (
        (body(output_config={"effort": level}), ())
        for level in ("low", "medium", "high", "xhigh", "max", "hihg", "most")
    )
    for betas in ((), ("fast-mode-2026-02-01",)):
        yield from ((body(speed=speed), betas) for speed in ("fast", "standard", "fastest"))
    for choice in (
        {"type": "auto"},
        {"type": "any"},
        {"type": "tool", "name": "get_time"},
        {"type": "tool", "name": "else"},
    ):
        yield body(tools=[TOOL], tool_choice=choice), ()
    yield body(messages=[HELLO, {"role": "assistant", "content": "Hello,"}]), ()
    yield body(messages=[HELLO, {"role": "system", "content": "In French."}]), ()
    yield from ((body(max_tokens=tokens), ()) for tokens in (most, most + 1, 1_000_000, 0, -1))
    if most < 100_000:
        yield body(messages=[{"role": "user", "content": "word " * 200_000}]), ()
    yield body(tools=[{**COMPUTER, "type": "computer_20251124"}]), ("computer-use-2025-11-24",)
    yield body(compaction={"type": "summarize"}), ("compact-2026-09-04",)
    yield body(output_config={"task_budget": {"type": "tokens", "total": 64_000}}), ("task-budgets-2026-03-13",)
    yield body(output_config={"task_budget": {"type": "tokens", "total": 1_000}}), ("task-budgets-2026-03-13",)
    yield body(thinking={"type": "adaptive", "display": "updates"}), ("thinking-display-updates-2026-08-18",)
    steered = {"role": "system", "content": [], "output_config": {"effort": "max"}}
    yield body(messages=[HELLO, steered]), ("mid-conversation-output-config-2026-07-01",)
    yield body(fallbacks=[{"model": "claude-opus-5-5"}]), ("server-side-fallback-2026-07-01",)
    for advisor in ("claude-opus-5-5", "claude-opus-4-8", "claude-sonnet-5"):
        yield body(tools=[{**ADVISOR, "model": advisor}]), ("advisor-tool-2026-03-01",)


# Versions, tools, conversations, endpoints ---------------------------------------------------------------------------------


def versions() -> Iterator[Case]:
    for version in ("2023-01-01", "2023-06-01", "2026-10-21", "2026-10-22", "2024-01-01", "latest", ""):
        yield case("version", body(), version=version)
        for name, value in (("temperature", 1), ("temperature", 0.3), ("top_p", 0.9), ("top_k", 40)):
            yield case("sampling", body(**{name: value}), version=version)
            yield case("sampling", body(thinking={"type": "adaptive"}, **{name: value}), version=version)
        document = {"type": "document", "source": {"type": "text", "media_type": "text/plain", "data": "Hello"}}
        cited = {"type": "text", "text": "Hello", "citations": [{"type": "char_location", "cited_text": "Hello"}]}
        yield case("blocks", with_blocks("assistant", [document]), version=version)
        yield case("blocks", body(messages=[{"role": "user", "content": [cited]}]), version=version)


def tools() -> Iterator[Case]:
    yield case("tools", body(tools=[TOOL, TOOL]))
    yield case("tools", body(tools=[{**TOOL, "input_schema": {"properties": {}}}]))
    yield case("tools", body(tool_choice={"type": "auto"}))
    yield case("tools", body(tool_choice={"type": "none"}))
    yield case("tools", body(tools=[], tool_choice={"type": "auto"}))
    mcp = ("mcp-client-2025-11-20",)
    for servers, toolsets in (
        ([SERVER], [TOOLSET]),
        ([SERVER], []),
        ([], [TOOLSET]),
        ([{**SERVER, "url": "http://example.com"}], [TOOLSET]),
        ([SERVER, SERVER], [TOOLSET]),
        ([SERVER], [{**TOOLSET, "mcp_server_name": "else"}]),
        ([{**SERVER, "tool_configuration": {}}], [TOOLSET]),
        ([{"type": "url", "name": "example"}], [TOOLSET]),
        ([SERVER], [{"type": "mcp_toolset"}]),
    ):
        yield case("mcp", body(mcp_servers=servers, tools=toolsets), mcp)
        yield case("mcp", body(mcp_servers=servers, tools=toolsets), ("mcp-client-2025-04-04",))
    yield case("advisor", with_blocks("assistant", RESULTS["advisor_tool_result"]), ("advisor-tool-2026-03-01",))
    yield case("advisor", body(tools=[{"type": "advisor_20260301", "name": "advisor"}]), ("advisor-tool-2026-03-01",))
    managed = ("context-management-2025-06-27", "compact-2026-01-12")
    for edit in (
        {"type": "clear_thinking_20251015"},
        {"type": "clear_tool_use_20250919"},
        {"type": "compact_20260112", "trigger": {"type": "input_tokens", "value": 1_000}},
        {"type": "compact_20260112", "trigger": {"type": "tool_uses", "value": 60_000}},
        {"keep": 3},
        {"type": "clear_tool_uses_20250919", "kep": 3},
    ):
        yield case("edits", body(context_management={"edits": [edit]}), managed)
    yield case("edits", body(context_management={"edit": []}), managed)


def conversations() -> Iterator[Case]:
    call = {"type": "tool_use", "id": "toolu_1", "name": "get_time", "input": {}}
    result = {"type": "tool_result", "tool_use_id": "toolu_1", "content": "Noon"}
    asked, answered = {"role": "assistant", "content": [call]}, {"role": "user", "content": [result]}
    for messages in (
        [],
        [{"role": "user", "content": ""}],
        [{"role": "user", "content": []}],
        [{"role": "user", "content": [{"type": "text", "text": ""}]}],
        [{"role": "assistant", "content": "Hello."}],
        [{"role": "assistant", "content": "Hello."}, HELLO],
        [HELLO, {"role": "assistant", "content": ""}, HELLO],
        [HELLO, {"role": "tool", "content": "Noon"}],
        [HELLO, asked],
        [HELLO, asked, HELLO],
        [HELLO, answered],
        [HELLO, asked, answered],
        [HELLO, asked, HELLO, answered],
        [HELLO, {"role": "assistant", "content": [call, {**call, "id": "toolu_2"}]}, answered],
    ):
        yield case("conversation", body(messages=messages, tools=[TOOL]))
    for kind in ("web_search_tool_result", "code_execution_tool_result"):
        lonely = {"type": kind, "tool_use_id": "srvtoolu_1", "content": []}
        yield case("conversation", with_blocks("assistant", [lonely]))


def endpoints() -> Iterator[Case]:
    counts = counted(body())
    top = next(shape for shape in request_fields().shapes if shape.at is None)
    samples: Json = {
        **OBJECTS,
        "max_tokens": 5,
        "stream": False,
        "stop_sequences": [],
        "service_tier": "auto",
        "container": "c",
    }
    samples |= {
        "diagnostics": {},
        "inference_geo": "us",
        "temperature": 1,
        "top_p": 0.5,
        "top_k": 3,
        "user_profile_id": "x",
    }
    yield from (case("counted", {**counts, name: samples[name]}, path=COUNT) for name in top.fields if name in samples)
    one = {"custom_id": "one", "params": BODY}
    for sent in (
        {},
        {"requests": []},
        {"requests": "all"},
        {"requests": [one], "stream": False},
        {"requests": [one, one]},
        {"requests": [{"params": BODY}]},
        {"requests": [{**one, "custom_id": ""}]},
        {"requests": [{**one, "custom_id": "x" * 65}]},
        {"requests": [one]},
        BODY,
    ):
        yield case("batch", sent, path=BATCHES)
    yield from (
        replace(case("other endpoint", None, path=path), request=ColumnRequest("A", "GET", path, (), VERSION))
        for path in ("/v1/models", "/v1/files")
    )
