"""How each beta is tried, and what the columns are about to show: facts as data.

Every beta that can be tried stands in one of two tables: `TRIALS` says what to look for, and what a pair of columns needs beside
the catalogue's example to show it; `WHY_ALIKE` says why no difference is to be expected. A test tries them all.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

Json = dict[str, Any]

PLAIN_BODY: Json = {
    "model": "claude-sonnet-4-6",
    "max_tokens": 1024,
    "messages": [{"role": "user", "content": "Which three things would you check first when a web page loads slowly?"}],
}
TIME_STUB: Json = {"tool": "get_time", "result": "Saturday 21 November 2026, 14:05, Central European Time (UTC+1)."}
RULES = " ".join(
    f"Rule {number}: {what}."
    for number, what in enumerate(
        [
            f"{who} may {act} {when} if the front desk was told {notice} before, and otherwise pay {fee} euros"
            for who in ("Guests on the ground floor", "Guests with a dog", "Families", "Groups of more than six")
            for act, fee in (
                ("check in late", 12),
                ("park in the yard", 8),
                ("use the kitchen", 5),
                ("keep the key", 3),
            )
            for when in ("on weekdays", "at weekends", "on public holidays")
            for notice in ("an hour", "one day", "two days")
        ],
        start=1,
    )
)
CACHED_BODY: Json = {"system": f"You answer questions about the house rules of a small hotel. {RULES}"}
REAL_MCP = "On the real API put the address of an MCP server of yours in place of example.com."
DECLINING = "On the simulator the model is told to decline; the real API shows this only where a model declines"


@dataclass(frozen=True)
class Trial:
    """What to look for in a sentence, and what to change in the example of the catalogue.

    `body` is merged into it (RFC 7396); `wish` are directions to the simulator, left out elsewhere. `without_field`: the
    header alone, without the catalogue's changes. `headerless_model`: one that takes the same field without a header.
    `separate_caches`: else one column would read what another one wrote.
    """

    look_for: str
    body: Json | None = None
    wish: str = ""
    without_field: bool = False
    headerless_model: str = ""
    separate_caches: bool = False


TRIALS: Mapping[str, Trial] = MappingProxyType(
    {
        "compact-2026-01-12": Trial(
            "a compaction block in the second column, and its own entry in usage.iterations. It takes a prompt of more than "
            "50,000 input tokens, which the simulator pretends; on the real API paste a long conversation.",
            wish="more_input=60000",
        ),
        "compact-2026-09-04": Trial("the second column answers with one compaction block instead of text."),
        "context-management-2025-06-27": Trial(
            "fewer input tokens in the second column, and what was cleared under context_management.applied_edits."
        ),
        "mid-conversation-tool-changes-2026-07-01": Trial(
            "the first column calls get_time; in the second the tool was taken away, and the model has to do without."
        ),
        "inline-tools-2026-09-15": Trial(
            "only the second column can call get_time, which a system message defines there."
        ),
        "mid-conversation-system-clear-at-2026-08-21": Trial(
            "the second column follows a further instruction, and counts its input tokens; it lasts until the next message "
            "of the user: continue both columns to see it gone."
        ),
        "mid-conversation-output-config-2026-07-01": Trial(
            "more thinking and more output tokens in the second column, where the effort is set to max for this turn."
        ),
        "interleaved-thinking-2025-05-14": Trial(
            "a thinking block after the tool's result in the second column only.",
        ),
        "thinking-token-count-2026-05-13": Trial(
            "estimated_tokens in the thinking deltas of the second column's stream; the answer itself stays the same."
        ),
        "thinking-display-updates-2026-08-18": Trial("short progress updates as thinking text in the second column."),
        "thinking-binding-controls-2026-08-01": Trial(
            "the second answer has a list input_transformations. It is empty: no thinking of an earlier turn had to be dropped. "
            "To see one, continue and then edit the first message."
        ),
        "structured-outputs-2025-11-13": Trial("JSON of the given shape in the second column, text in the first."),
        "task-budgets-2026-03-13": Trial(
            "the second column knows how many tokens it has for the whole task, which costs input tokens and may save output "
            "tokens; usage.iterations lists its steps."
        ),
        "fast-mode-2026-02-01": Trial(
            "usage.speed says fast, and more tokens per second at a higher price. The third column takes the same field on a "
            "newer model, which needs no header for it.",
            headerless_model="claude-opus-5-5",
        ),
        "advisor-tool-2026-03-01": Trial("the second column asks a stronger model for advice before it answers."),
        "mcp-client-2025-11-20": Trial(f"the second column calls a tool of an MCP server. {REAL_MCP}"),
        "mcp-client-2026-09-15": Trial(f"the second column begins with the list of the server's tools. {REAL_MCP}"),
        "mcp-client-2025-04-04": Trial(f"the second column calls a tool of an MCP server. {REAL_MCP}"),
        "computer-use-2024-10-22": Trial("the second column calls the computer tool."),
        "computer-use-2025-01-24": Trial("the second column calls the computer tool."),
        "computer-use-2025-11-24": Trial("the second column calls the computer tool."),
        "server-side-fallback-2026-07-01": Trial(
            f"a fallback block, and an answer by the next model in the second column. {DECLINING}.", wish="refuse"
        ),
        "server-side-fallback-2026-06-01": Trial(
            f"a fallback block, and an answer by the next model in the second column. {DECLINING}.", wish="refuse"
        ),
        "fallback-credit-2026-07-01": Trial(
            f"stop_details of the second column hold a token that pays for a second try. {DECLINING}.",
            body={"messages": [{"role": "user", "content": "Explain how vaccines work."}]},
            wish="refuse",
            without_field=True,
        ),
        "fallback-credit-2026-06-01": Trial(
            f"stop_details of the second column hold a token that pays for a second try. {DECLINING}.",
            body={"messages": [{"role": "user", "content": "Explain how vaccines work."}]},
            wish="refuse",
            without_field=True,
        ),
        # Built in: the pair differs in the field, and the header adds nothing to it.
        "prompt-caching-2024-07-31": Trial(
            "cache tokens in usage where cache_control is set, with and without the header.",
            body=CACHED_BODY,
            separate_caches=True,
        ),
        "extended-cache-ttl-2025-04-11": Trial(
            "tokens that are kept for an hour in usage.cache_creation, with and without the header.",
            body=CACHED_BODY,
            separate_caches=True,
        ),
        "cache-diagnosis-2026-04-07": Trial(
            "diagnostics say why nothing was read from the cache, with and without the header. Put the id of an earlier "
            "message in place of msg_01ABC."
        ),
        "structured-outputs-2025-12-15": Trial(
            "JSON of the given shape where the field is set, with and without the header."
        ),
        "effort-2025-11-24": Trial("fewer output tokens where the effort is low, with and without the header."),
        "code-execution-2025-05-22": Trial("code that is run where the tool is offered, with and without the header."),
        "code-execution-2025-08-25": Trial("code that is run where the tool is offered, with and without the header."),
        "advanced-tool-use-2025-11-20": Trial(
            "a search for the tool before it is called, with and without the header."
        ),
        "web-search-2025-03-05": Trial("a search of the web before the answer, with and without the header."),
        "pdfs-2024-09-25": Trial(
            "an answer about the page where the document is there, and its tokens in usage, with and without the header."
        ),
        "search-results-2025-06-09": Trial(
            "an answer that cites the search result where there is one, with and without the header."
        ),
        "mid-conversation-system-2026-04-07": Trial(
            "an answer that follows the system message where there is one, and counts its tokens, with and without the header."
        ),
        "skills-2025-10-02": Trial(
            "a skill at work where the container has it, with and without the header, which only brings back an older shape of "
            "lists of skills."
        ),
    }
)

_UNKNOWN = "nothing public says what it does, and the API takes it in silence."
_OLDER_SHAPE = "it only brings back an older shape of other answers, such as those of GET {}."

WHY_ALIKE: Mapping[str, str] = MappingProxyType(
    {
        "message-threads-2026-08-12": "the first request only begins a thread. What goes on from it sends "
        '{"type": "continue", "previous_message_id": …} and the new message alone.',
        "context-1m-2025-08-07": "it counts only for prompts of more than 200,000 tokens, on models that do not take them anyway.",
        "output-128k-2025-02-19": "current models write as much without it.",
        "token-efficient-tools-2025-02-19": "it is built in since Claude 4; the API takes the name and does nothing.",
        "fine-grained-tool-streaming-2025-05-14": "both columns hold the same. What differs is when the pieces of a tool's input "
        "arrive: open both exchanges and lay their timelines beside each other.",
        "model-context-window-exceeded-2025-08-26": "it is built in, and shows only where a conversation fills the context window.",
        "files-api-2025-04-14": _OLDER_SHAPE.format("/v1/files"),
        "user-profiles-2026-03-24": _OLDER_SHAPE.format("/v1/user_profiles"),
        "user-profiles-2026-08-18": _OLDER_SHAPE.format("/v1/user_profiles"),
        "user-profiles-2026-09-04": _OLDER_SHAPE.format("/v1/user_profiles"),
        "user-profiles-billing-2026-10-01": "it says who pays, and no answer tells of that.",
        "oauth-2025-04-20": "it counts only with a token from OAuth; an API key does without it.",
        **dict.fromkeys(
            (
                "dev-full-thinking-2025-05-14",
                "tool-search-tool-2025-10-19",
                "fallback-credit-2026-06-09",
                "claude-code-20250219",
                "prompt-caching-scope-2026-01-05",
                "redact-thinking-2026-02-12",
                "afk-mode-2026-01-31",
                "context-hint-2026-04-09",
                "auto-mode-classifier-2026-07-16",
                "dangerous-tool-use-2026-09-03",
                "mcp-servers-2025-12-04",
                "prompt-caching-evict-2026-05-12",
                "thinking-resumption-2026-07-17",
                "token-efficient-tools-2026-03-28",
                "summarize-connector-text-2026-03-13",
                "per-turn-control-2026-07-01",
            ),
            _UNKNOWN,
        ),
    }
)
# A body that stands without what only an account of one's own holds.
PLAIN_ENOUGH: Mapping[str, Json] = MappingProxyType(
    {"files-api-2025-04-14": {"messages": [{"role": "user", "content": "Name three kinds of files."}]}}
)
