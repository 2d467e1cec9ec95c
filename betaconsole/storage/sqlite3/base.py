"""Django's SQLite backend, whose transactions ask for the database's one lock more often while it is taken.

SQLite itself asks ever more rarely, in the end every 100 ms, and nobody stands in line: where others write one after the
other it finds the lock taken again and again. What arrives from the API must be stored within 250 ms.
"""

import random
import sqlite3
import time

from django.db.backends.sqlite3 import base
from django.db.utils import OperationalError

ASK_EVERY_S = (0.001, 0.004)  # drawn anew each time, so that those who wait do not ask at the same moments


class DatabaseWrapper(base.DatabaseWrapper):
    def _start_transaction_under_autocommit(self) -> None:
        # So long the connection waits, as its settings say.
        [patience_ms] = self.connection.execute("PRAGMA busy_timeout").fetchone()
        until = time.monotonic() + patience_ms / 1000
        self.connection.execute("PRAGMA busy_timeout = 0")
        try:
            while not self._has_begun(is_last=time.monotonic() >= until):
                time.sleep(random.uniform(*ASK_EVERY_S))  # noqa: S311
        finally:
            self.connection.execute(f"PRAGMA busy_timeout = {patience_ms}")

    def _has_begun(self, *, is_last: bool) -> bool:
        try:
            super()._start_transaction_under_autocommit()  # type: ignore[misc]  # not in django-stubs
        except OperationalError as error:
            if is_last or not _is_taken(error.__cause__):
                raise
            return False
        return True


def _is_taken(error: BaseException | None) -> bool:
    return getattr(error, "sqlite_errorcode", 0) & 0xFF == sqlite3.SQLITE_BUSY
