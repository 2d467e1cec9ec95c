"""A scripted far end on a real socket: every byte and every moment of an answer is under the test's control.

    steps = [read(), send(head(200, "content-type: text/event-stream")), pause(0.2), send(b"data: x\\n\\n"), reset()]
    with Upstream(steps) as upstream:
        ...ask upstream.url...
    upstream.requests[0].body          # exactly as received

A script is a list of steps, or a function of one `Peer` for anything a list cannot say; each connection runs it on a
thread of its own. Give several scripts as `Upstream(scripts=[first, second])`: one for each connection in the order
accepted, the last one again for all later ones. At the end of a script the connection is closed.

Leaving the `with` block ends every pause and hang at once, closes all sockets and raises what went wrong in a script
(a broken pipe or reset while writing is no failure: the other side may leave). `Upstream(tls=context)` speaks TLS.
Steps never wait longer than PATIENCE_S, so a mistake in a test fails instead of hanging.
"""

import contextlib
import socket
import ssl
import struct
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from types import TracebackType

PATIENCE_S = 20.0


@dataclass(frozen=True)
class Received:
    """One request exactly as received. `first_at` and `last_at` are `time.monotonic()` of its first and last bytes."""

    raw: bytes
    first_at: float
    last_at: float

    @property
    def line(self) -> str:
        return self.raw.split(b"\r\n", 1)[0].decode("latin-1")

    @property
    def headers(self) -> list[tuple[str, str]]:
        """Names and values in the order received, spelled as received."""
        lines = self.raw.partition(b"\r\n\r\n")[0].decode("latin-1").split("\r\n")[1:]
        return [(name, value.strip(" \t")) for name, _, value in (line.partition(":") for line in lines)]

    @property
    def body(self) -> bytes:
        return self.raw.partition(b"\r\n\r\n")[2]

    def header(self, name: str) -> str | None:
        return next((value for given, value in self.headers if given.lower() == name.lower()), None)


class Peer:
    """One accepted connection, seen from the far end. `number` counts connections from 0."""

    def __init__(self, sock: socket.socket, number: int, upstream: "Upstream") -> None:
        self.sock = sock
        self.number = number
        self._upstream = upstream
        self._rest = b""

    def read_request(self) -> Received:
        """Reads one whole request (head, and a body of its Content-Length) and records it in `upstream.requests`.

        A request cut short by the other side is recorded as far as it came.
        """
        raw = bytearray(self._rest)
        first_at = time.monotonic() if raw else None
        while (end := _request_end(raw)) is None and (piece := self.sock.recv(1 << 18)):
            first_at = first_at or time.monotonic()
            raw += piece
        self._rest = bytes(raw[end:]) if end is not None else b""
        now = time.monotonic()
        received = Received(bytes(raw[:end]), first_at or now, now)
        self._upstream.requests.append(received)
        return received

    def send(self, data: bytes) -> None:
        self.sock.sendall(data)

    def wait(self, seconds: float) -> None:
        """Sleeps, but not past the end of the test."""
        self._upstream.stopping.wait(min(seconds, PATIENCE_S))

    def wait_for_end(self) -> bytes:
        """Waits until the other side has closed its end; returns what still came before that."""
        rest = b""
        while piece := self.sock.recv(65536):
            rest += piece
        self._upstream.ended_at.append(time.monotonic())
        return rest

    def reset(self) -> None:
        """Ends the connection with RST, as a crashed or impatient server does."""
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.sock.close()

    def close(self) -> None:
        """Ends the connection with FIN (with RST where unread bytes of the request remain)."""
        self.sock.close()


Step = Callable[[Peer], object]
Script = Sequence[Step] | Step


