"""Lists in pages: by ids (`after_id`, `before_id`), or by a token that stands for the rest (`page`)."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Generic, TypeVar

from .refusals import invalid

T = TypeVar("T")
Query = Mapping[str, Sequence[str]]
DEFAULT_LIMIT = 20
MOST_A_PAGE = 1_000
PAGE_START = "page_"


class Listing(Generic[T]):
    """Things by id, in the order in which they are listed.

    `place` says where an id stands (lower first), also one that has gone since: whoever deletes what a page held can read on.
    """

    def __init__(self, things: Mapping[str, T], place: Callable[[str], int | None], show: Callable[[T], Any]) -> None:
        self._things = things
        self._place = place
        self._show = show

    def by_id(self, query: Query) -> dict[str, Any]:
        """`{data, has_more, first_id, last_id}`. Raises a Refusal for a limit out of bounds or an id never seen."""
        limit = limit_of(query)
        ids = list(self._things)
        if before := query.get("before_id"):
            place = self._known(before[0], "before_id")
            earlier = [ident for ident in ids if self._where(ident) < place]
            page, more = earlier[-limit:], len(earlier) > limit
        else:
            page, more = self._after(query.get("after_id"), "after_id", limit)
        return {
            "data": [self._show(self._things[ident]) for ident in page],
            "has_more": more,
            "first_id": page[0] if page else None,
            "last_id": page[-1] if page else None,
        }

    def by_token(self, query: Query) -> dict[str, Any]:
        """`{data, next_page}`. Raises a Refusal for a limit out of bounds or a token that was never given."""
        tokens = [token.removeprefix(PAGE_START) for token in query.get("page", ())]
        page, more = self._after(tokens, "page", limit_of(query))
        return {
            "data": [self._show(self._things[ident]) for ident in page],
            "next_page": PAGE_START + page[-1] if more else None,
        }

    def _after(self, cursor: Sequence[str] | None, name: str, limit: int) -> tuple[list[str], bool]:
        ids = list(self._things)
        if cursor:
            place = self._known(cursor[0], name)
            ids = [ident for ident in ids if self._where(ident) > place]
        return ids[:limit], len(ids) > limit

    def _known(self, ident: str, name: str) -> int:
        place = self._place(ident)
        if place is None:
            raise invalid(f"{name}: Invalid cursor")
        return place

    def _where(self, ident: str) -> int:
        return self._place(ident) or 0


def limit_of(query: Query) -> int:
    """How many a page may hold: 1 to 1000, 20 when not asked."""
    text = query.get("limit", [str(DEFAULT_LIMIT)])[0]
    if not text.isascii() or not text.isdigit():
        raise invalid("limit: Input should be a valid integer, unable to parse string as an integer")
    limit = int(text[:9])
    if limit < 1:
        raise invalid("limit: Input should be greater than or equal to 1")
    if limit > MOST_A_PAGE:
        raise invalid(f"limit: Input should be less than or equal to {MOST_A_PAGE}")
    return limit
