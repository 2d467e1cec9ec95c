"""How far a comparison is as a whole, and waiting for it.

That holds a server thread on purpose: live pages stream on one, API calls wait on one, and the rest answer pages.
"""

import threading
import time
from typing import Literal

from django.conf import settings
from django.db import connection as database

from betaconsole.runs.models import Comparison, Exchange, Wait

from . import engine, feed

LOOK_S = 0.25  # how often the store is asked: another process may be the one that sends

# One place for each thread that may be held; taken without waiting, given back at the end.
places = threading.BoundedSemaphore(settings.LIVE_STREAMS)


def state_of(comparison: Comparison) -> Literal["running", "waiting", "finished"]:
    """Finished; or waiting for a person (nothing is queued or in flight, and a cell waits); or running."""
    if comparison.finished_at is not None:
        return "finished"
    if Exchange.objects.unfinished().filter(comparison=comparison).exists():
        return "running"
    return "waiting" if Wait.objects.filter(comparison=comparison).exists() else "running"


def wait_while_running(comparison: Comparison, *, timeout_s: float) -> None:
    """Return once the comparison is finished, waits for a person or was paused and has nothing in flight any more, the time
    is over or the process stops; at once where no place is free.

    No database connection is held while waiting. Not for use inside a transaction.
    """
    if timeout_s <= 0 or not places.acquire(blocking=False):
        return
    bell = feed.listen(comparison.pk)
    try:
        _wait(comparison.pk, bell, until=time.monotonic() + timeout_s)
    finally:
        feed.unlisten(comparison.pk, bell)
        places.release()


def _wait(comparison_id: int, bell: threading.Event, *, until: float) -> None:
    while not engine.is_stopping():
        # Read before the look: what ends between the look and the wait has moved the count.
        seen = feed.changes(comparison_id)
        if not _goes_on(comparison_id) or time.monotonic() >= until:
            return
        database.close()
        look_at = min(time.monotonic() + LOOK_S, until)
        # The bell also rings for text, many times a second; only a stored state that moved is worth an earlier look.
        while feed.changes(comparison_id) == seen and (left_s := look_at - time.monotonic()) > 0:
            bell.wait(left_s)
            bell.clear()


def _goes_on(comparison_id: int) -> bool:
    """Whether something of it goes on by itself."""
    comparison = Comparison.objects.only("finished_at", "paused_at").filter(pk=comparison_id).first()
    if comparison is None:
        return False
    if comparison.paused_at is not None:
        return Exchange.objects.in_flight().filter(comparison=comparison).exists()
    return state_of(comparison) == "running"
