"""Whether the database and the place it lies in are in order: what `manage.py doctor` says of them."""

import os
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

from django.conf import settings
from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor
from django.utils import timezone

LITTLE_BYTES = 1_000_000_000  # less free than this is worth a line
TOO_LITTLE_BYTES = 100_000_000
FULL_BYTES = 1_000_000  # with less free than this, SQLite's next commit may fail
MOUNTS = Path("/proc/self/mounts")
NETWORK = {"9p", "afs", "beegfs", "ceph", "cifs", "davfs", "fuse.glusterfs", "fuse.s3fs", "fuse.sshfs", "glusterfs"}
NETWORK |= {"lustre", "ncpfs", "nfs", "nfs4", "smb3", "smbfs"}
MOST_DRIFT = timedelta(seconds=5)
SIGNS = {"ok": "✓", "warn": "!", "fail": "✕"}


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at. `todo`: what to do about it, empty where all is well. What only `warns` can wait."""

    subject: str
    said: str
    todo: str = ""
    warns: bool = field(default=False, kw_only=True)

    @property
    def is_well(self) -> bool:
        return not self.todo

    @property
    def level(self) -> str:
        """`ok`, `warn` or `fail`."""
        return "ok" if self.is_well else "warn" if self.warns else "fail"

    def as_text(self) -> str:
        line = f"{SIGNS[self.level]} {self.subject}: {self.said}"
        return line if self.is_well else f"{line}\n  → {self.todo}"


def look_at_storage() -> Iterator[Finding]:
    """The data folder, the disk, the database and its migrations."""
    yield data_folder()
    yield disk_space()
    yield file_system()
    try:
        yield from sqlite_database() if connection.vendor == "sqlite" else postgres_database()
        yield migrations()
        yield clock()
    except (DatabaseError, sqlite3.DatabaseError) as error:
        what_to_do = "Is this the database? Look at DATABASE_URL; where it is a file, go back to a copy of it."
        yield Finding("Database", f"It cannot be read: {type(error).__name__}.", what_to_do)


def file_system(mounts: Path = MOUNTS) -> Finding:
    """Whether SQLite's file lies where its processes can share memory and locks: on no network file system."""
    subject = "File system"
    if connection.vendor != "sqlite":
        return Finding(subject, "The database is a server's.")
    kind = _kind_at(Path(connection.settings_dict["NAME"]).resolve(), mounts)
    said = f"The database lies on {kind or 'a file system of unknown kind'}."
    if kind not in NETWORK:
        return Finding(subject, said)
    return Finding(
        subject,
        f"{said} SQLite loses and damages data on a network file system.",
        "Keep the data folder on a disk of this machine (BETACONSOLE_DATA), or use PostgreSQL (DATABASE_URL).",
        warns=True,
    )


def _kind_at(path: Path, mounts: Path) -> str:
    """The kind of file system that is mounted nearest above a path; empty where the machine does not say."""
    try:
        lines = [line.split() for line in mounts.read_text().splitlines()]
    except OSError:
        return ""
    # Spaces in the names of folders stand there in octal.
    kinds = {Path(words[1].replace("\\040", " ")): words[2] for words in lines if len(words) > 2}
    return next((kinds[above] for above in (path, *path.parents) if above in kinds), "")


def data_folder() -> Finding:
    return owners_only("Data folder", settings.DATA_DIR, most=0o700)


def owners_only(subject: str, path: Path, *, most: int) -> Finding:
    """Whether only the account that runs this may come near a path. `most`: the permissions it may have."""
    found = path.stat()
    mode = found.st_mode & 0o777
    if mode & ~most:
        return Finding(subject, f"Others may enter or read {path} (mode {mode:o}).", f"chmod {most:o} {path}")
    if found.st_uid not in (os.geteuid(), 0):
        return Finding(
            subject, f"{path} belongs to another account.", f"chown it to the account that runs the console: {path}"
        )
    return Finding(subject, f"{path}, its owner's alone (mode {mode:o}).")


