"""What is stored of an exchange or a comparison, read back."""

import json
from typing import Any

from betaconsole.library.stubs import StubError, ToolStub, read_stubs

from .models import Comparison, Exchange


def response_bytes(exchange: Exchange) -> bytes:
    """The response body exactly as received; of an exchange in flight what is stored so far."""
    if exchange.response_body:
        return bytes(exchange.response_body.data)
    return b"".join(bytes(data) for data in exchange.segments.values_list("data", flat=True))


def read_message(stored: bytes | None) -> dict[str, Any] | None:
    """The stored message; None where there is none or its row is damaged (the raw bytes are shown elsewhere)."""
    message = read_added(stored)
    return message if isinstance(message, dict) else None


def read_added(stored: bytes | None) -> Any:
    """The stored content of an added user message; None where there is none or its row is damaged."""
    try:
        return json.loads(stored) if stored else None
    except (ValueError, RecursionError):
        return None


def stubs_of(comparison: Comparison) -> list[ToolStub]:
    """The comparison's stubs; none where they cannot be read any more."""
    try:
        return read_stubs(comparison.tool_stubs)
    except StubError:
        return []
