"""A database with all its tables and nothing in them: made once in each process of the suite, and copied for each console.

Making the tables takes seconds of a core, which is too much for each of the many consoles that tests start. What a first
start does is tested where nothing is laid before it (tests/storage, and whatever calls for a bare data folder).
"""

import atexit
import shutil
import subprocess
import sys
import tempfile
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from urllib.parse import urlsplit

import psycopg

from tests.environment import CHECKOUT, clean_environment

NAME = "betaconsole.sqlite3"
TEMPLATE, ADVISORY_LOCK = "tables_of_tests", 0x7AB1E5


def lay_tables(data: Path) -> None:
    """Put the tables into a data folder, unless it has a database already."""
    if not (data / NAME).exists():
        shutil.copyfile(_made(), data / NAME)
        (data / NAME).chmod(0o600)


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
    folder = tempfile.mkdtemp(prefix="betaconsole-tables-")
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    _migrate(BETACONSOLE_DATA=folder)
    return Path(folder) / NAME


def _migrate(**environment: str) -> None:
    with tempfile.TemporaryDirectory(prefix="betaconsole-tables-") as data:
        own = {**clean_environment(), "BETACONSOLE_DATA": data, **environment}
        subprocess.run([sys.executable, "manage.py", "migrate", "--verbosity", "0"], cwd=CHECKOUT, env=own, check=True)
