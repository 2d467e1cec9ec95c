"""Which known names a name may have been meant to be."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable

from rapidfuzz.distance import OSA
from rapidfuzz.process import extract

SLIP = 2  # letters wrong, missing, doubled or swapped, up to which a name counts as misspelt
MOST_COMPARED = 130  # characters
_NUMBERS = re.compile(r"[\d.-]+")


def nearest(name: str, known: Iterable[str], *, limit: int = 2) -> list[str]:
    """The known names nearest to this one, best first; those that share little with it are left out."""
    most = max(SLIP, len(name) // 3)
    hits = extract(name[:MOST_COMPARED], list(known), scorer=OSA.distance, limit=limit, score_cutoff=most)
    return [hit for hit, *_ in hits]


def closest(name: str, known: Collection[str]) -> str | None:
    """The one that differs least, however much that is; the last of several."""
    return min(reversed(list(known)), key=lambda each: OSA.distance(name[:MOST_COMPARED], each), default=None)


def slip_of(name: str, known: Collection[str]) -> str | None:
    """The known name that this one is a slip of. One that differs in its numbers alone may be a newer version, and is none."""
    most = SLIP if len(name) > 6 else 1
    for hit, *_ in extract(name[:MOST_COMPARED], list(known), scorer=OSA.distance, limit=3, score_cutoff=most):
        if _NUMBERS.sub("", hit) != _NUMBERS.sub("", name) or _digits(hit) == _digits(name):
            return str(hit)
    return None


def _digits(name: str) -> str:
    return "".join(filter(str.isdigit, name))
