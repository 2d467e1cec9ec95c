"""What it means to whoever asked that the database refused: the disk is full, somebody holds it locked, it is away.

Told apart by the codes of SQLite and PostgreSQL, never by their words.
"""

import errno
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass

from django.db import InterfaceError, OperationalError, connection


@dataclass(frozen=True)
class Trouble:
    """`kind` is for programs, `status` the HTTP status; `said` tells a person what happened and `todo` what to do."""

    kind: str
    status: int
    title: str
    said: str
    todo: str
    retry_after_s: int | None = None

    @property
    def message(self) -> str:
        return f"{self.said} {self.todo}"


FULL = Trouble(
    "storage_full",
    507,
    "The disk is full",
    "The disk that holds the console's database is full, or its quota is: this was not saved, and nothing was sent for it.",
    "Make room on it, then do it again.",
)
BUSY = Trouble(
    "storage_busy",
    503,
    "The database is busy",
    "Something else held the console's database locked for too long: this was not saved, and nothing was sent for it.",
    "Wait a moment, then do it again. Where it stays so, look for a backup or another program that has the database open.",
    retry_after_s=10,
)
AWAY = Trouble(
    "storage_away",
    503,
    "The database does not answer",
    "The console's database server does not answer, or broke off while this was on its way.",
    "Wait until it is back, look whether it was done, and do it again where it was not.",
    retry_after_s=10,
)
OUT_OF_REACH = Trouble(
    "storage_away",
    503,
    "The database is out of reach",
    "The file of the console's database could not be opened or used just now: this was not saved, and nothing was sent for it.",
    "Wait a moment, then do it again. Where it stays so, look at the console's log and at the disk (manage.py doctor).",
    retry_after_s=10,
)
# After it nobody knows what of the database will still be there: whoever meets it stops sending (sending.engine).
BROKEN = Trouble(
    "storage_broken",
    503,
    "The database cannot be trusted",
    "The disk or the file of the console's database gave an error: this was not saved, and nothing was sent for it.",
    "Look at the console's log and at the disk (manage.py doctor), then restart the console.",
)
DAMAGED = Trouble(
    "storage_damaged",
    500,
    "A part of this is damaged",
    "What the database holds of this cannot be read any more. Everything else works as before.",
    "manage.py doctor looks at the whole database; a copy from before the damage brings this back.",
)
# The whole code counts, and where it is not here its last byte, the family. Of an error in reading or writing only what
# leaves the file in doubt is BROKEN: a used-up quota, a log's index that cannot grow on a full disk, and a process out of
# file descriptors all pass.
SQLITE = {
    sqlite3.SQLITE_FULL: FULL,
    sqlite3.SQLITE_BUSY: BUSY,
    sqlite3.SQLITE_LOCKED: BUSY,
    sqlite3.SQLITE_IOERR: OUT_OF_REACH,
    sqlite3.SQLITE_IOERR_WRITE: FULL,
    sqlite3.SQLITE_IOERR_SHMSIZE: FULL,
    sqlite3.SQLITE_IOERR_FSYNC: BROKEN,
    sqlite3.SQLITE_IOERR_DIR_FSYNC: BROKEN,
    sqlite3.SQLITE_IOERR_DATA: BROKEN,
    sqlite3.SQLITE_IOERR_CORRUPTFS: BROKEN,
    sqlite3.SQLITE_CORRUPT: BROKEN,
    sqlite3.SQLITE_NOTADB: BROKEN,
    sqlite3.SQLITE_READONLY: BROKEN,  # a kernel makes a disk so that fails; and so is a file that was put aside
    sqlite3.SQLITE_CANTOPEN: OUT_OF_REACH,
}
# The beginnings of SQLSTATE; the longest that fits counts.
POSTGRES = {
    "53100": FULL,  # disk_full
    "53": BUSY,  # too many connections, out of memory
    "40": BUSY,  # deadlock, serialization
    "55P03": BUSY,  # lock not available
    "57014": BUSY,  # a statement took too long
    "57P": AWAY,  # shut down, crashed, starting up
    "08": AWAY,  # the connection
    "58": BROKEN,  # input and output
    "XX001": BROKEN,  # damaged data
    "XX002": BROKEN,
}
NO_ROOM = (errno.ENOSPC, errno.EDQUOT)


def trouble_of(error: BaseException | None) -> Trouble | None:
    """What an exception says of the database or its disk; None where it is about something else."""
    for one in _with_causes(error):
        if getattr(one, "is_damaged_row", False):
            return DAMAGED
        if isinstance(one, OSError) and one.errno in NO_ROOM:
            return FULL
        if isinstance(one, sqlite3.Error):
            code = getattr(one, "sqlite_errorcode", 0)
            return SQLITE.get(code) or SQLITE.get(code & 0xFF)
        if sqlstate := getattr(one, "sqlstate", None):
            fitting = [beginning for beginning in POSTGRES if sqlstate.startswith(beginning)]
            return POSTGRES[max(fitting, key=len)] if fitting else None
    # No code came with it: the client says it, since there is no connection.
    return AWAY if connection.vendor != "sqlite" and isinstance(error, OperationalError | InterfaceError) else None


def _with_causes(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__
