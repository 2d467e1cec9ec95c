"""The console that is measured: `manage.py serve` on a new data folder, and a client for its API and pages."""

import http.client
import json
import os
import re
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from tests.migrated import lay_tables

CHECKOUT = Path(__file__).resolve().parent.parent
START_S = 60.0
LIVE = re.compile(r'hx-sse:connect="([^"]+)"')


def environment(**own: str) -> dict[str, str]:
    """This process's environment without anything that the console reads."""
    dropped = ("HOST", "PORT", "DATABASE_URL", "SECRET_KEY")
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("BETACONSOLE_", "ANTHROPIC_", "DJANGO_")) and name not in dropped
    }
    return {**kept, **own}


class Console:
    """A running console. `start_s`: from the start of the process to its first page."""

    def __init__(self, data: Path, **settings: str) -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port: int = probe.getsockname()[1]
        self.environment = environment(BETACONSOLE_DATA=str(data), PORT=str(self.port), **settings)
        self.token = ""
        self._output = data / "output.txt"
        began = time.monotonic()
        with self._output.open("w") as output:
            self._process = subprocess.Popen(
                [sys.executable, "manage.py", "serve"],
                cwd=CHECKOUT,
                env=self.environment,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        while not self._answers():
            if self._process.poll() is not None or time.monotonic() - began > START_S:
                raise RuntimeError(f"the console did not start:\n{self._output.read_text()}")
            time.sleep(0.01)
        self.start_s = time.monotonic() - began

    def connect(self, far_end: int) -> None:
        """A connection to the far end at this port, and a token for the API."""
        seeded = subprocess.run(
            [sys.executable, "-m", "bench.seed", str(far_end)],
            cwd=CHECKOUT,
            env=self.environment,
            check=True,
            capture_output=True,
            text=True,
        )
        self.token = seeded.stdout.strip()

    def api(self, method: str, path: str, asked: Any = None) -> Any:
        """One call of the JSON API."""
        headers = {"Authorization": f"Bearer {self.token}", "Content-Type": "application/json"}
        status, _, body = self.call(method, f"/api/v1{path}", None if asked is None else json.dumps(asked), headers)
        if status >= 300:
            raise RuntimeError(f"{method} {path}: {status} {body[:500]!r}")
        return json.loads(body)

    def call(
        self, method: str, path: str, body: str | None = None, headers: dict[str, str] | None = None
    ) -> tuple[int, dict[str, str], bytes]:
        """One request on a connection of its own: status, headers (lower case), body as sent."""
        asking = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        try:
            asking.request(method, path, body, {"Connection": "close", **(headers or {})})
            answer = asking.getresponse()
            return answer.status, {name.lower(): value for name, value in answer.getheaders()}, answer.read()
        finally:
            asking.close()

    def compare(self, columns: int, wanted: str, **more: Any) -> str:
        """Start a comparison of so many equal columns; `wanted` as the far end reads it. Gives its id."""
        body = {"model": "claude-sonnet-5-5", "max_tokens": 64, "messages": []}
        patch = {"messages": [{"role": "user", "content": f"[[far {wanted}]]"}]}
        variants = [{"label": f"{number}", "betas": [], "patch": patch} for number in range(columns)]
        asked = {"connection": "Far end", "body": body, "variants": variants, "stream": True, **more}
        return str(self.api("POST", "/comparisons", asked)["id"])

    def live_request(self, comparison: str) -> bytes:
        """The request a browser would send for the live stream, after it was given the page."""
        _, _, page = self.call("GET", f"/comparisons/{comparison}/")
        found = LIVE.search(page.decode())
        path = found[1].replace("&amp;", "&") if found else f"/comparisons/{comparison}/live/"
        return f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{self.port}\r\nAccept: text/event-stream\r\nConnection: close\r\n\r\n".encode()

    def memory_mb(self) -> float:
        """Of all its processes, shared pages counted once (PSS)."""
        return sum(_pss_mb(pid) for pid in _family(self._process.pid))

    def cpu_s(self) -> float:
        """Processor time its processes have used so far."""
        ticks = 0
        for pid in _family(self._process.pid):
            with suppress(OSError):
                fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
                ticks += int(fields[11]) + int(fields[12])
        return ticks / os.sysconf("SC_CLK_TCK")

    def stop(self) -> int:
        self._process.send_signal(signal.SIGTERM)
        try:
            return self._process.wait(40)
        finally:
            with suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGKILL)

    def _answers(self) -> bool:
        with suppress(OSError):
            return self.call("GET", "/")[0] == 200
        return False


def _family(pid: int) -> list[int]:
    """The process and its descendants. A child is listed with the thread that started it, and any of them may end meanwhile."""
    children: list[str] = []
    with suppress(OSError):
        for thread in Path(f"/proc/{pid}/task").iterdir():
            children += (thread / "children").read_text().split()
    return [pid, *(member for child in children for member in _family(int(child)))]


def _pss_mb(pid: int) -> float:
    with suppress(OSError):
        found = re.search(r"(?m)^Pss: +(\d+) kB", Path(f"/proc/{pid}/smaps_rollup").read_text())
        return int(found[1]) / 1024 if found else 0.0
    return 0.0  # it has ended


@contextmanager
def running(far_end: int, **settings: str) -> Iterator[Console]:
    """A console with a connection to the far end, and these settings in its environment; stopped at the end."""
    with tempfile.TemporaryDirectory(prefix="betaconsole-bench-", ignore_cleanup_errors=True) as folder:
        lay_tables(Path(folder))
        console = Console(Path(folder), **settings)
        try:
            console.connect(far_end)
            yield console
        finally:
            console.stop()


@contextmanager
def program(module: str, *arguments: object) -> Iterator[int]:
    """The port of a server in a process of its own, which prints it."""
    command = [sys.executable, "-m", module, *map(str, arguments)]
    process = subprocess.Popen(command, cwd=CHECKOUT, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        yield int(process.stdout.readline())
    finally:
        process.kill()
        process.wait()
