"""What each beta changes, and by how much: the one table the answer engine reads.

It is the ground truth for whatever claims to find differences: a beta without a row here changes nothing (the noise of
`NOISE` excepted, which every request has). Sizes are per request that the row's `when` fits. What is refused without its header
is no effect but a gate, and stands in the rules.
"""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import dataclass

INVENTED = "invented"
RECORDED = "recorded answers of the API"


@dataclass(frozen=True)
class Effect:
    """One figure that one beta changes.

    `size` is the mean change in `unit`, `spread` the standard deviation of that change from request to request (0: exact).
    Sizes that follow from the request itself (tokens that an edit clears) are given per unit of it.
    """

    beta: str
    figure: str
    unit: str
    size: float
    spread: float
    when: str
    source: str

    def draw(self, rng: random.Random) -> float:
        """The change in one request; never below zero where the mean is not."""
        value = rng.gauss(self.size, self.spread) if self.spread else self.size
        return max(0.0, value) if self.size >= 0 else value


INTERLEAVED_THINKING = "interleaved-thinking-2025-05-14"
THINKING_TOKEN_COUNT = "thinking-token-count-2026-05-13"  # noqa: S105
CONTEXT_MANAGEMENT = "context-management-2025-06-27"
COMPACTION = "compact-2026-01-12"
ON_DEMAND = "compact-2026-09-04"
TASK_BUDGETS = "task-budgets-2026-03-13"
DISPLAY_UPDATES = "thinking-display-updates-2026-08-18"
BINDING_CONTROLS = "thinking-binding-controls-2026-08-01"
MESSAGE_THREADS = "message-threads-2026-08-12"
SERVER_SIDE_FALLBACK = "server-side-fallback-2026-07-01"
SERVER_SIDE_FALLBACK_0601 = "server-side-fallback-2026-06-01"
FALLBACK_CREDIT = "fallback-credit-2026-07-01"
FALLBACK_CREDIT_0601 = "fallback-credit-2026-06-01"
FAST_MODE = "fast-mode-2026-02-01"
ADVISOR_TOOL = "advisor-tool-2026-03-01"
MCP_CLIENT = "mcp-client-2025-11-20"
MCP_CLIENT_0404 = "mcp-client-2025-04-04"
MCP_LISTING = "mcp-client-2026-09-15"
CLEAR_AT = "mid-conversation-system-clear-at-2026-08-21"
OUTPUT_CONFIG = "mid-conversation-output-config-2026-07-01"
TOOL_CHANGES = "mid-conversation-tool-changes-2026-07-01"
INLINE_TOOLS = "inline-tools-2026-09-15"
FINE_GRAINED_TOOLS = "fine-grained-tool-streaming-2025-05-14"

_BETWEEN_TOOLS = "thinking enabled on a model that accepts it, in a request that carries tool results"
_COMPACTS = "context_management.edits with a compact_20260112 whose trigger is reached"
_DECLINES = "a request with fallbacks whose model declines"
_REFUSAL = "an answer that ends in a refusal"
_FAST = "speed fast on a model that can be fast (one that needs no header is as fast without it)"
_LONG_THREAD = "a request that continues a thread, in proportion to its prompt up to 500,000 tokens"
_ADVISED = "an answer that asks the advisor tool"
_CONNECTED = "an answer with an MCP server that has tools to call"
_LISTED = "an answer for which the tools of an MCP server had to be fetched"
_CLEARED = "a system message with clear_at next_user_message, once a later user message stands in messages"
_STEERED = "a system message with output_config.effort: thinking and answer are as long as with that effort"
_CHANGED = "a system message with tool_addition or tool_removal: from there on that tool may, or may not, be called"
_SUMMARISES = "a request with compaction: its answer is a summary and nothing else"
_BUDGETED = "output_config.task_budget"
_SCARCE = "output_config.task_budget: in full with nothing left, in proportion less with up to 200,000 tokens left"
_UPDATED = "a thinking block whose display is updates, against summarized"
_FOREIGN = "a thinking block whose past differs, with prefix_mismatch_behavior drop_block"
_OMITTED = "a stream with a thinking block whose display resolves to omitted"

