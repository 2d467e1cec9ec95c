"""Django's SQLite backend, which waits for the database's one lock here and not inside SQLite.

SQLite's own waiting does two kinds of harm. It asks ever more rarely, in the end every 100 ms, and nobody stands in line: where
others write one after the other it finds the lock taken again and again, and what arrives from the API must be stored within
250 ms. And it holds the mutex of the connection that waits. A cursor of that connection may be garbage in a cycle, and
Python collects it on whatever thread allocates next: where that is the thread with the lock it waits for the mutex, and both wait
for each other until the first gives up.
"""

import random
import sqlite3
import time
from typing import Any

from django.db.backends.sqlite3 import base

ASK_EVERY_S = (0.001, 0.004)  # drawn anew each time, so that those who wait do not ask at the same moments


class DatabaseWrapper(base.DatabaseWrapper):
    """As Django's; how long it waits is said where Django has it, by `timeout` in the options."""

    def get_new_connection(self, conn_params: dict[str, Any]) -> sqlite3.Connection:
        # Opening still waits as SQLite does: a connection without cursors harms nobody.
        connection: sqlite3.Connection = super().get_new_connection(conn_params)
        connection.execute("PRAGMA busy_timeout = 0")
        return connection

    def create_cursor(self, name: str | None = None) -> "Cursor":
        cursor = self.connection.cursor(factory=Cursor)
        cursor.patience_s = self.settings_dict["OPTIONS"].get("timeout", 5.0)
        return cursor


class Cursor(base.SQLiteCursorWrapper):
    """Waits up to `patience_s` for the lock, where it is asked for: by what begins a transaction, or is one by itself.

    `executemany` does not wait, call it inside a transaction: outside, some of its rows may be written before the lock is lost.
    """

    patience_s: float

    def execute(self, query: str, params: Any = None) -> Any:
        until = time.monotonic() + self.patience_s
        while True:
            is_last = self.connection.in_transaction or time.monotonic() >= until
            try:
                return super().execute(query, params)
            except sqlite3.OperationalError as error:
                if is_last or not _may_pass(getattr(error, "sqlite_errorcode", 0)):
                    raise
            time.sleep(random.uniform(*ASK_EVERY_S))  # noqa: S311


def _may_pass(code: int) -> bool:
    """Whether the lock is what is waited for; what this connection is still reading itself grows no younger."""
    return code & 0xFF == sqlite3.SQLITE_BUSY and code != sqlite3.SQLITE_BUSY_SNAPSHOT
