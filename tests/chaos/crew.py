"""The test's side of `sender.py`: start senders, kill them, stop them, and read what they left."""

import contextlib
import json
import os
import queue
import signal
import sqlite3
import subprocess
import sys
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.chaos.verdict import Left, Row
from tests.migrated import lay_tables, postgres_database

CHECKOUT = Path(__file__).resolve().parents[2]
PATIENCE_S = 120.0


@dataclass
class Sender:
    """One process that sends. `worker` is known once it said so; `ended_at` is the moment it was killed."""

    name: str
    pid: int
    crew: "Crew"
    worker: str = ""
    ended_at: float | None = None

    def wait_until_ready(self) -> "Sender":
        """Until its engine has started; nothing of a dead process may be in flight then."""
        ready = self.crew.wait_for(lambda line: line.get("name") == self.name and "ready" in line)
        self.worker = ready["worker"]
        return self

    def kill(self) -> None:
        """kill -9, and wait until the process is gone."""
        self.ended_at = time.monotonic()
        os.kill(self.pid, signal.SIGKILL)
        self.wait()

    def terminate(self) -> int:
        """SIGTERM; its exit code."""
        os.kill(self.pid, signal.SIGTERM)
        return self.wait()

    def freeze(self) -> None:
        """SIGSTOP, outside of a write: who stands still inside one keeps SQLite's lock and everybody waits for it."""
        until = time.monotonic() + PATIENCE_S
        while True:
            os.kill(self.pid, signal.SIGSTOP)
            if not self.crew.is_locked():
                return
            self.thaw()
            assert time.monotonic() < until, "always writing"
            time.sleep(0.013)

    def thaw(self) -> None:
        os.kill(self.pid, signal.SIGCONT)

    def wait(self) -> int:
        """Until it has ended by itself; its exit code, negative for a signal."""
        self.crew.ask(do="wait", child=self.pid)
        gone = self.crew.wait_for(lambda line: line.get("gone") == self.pid)
        for line in self.crew.lines:
            if line.get("name") == self.name and "ready" in line:
                self.worker = line["worker"]
        return os.waitstatus_to_exitcode(gone["status"])


class Crew:
    """A data folder, its database, and the process that forks senders for it."""

    def __init__(self, data: Path, far_end: str, *, database: str = "") -> None:
        self.data = data
        self.database = database
        self._file = data / "betaconsole.sqlite3"
        self.senders: list[Sender] = []
        self.lines: list[dict[str, Any]] = []
        self._news: queue.SimpleQueue[dict[str, Any]] = queue.SimpleQueue()
        self._errors = data / "errors.txt"
        environment = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith(("BETACONSOLE_", "ANTHROPIC_", "DJANGO_")) and name not in ("DATABASE_URL", "PORT")
        }
        environment |= {"BETACONSOLE_DATA": str(data), "PYTHONUNBUFFERED": "1"}
        if database:
            environment["DATABASE_URL"] = database
        else:
            lay_tables(data)
        with self._errors.open("w") as errors:
            self._parent = subprocess.Popen(
                [sys.executable, "-m", "tests.chaos.sender", far_end],
                cwd=CHECKOUT,
                env=environment,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=errors,
                text=True,
            )
        threading.Thread(target=self._listen, daemon=True).start()
        self.wait_for(lambda line: "prepared" in line)

    def start(self, name: str, **options: Any) -> Sender:
        """Fork a sender; `options` as `sender.send` takes them."""
        self.ask(do="start", name=name, **options)
        child = self.wait_for(lambda line: line.get("started") == name)["child"]
        self.senders.append(Sender(name, child, self))
        return self.senders[-1]

    def left(self, *, since: int = 0) -> Left:
        """What the database holds now; of exchanges those from this id on."""
        path = str(self.data / f"report-{uuid.uuid4().hex}.json")
        self.ask(do="report", path=path, since=since)
        self.wait_for(lambda line: line.get("reported") == path)
        told = json.loads(Path(path).read_text())
        return Left(**{**told, "rows": [Row(**row) for row in told["rows"]]})

    def token(self) -> str:
        """A bearer token for the API of a console on this database."""
        self.ask(do="token")
        return str(self.wait_for(lambda line: "token" in line)["token"])

    @property
    def errors(self) -> str:
        """What the processes logged."""
        return self._errors.read_text()

    @property
    def killed_at(self) -> dict[str, float]:
        """When each worker was killed, of those whose name is known."""
        return {one.worker: one.ended_at for one in self.senders if one.worker and one.ended_at is not None}

    def is_intact(self) -> bool:
        """PRAGMA integrity_check; true where the database is not SQLite."""
        if not self._file.exists():
            return True
        with contextlib.closing(sqlite3.connect(self._file)) as database:
            return database.execute("PRAGMA integrity_check").fetchall() == [("ok",)]

    def is_locked(self) -> bool:
        """Whether a transaction is open at this moment."""
        if self.database:
            import psycopg

            with psycopg.connect(self.database) as database:
                busy = "SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND state LIKE %s"
                return database.execute(busy, ["idle in transaction%"]).fetchone() is not None
        with contextlib.closing(sqlite3.connect(self._file, timeout=0.05, isolation_level=None)) as database:
            try:
                database.execute("BEGIN IMMEDIATE")
                database.execute("ROLLBACK")
            except sqlite3.OperationalError:
                return True
        return False

    def ask(self, **asked: Any) -> None:
        assert self._parent.stdin is not None
        self._parent.stdin.write(json.dumps(asked) + "\n")
        self._parent.stdin.flush()

    def wait_for(self, wanted: Callable[[dict[str, Any]], object]) -> dict[str, Any]:
        """The first line, said already or to come, that `wanted` accepts."""
        looked_at, until = 0, time.monotonic() + PATIENCE_S
        while True:
            for line in self.lines[looked_at:]:
                if wanted(line):
                    return line
            looked_at = len(self.lines)
            try:
                self.lines.append(self._news.get(timeout=max(0.0, until - time.monotonic())))
            except queue.Empty:
                raise AssertionError(f"the senders did not answer; they said:\n{self.errors}") from None

    def wait_until(self, condition: Callable[[], object]) -> None:
        """Until something has come about in the test's own process."""
        until = time.monotonic() + PATIENCE_S
        while not condition():
            if time.monotonic() > until:
                raise AssertionError(f"it did not come about; the senders said:\n{self.errors}")
            time.sleep(0.01)

    def close(self) -> None:
        for one in self.senders:
            with contextlib.suppress(ProcessLookupError):
                os.kill(one.pid, signal.SIGKILL)
        self._parent.kill()
        self._parent.wait()
        for pipe in (self._parent.stdin, self._parent.stdout):
            assert pipe is not None
            pipe.close()

    def _listen(self) -> None:
        assert self._parent.stdout is not None
        with contextlib.suppress(ValueError):  # closed
            for line in self._parent.stdout:
                self._news.put(json.loads(line))


@contextmanager
def crew(data: Path, far_end: str) -> Iterator[Crew]:
    """A crew on a new SQLite database, or on a new database of the suite's PostgreSQL server where there is one."""
    with _database() as database:
        hired = Crew(data, far_end, database=database)
        try:
            yield hired
        finally:
            hired.close()


@contextmanager
def _database() -> Iterator[str]:
    server = os.environ.get("BETACONSOLE_TEST_DATABASE_URL", "")
    if not server:
        yield ""
        return
    with postgres_database(server) as address:
        yield address
