"""Short ways to ask an `Upstream` through the real wire client."""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

from betaconsole.claude.client import Call, Deadlines, Head, Request, Secret
from betaconsole.claude.headers import DEFAULT_VERSION, request_headers

KEY = Secret("sk-ant-api03-canary-8f2b61d07c3e4a95-AA")
BODY = b'{"model":"claude-sonnet-4-6","max_tokens":16,"messages":[{"role":"user","content":"Hi"}]}'


def a_request(url: str, *, stream: bool = True, body: bytes | None = BODY, betas: tuple[str, ...] = ()) -> Request:
    headers = request_headers(betas=betas, version=DEFAULT_VERSION, stream=stream)
    return Request("POST", f"{url}/v1/messages", headers, body, stream)


def a_call(url: str, *, stream: bool = True, body: bytes | None = BODY, **options: object) -> Call:
    options.setdefault("key", KEY)
    return Call(a_request(url, stream=stream, body=body), **options)  # type: ignore[arg-type]


def ask(url: str, **options: object) -> tuple[Head, bytes]:
    """The head and the whole body of one call."""
    with a_call(url, **options) as call:  # type: ignore[arg-type]
        return call.open(), b"".join(call.chunks())


@dataclass
class Outcome:
    """What a call on another thread came to: its error or None, what had arrived, and when it ended."""

    error: BaseException | None = None
    body: bytes = b""
    ended_at: float = 0.0


class Running:
    """A call read on a thread of its own, so that a test can act in the middle of it."""

    def __init__(self, call: Call, before_write: Callable[[], None] | None = None) -> None:
        self.outcome = Outcome()
        self._call = call
        self._before_write = before_write
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self) -> None:
        try:
            with self._call as call:
                call.open(self._before_write)
                for piece in call.chunks():
                    self.outcome.body += piece
        except BaseException as error:
            self.outcome.error = error
        self.outcome.ended_at = time.monotonic()

    def finish(self, within_s: float = 10.0) -> Outcome:
        self._thread.join(within_s)
        assert not self._thread.is_alive(), "the call did not end"
        return self.outcome


def quick(**limits: float) -> Deadlines:
    """Deadlines short enough for a test, those not named long enough not to matter."""
    return Deadlines(**{"connect_s": 5.0, "status_s": 5.0, "idle_s": 5.0, "total_s": 10.0, **limits})
