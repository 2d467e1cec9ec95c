"""A database with all its tables and nothing in them: made once for each state of the code, and copied for each process of
the suite and each console that it starts.

Making the tables takes seconds of a core. What a first start does is tested where nothing is laid before it
(tests/storage, and whatever calls for a bare data folder).
"""

import atexit
import fcntl
import hashlib
import os
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import allauth
import django
import psycopg

from tests.environment import CHECKOUT, clean_environment

NAME = "betaconsole.sqlite3"
# Files and folders whose change may change the tables.
TELLING = {"migrations", "models", "models.py", "storage", "settings.py"}
TEMPLATE, ADVISORY_LOCK = "tables_of_tests", 0x7AB1E5


def lay_tables(data: Path, name: str = NAME) -> None:
    """Put the tables into a data folder, unless it has a database already."""
    if not (data / name).exists():
        shutil.copyfile(_made(), data / name)
        (data / name).chmod(0o600)


@contextmanager
def own_database(configured: Mapping[str, Any]) -> Iterator[str]:
    """The name of a new database with its tables, of the kind that Django's settings of one name."""
    if configured["ENGINE"].endswith("sqlite3"):
        path = Path(configured["TEST"]["NAME"])
        lay_tables(path.parent, path.name)
        yield str(path)
    else:
        with postgres_database(os.environ["BETACONSOLE_TEST_DATABASE_URL"]) as address:
            yield urlsplit(address).path.removeprefix("/")


@contextmanager
def postgres_database(server: str) -> Iterator[str]:
    """The address of a new database with its tables on the suite's PostgreSQL server, dropped at the end."""
    name = f"tests_{uuid.uuid4().hex[:12]}"
    with psycopg.connect(server, autocommit=True) as admin:
        admin.execute(f'CREATE DATABASE "{name}" TEMPLATE "{_template(server)}"')
    try:
        yield urlsplit(server)._replace(path=f"/{name}").geturl()
    finally:
        with psycopg.connect(server, autocommit=True) as admin:
            admin.execute(f'DROP DATABASE "{name}" WITH (FORCE)')


@cache
def _template(server: str) -> str:
    """A database of the server with all tables, which nobody connects to any more: made by the first process that asks."""
    with psycopg.connect(server, autocommit=True) as admin:
        admin.execute("SELECT pg_advisory_lock(%s)", [ADVISORY_LOCK])  # until the connection ends
        if not admin.execute("SELECT 1 FROM pg_database WHERE datname = %s", [TEMPLATE]).fetchone():
            admin.execute(f'CREATE DATABASE "{TEMPLATE}"')
            try:
                _migrate(DATABASE_URL=urlsplit(server)._replace(path=f"/{TEMPLATE}").geturl())
            except BaseException:
                admin.execute(f'DROP DATABASE "{TEMPLATE}" WITH (FORCE)')
                raise
    return TEMPLATE


@cache
def _made() -> Path:
    """A copy of this process's own, because the one of the checkout goes when the code changes."""
    with (_folder() / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # until the file is closed
        kept = _folder() / f"{_state_of_the_code()}.sqlite3"
        if not kept.exists():
            for old in _folder().glob("*.sqlite3"):
                old.unlink()
            with tempfile.TemporaryDirectory(dir=_folder()) as data:
                _migrate(BETACONSOLE_DATA=data)
                (Path(data) / NAME).rename(kept)
        own = tempfile.mkdtemp(prefix="betaconsole-tables-")
        atexit.register(shutil.rmtree, own, ignore_errors=True)
        return Path(shutil.copy(kept, own))


def _folder() -> Path:
    folder = CHECKOUT / "build" / "tables"
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def _state_of_the_code() -> str:
    """Says whether the tables might be others: migrations, models and what they are made of, libraries with tables, SQLite."""
    state = hashlib.sha256(f"{django.__version__} {allauth.__version__} {sqlite3.sqlite_version}".encode())
    for path in sorted((CHECKOUT / "betaconsole").rglob("*.py")):
        if not TELLING.intersection(path.parts):
            continue
        state.update(f"{path.relative_to(CHECKOUT)} {path.stat().st_size}\n".encode() + path.read_bytes())
    return state.hexdigest()[:16]


def _migrate(**environment: str) -> None:
    with tempfile.TemporaryDirectory(prefix="betaconsole-tables-") as data:
        own = {**clean_environment(), "BETACONSOLE_DATA": data, **environment}
        subprocess.run([sys.executable, "manage.py", "migrate", "--verbosity", "0"], cwd=CHECKOUT, env=own, check=True)
