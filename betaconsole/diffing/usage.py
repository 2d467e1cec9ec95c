"""What two answers used: every field the API counts, nested ones and iterations too, and what it cost. Pure."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from itertools import islice
from math import isfinite
from typing import Any

from .trees import MISSING, is_same, path_to

MAX_ROWS = 500
MAX_DEPTH = 20


@dataclass(frozen=True)
class UsageRow:
    """One field: `cache_creation.ephemeral_5m_input_tokens`, `iterations[1].output_tokens`. MISSING where a side lacks it.

    `difference` is right minus left, None where one of them is no number.
    """

    path: str
    left: Any
    right: Any
    difference: int | float | Decimal | None

    @property
    def is_same(self) -> bool:
        return self.difference == 0 or (self.difference is None and is_same(self.left, self.right))


def usage_diff(
    left: Mapping[str, Any] | None,
    right: Mapping[str, Any] | None,
    *,
    costs_usd: tuple[Decimal | None, Decimal | None] = (None, None),
) -> list[UsageRow]:
    """A row for each field of either side, in the API's order, at most `MAX_ROWS`; the cost last, where one is known."""
    ends = _ends(dict(left or {}), dict(right or {})) if left or right else ()
    rows = [_row(*found) for found in islice(ends, MAX_ROWS)]
    if costs_usd != (None, None):
        rows.append(_row("cost_usd", *(MISSING if cost is None else cost for cost in costs_usd)))
    return rows


def _ends(left: Any, right: Any, path: str = "", depth: int = 0) -> Iterator[tuple[str, Any, Any]]:
    """Where both values end. Iterations are paired by their place: the first call beside the first."""
    one, other = _inside(left), _inside(right)
    if one is None or other is None or not (one or other) or depth > MAX_DEPTH:
        yield path, left, right
        return
    for name in {**one, **other}:
        yield from _ends(one.get(name, MISSING), other.get(name, MISSING), path_to(path, name), depth + 1)


def _inside(value: Any) -> Mapping[Any, Any] | None:
    """What an object or a list holds, by name or place; nothing of nothing, None of what cannot hold anything."""
    if isinstance(value, list):
        return dict(enumerate(value))
    return value if isinstance(value, dict) else {} if value in (None, MISSING) else None


def _row(path: str, left: Any, right: Any) -> UsageRow:
    return UsageRow(path, left, right, _difference(left, right))


def _difference(left: Any, right: Any) -> int | float | Decimal | None:
    if not (_is_number(left) and _is_number(right)):
        return None
    try:
        difference = right - left
    except OverflowError:
        return None  # a whole number that no float can hold
    return difference if isinstance(difference, int) or isfinite(difference) else None


def _is_number(value: object) -> bool:
    return isinstance(value, int | float | Decimal) and not isinstance(value, bool)
