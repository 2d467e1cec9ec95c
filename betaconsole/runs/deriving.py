"""From a result to the derived columns of an exchange; `manage.py reparse` rebuilds them with the same function."""

import json
from collections.abc import Mapping
from typing import Any

from betaconsole.catalogue.pricing import cost_usd
from betaconsole.claude.reading import Result

MAX_TOKENS = 2**62


def derived_fields(result: Result, *, model: str) -> dict[str, Any]:
    """Column values from what the response said. `model` is the one asked for, used where the answer names none."""
    error = result.error
    usage = result.usage
    return {
        "message": None if result.message is None else json.dumps(result.message).encode(),
        "text": result.text,
        "model_used": (result.model or "")[:200],
        "stop_reason": (result.stop_reason or "")[:64],
        "usage": usage,
        "input_tokens": _tokens(usage, "input_tokens"),
        "output_tokens": _tokens(usage, "output_tokens"),
        "cache_read_tokens": _tokens(usage, "cache_read_input_tokens"),
        "cache_write_tokens": _tokens(usage, "cache_creation_input_tokens"),
        "cost_usd": None if usage is None else cost_usd(usage, model=result.model or model),
        "request_id": (result.request_id or "")[:200],
        "failure_kind": (result.kind or "")[:40],
        "error_type": ((error.type if error else None) or "")[:100],
        "error_message": error.message if error else "",
        "error_code": ((error.code if error else None) or "")[:100],
        "refused_betas": list(error.refused_betas) if error else [],
        "retry_after_s": error.retry_after_s if error else None,
        "warnings": list(result.warnings),
    }


def _tokens(usage: Mapping[str, Any] | None, name: str) -> int | None:
    """A token count that a column can hold; None for missing, negative or absurd ones."""
    value = usage.get(name) if isinstance(usage, Mapping) else None
    return value if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < MAX_TOKENS else None
