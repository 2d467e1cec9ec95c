"""Backups of a PostgreSQL database: archives that pg_dump writes and pg_restore reads. Both come with PostgreSQL."""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import IO

from django.conf import settings
from django.db import connection, transaction

from .backup_files import BackupError, new_file

NAME = "PostgreSQL"
BEGINNING = b"PGDMP"
DEBIANS = Path("/usr/lib/postgresql")
# libpq's own variables: a password on a command line could be read by everybody on the machine.
VARIABLES = {"HOST": "PGHOST", "PORT": "PGPORT", "USER": "PGUSER", "PASSWORD": "PGPASSWORD", "NAME": "PGDATABASE"}
OPTIONS = {"sslmode": "PGSSLMODE", "sslrootcert": "PGSSLROOTCERT", "sslcert": "PGSSLCERT", "sslkey": "PGSSLKEY"}

RESTORING = ("--no-owner", "--no-privileges", "--clean", "--if-exists")
# Also those of a newer console, which the archive does not name and which may refer to what it names. Tables that belong
# to an extension go and come with it.
DROP_TABLES = """DO $$ BEGIN EXECUTE (
  SELECT coalesce('DROP TABLE ' || string_agg(oid::regclass::text, ', ') || ' CASCADE', 'SELECT 1') FROM pg_class
  WHERE relkind IN ('r', 'p') AND relnamespace = current_schema()::regnamespace AND NOT EXISTS (
    SELECT FROM pg_depend WHERE classid = 'pg_class'::regclass AND objid = pg_class.oid AND deptype = 'e')
); END $$"""


def has_content() -> bool:
    return bool(_tables())


def copy_to(path: Path) -> Mapping[str, int]:
    """Copy the database as it is at one moment, which is also the one of the counts."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        cursor.execute("SELECT pg_export_snapshot()")
        moment = cursor.fetchone()[0]
        counted = {}
        for table in _tables():
            cursor.execute(f"SELECT count(*) FROM {connection.ops.quote_name(table)}")  # noqa: S608 - the database's names
            counted[table] = cursor.fetchone()[0]
        with _running("pg_dump", "--format=custom", "--no-owner", f"--snapshot={moment}", f"--file={path}"):
            pass
    return counted


def _tables() -> list[str]:
    return connection.introspection.table_names()


@dataclass(frozen=True)
class PostgresBackup:
    path: Path

    def problems(self) -> list[str]:
        try:
            with self._text() as lines:
                for _ in lines:
                    pass
        except BackupError as error:
            return [str(error)]
        return []

    def rows(self) -> Mapping[str, int]:
        with self._text("--data-only") as lines:
            return {table: sum(1 for _ in rows) for table, _, rows in _blocks(lines)}

    def select(self, table: str, columns: Sequence[str]) -> list[tuple[str, ...]]:
        with self._text("--data-only", f"--table={table}") as lines:
            for _, names, rows in _blocks(lines):
                places = [names.index(column) for column in columns]
                return [tuple(row[place] for place in places) for row in rows]
        raise BackupError(f"There is no table {table} in {self.path}.")

    @contextmanager
    def _text(self, *options: str) -> Iterator[Iterator[bytes]]:
        """The archive as the statements that would restore it."""
        with _running("pg_restore", *options, "--file=-", str(self.path)) as lines:
            yield lines


def opened(path: Path) -> PostgresBackup:
    return PostgresBackup(path)


def bring_back(path: Path, *, held_by: str) -> Path | None:
    """Replace every table by those of the archive and run the statement `held_by`, all in one transaction.

    The database that was there is archived in the data folder first: its path.
    """
    aside = _set_aside() if has_content() else None
    connection.close()
    with _transaction() as statements:
        statements.write(f"{DROP_TABLES};\n".encode())
        with _running("pg_restore", *RESTORING, "--file=-", str(path)) as archive:
            shutil.copyfileobj(archive, statements)
        # What the archive says leaves no search path behind.
        statements.write(f"RESET search_path;\n{held_by};\n".encode())
    return aside


def _set_aside() -> Path:
    aside: Path = settings.DATA_DIR / f"betaconsole.replaced-{datetime.now(UTC):%Y%m%dT%H%M%S%fZ}.pgdump"
    with new_file(aside) as file:
        copy_to(file)
    return aside


def others_connected() -> int:
    """How many other sessions this database has, of whichever machine."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
            " AND backend_type = 'client backend' AND pid <> pg_backend_pid()"
        )
        return int(cursor.fetchone()[0])


