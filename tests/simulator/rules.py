"""A small hand-written set of rules, so that these tests do not depend on the catalogue."""

from betaconsole.simulator.rules import Rules

DATA = {
    "betas": {
        "interleaved-thinking-2025-05-14": {},
        "thinking-token-count-2026-05-13": {"endpoints": ["messages"]},
        "context-management-2025-06-27": {
            "unlocks": [
                "context_management",
                "context_management.edits[].type=clear_tool_uses_20250919",
                "context_management.edits[].type=clear_thinking_20251015",
            ]
        },
        "compact-2026-01-12": {
            "unlocks": [
                "context_management",
                "context_management.edits[].type=compact_20260112",
                "messages[].content[].type=compaction",
            ]
        },
        "compact-2026-09-04": {"unlocks": ["compaction", "messages[].content[].type=compaction"]},
        "structured-outputs-2025-11-13": {"status": "generally_available", "unlocks": ["output_format"]},
        "fine-grained-tool-streaming-2025-05-14": {"status": "generally_available", "endpoints": ["messages"]},
        "token-counting-2024-11-01": {"status": "generally_available", "endpoints": ["messages.count_tokens"]},
        "files-api-2025-04-14": {"status": "generally_available", "endpoints": ["files", "messages"]},
        "task-budgets-2026-03-13": {"unlocks": ["output_config.task_budget"]},
        "message-threads-2026-08-12": {"unlocks": ["thread"], "endpoints": ["messages"]},
        "server-side-fallback-2026-07-01": {
            "unlocks": ["fallbacks", "messages[].content[].type=fallback"],
            "endpoints": ["messages"],
        },
        "server-side-fallback-2026-06-01": {"unlocks": ["fallbacks"], "endpoints": ["messages"]},
        "fallback-credit-2026-07-01": {"unlocks": ["fallback_credit_token"], "endpoints": ["messages"]},
        "fallback-credit-2026-06-01": {"unlocks": ["fallback_credit_token"], "endpoints": ["messages"]},
        "fast-mode-2026-02-01": {},
        "user-profiles-billing-2026-10-01": {"unlocks": ["billing_policy"]},
        "mcp-client-2025-11-20": {
            "unlocks": [
                "mcp_servers",
                "messages[].content[].type=mcp_tool_use",
                "messages[].content[].type=mcp_tool_result",
            ],
            "tool_types": ["mcp_toolset"],
        },
        "mcp-client-2026-09-15": {
            "unlocks": ["tools[type=mcp_toolset].tools", "messages[].content[].type=mcp_tool_listing"]
        },
        "mcp-client-2025-04-04": {
            "unlocks": [
                "mcp_servers",
                "mcp_servers[].tool_configuration",
                "messages[].content[].type=mcp_tool_use",
                "messages[].content[].type=mcp_tool_result",
            ],
            "endpoints": ["messages"],
        },
        "skills-2025-10-02": {"status": "generally_available", "endpoints": ["skills", "messages"]},
        "message-batches-2024-09-24": {"status": "generally_available", "endpoints": ["messages.batches"]},
        "output-300k-2026-03-24": {"endpoints": ["messages.batches"]},
        "managed-agents-2026-04-01": {"endpoints": ["agents", "sessions"]},
        "thinking-display-updates-2026-08-18": {"unlocks": ["thinking.display=updates"]},
        "thinking-binding-controls-2026-08-01": {"unlocks": ["thinking.block_binding"]},
        "prompt-caching-scope-2026-01-05": {"status": "unknown", "unlocks": ["**.cache_control.scope"]},
        "mid-conversation-system-clear-at-2026-08-21": {"unlocks": ["messages[role=system].clear_at"]},
        "mid-conversation-output-config-2026-07-01": {"unlocks": ["messages[role=system].output_config"]},
        "mid-conversation-tool-changes-2026-07-01": {
            "unlocks": [
                "messages[role=system].content[].type=tool_addition",
                "messages[role=system].content[].type=tool_removal",
            ]
        },
        "inline-tools-2026-09-15": {
            "unlocks": [
                "messages[role=system].content[].type=tool_addition",
                "messages[role=system].content[].type=tool_removal",
                "messages[role=system].content[].tool.type=tool_definition",
            ]
        },
        "advisor-tool-2026-03-01": {
            "tool_types": ["advisor_20260301"],
            "unlocks": ["messages[].content[].type=advisor_tool_result"],
        },
        "computer-use-2025-11-24": {"status": "superseded", "tool_types": ["computer_20251124"]},
        "made-up-tool-hints-2026-01-01": {"unlocks": ["tools[].hint", "made_up_field"]},
    },
    "models": {
        "claude-opus-5-5": {
            "display_name": "Claude Opus 5.5",
            "line": "opus",
            "max_input_tokens": 1_000_000,
            "max_tokens": 128_000,
            "max_batch_tokens": 300_000,
            "thinking": ["adaptive", "between_tools"],
            "thinking_default": "adaptive",
            "effort_default": "medium",
            "forced_tool_choice": False,
            "binds_thinking": True,
            "fast_mode": "built_in",
            "refuses_tool_types": ["computer_20251124"],
        },
        "claude-sonnet-5": {
            "display_name": "Claude Sonnet 5",
            "line": "sonnet",
            "max_input_tokens": 1_000_000,
            "max_tokens": 128_000,
            "thinking": ["adaptive", "disabled"],
            "system_role": False,
            "refuses_advisors": ["claude-haiku-4-5"],
            "refuses": ["fallbacks"],
        },
        "claude-sonnet-4-6": {
            "display_name": "Claude Sonnet 4.6",
            "line": "sonnet",
            "max_input_tokens": 1_000_000,
            "max_tokens": 128_000,
            "thinking": ["adaptive", "disabled", "enabled"],
        },
        "claude-haiku-4-5-20251001": {
            "display_name": "Claude Haiku 4.5",
            "line": "haiku",
            "aliases": ["claude-haiku-4-5"],
            "thinking": ["disabled", "enabled"],
            "efforts": [],
            "prefill": True,
        },
        "claude-3-opus-20240229": {"lifecycle": "retired", "retires_at": "2026-01-05T00:00:00Z"},
    },
}


def rules() -> Rules:
    return Rules.from_dict(DATA)
