"""Which tools fit a prompt: how many telling words their name and description share with it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .conversation import COMMON, WORD

READ_CHARS = 2_000


def tool_name(tool: Mapping[str, Any]) -> str:
    return str(tool.get("name") or tool.get("type"))


def fit(tool: Mapping[str, Any], ask: str) -> int:
    """How well a tool fits what was asked; 0 where nothing speaks for it."""
    asked = {_stem(word) for word in WORD.findall(ask)} - {""}
    name = {_stem(word) for word in tool_name(tool).replace("-", "_").split("_")} - {""}
    words = {_stem(word) for word in WORD.findall(str(tool.get("description") or "")[:READ_CHARS])} - {""}
    return 3 * len(asked & name) + len(asked & words)


def _stem(word: str) -> str:
    word = word.lower()
    return "" if word in COMMON or len(word) < 3 else word.removesuffix("s")
