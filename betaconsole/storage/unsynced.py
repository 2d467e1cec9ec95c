"""Transactions that need not be on the disk when they end."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connection, transaction

NORMAL = 1  # of SQLite's levels: the log is written at once, and synced from time to time


@contextmanager
def unsynced() -> Iterator[None]:
    """A transaction that does not wait for the disk: a killed process loses nothing of it, a power cut its last moments.

    Only for what is written once more, and synced, when it is complete. Not inside another transaction.
    """
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            with transaction.atomic():
                cursor.execute("SET LOCAL synchronous_commit = off")
                yield
            return
        cursor.execute("PRAGMA synchronous")
        [level] = cursor.fetchone()
        cursor.execute(f"PRAGMA synchronous = {min(level, NORMAL)}")
        try:
            with transaction.atomic():
                yield
        finally:
            cursor.execute(f"PRAGMA synchronous = {level}")
