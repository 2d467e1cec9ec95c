"""What was read of cells that change no more, for the next look: a live page asks every second.

It is let go of with the whole comparison once that has its verdict. Held for longer it would only be memory that grows with
every answer.
"""

from collections.abc import Collection, Mapping
from itertools import islice
from threading import Lock
from typing import Generic, TypeVar

Key = TypeVar("Key")
Value = TypeVar("Value")


class KeptCells(Generic[Key, Value]):
    """By comparison (its public id: keys of rows come again where some were deleted); `most` of all comparisons together, and
    what was added first goes first."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._kept: dict[str, dict[Key, Value]] = {}
        self._lock = Lock()

    def of(self, comparison: str, wanted: Collection[Key]) -> dict[Key, Value]:
        """Those of them that are kept."""
        with self._lock:
            kept = self._kept.get(comparison, {})
            return {key: kept[key] for key in wanted if key in kept}

    def add(self, comparison: str, fresh: Mapping[Key, Value]) -> None:
        """Keep these as well."""
        if not fresh:
            return
        with self._lock:
            self._kept.setdefault(comparison, {}).update(fresh)
            while (spare := self._size() - self._most) > 0:
                oldest, kept = next(iter(self._kept.items()))
                for key in list(islice(kept, spare)):
                    del kept[key]
                if not kept:
                    del self._kept[oldest]

    def forget(self, comparison: str) -> None:
        """Keep nothing of this one."""
        with self._lock:
            self._kept.pop(comparison, None)

    def __len__(self) -> int:
        with self._lock:
            return self._size()

    def _size(self) -> int:
        return sum(map(len, self._kept.values()))
