"""From a result to the derived columns of an exchange; `manage.py reparse` rebuilds them with the same function."""

import json
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from betaconsole.catalogue.pricing import cost_usd
from betaconsole.claude.errors import CallError, LimitExceeded
from betaconsole.claude.reading import Reading, Result
from betaconsole.runs.models import Exchange
from betaconsole.storage.fields import showable

from .batch_lines import result_of

MAX_TOKENS = 2**62
MAX_COST_USD = Decimal(10**6)  # what its column holds; more is no price
COST_STEP_USD = Decimal("0.00000001")


def read_stored(exchange: Exchange, data: bytes, *, failure: CallError | None) -> Result:
    """What a response says, read from its stored bytes. `failure`: how it ended, None where the bytes say it.

    The bytes of an exchange that went in a batch are its line of the batch's results.
    """
    if exchange.batch_id is not None:
        return result_of(data)
    reading = reading_of(exchange)
    try:
        reading.feed(data)
    except LimitExceeded as limit:
        failure = failure or limit
    return reading.finish(failure)


def reading_of(exchange: Exchange) -> Reading:
    """What reads an exchange's stored bytes."""
    headers = [(name, value) for name, value in exchange.response_headers or ()]
    return Reading(exchange.status or 0, headers, expects_message=exchange.answers_message)


def derived_fields(result: Result, *, model: str, in_batch: bool = False) -> dict[str, Any]:
    """Column values from what the response said. `model` is the one asked for, used where the answer names none.
    What went in a batch costs less.

    Whatever a far end says fits its column: short texts are cut, and hold U+FFFD where a database could not hold a sign.
    """
    error = result.error
    usage = result.usage
    # The count that stands in message_start is a placeholder: what was generated is known from message_delta on, which
    # brings the stop reason. Until then output and cost are unknown, not small.
    is_counted = result.state == "succeeded" or result.stop_reason is not None
    return {
        "message": None if result.message is None else json.dumps(result.message).encode(),
        "text": result.text,
        "model_used": _short(result.model, 200),
        "stop_reason": _short(result.stop_reason, 64),
        "usage": usage,
        "input_tokens": _tokens(usage, "input_tokens"),
        "output_tokens": _tokens(usage, "output_tokens") if is_counted else None,
        "cache_read_tokens": _tokens(usage, "cache_read_input_tokens"),
        "cache_write_tokens": _tokens(usage, "cache_creation_input_tokens"),
        "cost_usd": _cost(usage, model=result.model or model, in_batch=in_batch) if is_counted else None,
        "request_id": _short(result.request_id, 200),
        "failure_kind": result.kind,
        "error_type": _short(error.type if error else None, 100),
        "error_message": error.message if error else "",
        "error_code": _short(error.code if error else None, 100),
        "refused_betas": list(error.refused_betas) if error else [],
        "retry_after_s": error.retry_after_s if error else None,
        "warnings": list(result.warnings),
    }


def _short(text: str | None, most: int) -> str:
    return showable(text or "")[:most]


def _cost(usage: Mapping[str, Any] | None, *, model: str, in_batch: bool) -> Decimal | None:
    cost = None if usage is None else cost_usd(usage, model=model, batch=in_batch)
    return cost.quantize(COST_STEP_USD) if cost is not None and cost < MAX_COST_USD else None


def _tokens(usage: Mapping[str, Any] | None, name: str) -> int | None:
    """A token count that a column can hold; None for missing, negative or absurd ones."""
    value = usage.get(name) if isinstance(usage, Mapping) else None
    return value if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < MAX_TOKENS else None
