"""A copy of the database in one file, made while the console runs, and the way back from it.

Of SQLite the file is a database, of PostgreSQL an archive of pg_dump. It holds everything the console keeps; what else
lies in the data folder is made anew where it is missing. Master keys are never in it: they lie outside the database.
"""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Protocol

from django.db import connection
from django.db.migrations.loader import MigrationLoader

from . import backups_postgres, backups_sqlite
from .backup_files import Backup, BackupError, new_file
from .health import Finding

TOLD = {
    "runs_comparison": "comparisons",
    "runs_exchange": "exchanges",
    "library_prompt": "prompts",
    "teams_user": "people",
}


class _Kind(Protocol):
    NAME: str
    BEGINNING: bytes

    def has_content(self) -> bool: ...

    def copy_to(self, path: Path) -> Mapping[str, int]: ...

    def opened(self, path: Path) -> Backup: ...

    def bring_back(self, path: Path, *, held_by: str) -> Path | None: ...


def back_up(target: Path) -> None:
    """Copy the database into a new file, its owner's alone.

    The file appears under its name once it was opened and found whole, with exactly the rows of the moment it is of.
    """
    if target.exists():
        raise BackupError(f"{target} is there already; a backup never overwrites anything.")
    with new_file(target) as path:
        counted = _kind().copy_to(path)
        copy = open_backup(path)
        if problems := copy.problems():
            raise BackupError(f"The copy is damaged: {'; '.join(problems)}.")
        found = copy.rows()
        if differing := [table for table, rows in counted.items() if found.get(table, 0) != rows]:
            raise BackupError(f"The copy has not the rows of the database: {', '.join(differing)}.")


def open_backup(path: Path) -> Backup:
    """The file as a backup, if it is one of the kind of database that this console has."""
    try:
        with path.open("rb") as file:
            beginning = file.read(16)
    except OSError as error:
        raise BackupError(f"{path} cannot be read: {error.strerror}.") from None
    kind = _kind()
    if not beginning.startswith(kind.BEGINNING):
        raise BackupError(f"{path} is not a backup of {kind.NAME}, and that is the database here (DATABASE_URL).")
    return kind.opened(path)


def look_into(copy: Backup) -> Iterator[Finding]:
    """Whether it is whole, and whether this version of the console can go on from it."""
    if problems := copy.problems():
        yield Finding("Integrity", f"Damaged: {'; '.join(problems)}.", "Do not rely on this file.")
        return
    yield Finding("Integrity", "Read from the first byte to the last, and whole.")
    rows = copy.rows()
    kept = ", ".join(f"{rows.get(table, 0):,} {name}" for table, name in TOLD.items())
    yield Finding("Rows", f"{sum(rows.values()):,} in {len(rows)} tables; {kept}.")
    applied = applied_in(copy)
    known = set(MigrationLoader(None).disk_migrations)
    if unknown := sorted(applied - known):
        newest = ".".join(unknown[-1])
        yield Finding("Migrations", f"It is of a newer betaconsole ({newest}).", "Install that version first.")
    else:
        behind = len(known - applied)
        yield Finding("Migrations", f"{behind} newer ones are to be applied." if behind else "All are applied.")


def applied_in(copy: Backup) -> set[tuple[str, ...]]:
    """App and name of every migration that was applied when it was made."""
    return set(copy.select("django_migrations", ["app", "name"]))


def has_content() -> bool:
    """Whether there is a database that going back would replace."""
    return _kind().has_content()


def bring_back(path: Path, *, held_by: str) -> Path | None:
    """Put the backup in the database's place; where the database that was there is kept. Nobody may be using it.

    `held_by`: an SQL statement without parameters. What is in the database's place has been through it at every moment,
    also where this is cut off or what comes after it fails.
    """
    connection.close()
    return _kind().bring_back(path, held_by=held_by)


def _kind() -> _Kind:
    return backups_sqlite if connection.vendor == "sqlite" else backups_postgres
