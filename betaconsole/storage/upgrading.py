"""Bringing the database to the state the code expects."""

import fcntl
import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

from django.core.management import call_command
from django.db import connection
from django.db.migrations.executor import MigrationExecutor

ADVISORY_LOCK = 0xBE7A_C0  # PostgreSQL: any number that nobody else of this database locks


class TooNew(Exception):
    """The database was written by a newer betaconsole; this one would damage it."""


class UpgradeFailed(Exception):
    """A migration failed; the message says which copy is left."""


def upgrade() -> Path | None:
    """Apply the migrations that are missing. An SQLite database with something in it is copied beside itself first.

    Gives the copy's path where one was made. Raises `TooNew` where the database has migrations that this code lacks, and
    `UpgradeFailed`: of the migration that failed nothing is kept then, each runs in a transaction.
    """
    if _missing() is None:
        return None
    with _alone():
        missing = _missing()  # once more: whoever was here before may have applied them
        if missing is None:
            return None
        is_copied = missing.has_content and connection.vendor == "sqlite"
        copy = _copy_beside(Path(connection.settings_dict["NAME"])) if is_copied else None
        try:
            call_command("migrate", interactive=False, verbosity=0)
        except Exception as error:
            raise UpgradeFailed(_said(error, copy)) from error
    return copy


class NotUpgraded(Exception):
    """Migrations are missing: the code would ask for what the database does not have."""


def check() -> None:
    """Raise `TooNew` or `NotUpgraded` where the database is not what this code expects, and change nothing."""
    if _missing() is not None:
        raise NotUpgraded(
            "The database is an older betaconsole's. manage.py serve brings it up to date and starts the console."
        )


def _said(error: Exception, copy: Path | None) -> str:
    left = f" The database as it was before is {copy}: with it the version before starts again." if copy else ""
    return f"The database could not be brought up to date ({type(error).__name__}: {error}).{left}"


class Missing(NamedTuple):
    """Some migrations are missing. `has_content`: others were applied before."""

    has_content: bool


def _missing() -> Missing | None:
    executor = MigrationExecutor(connection)
    known, applied = executor.loader.disk_migrations, executor.loader.applied_migrations
    if unknown := sorted(set(applied) - set(known)):
        names = ", ".join(f"{app}.{name}" for app, name in unknown)
        raise TooNew(f"The database was last used by a newer betaconsole (unknown migrations: {names}).")
    plan = executor.migration_plan(executor.loader.graph.leaf_nodes())
    return Missing(has_content=bool(applied)) if plan else None


@contextmanager
def _alone() -> Iterator[None]:
    """Held by one process at a time: a console and a command started in the same moment both find what is missing."""
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_lock(%s)", [ADVISORY_LOCK])
            try:
                yield
            finally:
                cursor.execute("SELECT pg_advisory_unlock(%s)", [ADVISORY_LOCK])
        return
    folder = os.open(Path(connection.settings_dict["NAME"]).parent, os.O_RDONLY)
    try:
        fcntl.flock(folder, fcntl.LOCK_EX)
        yield
    finally:
        os.close(folder)


def _copy_beside(database: Path) -> Path:
    """A consistent copy, also of what is still in the write-ahead log."""
    copy = database.with_name(f"{database.stem}.before-{datetime.now(UTC):%Y%m%dT%H%M%S%fZ}{database.suffix}")
    copy.touch(mode=0o600)
    with closing(sqlite3.connect(database)) as source, closing(sqlite3.connect(copy)) as target:
        source.backup(target)
    return copy
