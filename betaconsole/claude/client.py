"""Sending one request and reading its answer as it comes: the only user of `requests`.

    with Call(request, key=key) as call:
        head = call.open()
        for piece in call.chunks():
            ...

A call has a connection of its own, follows no redirect, reads nothing from the environment and is never retried.
Everything that goes wrong is a CallError (`errors.py`), which never holds the key.
"""

import re
import socket
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from types import TracebackType
from typing import Self

import requests
from urllib3.exceptions import HTTPError

from .body import decoded, read_body
from .errors import CallError, Cancelled, RedirectRefused
from .headers import KEY_REFERENCE, HeaderError, join_betas, parse_betas
from .secret import Secret, redact
from .transport import WireAdapter
from .wire import BarrierFailed, Head, Limits, Timings, Wire

__all__ = ["Call", "Deadlines", "Head", "Request", "Secret", "Timings", "redact"]

MAX_BYTES = 64 * 1024 * 1024

_NAME = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+")  # RFC 9110, section 5.6.2
_VALUE = re.compile(r"(?:[\x21-\x7e](?:[\x20-\x7e\t]*[\x21-\x7e])?)?")
_WITH_BODY = frozenset({"POST", "PUT", "PATCH"})
_OURS = frozenset({"host", "content-length", "transfer-encoding", "expect", "connection", "upgrade", "te"})


@dataclass(frozen=True)
class Request:
    """What to send. `headers` in the order wanted; the key stands in them as KEY_REFERENCE.

    Raises HeaderError for a name or value that cannot stand in a header, a repeated name, a header that describes
    the connection or the length (those are set here), or a malformed beta name.
    """

    method: str
    url: str
    headers: tuple[tuple[str, str], ...]
    body: bytes | None = None
    stream: bool = False

    def __post_init__(self) -> None:
        seen = set()
        for name, value in self.headers:
            if not _NAME.fullmatch(name) or name.lower() in _OURS:
                raise HeaderError(f"The header name {name[:80]!a} cannot be set.")
            if not _VALUE.fullmatch(value):
                raise HeaderError(f"The value of the header {name} holds a character that cannot stand in a header.")
            if name.lower() in seen:
                raise HeaderError(f"The header {name} is given twice.")
            if name.lower() == "anthropic-beta":
                join_betas(parse_betas(value))
            seen.add(name.lower())


@dataclass(frozen=True)
class Deadlines:
    """How long to wait, in seconds. None: 60 to the status line and 3,600 in all for a stream, else 600 and 600.

    `connect_s` covers name, TCP, TLS and proxy. `status_s` counts from the start of writing, and again from each part of
    a large body that the line has taken: an upload that still flows is not late, except for the total.
    `idle_s` is the longest silence in the body. `total_s` counts from the start of writing.
    """

    connect_s: float = 5.0
    status_s: float | None = None
    idle_s: float = 90.0
    total_s: float | None = None

    def limits(self, *, stream: bool) -> Limits:
        """Every limit in seconds, as it holds for a request that streams or one that does not."""
        status_s, total_s = (60.0, 3600.0) if stream else (600.0, 600.0)
        return Limits(
            connect_s=self.connect_s,
            status_s=status_s if self.status_s is None else self.status_s,
            idle_s=self.idle_s,
            total_s=total_s if self.total_s is None else self.total_s,
        )


