"""A console, a far end that waits for the test, and a wire between the console and its browsers: shared by a module."""

import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.chaos.client import Program
from tests.console import Console, running
from tests.environment import CHECKOUT, clean_environment
from tests.faults.relay import Relay
from tests.faults.tap import Tap
from tests.upstream import Upstream

KEY = "sk-ant-stage-0123456789abcdef"
HANG_S = 60.0


class Stage:
    def __init__(self, console: Console, tap: Tap, relay: Relay, environment: dict[str, str]) -> None:
        self.console, self.tap, self.relay, self._environment = console, tap, relay, environment
        self._program = Program(console, token_of(console.data))

    def start(self, name: str, *, columns: int = 1) -> str:
        """Start a comparison whose answers the tap tells under this name; its path."""
        body = {"model": "claude-sonnet-4-6", "max_tokens": 64, "stream": True}
        asked = {
            "connection": "Environment key",
            "body": {**body, "messages": [{"role": "user", "content": name}]},
            "variants": [{"betas": []} for _ in range(columns)],
        }
        status, told = self.call("POST", "/comparisons", asked)
        assert status == 201, told
        return f"/comparisons/{told['id']}/"

    def call(self, method: str, path: str, asked: Any = None) -> tuple[int, Any]:
        return self._program.call(method, path, asked)

    def states(self, path: str) -> list[str]:
        """The states of a comparison's exchanges, as the API tells them."""
        _, told = self.call("GET", f"/comparisons/{path.split('/')[2]}")
        return [exchange["state"] for exchange in told["exchanges"]]

    def restart(self) -> None:
        """Kill the console as a power cut would, and start it anew in the same place."""
        self.console.kill()
        self.console = Console(self.console.data, environment=self._environment, port=self.console.port)
        self.console.wait_until_ready()


@contextmanager
def set_stage() -> Iterator[Stage]:
    tap = Tap()
    with tempfile.TemporaryDirectory() as folder, Upstream(tap) as upstream:
        environment = {"ANTHROPIC_API_KEY": KEY, "ANTHROPIC_BASE_URL": upstream.url}
        with running(Path(folder), **environment) as console, Relay(console.port) as relay:
            stage = Stage(console, tap, relay, environment)
            try:
                yield stage
            finally:
                tap.close()
                stage.console.kill()


def token_of(data: Path) -> str:
    """A bearer token of the local owner's."""
    command = [sys.executable, str(CHECKOUT / "manage.py"), "token", "stage"]
    environment = {**clean_environment(), "BETACONSOLE_DATA": str(data)}
    return subprocess.check_output(command, cwd=CHECKOUT, env=environment, text=True).strip()


def wait_until(is_so: Callable[[], object], what: str) -> None:
    until = time.monotonic() + HANG_S
    while not is_so():
        assert time.monotonic() < until, f"it did not come about: {what}"
        time.sleep(0.02)
