"""What a program and a browser do with a console: ask its API, follow a live page."""

import http.client
import json
import re
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

from tests.chaos.crew import Crew
from tests.chaos.sender import CASES, LANES, VERSION
from tests.console import Console
from tests.runs.watching import Watcher


@contextmanager
def console_of(hired: Crew, **environment: str) -> Iterator[Console]:
    """A console on the crew's database."""
    if hired.database:
        environment["DATABASE_URL"] = hired.database
    console = Console(hired.data, environment=environment).wait_until_ready()
    try:
        yield console
    finally:
        if console.process.poll() is None:
            console.kill()


class Program:
    """A user of the JSON API."""

    def __init__(self, console: Console, token: str) -> None:
        self._port, self._token = console.port, token

    def call(self, method: str, path: str, asked: Any = None) -> tuple[int, Any]:
        asking = http.client.HTTPConnection("127.0.0.1", self._port, timeout=30)
        headers = {"Authorization": f"Bearer {self._token}", "Content-Type": "application/json", "Connection": "close"}
        try:
            asking.request(method, f"/api/v1{path}", None if asked is None else json.dumps(asked), headers)
            answer = asking.getresponse()
            return answer.status, json.loads(answer.read())
        finally:
            asking.close()

    def compare(self, name: str, *, columns: int = LANES, cases: int = CASES) -> str:
        """Start a comparison whose every exchange carries a marker of its own; its id."""
        variants = [
            {"betas": [], "patch": {"messages": [{"role": "user", "content": f"[[{{{{case}}}}-{column}]]"}]}}
            for column in "abcdefgh"[:columns]
        ]
        asked = {
            "connection": "Far end",
            "body": {"model": "claude-sonnet-5-5", "max_tokens": 64, "messages": []},
            "variants": [{**variant, "anthropic_version": VERSION} for variant in variants],
            "cases": [{"variables": {"case": f"{name}.{number}"}} for number in range(cases)],
        }
        status, told = self.call("POST", "/comparisons", asked)
        assert status == 201, told
        return str(told["id"])


class Browser:
    """One open live page, read by a thread of its own until the stream ends. `watcher` shows what it shows."""

    def __init__(self, console: Console, comparison: str) -> None:
        self.watcher = Watcher()
        self.is_open = threading.Event()
        self.ended_at: float | None = None
        self.failure: Exception | None = None
        self._sock = socket.create_connection(("127.0.0.1", console.port))
        path = f"/comparisons/{comparison}/live/"
        head = f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{console.port}\r\nConnection: close\r\n\r\n"
        self._sock.sendall(head.encode())
        self._thread = threading.Thread(target=self._read, daemon=True)
        self._thread.start()

    def wait_until_open(self) -> "Browser":
        assert self.is_open.wait(60), "the live stream did not open"
        return self

    def leave(self) -> None:
        """Close the page: the console is told nothing, its connection just ends."""
        with suppress(OSError):
            self._sock.shutdown(socket.SHUT_RDWR)

    def wait_until_ended(self, timeout_s: float = 60) -> "Browser":
        self._thread.join(timeout_s)
        assert self.ended_at is not None, "the live stream did not end"
        if self.failure:
            raise self.failure
        return self

    def _read(self) -> None:
        response = http.client.HTTPResponse(self._sock)
        try:
            response.begin()
            assert response.status == 200
            rest = b""
            while data := response.read1(65536):
                self.is_open.set()
                *frames, rest = (rest + data).split(b"\n\n")
                for frame in frames:
                    if not frame.startswith(b":"):
                        self.watcher.take(frame)
        except (OSError, http.client.HTTPException):
            pass  # cut: as good an end as any
        except Exception as failure:
            self.failure = failure
        finally:
            self.ended_at = time.monotonic()
            response.close()
            self._sock.close()

    def shown(self) -> dict[str, str]:
        """The text each lane shows, by its column's letter in the marker; of a final card its words."""
        found: dict[str, str] = {}
        for text in [*self.watcher.texts.values(), *self.watcher.cards.values()]:
            words = re.findall(r"([a-z0-9.]+-[a-h]):(\d+)\b", text)
            for marker, number in words:
                found.setdefault(marker, "")
                if f"{marker}:{number} " not in found[marker]:
                    found[marker] += f"{marker}:{number} "
        return found
