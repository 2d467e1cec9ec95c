"""The shape of a request body: which fields there are, of what kind, and which of them a beta has to open."""

from __future__ import annotations

from collections.abc import Collection

from .block_shapes import BLOCKS, CACHE_CONTROL, MCP_TOOL, gated_blocks
from .kinds import ANYTHING, BOOLEAN, COUNT, OBJECT, STRING, Choice, Kind, ListOf, Record, Simple, Union, loose

STABLE_TOOL_TYPES = (
    "bash_20250124",
    "browser_toolset_20260801",
    "code_execution_20250522",
    "code_execution_20250825",
    "code_execution_20260120",
    "code_execution_20260521",
    "computer_toolset_20260801",
    "memory_20250818",
    "text_editor_20250124",
    "text_editor_20250429",
    "text_editor_20250728",
    "tool_search_tool_bm25_20251119",
    "tool_search_tool_regex_20251119",
    "web_fetch_20250910",
    "web_fetch_20260209",
    "web_fetch_20260309",
    "web_fetch_20260318",
    "web_search_20250305",
    "web_search_20260209",
    "web_search_20260318",
)
_CUSTOM_TOOL = Record(
    {
        "type": STRING,
        "name": STRING,
        "description": STRING,
        "input_schema": OBJECT,
        "strict": BOOLEAN,
        "cache_control": CACHE_CONTROL,
        "defer_loading": BOOLEAN,
        "allowed_callers": ListOf(STRING),
        "input_examples": ListOf(OBJECT),
        "eager_input_streaming": BOOLEAN,
    },
    ("name", "input_schema"),
)
_BETA_TOOLS = {
    "advisor_20260301": Record(
        {
            **dict.fromkeys(("type", "model"), STRING),
            "name": Choice(("advisor",)),
            **{name: Simple(int, "integer", 1) for name in ("max_uses", "max_tokens")},
            **dict.fromkeys(("cache_control", "caching"), CACHE_CONTROL),
            **dict.fromkeys(("defer_loading", "strict"), BOOLEAN),
            "allowed_callers": ListOf(STRING),
        },
        ("name", "model"),
    ),
    "mcp_toolset": Record(
        {
            "type": STRING,
            "mcp_server_name": STRING,
            "cache_control": CACHE_CONTROL,
            "default_config": Record({"enabled": BOOLEAN, "defer_loading": BOOLEAN}),
            "configs": OBJECT,
        },
        ("mcp_server_name",),
        gated={"tools": ListOf(MCP_TOOL)},
    ),
}
_DISPLAY = Choice(("summarized", "omitted"), gated=("updates",))
_BINDING = {"block_binding": Record({"prefix_mismatch_behavior": Choice(("error", "drop_block"))})}
THINKING = Union(
    {
        "adaptive": Record({"type": STRING, "display": _DISPLAY}, gated=_BINDING),
        "enabled": Record(
            {"type": STRING, "display": _DISPLAY, "budget_tokens": Simple(int, "integer", 1024)},
            ("budget_tokens",),
            gated=_BINDING,
        ),
        "disabled": Record({"type": STRING}),
        "between_tools": Record({"type": STRING}),
    }
)
_PARALLEL = {"type": STRING, "disable_parallel_tool_use": BOOLEAN}
TOOL_CHOICE = Union(
    {
        "auto": Record(_PARALLEL),
        "any": Record(_PARALLEL),
        "tool": Record({**_PARALLEL, "name": STRING}, ("name",)),
        "none": Record({"type": STRING}),
    }
)
_TEXT_FORMAT = Record({"type": Choice(("json_schema",)), "schema": OBJECT}, ("type", "schema"))
_AMOUNT = Record({"type": STRING, "value": COUNT}, ("type", "value"))
_CLEAR_TOOL_USES = Record(
    {
        "type": STRING,
        "trigger": _AMOUNT,
        "keep": _AMOUNT,
        "clear_at_least": _AMOUNT,
        "clear_tool_inputs": ANYTHING,
        "exclude_tools": ListOf(STRING),
    }
)
_CLEAR_THINKING = Record({"type": STRING, "keep": Record({"type": STRING, "value": COUNT}, ("type",), or_text=True)})
_COMPACT = Record(
    {
        "type": STRING,
        "trigger": Record(
            {"type": Choice(("input_tokens",)), "value": Simple(int, "integer", 50_000)}, ("type", "value")
        ),
        "instructions": STRING,
        "pause_after_compaction": BOOLEAN,
    }
)
CONTEXT_MANAGEMENT = Record(
    {
        "edits": ListOf(
            Union(
                {
                    "clear_tool_uses_20250919": _CLEAR_TOOL_USES,
                    "clear_thinking_20251015": _CLEAR_THINKING,
                    "compact_20260112": _COMPACT,
                }
            )
        )
    }
)
_TASK_BUDGET = Record(
    {"type": Choice(("tokens",)), "total": Simple(int, "integer", 20_000), "remaining": COUNT}, ("type", "total")
)
_EFFORT = Choice(("low", "medium", "high", "xhigh", "max"))
_OUTPUT_CONFIG = Record({"effort": _EFFORT, "format": _TEXT_FORMAT}, gated={"task_budget": _TASK_BUDGET})
_STEERING = {"clear_at": Choice(("next_user_message", "never")), "output_config": Record({"effort": _EFFORT})}
_SPEED = Choice(("standard", "fast"))
_COUNTED: dict[str, Kind] = {
    "model": STRING,
    "system": ListOf(BLOCKS["text"], or_text=True),
    "tool_choice": TOOL_CHOICE,
    "thinking": THINKING,
    "cache_control": CACHE_CONTROL,
    "output_config": _OUTPUT_CONFIG,
    "speed": _SPEED,
}
_SAMPLED: dict[str, Kind] = {
    "max_tokens": COUNT,
    "stream": BOOLEAN,
    "stop_sequences": ListOf(STRING),
    "container": Record({}, loose=True, or_text=True),
    "diagnostics": Record({"previous_message_id": STRING}),
    "metadata": Record({"user_id": STRING}),
    "service_tier": Choice(("auto", "standard_only")),
    "inference_geo": STRING,
    "user_profile_id": STRING,
}
SAMPLING = ("temperature", "top_p", "top_k")
_NUMBER = Simple((int, float), "number")
_FALLBACK = Record(
    {"model": STRING, "max_tokens": COUNT, "thinking": THINKING, "output_config": _OUTPUT_CONFIG, "speed": _SPEED},
    ("model",),
)
_MCP_SERVER = Record(
    {"type": Choice(("url",)), "url": STRING, "name": STRING, "authorization_token": STRING},
    ("type", "url", "name"),
    gated={"tool_configuration": Record({"enabled": BOOLEAN, "allowed_tools": ListOf(STRING)})},
)
_THREAD = Union(
    {
        "create": Record({"type": STRING}),
        "continue": Record({"type": STRING, "previous_message_id": STRING}, ("previous_message_id",)),
    }
)
_GATED: dict[str, Kind] = {
    "context_management": CONTEXT_MANAGEMENT,
    "compaction": Union({"summarize": Record({"type": STRING, "instructions": STRING})}),
    "thread": _THREAD,
    "fallbacks": ListOf(_FALLBACK, or_text=True),
    "fallback_credit_token": Record(
        {"token": STRING, "mode": Choice(("strict", "best_effort"))}, ("token",), or_text=True
    ),
    "mcp_servers": ListOf(_MCP_SERVER),
    "billing_policy": Record(
        {"type": Choice(("billing_policy",)), "bill_to": Choice(("self", "user_profile"))}, ("type", "bill_to")
    ),
    "output_format": _TEXT_FORMAT,
}


