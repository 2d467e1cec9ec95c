"""Bringing the database to the state the code expects."""

import sqlite3
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

from django.core.management import call_command
from django.db import connection
from django.db.migrations.executor import MigrationExecutor


class TooNew(Exception):
    """The database was written by a newer betaconsole; this one would damage it."""


def upgrade() -> Path | None:
    """Apply the migrations that are missing. An SQLite database with something in it is copied beside itself first.

    Gives the copy's path where one was made. Raises `TooNew` where the database has migrations that this code lacks.
    """
    executor = MigrationExecutor(connection)
    known, applied = executor.loader.disk_migrations, executor.loader.applied_migrations
    if unknown := sorted(set(applied) - set(known)):
        names = ", ".join(f"{app}.{name}" for app, name in unknown)
        raise TooNew(f"The database was last used by a newer betaconsole (unknown migrations: {names}).")
    if not executor.migration_plan(executor.loader.graph.leaf_nodes()):
        return None
    copy = _copy_beside(Path(connection.settings_dict["NAME"])) if applied and connection.vendor == "sqlite" else None
    call_command("migrate", interactive=False, verbosity=0)
    return copy


def _copy_beside(database: Path) -> Path:
    """A consistent copy, also of what is still in the write-ahead log."""
    copy = database.with_name(f"{database.stem}.before-{datetime.now(UTC):%Y%m%dT%H%M%S%fZ}{database.suffix}")
    copy.touch(mode=0o600)
    with closing(sqlite3.connect(database)) as source, closing(sqlite3.connect(copy)) as target:
        source.backup(target)
    return copy
