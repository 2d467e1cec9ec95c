"""A real console for a test: `manage.py serve` in a process of its own, with its own data folder and a free port."""

import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from importlib import import_module
from pathlib import Path

from tests import canaries
from tests.environment import CHECKOUT, clean_environment
from tests.migrated import lay_tables

START_S = 90.0
STOP_S = 35.0


class Console:
    """One run of the console on a data folder. Start another on the same folder to see what a restart does."""

    def __init__(self, data: Path, *, environment: dict[str, str] | None = None, port: int | None = None) -> None:
        self.data = data
        self.port = port or free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self._output = data / f"output-{time.monotonic_ns()}.txt"
        own = {"BETACONSOLE_DATA": str(data), "PORT": str(self.port), "PYTHONUNBUFFERED": "1"}
        with self._output.open("w") as output:
            self.process = subprocess.Popen(
                [sys.executable, str(CHECKOUT / "manage.py"), "serve"],
                cwd=CHECKOUT,
                env={**clean_environment(), **own, **(environment or {})},
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    @property
    def output(self) -> str:
        """Everything it has printed and logged so far."""
        return self._output.read_text(errors="replace")

    def wait_until_ready(self) -> "Console":
        until = time.monotonic() + START_S
        while "is ready at" not in self.output:
            if self.process.poll() is not None or time.monotonic() > until:
                self.kill()
                raise AssertionError(f"the console did not start:\n{self.output}")
            time.sleep(0.02)
        return self

    def stop(self) -> int:
        """Ask it to stop, as `kill` and containers do; its exit code."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(STOP_S)

    def kill(self) -> None:
        """End every process of it at once, as a power cut would."""
        # The group is ours alone: the console was started in a session of its own.
        with suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait(STOP_S)


@contextmanager
def running(data: Path | None = None, **environment: str) -> Iterator[Console]:
    """A console that answers, stopped at the end; without `data`, in a folder that goes with it."""
    with tempfile.TemporaryDirectory(prefix="betaconsole-live-", ignore_cleanup_errors=True) as folder:
        lay_tables(data or Path(folder))
        console = Console(data or Path(folder), environment=environment).wait_until_ready()
        try:
            yield console
        finally:
            if console.process.poll() is None:
                console.kill()
        canaries.check_console(console.data, environment)


def load_wsgi() -> None:
    """What a gunicorn does that somebody starts without `manage.py serve`."""
    sys.modules.pop("betaconsole.wsgi", None)
    import_module("betaconsole.wsgi")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
