"""Purging by itself, on a thread of the process: a short transaction, a pause, the next. Whoever starts the process calls `start`."""

import logging
import threading

from django.db import connection as database
from django.utils import timezone

from . import closing, purging

logger = logging.getLogger(__name__)

LOOK_S = 300.0  # between two looks for something that is due
PAUSE_S = 0.2  # between two steps: what is sent and recorded comes first

_stopping = threading.Event()


def start() -> threading.Thread:
    """Remove what is due from now on."""
    _stopping.clear()
    thread = threading.Thread(target=_look, name="sweeping", daemon=True)
    thread.start()
    return thread


def begin_stopping() -> None:
    """Begin no further step. Safe in a signal handler."""
    _stopping.set()


def _look() -> None:
    while not _stopping.is_set():
        sweep()
        database.close()
        _stopping.wait(LOOK_S)


def sweep() -> None:
    """Stop what is left of closed teams; then all that is due, step by step, until nothing is left, one fails, or the console stops."""
    try:
        closing.stop_what_is_left()
        while not _stopping.is_set() and purging.step(timezone.now()):
            _stopping.wait(PAUSE_S)
    except Exception as error:
        # On PostgreSQL a body may be sent again while it goes: the step is undone and made anew at the next look.
        logger.error("removing old history failed, trying again later: %s", type(error).__name__)
