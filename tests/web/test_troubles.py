"""What SQLite's codes mean to whoever asked, and which of them stop a console from sending."""

import sqlite3

import pytest
from django.db import OperationalError

from betaconsole.web.troubles import BROKEN, FULL, OUT_OF_REACH, Trouble, trouble_of


def told_by(code: int) -> Trouble | None:
    cause = sqlite3.OperationalError("whatever it says")
    cause.sqlite_errorcode = code
    error = OperationalError("whatever it says")
    error.__cause__ = cause
    return trouble_of(error)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("SQLITE_IOERR_WRITE", FULL),
        ("SQLITE_IOERR_SHMSIZE", FULL),
        ("SQLITE_FULL", FULL),
        ("SQLITE_IOERR_READ", OUT_OF_REACH),
        ("SQLITE_CANTOPEN", OUT_OF_REACH),
        ("SQLITE_CANTOPEN_DIRTYWAL", OUT_OF_REACH),
        ("SQLITE_IOERR_FSYNC", BROKEN),
        ("SQLITE_IOERR_DIR_FSYNC", BROKEN),
        ("SQLITE_CORRUPT_INDEX", BROKEN),
        ("SQLITE_NOTADB", BROKEN),
        ("SQLITE_READONLY_DBMOVED", BROKEN),
    ],
)
def test_only_what_leaves_the_file_in_doubt_makes_it_untrusted(name: str, expected: Trouble) -> None:
    assert told_by(getattr(sqlite3, name)) is expected