def request_shape(endpoint: str, *, tool_types: Collection[str], sampling: bool, gated: Collection[str]) -> Record:
    """The shape of a body for `endpoint` ("messages" or "messages.count_tokens").

    `tool_types`: the tool types accepted beside `custom`. `sampling`: whether temperature and friends still exist.
    `gated`: top-level fields that a beta of the header unlocks; those known here are checked, others are taken as they are.
    """
    types = loose(sorted(set(tool_types) - {"custom"}), name=STRING)
    types |= {name: shape for name, shape in _BETA_TOOLS.items() if name in types}
    tool = Union({"custom": _CUSTOM_TOOL, **types}, default="custom")
    known = {
        **_COUNTED,
        "messages": _messages(tool),
        "tools": ListOf(tool),
        **{name: _GATED.get(name, ANYTHING) for name in gated},
    }
    if endpoint == "messages.count_tokens":
        return Record(known, ("model", "messages"))
    if sampling:
        known |= dict.fromkeys(SAMPLING, _NUMBER)
    return Record({**known, **_SAMPLED}, ("model", "max_tokens", "messages"))


def _messages(tool: Kind) -> ListOf:
    content = ListOf(Union(BLOCKS, gated=gated_blocks(tool)), or_text=True)
    return ListOf(Record({"role": STRING, "content": content}, ("role", "content"), gated=_STEERING))
