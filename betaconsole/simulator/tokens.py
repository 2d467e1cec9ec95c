"""A cheap, deterministic estimate of tokens: about four characters each.

The input is measured in segments in the order in which the API reads a prompt (tools, system, messages), so that
count_tokens, usage and the prompt cache use one measure. Output is counted in the pieces in which it streams.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from .effects import EFFECTS, TASK_BUDGETS

PIECE = re.compile(r"\s*\S{1,6}|\s+")
PROMPT_OVERHEAD = 7
MESSAGE_OVERHEAD = 3
TOOLS_OVERHEAD = 340
IMAGE_TOKENS = 1_500
PDF_BYTES_A_TOKEN = 40


@dataclass(frozen=True)
class Segment:
    """One stretch of the prompt. `cache_ttl` is set where the request marks a cache breakpoint at its end."""

    tokens: int
    value: Any
    cache_ttl: str | None = None


def pieces(text: str) -> list[str]:
    """Split output into its tokens; joined they are the text again."""
    return PIECE.findall(text)


def text_tokens(text: str) -> int:
    return len(text) // 4 + 1 if text else 0


def json_tokens(value: Any) -> int:
    return text_tokens(json.dumps(value, ensure_ascii=False))


def measure(body: Mapping[str, Any]) -> list[Segment]:
    """The prompt of a (valid) request body as segments."""
    segments = [Segment(PROMPT_OVERHEAD, body.get("model"))]
    if tools := body.get("tools"):
        segments.append(Segment(TOOLS_OVERHEAD, "tools"))
        segments += [_segment(tool, json_tokens(_plain(tool))) for tool in tools]
    segments += _content(body.get("system"), "system")
    for message in body["messages"]:
        segments.append(Segment(MESSAGE_OVERHEAD, message["role"]))
        segments += _content(message.get("content"), message["role"])
    if (body.get("output_config") or {}).get("task_budget"):
        segments.append(Segment(int(EFFECTS[TASK_BUDGETS, "prompt_tokens"].size), "task budget"))
    if output_format := (body.get("output_config") or {}).get("format"):
        segments.append(Segment(json_tokens(output_format), output_format))
    return segments


def count(body: Mapping[str, Any]) -> int:
    """Input tokens of a (valid) request body."""
    return sum(segment.tokens for segment in measure(body))


def block_tokens(block: Any) -> int:
    """Tokens of one content block, or of a string that stands for one."""
    if isinstance(block, str):
        return text_tokens(block)
    kind = block.get("type")
    if kind in ("image", "document"):
        return _source_tokens(kind, block.get("source") or {})
    if kind == "tool_result":
        return 8 + sum(block_tokens(each) for each in as_blocks(block.get("content")))
    if kind in ("thinking", "redacted_thinking"):
        return text_tokens(block.get("thinking", "")) + 4
    if kind == "text":
        return text_tokens(block.get("text", ""))
    if kind == "compaction":
        return text_tokens(block.get("content") or "")
    return json_tokens(_plain(block))


def as_blocks(content: Any) -> list[Any]:
    """Content as a list, whether it was given as a string, a list or not at all."""
    if content is None:
        return []
    return content if isinstance(content, list) else [content]


def _content(content: Any, role: str) -> Iterator[Segment]:
    for block in as_blocks(content):
        yield _segment(block, block_tokens(block))


def _segment(block: Any, tokens: int) -> Segment:
    marker = block.get("cache_control") if isinstance(block, dict) else None
    return Segment(tokens, block, (marker.get("ttl") or "5m") if isinstance(marker, dict) else None)


def _plain(block: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in block.items() if key != "cache_control"}


def _source_tokens(kind: str, source: Mapping[str, Any]) -> int:
    if kind == "image":
        return IMAGE_TOKENS
    if source.get("type") == "base64":
        return max(IMAGE_TOKENS, len(source.get("data", "")) // PDF_BYTES_A_TOKEN)
    if source.get("type") == "text":
        return text_tokens(source.get("data", ""))
    if source.get("type") == "file":
        return max(IMAGE_TOKENS, source.get("size_bytes", 0) * 4 // 3 // PDF_BYTES_A_TOKEN)
    if source.get("type") == "content":
        return sum(block_tokens(each) for each in as_blocks(source.get("content")))
    return 2 * IMAGE_TOKENS
