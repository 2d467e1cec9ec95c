"""Backups of an SQLite database: a database file of its own, without a write-ahead log beside it."""

import shutil
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import quote

from django.db import connection

from .backup_files import BackupError, new_file

NAME = "SQLite"
BEGINNING = b"SQLite format 3\x00"
PATIENCE_S = 60
BESIDE = ("-wal", "-shm")


def database_path() -> Path:
    return Path(connection.settings_dict["NAME"])


def has_content() -> bool:
    return database_path().exists()


def copy_to(path: Path) -> Mapping[str, int]:
    """Copy the database as it is at one moment; whoever writes meanwhile is not held up."""
    if not has_content():
        raise BackupError(f"There is no database at {database_path()}.")
    with _said_plainly(), closing(sqlite3.connect(database_path(), timeout=PATIENCE_S)) as source:
        source.execute("BEGIN")  # the first read of it sets the moment, for counting and copying alike
        counted = _count(source)
        with closing(sqlite3.connect(path)) as copy:
            source.backup(copy)
            copy.execute("PRAGMA journal_mode=DELETE")  # one file that is whole by itself
    return counted


@dataclass(frozen=True)
class SqliteBackup:
    path: Path

    def problems(self) -> list[str]:
        try:
            with self._open() as database:
                found = [str(row[0]) for row in database.execute("PRAGMA integrity_check(5)")]
                dangling = database.execute("PRAGMA foreign_key_check").fetchone()
        except sqlite3.DatabaseError as error:
            return [str(error)]
        told = [] if found == ["ok"] else found
        return told + ([f"a row of {dangling[0]} refers to one of {dangling[2]} that is not there"] if dangling else [])

    def rows(self) -> Mapping[str, int]:
        with _said_plainly(), self._open() as database:
            return _count(database)

    def select(self, table: str, columns: Sequence[str]) -> list[tuple[str, ...]]:
        names = ", ".join(f'"{name}"' for name in columns)
        with _said_plainly(), self._open() as database:
            found = database.execute(f'SELECT {names} FROM "{table}"').fetchall()  # noqa: S608 - names of ours
        return [tuple("" if value is None else str(value) for value in row) for row in found]

    @contextmanager
    def _open(self) -> Iterator[sqlite3.Connection]:
        """Read only, and nothing is laid beside the file."""
        with closing(sqlite3.connect(f"file:{quote(str(self.path))}?immutable=1", uri=True)) as database:
            yield database


def opened(path: Path) -> SqliteBackup:
    return SqliteBackup(path)


def bring_back(path: Path, *, held_by: str) -> Path | None:
    """Put a copy of this file in the database's place. The database that was there is kept beside it: its path.

    `held_by`: a statement that runs in the copy before it has the database's name. Nobody may have the database open.
    """
    database = database_path()
    database.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    aside = database.with_name(f"{database.stem}.replaced-{datetime.now(UTC):%Y%m%dT%H%M%S%fZ}{database.suffix}")
    staged = database.with_name(f".{database.name}.restored")
    with suppress(FileNotFoundError):
        staged.unlink()  # of a restore that was cut off
    with new_file(staged) as new:
        shutil.copyfile(path, new)
        with _said_plainly(), closing(sqlite3.connect(new)) as copy:
            copy.execute(held_by)
            copy.commit()
    had_one = database.exists()
    if had_one:
        _set_aside(database, aside)
    for suffix in BESIDE:
        with suppress(FileNotFoundError):
            database.with_name(database.name + suffix).unlink()  # of no database: SQLite must not read it into this one
    staged.rename(database)
    with _said_plainly(), closing(sqlite3.connect(database)) as restored:
        restored.execute("PRAGMA journal_mode=WAL")
    return aside if had_one else None


def _set_aside(database: Path, aside: Path) -> None:
    with suppress(sqlite3.DatabaseError), closing(sqlite3.connect(database)) as old:
        old.execute("PRAGMA wal_checkpoint(TRUNCATE)")  # one file where it can be: the renames are not one step
    for suffix in (*BESIDE, ""):
        with suppress(FileNotFoundError):
            database.with_name(database.name + suffix).rename(aside.with_name(aside.name + suffix))


def _count(database: sqlite3.Connection) -> dict[str, int]:
    tables = database.execute(
        "SELECT name FROM sqlite_master WHERE type = 'table' AND sql NOT LIKE 'CREATE VIRTUAL%'"
        " AND name NOT LIKE 'sqlite!_%' ESCAPE '!' ORDER BY name"
    ).fetchall()
    return {name: database.execute(f'SELECT count(*) FROM "{name}"').fetchone()[0] for (name,) in tables}  # noqa: S608


@contextmanager
def _said_plainly() -> Iterator[None]:
    try:
        yield
    except sqlite3.Error as error:
        raise BackupError(f"SQLite says: {error}.") from None
