"""What the store says of a comparison: read once for all of its pages that are open in this process."""

import threading
import time
from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple
from weakref import WeakValueDictionary

from betaconsole.runs.models import Comparison
from betaconsole.runs.sending import feed

from .showing import Row, rows_of


class Look(NamedTuple):
    """What was found, at what `time.monotonic()`, and how many changes of this process it knows of (`feed.changes`)."""

    at: float
    changes: int
    rows: Sequence[Row]
    paused_at: datetime | None


class Looks:
    """The last look at one comparison. It lives as long as a page that follows it."""

    def __init__(self) -> None:
        self._last: Look | None = None
        self._looking = threading.Lock()

    def look(self, comparison: Comparison, *, at_most_s: float) -> Look:
        """One that knows of every change this process has made by now, and is no older than that."""
        with self._looking:
            last, changes, now = self._last, feed.changes(comparison.pk), time.monotonic()
            if last is None or last.changes != changes or now - last.at > at_most_s:
                # Counted before it is read: what moves meanwhile is looked at again.
                self._last = last = Look(now, changes, rows_of(comparison), _paused_at(comparison))
            return last


def _paused_at(comparison: Comparison) -> datetime | None:
    return Comparison.objects.filter(pk=comparison.pk).values_list("paused_at", flat=True).first()


_shared: WeakValueDictionary[int, Looks] = WeakValueDictionary()
_sharing = threading.Lock()


def looks_of(comparison_id: int) -> Looks:
    """The looks that all pages of the comparison share."""
    with _sharing:
        return _shared.setdefault(comparison_id, Looks())
