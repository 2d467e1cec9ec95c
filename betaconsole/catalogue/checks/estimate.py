"""About how many tokens a prompt has, and at most what a request costs. Rough, and said to be."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from betaconsole.catalogue.pricing import cost_usd

from .outline import characters, length_of

CHARACTERS_A_TOKEN = 3.5
MESSAGE_TOKENS = 4
TOOLS_TOKENS = 340  # what the API adds to a prompt that has tools
IMAGE_TOKENS = 1_500
BASE64_A_TOKEN = 40  # characters of a PDF's data for one token of its pages
_BINARY = ("image", "document")


def estimated_tokens(body: dict[str, Any]) -> int:
    """The input tokens of a body for messages or its outline, estimated from its characters; pictures and files by the piece."""
    config = body.get("output_config")
    counted = [body.get("tools"), body.get("system"), config.get("format") if isinstance(config, dict) else None]
    text, tokens = sum(map(characters, counted)), TOOLS_TOKENS if body.get("tools") else 0
    for message in _listed(body.get("messages")):
        tokens += MESSAGE_TOKENS
        content = message.get("content") if isinstance(message, dict) else message
        for block in _listed(content):
            more_text, more_tokens = _of_block(block)
            text, tokens = text + more_text, tokens + more_tokens
    return round(text / CHARACTERS_A_TOKEN) + tokens


def most_cost_usd(body: dict[str, Any], input_tokens: int, *, is_batch: bool = False) -> Decimal | None:
    """What a request costs if its answer is as long as max_tokens allows; None where that is not known.

    Caches, the calls of server tools and further turns are not part of it.
    """
    most, model = body.get("max_tokens"), body.get("model")
    usage = {
        "input_tokens": input_tokens,
        "output_tokens": int(most) if isinstance(most, int) and not isinstance(most, bool) else None,
        "speed": body.get("speed"),
        "inference_geo": body.get("inference_geo"),
    }
    return cost_usd(usage, model=model if isinstance(model, str) else None, batch=is_batch)


def _of_block(block: Any) -> tuple[int, int]:
    """Its characters, and its tokens where those are not counted from characters."""
    if not isinstance(block, dict):
        return characters(block), 0
    source = block.get("source")
    if block.get("type") in _BINARY and isinstance(source, dict) and source.get("type") in ("base64", "url", "file"):
        data = source.get("data")
        pages = length_of(data) // BASE64_A_TOKEN if block["type"] == "document" and isinstance(data, str) else 0
        return 0, max(IMAGE_TOKENS, pages)
    if block.get("type") == "tool_result" and isinstance(block.get("content"), list):
        parts = [_of_block(each) for each in block["content"]]
        return sum(text for text, _ in parts), sum(tokens for _, tokens in parts)
    return characters(block), 0


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [] if value is None else [value]