def _blocks(lines: Iterator[bytes]) -> Iterator[tuple[str, list[str], Iterator[list[str]]]]:
    """Each table's name, columns and rows, from `COPY schema.table (column, ...) FROM stdin;` to the line `\\.`."""
    for line in lines:
        if line.startswith(b"COPY ") and line.rstrip().endswith(b"FROM stdin;"):
            head, _, rest = line.decode().removeprefix("COPY ").partition(" (")
            names = [name.strip('"') for name in rest.rpartition(")")[0].split(", ")]
            rows = _rows(lines)
            yield head.rpartition(".")[2].strip('"'), names, rows
            for _ in rows:
                pass  # what the reader of this block left over


def _rows(lines: Iterator[bytes]) -> Iterator[list[str]]:
    for line in lines:
        if line.rstrip(b"\n") == b"\\.":
            return
        yield ["" if value == "\\N" else value for value in line.decode().rstrip("\n").split("\t")]


@contextmanager
def _running(name: str, *words: str) -> Iterator[IO[bytes]]:
    """One of PostgreSQL's programs, and the lines it prints. `BackupError` with its own words where it fails."""
    command = [str(program(name)), *words]
    with (
        tempfile.TemporaryFile() as errors,
        subprocess.Popen(command, env=_environment(), stdout=subprocess.PIPE, stderr=errors) as process,  # noqa: S603
    ):
        assert process.stdout is not None
        try:
            yield process.stdout
            for _ in process.stdout:
                pass  # it must not wait for a reader
            process.wait()
        finally:
            process.kill()  # nothing where it has ended
        errors.seek(0)
        said = errors.read().decode("utf-8", "replace").strip()
    if process.returncode:
        raise BackupError(f"{name} says: {said or 'nothing'}")


@contextmanager
def _transaction() -> Iterator[IO[bytes]]:
    """What is written there is run by psql. All of it holds, or nothing where the block fails: then no COMMIT follows."""
    command = [str(program("psql")), "--no-psqlrc", "--quiet", "--set=ON_ERROR_STOP=1", "--file=-"]
    with (
        tempfile.TemporaryFile() as errors,
        subprocess.Popen(  # noqa: S603
            command, env=_environment(), stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=errors
        ) as process,
    ):
        assert process.stdin is not None
        try:
            process.stdin.write(b"BEGIN;\n")
            yield process.stdin
            process.stdin.write(b"COMMIT;\n")
        except BrokenPipeError:
            pass  # it ended early: it says why
        finally:
            with suppress(BrokenPipeError):
                process.stdin.close()
            process.wait()
        errors.seek(0)
        said = errors.read().decode("utf-8", "replace").strip()
    if process.returncode:
        raise BackupError(f"psql says: {said or 'nothing'}")


def program(name: str) -> Path:
    """From PATH, else the newest of Debian's folders, which are not on it."""
    if found := shutil.which(name):
        return Path(found)
    newest = max(DEBIANS.glob(f"*/bin/{name}"), key=lambda path: float(path.parent.parent.name), default=None)
    if newest is None:
        raise BackupError(
            f"{name} is not on this machine. Install PostgreSQL's client programs (Debian: postgresql-client), or back the"
            " database up where it runs."
        )
    return newest


def _environment() -> dict[str, str]:
    """What the console knows of the database, and nothing that this process was started with."""
    given = connection.settings_dict
    own = {variable: str(given[name]) for name, variable in VARIABLES.items() if given.get(name)}
    own |= {variable: str(given["OPTIONS"][name]) for name, variable in OPTIONS.items() if given["OPTIONS"].get(name)}
    return {"PATH": os.defpath, **own}
