"""After a backup was brought back: what waited to be sent when it was made may have been sent since."""

import socket

from betaconsole.runs.models import Exchange
from betaconsole.runs.states import State
from betaconsole.storage.backup_files import Backup
from betaconsole.storage.backups import applied_in

NOBODY = "restored"  # the name of a process that never was: the next start finds it dead
BATCHES_CAME = ("runs", "0003_turns_endpoints_batches")


def holding(copy: Backup) -> str:
    """SQL that holds what is queued for claimed by a process that is gone: the next start ends it as interrupted.

    Cells of a batch that was made stay: looking at the batch sends nothing twice. Further turns stay: the next start
    lets them wait for a person. The statement is of both databases, and for the tables as they were at the backup.
    """
    of_no_batch = " AND batch_id IS NULL" if BATCHES_CAME in applied_in(copy) else ""
    worker = _worker().replace("'", "''")
    return (
        f"UPDATE runs_exchange SET state = '{State.SENDING}', worker = '{worker}',"  # noqa: S608 - nobody's words but ours
        " lease_until = CURRENT_TIMESTAMP, version = version + 1"
        f" WHERE state = '{State.QUEUED}'{of_no_batch} AND NOT (turn > 1 AND worker > '')"
    )


def held() -> int:
    """How many requests the next start will so end."""
    return Exchange.objects.in_flight().filter(worker=_worker()).count()


def _worker() -> str:
    return f"{socket.gethostname()}:{NOBODY}"