TABLE = (
    Effect(INTERLEAVED_THINKING, "thinking_blocks", "blocks", 1, 0, _BETWEEN_TOOLS, "betas.json: summary"),
    Effect(INTERLEAVED_THINKING, "thinking_tokens", "output tokens", 120, 30, _BETWEEN_TOOLS, INVENTED),
    Effect(THINKING_TOKEN_COUNT, "estimated_share", "estimated / thinking tokens", 0.95, 0.04, _OMITTED, INVENTED),
    Effect(THINKING_TOKEN_COUNT, "estimate_quantum", "tokens a frame", 16, 0, _OMITTED, INVENTED),
    Effect(
        CONTEXT_MANAGEMENT,
        "placeholder_tokens",
        "input tokens in place of each cleared tool result",
        8,
        0,
        "context_management.edits whose trigger is reached (what is cleared is no input any more)",
        INVENTED,
    ),
    Effect(COMPACTION, "summary_tokens", "output tokens, not in the top-level usage", 110, 25, _COMPACTS, RECORDED),
    Effect(COMPACTION, "instruction_tokens", "input tokens beside the prompt", 100, 0, _COMPACTS, RECORDED),
    Effect(SERVER_SIDE_FALLBACK, "fallback_blocks", "blocks a model that declines", 1, 0, _DECLINES, "betas.json"),
    Effect(SERVER_SIDE_FALLBACK_0601, "fallback_blocks", "blocks a model that declines", 1, 0, _DECLINES, "betas.json"),
    Effect(FALLBACK_CREDIT, "tokens_granted", "fallback_credit_token a refusal", 1, 0, _REFUSAL, "betas.json"),
    Effect(FALLBACK_CREDIT_0601, "tokens_granted", "fallback_credit_token a refusal", 1, 0, _REFUSAL, "betas.json"),
    Effect(
        FAST_MODE, "pace", "times as many output tokens a second", 2.5, 0, _FAST, "docs: up to 2.5x, first token alike"
    ),
    Effect(
        MESSAGE_THREADS, "ttft_share", "share of the time to the first token", -0.35, 0, _LONG_THREAD, "docs: about 35%"
    ),
    Effect(ADVISOR_TOOL, "prompt_tokens", "input tokens of the advisor beside the prompt", 1390, 0, _ADVISED, RECORDED),
    Effect(ADVISOR_TOOL, "advice_tokens", "output tokens, not in the top-level usage", 60, 20, _ADVISED, INVENTED),
    Effect(MCP_CLIENT, "mcp_tool_use", "calls a server", 1, 0, _CONNECTED, INVENTED),
    Effect(MCP_CLIENT_0404, "mcp_tool_use", "calls a server", 1, 0, _CONNECTED, INVENTED),
    Effect(MCP_LISTING, "mcp_tool_listing", "blocks a server", 1, 0, _LISTED, "betas.json: summary"),
    Effect(CLEAR_AT, "messages_seen", "system messages", -1, 0, _CLEARED, "betas.json: summary"),
    Effect(OUTPUT_CONFIG, "effort", "levels of effort set", 1, 0, _STEERED, "betas.json: summary"),
    Effect(TOOL_CHANGES, "tools_on_offer", "tools a change", 1, 0, _CHANGED, "betas.json: summary"),
    Effect(INLINE_TOOLS, "tools_on_offer", "tools a definition", 1, 0, _CHANGED, "betas.json: summary"),
    Effect(ON_DEMAND, "summary_tokens", "output tokens, not in the top-level usage", 110, 25, _SUMMARISES, INVENTED),
    Effect(ON_DEMAND, "instruction_tokens", "input tokens beside the prompt", 100, 0, _SUMMARISES, INVENTED),
    Effect(TASK_BUDGETS, "prompt_tokens", "input tokens", 36, 0, _BUDGETED, INVENTED),
    Effect(TASK_BUDGETS, "output_share", "share of thinking and answer", -0.4, 0, _SCARCE, INVENTED),
    Effect(DISPLAY_UPDATES, "shown_share", "shown / thinking tokens, 0.4 when summarized", 0.08, 0, _UPDATED, INVENTED),
    Effect(BINDING_CONTROLS, "blocks_read", "thinking blocks", -1, 0, _FOREIGN, "betas.json: summary"),
    Effect(
        FINE_GRAINED_TOOLS,
        "buffered_share",
        "share of each tool input value that is held back until it is whole",
        -1,
        0,
        "a stream with a tool_use block, unless the tool sets eager_input_streaming",
        "betas.json: summary",
    ),
)

EFFECTS: Mapping[tuple[str, str], Effect] = {(effect.beta, effect.figure): effect for effect in TABLE}


@dataclass(frozen=True)
class Noise:
    """What varies between repeats of one request without any beta: standard deviations, relative to the mean."""

    answer_tokens: float = 0.12
    thinking_tokens: float = 0.25


NOISE = Noise()
