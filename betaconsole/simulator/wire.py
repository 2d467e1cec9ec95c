"""HTTP/1.1 by hand: read one request, write one answer, and know when the other side has gone."""

from __future__ import annotations

import select
import socket
import struct
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from enum import Enum
from http import HTTPStatus
from typing import BinaryIO
from urllib.parse import parse_qs, unquote, urlsplit

MAX_LINE_BYTES = 65_536
MAX_HEADERS = 200
MAX_BODY_BYTES = 32 * 1024 * 1024
MAX_DISCARDED_BYTES = 512 * 1024 * 1024
SHORT_WAIT_S = 0.2
MOST_BURST_BYTES = 65_536
HANGUP = getattr(select, "POLLRDHUP", 0) | select.POLLHUP | select.POLLERR


class BadRequest(Exception):
    """Bytes that are no HTTP request; the connection ends after the answer."""


class PeerGone(Exception):
    """The other side closed the connection: nothing more to do."""


@dataclass(frozen=True)
class Request:
    """One HTTP request. Header names are in lower case; `too_large` says that the body was over the limit and discarded."""

    method: str
    target: str
    headers: tuple[tuple[str, str], ...]
    body: bytes = b""
    too_large: bool = False
    keep_alive: bool = True
    chunks_understood: bool = True

    @property
    def path(self) -> str:
        return unquote(urlsplit(self.target).path)

    @property
    def query(self) -> dict[str, list[str]]:
        return parse_qs(urlsplit(self.target).query)

    def values(self, name: str) -> list[str]:
        return [value for each, value in self.headers if each == name]

    def value(self, name: str) -> str | None:
        """The header's values as one, or None when it is missing."""
        found = self.values(name)
        return ", ".join(found) if found else None


@dataclass(frozen=True)
class Part:
    """Some bytes of a body, due so many seconds after the request had arrived."""

    at_s: float
    data: bytes


class Ending(Enum):
    """How an answer ends: properly, with a FIN too early, or with a reset."""

    WHOLE = "whole"
    CUT = "cut"
    RESET = "reset"


@dataclass(frozen=True)
class Answer:
    """A response with its timing. `length` is what content-length says; None streams the parts as chunks."""

    status: int
    headers: tuple[tuple[str, str], ...]
    parts: Sequence[Part] = field(default_factory=tuple)
    length: int | None = None
    head_at_s: float = 0.0
    ending: Ending = Ending.WHOLE
    silent: bool = False


def whole_answer(status: int, headers: Sequence[tuple[str, str]], body: bytes, *, at_s: float) -> Answer:
    """An answer whose head and body come at once."""
    return Answer(status, tuple(headers), (Part(at_s, body),), len(body), at_s)


def read_request(stream: BinaryIO, *, confirm: Callable[[], None]) -> Request | None:
    """Read the next request of a connection; None at its end. Raises BadRequest.

    `confirm` is called where the client waits for `100 Continue` before it sends the body.
    """
    line = _read_line(stream)
    while line == b"":
        line = _read_line(stream)
    if line is None:
        return None
    words = line.split(b" ")
    if len(words) != 3 or not words[2].startswith(b"HTTP/1."):
        raise BadRequest("not an HTTP/1 request line")
    headers = tuple(_read_headers(stream))
    request = Request(words[0].decode("latin-1"), words[1].decode("latin-1"), headers)
    modern = words[2] != b"HTTP/1.0"
    connection = (request.value("connection") or "").lower()
    if (request.value("expect") or "").lower() == "100-continue":
        confirm()
    body = _read_body(stream, request)
    return Request(
        request.method,
        request.target,
        headers,
        body or b"",
        too_large=body is None,
        keep_alive="close" not in connection and (modern or "keep-alive" in connection),
        chunks_understood=modern,
    )


def _read_line(stream: BinaryIO) -> bytes | None:
    line = stream.readline(MAX_LINE_BYTES)
    if not line:
        return None
    if not line.endswith(b"\n"):
        raise BadRequest("a line is too long or was cut")
    return line.rstrip(b"\r\n")


def _read_headers(stream: BinaryIO) -> list[tuple[str, str]]:
    headers: list[tuple[str, str]] = []
    while line := _read_line(stream):
        name, colon, value = line.partition(b":")
        if not colon or name != name.strip() or not name:
            raise BadRequest("a header line without a name")
        headers.append((name.decode("latin-1").lower(), value.strip().decode("latin-1")))
        if len(headers) > MAX_HEADERS:
            raise BadRequest("too many headers")
    if line is None:
        raise BadRequest("cut within the headers")
    return headers