class Call:
    """One request and its response, used by one thread; only `cancel` may be called from others.

    `dial` gives a ready socket in place of connecting (the simulator). `verify` is True or the path of a CA bundle.
    `internal`: the host may be in a private network or on this machine; else only on the internet (`addresses.py`).
    `proxy` is the URL of an HTTP proxy, which may be anywhere; it looks names up itself, so that where they lead is
    then the proxy's to judge. `idle_on_events` (default: for streams) lets only `alive()` reset the idle
    time, so that a trickle of bytes which never makes an event does not count as life. Without a key, a header that
    holds the reference is left out.
    """

    def __init__(
        self,
        request: Request,
        *,
        key: Secret | None = None,
        deadlines: Deadlines = Deadlines(),
        dial: Callable[[], socket.socket] | None = None,
        verify: bool | str = True,
        proxy: str | None = None,
        internal: bool = False,
        max_bytes: int = MAX_BYTES,
        idle_on_events: bool | None = None,
    ) -> None:
        if key is not None:
            key.as_header_value()
        self._request = request
        self._has_key = key is not None
        self._proxies = {"http": proxy, "https": proxy} if proxy and dial is None else {}
        self._max_bytes = max_bytes
        self._idle_on_bytes = not (request.stream if idle_on_events is None else idle_on_events)
        self._wire = Wire(deadlines.limits(stream=request.stream), key, dial=dial, internal=internal)
        self._adapter = WireAdapter(self._wire, verify)
        self._response: requests.Response | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @property
    def timings(self) -> Timings:
        return self._wire.timings

    @property
    def sent_headers(self) -> tuple[tuple[str, str], ...]:
        """The header lines as written, in order, Host and Content-Length included; the key as KEY_REFERENCE.

        Known from the barrier on; whether they left, `write_began` says.
        """
        return self._wire.sent_headers

    @property
    def write_began(self) -> bool:
        """Whether a byte of the request may have left: before that, nothing was sent for certain."""
        return self._wire.write_began

    @property
    def head(self) -> Head | None:
        return self._wire.head

    def open(self, before_write: Callable[[], None] | None = None) -> Head:
        """Connects, calls `before_write` (a barrier), writes the request and waits for status and headers.

        What `before_write` raises is raised here, with nothing sent. Raises NotSent and its kind, UnknownOutcome,
        ProtocolError or Cancelled; any status, a redirect too, is returned.
        """
        self._wire.before_write = before_write
        failure = self._send()
        if failure is not None:
            self.close()
            raise failure  # here and not where it arose: no frame that held the request hangs on to it
        assert self._wire.head is not None
        return self._wire.head

    def chunks(self) -> Iterator[bytes]:
        """The body as it arrives; ends at its proper end.

        Raises Incomplete (IdleTimeout, TotalTimeout), ProtocolError, LimitExceeded or Cancelled, and RedirectRefused
        after the body of a redirect. For a body without a length the end of the connection is its end.
        """
        wire = self._wire
        if wire.response is None or wire.head is None:
            raise RuntimeError("open() comes first")
        body = read_body(wire.response, wire.line, self._max_bytes)
        pieces = decoded(body, wire.head.header("content-encoding"), self._max_bytes)
        for piece in pieces:
            wire.timings.first_byte_ms = wire.ms_since_sent()
            wire.timer.alive()
            yield piece
            break
        yield from self._each_alive(pieces) if self._idle_on_bytes else pieces
        if 300 <= wire.head.status < 400:
            raise RedirectRefused()

    def _each_alive(self, pieces: Iterator[bytes]) -> Iterator[bytes]:
        for piece in pieces:
            self._wire.timer.alive()
            yield piece

    def alive(self) -> None:
        """An event came: the idle time starts anew."""
        self._wire.timer.alive()

    def cancel(self) -> None:
        """Ends the call from any thread, in any phase; the thread that runs it gets Cancelled."""
        self._wire.line.cut(Cancelled())

    def close(self) -> None:
        """Ends the connection at once, read to its end or not. May be called again."""
        self._wire.timer.stop()
        self._wire.line.release()
        if self._wire.response is not None:
            self._wire.response.close()
        if self._response is not None:
            self._response.raw.close()
        self._adapter.close()

    def _send(self) -> BaseException | None:
        """Sends through requests; what failed, or None."""
        try:
            self._wire.line.check()
            self._response = self._adapter.send(self._prepared(), stream=True, proxies=self._proxies)
        except CallError as failure:
            return failure.with_traceback(None)
        except BarrierFailed as failure:
            return failure.cause
        except (requests.RequestException, HTTPError, OSError, ValueError) as error:
            return self._wire.failure(error)
        return None

    def _prepared(self) -> requests.PreparedRequest:
        """The parts of preparing that are wanted: no cookies, no credentials from the URL or the environment."""
        headers = {name: value for name, value in self._request.headers if self._has_key or value != KEY_REFERENCE}
        prepared = requests.PreparedRequest()
        prepared.prepare_method(self._request.method)
        prepared.prepare_url(self._request.url, None)
        prepared.prepare_headers(headers)
        prepared.prepare_body(self._request.body, None)
        if prepared.method not in _WITH_BODY and not self._request.body:
            prepared.headers.pop("content-length", None)  # requests would give a DELETE one
        return prepared
