"""A database with all its tables and nothing in them: made once in each process of the suite, and copied for each console.

Making the tables takes seconds of a core, which is too much for each of the many consoles that tests start. What a first
start does is tested where nothing is laid before it (tests/storage, and whatever calls for a bare data folder).
"""

import atexit
import shutil
import subprocess
import sys
import tempfile
from functools import cache
from pathlib import Path

from tests.environment import CHECKOUT, clean_environment

NAME = "betaconsole.sqlite3"


def lay_tables(data: Path) -> None:
    """Put the tables into a data folder, unless it has a database already."""
    if not (data / NAME).exists():
        shutil.copyfile(_made(), data / NAME)
        (data / NAME).chmod(0o600)


@cache
def _made() -> Path:
    folder = tempfile.mkdtemp(prefix="betaconsole-tables-")
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    command = [sys.executable, str(CHECKOUT / "manage.py"), "migrate", "--verbosity", "0"]
    subprocess.run(command, cwd=CHECKOUT, env={**clean_environment(), "BETACONSOLE_DATA": folder}, check=True)
    return Path(folder) / NAME
