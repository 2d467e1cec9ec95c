"""After a backup was brought back: what waited to be sent when it was made may have been sent since."""

import socket

from django.db.models import F
from django.db.models.functions import Now

from betaconsole.runs.models import Exchange
from betaconsole.runs.states import State

NOBODY = "restored"  # the name of a process that never was: the next start finds it dead


def send_nothing_again() -> int:
    """Hold what is queued for claimed by a process that is gone: the next start ends it as interrupted. How many.

    Cells of a batch that was made stay: looking at the batch sends nothing twice. Further turns stay: the next start
    lets them wait for a person.
    """
    waiting = Exchange.objects.queued().filter(batch=None).exclude(turn__gt=1, worker__gt="")
    return waiting.update(
        state=State.SENDING, worker=f"{socket.gethostname()}:{NOBODY}", lease_until=Now(), version=F("version") + 1
    )
