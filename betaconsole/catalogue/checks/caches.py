"""Columns that share a prompt cache: the first to write it pays, the others read, and neither time nor cost compare."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from .asked import Asked
from .findings import Finding, separate_caches, warning
from .outline import characters

SHORTEST_CACHED = 2_000  # characters, about 512 tokens: the API caches no prefix that is shorter


def shared_caches(columns: Sequence[Sequence[Asked]]) -> Iterator[tuple[int, Finding]]:
    """shared_cache, with the number of each column it concerns: those that send what another one lets the API cache."""
    if len(columns) < 2:
        return
    prefixes: list[tuple[str, list[Any]] | None] = [_cached(column) for column in columns]
    compared: dict[int, list[int]] = {}
    for number, prefix in enumerate(prefixes):
        if prefix is not None:
            first = next((each for each in compared if prefixes[each] == prefix), number)
            compared.setdefault(first, []).append(number)
    for group in compared.values():
        for number in group if len(group) > 1 else ():
            message = f"{len(group)} columns begin the same way, marked for caching: the first to write the cache pays for the rest."
            yield number, warning("shared_cache", message, fix=separate_caches())


def _cached(column: Sequence[Asked]) -> tuple[str, list[Any]] | None:
    """The model and the beginning of the prompt up to the last mark; None without a mark or where it is too short."""
    if len(column) != 1 or not column[0].is_prompt or column[0].is_counted or "cache_control" not in column[0].names:
        return None
    parts = list(_parts(column[0].body))
    marked = [number for number, part in enumerate(parts) if isinstance(part, dict) and part.get("cache_control")]
    last = len(parts) if isinstance(column[0].get("cache_control"), dict) else marked[-1] + 1 if marked else 0
    if sum(map(characters, parts[:last])) < SHORTEST_CACHED:
        return None
    return column[0].model_id, parts[:last]


def _parts(body: dict[str, Any]) -> Iterator[Any]:
    """The pieces of a prompt that can carry a mark, in the order in which the API reads them; what a result holds before it."""
    yield from _listed(body.get("tools"))
    yield from _listed(body.get("system"))
    for message in _listed(body.get("messages")):
        for block in _listed(message.get("content") if isinstance(message, dict) else message):
            if isinstance(block, dict) and isinstance(block.get("content"), list):
                yield from block["content"]
                yield {name: value for name, value in block.items() if name != "content"}
            else:
                yield block


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [] if value is None else [value]
