"""Paging by key: the next page starts after the last row of this one, whatever was added meanwhile."""

import re
from dataclasses import dataclass
from typing import Any

from django.db.models import QuerySet

SIZE = 50
IDENTIFIER = re.compile(r"[A-Za-z0-9_-]{1,128}")


@dataclass(frozen=True)
class Page:
    """Rows in descending order of a unique key. `next_before` asks for the page after this one; None at the end."""

    rows: list[Any]
    next_before: int | None


def page(rows: QuerySet, *, key: str, before: int | None = None, size: int = SIZE) -> Page:
    """The rows below `before`, newest first. One row more than shown is read: that there is more needs no COUNT."""
    if before is not None:
        rows = rows.filter(**{f"{key}__lt": before})
    found = list(rows.order_by(f"-{key}")[: size + 1])
    shown = found[:size]
    return Page(shown, getattr(shown[-1], key) if len(found) > size else None)


def number(text: str | None) -> int | None:
    """A positive whole number from a query string that a database can hold; None for anything else."""
    return int(text) if text and text.isascii() and text.isdecimal() and len(text) <= 9 else None


def identifier(text: str | None) -> str:
    """A public id, tab or token as a form or address names it; empty for anything that none of ours could be."""
    return text if text and IDENTIFIER.fullmatch(text) else ""