class Upstream:
    """The scripted server. `url`, `host`, `port`; `connections` accepted so far; `requests` read so far, in order.

    `ended_at` holds a `time.monotonic()` for each `until_closed()` step that saw the other side close.
    """

    def __init__(
        self,
        script: Script = (),
        *,
        scripts: Sequence[Script] = (),
        tls: ssl.SSLContext | None = None,
        host: str = "127.0.0.1",
    ) -> None:
        self._scripts: Sequence[Script] = scripts or [script]
        self._tls = tls
        self.host = host
        self.requests: list[Received] = []
        self.ended_at: list[float] = []
        self.connections = 0
        self.stopping = threading.Event()
        self._failures: list[BaseException] = []
        self._threads: list[threading.Thread] = []
        self._open: list[socket.socket] = []

    def __enter__(self) -> "Upstream":
        self._listener = socket.create_server((self.host, 0), backlog=256)
        self.port: int = self._listener.getsockname()[1]
        self._run(self._accept)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stopping.set()
        _end(self._listener)
        for sock in list(self._open):
            _end(sock)
        for thread in self._threads:
            thread.join(PATIENCE_S)
        if self._failures and error is None:
            raise self._failures[0]

    @property
    def url(self) -> str:
        return f"{'https' if self._tls else 'http'}://{self.host}:{self.port}"

    def wait_for_requests(self, count: int, *, within_s: float = 60.0) -> None:
        """Waits until `count` requests have been read."""
        end = time.monotonic() + within_s
        while len(self.requests) < count:
            if time.monotonic() > end:
                raise AssertionError(f"{len(self.requests)} of {count} requests came within {within_s} s")
            time.sleep(0.002)

    def wait_for_connections(self, count: int, *, within_s: float = 60.0) -> None:
        """Waits until `count` connections have been accepted."""
        end = time.monotonic() + within_s
        while self.connections < count:
            if time.monotonic() > end:
                raise AssertionError(f"{self.connections} of {count} connections came within {within_s} s")
            time.sleep(0.002)

    def wait_until_closed(self, count: int = 1, *, within_s: float = 60.0) -> None:
        """Waits until `count` steps `until_closed()` have seen the other side close."""
        end = time.monotonic() + within_s
        while len(self.ended_at) < count:
            if time.monotonic() > end:
                raise AssertionError(f"{len(self.ended_at)} of {count} connections were closed within {within_s} s")
            time.sleep(0.002)

    def _accept(self) -> None:
        while True:
            try:
                sock, _ = self._listener.accept()
            except OSError:
                return
            number, self.connections = self.connections, self.connections + 1
            self._open.append(sock)
            self._run(self._serve, sock, number)

    def _serve(self, sock: socket.socket, number: int) -> None:
        script = self._scripts[min(number, len(self._scripts) - 1)]
        try:
            sock.settimeout(PATIENCE_S)
            if not isinstance(sock, ssl.SSLSocket) and sock.family in (socket.AF_INET, socket.AF_INET6):
                sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            if self._tls:
                sock = self._tls.wrap_socket(sock, server_side=True)
                self._open.append(sock)
            peer = Peer(sock, number, self)
            for step in [script] if callable(script) else script:
                step(peer)
        except (ConnectionError, ssl.SSLError):
            pass
        except BaseException as error:
            if not self.stopping.is_set():
                self._failures.append(error)
        finally:
            sock.close()

    def _run(self, target: Callable[..., None], *args: object) -> None:
        thread = threading.Thread(target=target, args=args, daemon=True)
        self._threads.append(thread)
        thread.start()


def read() -> Step:
    """Read one request."""
    return Peer.read_request


def send(data: bytes) -> Step:
    """Send these bytes in one write."""
    return lambda peer: peer.send(data)


def trickle(data: bytes, *, every_s: float, step: int = 1) -> Step:
    """Send these bytes `step` at a time, with a pause after each."""

    def run(peer: Peer) -> None:
        for start in range(0, len(data), step):
            if peer._upstream.stopping.is_set():
                return
            peer.send(data[start : start + step])
            peer.wait(every_s)

    return run


def pause(seconds: float) -> Step:
    """Do nothing for so long."""
    return lambda peer: peer.wait(seconds)


def hang() -> Step:
    """Do nothing more until the test ends, with the connection open."""
    return lambda peer: peer.wait(PATIENCE_S)


def until_closed() -> Step:
    """Wait until the other side closes; the moment is kept in `upstream.ended_at`."""
    return Peer.wait_for_end


def reset() -> Step:
    """End the connection with RST."""
    return Peer.reset


def close() -> Step:
    """End the connection with FIN."""
    return Peer.close


def head(status: int = 200, *lines: str, reason: str = "OK") -> bytes:
    """A status line and these header lines ("name: value"), with the blank line after them."""
    return "".join(f"{line}\r\n" for line in (f"HTTP/1.1 {status} {reason}", *lines, "")).encode("latin-1")


def answer(body: bytes, status: int = 200, *lines: str, content_type: str = "application/json") -> bytes:
    """A whole answer with a Content-Length."""
    return head(status, f"content-type: {content_type}", f"content-length: {len(body)}", *lines) + body


def chunk(data: bytes) -> bytes:
    """One chunk of a chunked body; `chunk(b"")` is its proper end."""
    return b"%x\r\n%b\r\n" % (len(data), data)


def chunked(pieces: Iterable[bytes]) -> bytes:
    """A whole chunked body: one chunk for each piece and the proper end."""
    return b"".join(chunk(piece) for piece in pieces if piece) + chunk(b"")


STREAM_HEAD = head(200, "content-type: text/event-stream; charset=utf-8", "transfer-encoding: chunked")


def _end(sock: socket.socket) -> None:
    with contextlib.suppress(OSError):
        socket.socket.shutdown(sock, socket.SHUT_RDWR)
    sock.close()


def _request_end(raw: bytearray) -> int | None:
    """Where the first request in these bytes ends; None while it is not all there."""
    head_end = raw.find(b"\r\n\r\n")
    if head_end < 0:
        return None
    length = 0
    for line in raw[:head_end].lower().split(b"\r\n")[1:]:
        if line.startswith(b"content-length:"):
            length = int(line.partition(b":")[2])
    end = head_end + 4 + length
    return end if len(raw) >= end else None
