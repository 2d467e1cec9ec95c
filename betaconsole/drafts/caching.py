"""Whether a prompt is marked for caching, and about how long the marked beginning is. Pure."""

from collections.abc import Iterator
from typing import Any

SHORTEST_CACHED = 2_000  # characters, about 512 tokens: the API caches no prefix that is shorter, on some models longer
LONGEST_COUNTED = 6_000  # characters that one string counts for at most where it is a file's data


def cached_characters(body: Any) -> int:
    """About how many characters of the prompt a cache may hold: all up to the last mark; 0 without a mark.

    The API reads tools, then system, then messages; a mark on the body itself stands for one at the very end.
    """
    if not isinstance(body, dict):
        return 0
    total = marked = 0
    for part in _parts(body):
        total += _length(part)
        if isinstance(part, dict) and isinstance(part.get("cache_control"), dict):
            marked = total
    return total if isinstance(body.get("cache_control"), dict) else marked


def _parts(body: dict[str, Any]) -> Iterator[Any]:
    """The pieces that can carry a mark, in the order of the prompt; blocks inside a tool result before the result."""
    yield from _listed(body.get("tools"))
    yield from _listed(body.get("system"))
    for message in _listed(body.get("messages")):
        if isinstance(message, dict):
            yield from _blocks(message.get("content"))


def _blocks(content: Any) -> Iterator[Any]:
    for block in _listed(content):
        if isinstance(block, dict) and isinstance(block.get("content"), list):
            yield from _listed(block["content"])
            yield {name: value for name, value in block.items() if name != "content"}
        else:
            yield block


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [] if value is None else [value]


def _length(value: Any, name: str = "") -> int:
    """The characters in all strings of a value; JSON's own marks do not count."""
    if isinstance(value, str):
        return min(len(value), LONGEST_COUNTED) if name == "data" else len(value)
    if isinstance(value, dict):
        return sum(len(key) + _length(inner, key) for key, inner in value.items())
    return sum(_length(inner) for inner in value) if isinstance(value, list) else 0
