"""A PostgreSQL server of the suite's own: made in a temporary folder, reached through a socket there, gone afterwards.

    python -m tests.postgres -- python -m pytest -m both_databases

runs the command with BETACONSOLE_TEST_DATABASE_URL set. A server that runs on this machine already is never touched.
"""

import os
import pwd
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote

# Nothing in here is worth surviving a power cut.
SETTINGS = {
    "listen_addresses": "",
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "max_connections": "200",
}


def binary(name: str) -> Path | None:
    """A program of PostgreSQL: from PATH, else the newest of Debian's folders, which are not on it."""
    if found := shutil.which(name):
        return Path(found)
    folders = Path("/usr/lib/postgresql").glob(f"*/bin/{name}")
    return max(folders, key=lambda path: float(path.parent.parent.name), default=None)


class Server:
    """A running server. `address` is for DATABASE_URL."""

    def __init__(self, address: str, control: Callable[..., None]) -> None:
        self.address, self._control = address, control

    def restart(self) -> None:
        """Crash it, and start it again on what it had committed."""
        self._control("stop", "-m", "immediate")
        self._control("start")


@contextmanager
def server() -> Iterator[str]:
    """The address of a running server, for DATABASE_URL."""
    with restartable() as running:
        yield running.address


@contextmanager
def restartable(**settings: str) -> Iterator[Server]:
    """A running server that can be crashed; `settings` over SETTINGS."""
    initdb = binary("initdb")
    if initdb is None:
        raise FileNotFoundError("initdb: PostgreSQL is not installed")
    # The folder of the real file: a link to initdb alone would not find its neighbours.
    programs = initdb.resolve().parent
    with tempfile.TemporaryDirectory(prefix="betaconsole-pg-", ignore_cleanup_errors=True) as folder:
        who = _somebody_but_root()
        if who:
            os.chown(folder, who["user"], who["group"])
        data = Path(folder) / "data"
        _run(programs / "initdb", "-D", data, "-U", "betaconsole", "-A", "trust", "-E", "UTF8", "--no-sync", who=who)
        options = " ".join(f"-c {name}={value!r}" for name, value in {**SETTINGS, **settings}.items())
        options += f" -k {folder}"

        def control(what: str, *how: str) -> None:
            with_options = ["-o", options, "-l", Path(folder) / "log"] if what == "start" else []
            _run(programs / "pg_ctl", what, "-D", data, *with_options, *how, "--wait", who=who)

        control("start")
        try:
            yield Server(f"postgresql://betaconsole@{quote(folder, safe='')}/postgres", control)
        finally:
            control("stop", "-m", "immediate")


def _run(*command: Any, who: Mapping[str, Any]) -> None:
    done = subprocess.run([str(word) for word in command], cwd="/", capture_output=True, text=True, **who)
    if done.returncode != 0:
        raise RuntimeError(f"{command[0]} failed:\n{done.stdout}{done.stderr}")


def _somebody_but_root() -> dict[str, Any]:
    """PostgreSQL refuses to run as root; then another account runs it."""
    if os.geteuid() != 0:
        return {}
    for name in ("postgres", "nobody"):
        try:
            account = pwd.getpwnam(name)
        except KeyError:
            continue
        return {"user": account.pw_uid, "group": account.pw_gid, "extra_groups": []}
    raise RuntimeError("PostgreSQL refuses to run as root, and there is no account 'postgres' or 'nobody' to run it as")


def main(command: list[str]) -> int:
    # So that a polite kill stops the server too.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    with server() as address:
        return subprocess.call(command, env={**os.environ, "BETACONSOLE_TEST_DATABASE_URL": address})


if __name__ == "__main__":
    arguments = sys.argv[1:]
    sys.exit(main(arguments[1:] if arguments[:1] == ["--"] else arguments))