def _read_body(stream: BinaryIO, request: Request) -> bytes | None:
    """The body; None when it was too large (it was read all the same, so that the client hears the answer)."""
    if "chunked" in (request.value("transfer-encoding") or "").lower():
        return _read_chunks(stream)
    text = request.value("content-length") or "0"
    if not text.isascii() or not text.isdigit():
        raise BadRequest("content-length is not a number")
    length = int(text[:18])
    if length > MAX_BODY_BYTES:
        _discard(stream, min(length, MAX_DISCARDED_BYTES))
        return None
    body = stream.read(length)
    if len(body) < length:
        raise BadRequest("cut within the body")
    return body


def _read_chunks(stream: BinaryIO) -> bytes | None:
    kept: list[bytes] = []
    length = 0
    while True:
        try:
            size = int((_read_line(stream) or b"").split(b";")[0], 16)
        except ValueError as error:
            raise BadRequest("a chunk without a size") from error
        if not 0 <= size <= MAX_DISCARDED_BYTES - length:
            raise BadRequest("a chunk too large")
        if size == 0:
            break
        length += size
        if length > MAX_BODY_BYTES:
            kept.clear()
            _discard(stream, size)
        else:
            kept.append(stream.read(size))
        _read_line(stream)
    while _read_line(stream):
        continue
    return b"".join(kept) if length <= MAX_BODY_BYTES else None


def _discard(stream: BinaryIO, length: int) -> None:
    while length > 0:
        got = len(stream.read(min(length, 1_048_576)))
        if not got:
            return
        length -= got


class Player:
    """Sends one answer on a socket at its own pace, from the moment the request had arrived."""

    def __init__(self, sock: socket.socket, *, started: float) -> None:
        self._sock = sock
        self._started = started

    def play(self, answer: Answer, request: Request) -> bool:
        """Send the answer; True when the connection can be used again. Raises PeerGone."""
        self._wait_until(answer.head_at_s)
        chunked = answer.length is None and request.chunks_understood
        reusable = request.keep_alive and answer.ending is Ending.WHOLE and (chunked or answer.length is not None)
        if not answer.silent:
            self._send(_head(answer, chunked=chunked, keep_alive=reusable))
        self._send_parts(answer.parts, chunked=chunked)
        if answer.ending is Ending.RESET:
            self._reset()
        elif chunked and answer.ending is Ending.WHOLE:
            self._send(b"0\r\n\r\n")
        return reusable

    def _send_parts(self, parts: Sequence[Part], *, chunked: bool) -> None:
        """Send what is due together, but no more than MOST_BURST_BYTES: parts may be made as they are taken."""
        burst: list[bytes] = []
        burst_bytes = 0
        now_s = 0.0
        for part in parts:
            if burst and (part.at_s > now_s or burst_bytes >= MOST_BURST_BYTES):
                self._send(b"".join(burst))
                burst, burst_bytes = [], 0
            if not burst:
                self._wait_until(part.at_s)
                now_s = time.monotonic() - self._started
            burst.append(_chunk(part.data) if chunked else part.data)
            burst_bytes += len(part.data)
        if burst:
            self._send(b"".join(burst))

    def _wait_until(self, at_s: float) -> None:
        """Sleep until the moment is due. A long wait ends at once when the peer hangs up."""
        wait_s = self._started + at_s - time.monotonic()
        if wait_s > SHORT_WAIT_S:
            poll = select.poll()
            poll.register(self._sock, HANGUP)
            if poll.poll(int((wait_s - 0.005) * 1000)):
                raise PeerGone
            wait_s = self._started + at_s - time.monotonic()
        if wait_s > 0:
            time.sleep(wait_s)

    def _send(self, data: bytes) -> None:
        try:
            self._sock.sendall(data)
        except OSError as error:
            raise PeerGone from error

    def _reset(self) -> None:
        """Close with a reset where the transport knows one (TCP); a socketpair just ends."""
        try:
            self._sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        except OSError as error:
            raise PeerGone from error


def _chunk(data: bytes) -> bytes:
    return b"%x\r\n%s\r\n" % (len(data), data)


def _head(answer: Answer, *, chunked: bool, keep_alive: bool) -> bytes:
    framing = [("connection", "keep-alive" if keep_alive else "close")]
    if answer.length is not None:
        framing.append(("content-length", str(answer.length)))
    elif chunked:
        framing.append(("transfer-encoding", "chunked"))
    try:
        reason = HTTPStatus(answer.status).phrase
    except ValueError:
        reason = "Overloaded" if answer.status == 529 else "Unknown"
    lines = [f"HTTP/1.1 {answer.status} {reason}", *(f"{name}: {value}" for name, value in (*answer.headers, *framing))]
    return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1", "replace")
