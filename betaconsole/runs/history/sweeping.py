"""Purging by itself, on a thread of the process: a short transaction, a pause, the next. Whoever starts the process starts `chore`."""

from django.utils import timezone

from betaconsole.storage.chores import Chore

from . import closing, purging

LOOK_S = 300.0  # between two looks for something that is due
PAUSE_S = 0.2  # between two steps: what is sent and recorded comes first


def sweep() -> None:
    """Stop what is left of closed teams; then all that is due, step by step, until nothing is left or the console stops.

    On PostgreSQL a body may be sent again while it goes: the step is undone, this raises, and the next look makes it anew.
    """
    closing.stop_what_is_left()
    while not chore.is_stopping and purging.step(timezone.now()):
        chore.rest(PAUSE_S)


chore = Chore("sweeping", sweep, every_s=LOOK_S)
