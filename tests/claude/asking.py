"""Short ways to ask an `Upstream` through the real wire client."""

import socket
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

from betaconsole.claude.client import Call, Deadlines, Head, Request, Secret
from betaconsole.claude.headers import DEFAULT_VERSION, request_headers
from tests.upstream import Peer, Upstream, answer

KEY = Secret("sk-ant-api03-canary-8f2b61d07c3e4a95-AA")
BODY = b'{"model":"claude-sonnet-4-6","max_tokens":16,"messages":[{"role":"user","content":"Hi"}]}'


def a_request(url: str, *, stream: bool = True, body: bytes | None = BODY, betas: tuple[str, ...] = ()) -> Request:
    headers = request_headers(betas=betas, version=DEFAULT_VERSION, stream=stream)
    return Request("POST", f"{url}/v1/messages", headers, body, stream)


def a_call(url: str, *, stream: bool = True, body: bytes | None = BODY, **options: object) -> Call:
    options.setdefault("key", KEY)
    options.setdefault("internal", True)  # an Upstream is on this machine
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

    def finish(self, within_s: float = 60.0) -> Outcome:
        self._thread.join(within_s)
        assert not self._thread.is_alive(), "the call did not end"
        return self.outcome


def take(peer: Peer, size: int, *, pauses: int = 0) -> None:
    """Takes a request with a body of `size` bytes and forgets it; with as many pauses of 50 ms on the way, then answers."""
    start = b""
    while b"\r\n\r\n" not in start:
        start += peer.sock.recv(65536)
    taken = len(start.partition(b"\r\n\r\n")[2])
    for pause in range(pauses + 1):
        while taken < size * (pause + 1) / (pauses + 1) and (piece := peer.sock.recv(16_384)):
            taken += len(piece)
        peer.wait(0.05 if pauses else 0)
    peer.send(answer(b"{}"))


def narrow_line(upstream: Upstream) -> socket.socket:
    """A connection whose kernel takes little ahead of the reader, as a slow line does."""
    sock = socket.socket()
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 65_536)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 65_536)
    sock.connect((upstream.host, upstream.port))
    return sock


def quick(**limits: float) -> Deadlines:
    """Deadlines short enough for a test, those not named long enough not to matter."""
    return Deadlines(**{"connect_s": 15.0, "status_s": 15.0, "idle_s": 15.0, "total_s": 30.0, **limits})
