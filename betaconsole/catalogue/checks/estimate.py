"""About how many tokens a prompt has, and at most what a request costs. Rough, and said to be."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache
from typing import Any

from betaconsole.catalogue.model_specs import find_model
from betaconsole.catalogue.pricing import Cost, cost_of

from .outline import characters, length_of

CHARACTERS_A_TOKEN = 3.5
MESSAGE_TOKENS = 4
TOOLS_TOKENS = 340  # what the API adds to a prompt that has tools
IMAGE_TOKENS = 1_500
BASE64_A_TOKEN = 40  # characters of a PDF's data for one token of its pages
LIFETIMES = ("5m", "1h")
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


@dataclass(frozen=True)
class Terms:
    """What decides the price of a request beside its input, read from a body or its outline (`terms_of`).

    `cache` is how long the longest kept of its cache marks asks for: `5m`, `1h`, or empty where there is no mark.
    """

    model: str
    most_output_tokens: int | None
    speed: str = ""
    region: str = ""
    cache: str = ""
    falls_back: bool = False


def terms_of(body: Any) -> Terms:
    """What decides the price of this body; what makes no sense there counts as unknown, never as left out."""
    fields = body if isinstance(body, dict) else {}
    most = fields.get("max_tokens")
    return Terms(
        model=_text(fields.get("model")),
        most_output_tokens=int(most) if isinstance(most, int) and not isinstance(most, bool) else None,
        speed=_text(fields.get("speed")),
        region=_text(fields.get("inference_geo")),
        cache=max((_lifetime(mark) for mark in _cache_marks(fields)), key=LIFETIMES.index, default=""),
        falls_back=bool(fields.get("fallbacks")),
    )


@lru_cache(maxsize=4096)
def most_cost(
    terms: Terms, input_tokens: int, *, is_batch: bool = False, turns: int = 1, result_tokens: int = 0
) -> Cost:
    """What a request costs if its answer is as long as max_tokens allows, and all it marks is written to the cache.

    Of several turns each reads all that came before: the answers, at their longest, and `result_tokens` for the results of
    tools. What server tools cost beside their tokens is not part of it.
    """
    if terms.most_output_tokens is None:
        return Cost(None, "How long an answer may be is not known: there is no max_tokens.")
    if terms.falls_back:
        return Cost(None, "How an answer of a fallback model is billed is not known.")
    total = Decimal(0)
    for turn in range(turns):
        cost = _most_of_turn(terms, input_tokens + turn * (terms.most_output_tokens + result_tokens), is_batch=is_batch)
        if cost.usd is None:
            return cost
        total += cost.usd
    return Cost(total)


def _most_of_turn(terms: Terms, input_tokens: int, *, is_batch: bool) -> Cost:
    spec = find_model(terms.model)
    if spec is not None and spec.context_tokens is not None:
        input_tokens = min(input_tokens, spec.context_tokens)  # what is longer is refused
    usage: dict[str, Any] = {
        "output_tokens": terms.most_output_tokens,
        "speed": terms.speed or None,
        "inference_geo": terms.region,
    }
    plain = {**usage, "input_tokens": input_tokens}
    if terms.cache and input_tokens:  # dearer than plain input
        plain = {
            **usage,
            "input_tokens": 0,
            "cache_creation_input_tokens": input_tokens,
            "cache_creation": {f"ephemeral_{terms.cache}_input_tokens": input_tokens},
        }
    return cost_of(plain, model=terms.model, batch=is_batch)


def _cache_marks(value: Any) -> Iterator[dict[str, Any]]:
    if isinstance(value, dict):
        mark = value.get("cache_control")
        if isinstance(mark, dict):
            yield mark
        value = value.values()
    elif not isinstance(value, list):
        return
    for inner in value:
        if isinstance(inner, dict | list):
            yield from _cache_marks(inner)


def _lifetime(mark: dict[str, Any]) -> str:
    return "1h" if mark.get("ttl") == "1h" else "5m"


def _text(value: Any) -> str:
    """A name in a body; of another kind of value something that no price is known of."""
    return value if isinstance(value, str) else "" if value is None else "?"


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
