"""The lines of a file that holds comparisons whole, shared by what writes and what reads them.

A comparison's line, then one for each of its exchanges, and each body before the first line that names it by its SHA-256. A body is `text` where it is UTF-8 and no longer so than as `base64`.
What the database cannot read any more is null, and `damaged` names it: a list of fields, left out where it would be empty.
Where that is a body, or something else that a comparison cannot be told without, one line stands for all of it: it was left out.
"""

from typing import Any

from django.db import models

from betaconsole.storage.fields import damaged_columns

COMPARISON, BODY, EXCHANGE = "betaconsole.comparison", "betaconsole.body", "betaconsole.exchange"
LEFT_OUT = "betaconsole.left_out"
KINDS = (COMPARISON, BODY, EXCHANGE, LEFT_OUT)
VERSION = 1  # of these lines; a newer one is refused

# Columns that are written as they are, and read as texts, numbers and so on (import_reading).
OF_COMPARISON = (
    *("title", "simulated", "content_type", "anthropic_version", "repeats", "method", "path", "query", "engine"),
    *("tool_stubs", "max_turns", "is_trace", "separate_caches", "seed", "planned_repeats", "preset", "checks"),
)
OF_VARIANT = (
    *("label", "betas", "header", "anthropic_version", "model", "model_override", "changes", "own_body", "headers"),
    *("cache_nonce", "role"),
)
OF_EXCHANGE = (
    *(
        "repeat",
        "attempt",
        "turn",
        "continues",
        "state",
        "waited",
        "method",
        "url",
        "request_headers",
        "stream",
        "model",
    ),
    *("status", "response_headers", "connect_ms", "queue_ms", "first_byte_ms", "first_text_ms", "total_ms"),
    *("failure_kind", "error_type", "error_message", "error_code"),
)
MOMENTS = ("created_at", "sent_at", "ended_at")
# Read from the bytes on the way in; written for those who read the file elsewhere.
DERIVED = (
    *("text", "model_used", "stop_reason", "usage", "input_tokens", "output_tokens", "cache_read_tokens"),
    *("cache_write_tokens", "cost_usd", "request_id"),
)
# What of them may be damaged.
BRITTLE_OF_COMPARISON = ("tool_stubs", "checks", "tags")
BRITTLE_OF_EXCHANGE = ("request_headers", "response_headers", "error_message", "timeline", "text", "usage")


def with_damage(record: dict[str, Any], row: models.Model) -> dict[str, Any]:
    """The record of a row, with what could not be read as null, and named."""
    names = [name for name in damaged_columns(row) if name in record]
    return {**record, **dict.fromkeys(names), "damaged": names} if names else record
