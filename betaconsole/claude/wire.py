"""One call as seen from its connection: phases and their deadlines, moments, what was sent and what came back.

The phases follow one another: connecting, at the barrier, writing, waiting for the status line, reading. Which one it
is decides what a failure means: before the first byte was written nothing was sent; from then until the status line
the outcome is unknown.
"""

import math
import re
import socket
import time
from collections.abc import Callable
from dataclasses import dataclass
from http.client import HTTPResponse

from .errors import (
    CallError,
    ConnectTimeout,
    CutBeforeStatus,
    IdleTimeout,
    NotSent,
    ProtocolError,
    StatusTimeout,
    TotalTimeout,
)
from .headers import KEY_REFERENCE
from .line import Line
from .secret import Secret
from .sending import send_request
from .watchdog import WATCHDOG, Timer

_KEY_LINE = re.compile(rb"(?i)(?<=\r\nx-api-key: )" + re.escape(KEY_REFERENCE.encode()) + rb"(?=\r\n)")


@dataclass
class Timings:
    """Moments of one call; None where it did not come so far.

    `connect_ms`: name, TCP, TLS. `queue_ms`: from connected to the start of writing (the barrier). `sent_at`:
    `time.monotonic()` after the last byte of the request was handed to the kernel. `status_ms` and `first_byte_ms`
    count from `sent_at` to the end of the response's head and to the first byte of its body.
    """

    connect_ms: float | None = None
    queue_ms: float | None = None
    sent_at: float | None = None
    status_ms: float | None = None
    first_byte_ms: float | None = None


@dataclass(frozen=True)
class Limits:
    """The deadlines of one call in seconds, all decided."""

    connect_s: float
    status_s: float
    idle_s: float
    total_s: float


@dataclass(frozen=True)
class Head:
    """Status line and headers of a response, in the order and spelling received."""

    status: int
    reason: str
    headers: tuple[tuple[str, str], ...]

    def header(self, name: str) -> str:
        """The first header of this (lower-case) name, or an empty text."""
        return next((value for given, value in self.headers if given.lower() == name), "")


class BarrierFailed(Exception):
    """What the caller's `before_write` raised, carried past the handlers of the HTTP libraries."""

    def __init__(self, cause: BaseException) -> None:
        super().__init__()
        self.cause = cause


class Wire:
    """The state of one call that the connection moves forward. Only `line` may be touched by other threads."""

    def __init__(
        self, limits: Limits, key: Secret | None, *, dial: Callable[[], socket.socket] | None, internal: bool
    ) -> None:
        self.line = Line()
        self.timer = Timer(self._expire)
        self.timings = Timings()
        self.limits = limits
        self.dial = dial
        self.internal = internal
        self.before_write: Callable[[], None] | None = None
        self.write_began = False
        self.sent_headers: tuple[tuple[str, str], ...] = ()
        self.head: Head | None = None
        self.response: HTTPResponse | None = None
        self._key = key
        self._late: type[CallError] = ConnectTimeout
        self._connected_at = self._total_at = math.inf

    def connecting(self) -> None:
        """The line is being opened: `connect_s` counts from here."""
        self._connecting_at = time.monotonic()
        self._limit(self._connecting_at + self.limits.connect_s, ConnectTimeout)

    def connected(self, sock: socket.socket) -> None:
        """The line stands; until the request is written no limit holds."""
        self.line.hold(sock)
        self._connected_at = time.monotonic()
        self.timings.connect_ms = (self._connected_at - self._connecting_at) * 1000
        self._limit(math.inf, ConnectTimeout)  # the barrier is the caller's business

    def write(self, sock: socket.socket, head: bytes, body: bytes) -> None:
        """Waits at the barrier, then writes the request."""
        self.sent_headers = _sent_headers(head)
        self._pass_barrier()
        began = time.monotonic()
        self.timings.queue_ms = (began - self._connected_at) * 1000
        self._total_at = began + self.limits.total_s
        self._wait_for_status(began)
        self.write_began = True
        self._send_with_key(sock, head, body)
        self.timings.sent_at = time.monotonic()
        self._wait_for_status(self.timings.sent_at)

    def answered(self, head: Head, response: HTTPResponse) -> None:
        """The whole head of the response is there."""
        self.timings.status_ms = self.ms_since_sent()
        self.head, self.response = head, response
        self.timer.alive()
        self.timer.idle_s = self.limits.idle_s
        self._limit(self._total_at, TotalTimeout)

    def ms_since_sent(self) -> float:
        """Milliseconds since the last byte of the request; nan before it."""
        return (time.monotonic() - (self.timings.sent_at or math.nan)) * 1000

    def failure(self, error: Exception) -> CallError:
        """What an error of the libraries below means in the phase it came in."""
        if self.line.broken is not None:
            return self.line.broken
        if not self.write_began:
            return NotSent(f"The request could not be sent ({type(error).__name__}).")
        if isinstance(error, OSError):
            return CutBeforeStatus()
        return ProtocolError(f"The answer is not well-formed HTTP ({type(error).__name__}).")

    def _pass_barrier(self) -> None:
        self.line.check()
        if self.before_write is not None:
            try:
                self.before_write()
            except BaseException as cause:
                raise BarrierFailed(cause) from None
            self.line.check()

    def _send_with_key(self, sock: socket.socket, head: bytes, body: bytes) -> None:
        """The one place where the key is unwrapped: between the reference in the head and the socket."""
        if self._key is not None:
            value = self._key.as_header_value()
            head = _KEY_LINE.sub(lambda _: value, head, count=1)
        send_request(sock, head, body, wrote=lambda: self._wait_for_status(time.monotonic()))

    def _wait_for_status(self, since: float) -> None:
        """The status deadline counts from here: from the start of writing, each part the line took, and the end."""
        self._limit(min(since + self.limits.status_s, self._total_at), StatusTimeout)

    def _limit(self, limit: float, late: type[CallError]) -> None:
        self._late = late
        self.timer.limit = limit
        WATCHDOG.watch(self.timer)

    def _expire(self) -> None:
        self.line.cut(IdleTimeout() if self.timer.is_idle() else self._late())


def _sent_headers(head: bytes) -> tuple[tuple[str, str], ...]:
    """The header lines of a request head, in order. What a proxy needs to let us in stays out of sight."""
    pairs = (line.partition(": ") for line in head.decode("latin-1").split("\r\n")[1:] if line)
    return tuple((name, "***" if name.lower() == "proxy-authorization" else value) for name, _, value in pairs)