def disk_space() -> Finding:
    free = shutil.disk_usage(settings.DATA_DIR).free
    said = f"{free / 1e9:,.1f} GB free where the data folder is."
    if free < TOO_LITTLE_BYTES:
        return Finding("Disk", said, "Make room now: what arrives can soon not be stored.")
    return Finding("Disk", said, "Make room." if free < LITTLE_BYTES else "")


def is_full() -> bool:
    """Whether the disk that SQLite's file lies on has no room for the next commit; a server's disk is not seen from here, nor
    that of a folder that is gone."""
    if connection.vendor != "sqlite":
        return False
    try:
        return shutil.disk_usage(Path(connection.settings_dict["NAME"]).parent).free < FULL_BYTES
    except OSError:
        return False


def sqlite_database() -> Iterator[Finding]:
    path = Path(connection.settings_dict["NAME"])
    yield owners_only("Database file", path, most=0o600)
    size = sum(part.stat().st_size for part in path.parent.glob(f"{path.name}*") if part.name in _parts(path))
    # A connection of its own: reading every page of a large file must not hold up this process's.
    with closing(sqlite3.connect(path)) as database:
        mode = database.execute("PRAGMA journal_mode").fetchone()[0]
        problems = [row[0] for row in database.execute("PRAGMA quick_check(5)")]
        dangling = database.execute("PRAGMA foreign_key_check").fetchone()
    said = f"SQLite {sqlite3.sqlite_version}, {size / 1e6:,.1f} MB, journal mode {mode}."
    yield Finding("Database", said, "" if mode == "wal" else "Start the console once: it sets journal mode WAL.")
    restore = (
        "Stop the console, keep this file aside, and go back to a copy (betaconsole.before-….sqlite3 or a backup)."
    )
    if problems != ["ok"]:
        yield Finding("Integrity", f"Damaged: {'; '.join(problems)}.", restore)
    elif dangling:
        yield Finding("Integrity", f"A row of {dangling[0]} refers to one of {dangling[2]} that is not there.", restore)
    else:
        yield Finding("Integrity", "Every page and every reference is whole.")


def _parts(path: Path) -> set[str]:
    return {path.name, f"{path.name}-wal", f"{path.name}-shm"}


def postgres_database() -> Iterator[Finding]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_database_size(current_database()), current_setting('server_version')")
        size, version = cursor.fetchone()
        cursor.execute("SELECT relname FROM pg_class JOIN pg_index ON pg_class.oid = indexrelid WHERE NOT indisvalid")
        invalid = [row[0] for row in cursor.fetchall()]
    yield Finding("Database", f"PostgreSQL {version}, {size / 1e6:,.1f} MB.")
    if invalid:
        yield Finding("Integrity", f"Indexes that are not valid: {', '.join(invalid)}.", f"REINDEX INDEX {invalid[0]}")


def migrations() -> Finding:
    executor = MigrationExecutor(connection)
    unknown = set(executor.loader.applied_migrations) - set(executor.loader.disk_migrations)
    if unknown:
        newest = ".".join(max(unknown))
        return Finding(
            "Migrations", f"The database was used by a newer betaconsole ({newest}).", "Install that version."
        )
    pending = executor.migration_plan(executor.loader.graph.leaf_nodes())
    if pending:
        return Finding("Migrations", f"{len(pending)} are not applied.", "Start the console: it applies them.")
    return Finding("Migrations", "All are applied.")


def clock() -> Finding:
    """Leases run in the database's time: between two machines the clocks should agree."""
    if connection.vendor == "sqlite":
        return Finding("Clock", f"{timezone.now():%Y-%m-%d %H:%M:%S} UTC.")
    with connection.cursor() as cursor:
        cursor.execute("SELECT clock_timestamp()")
        drift = abs(cursor.fetchone()[0] - timezone.now())
    if drift > MOST_DRIFT:
        said = f"This machine and the database's differ by {drift.total_seconds():.0f} s."
        return Finding("Clock", said, "Let both machines keep time (NTP).")
    return Finding("Clock", "This machine and the database's agree.")
