"""Raw readers of streams: how late each token is, at a bare socket, whatever the stream is wrapped in."""

import re
import select
import socket
import time
from collections.abc import Callable
from dataclasses import dataclass, field

TOKEN = re.compile(rb"(?:r(\d{10,20}) )?t(\d{10,20}) ")
OVERLAP = 60  # bytes of a token that may be cut in two by a read


@dataclass
class Stream:
    """One open stream. `late`: for each token the moment of its write in s and its delay in ms, at its first arrival.

    `first_ms`: the delays of the first tokens of the answers in it. `is_over`: closed by the other side; `has_answered`:
    it sent something.
    """

    sock: socket.socket
    late: list[tuple[float, float]] = field(default_factory=list)
    first_ms: list[float] = field(default_factory=list)
    is_over: bool = False
    has_answered: bool = False
    _seen: set[bytes] = field(default_factory=set)
    _tail: bytes = b""

    def take(self, data: bytes) -> None:
        now_ns = time.monotonic_ns()
        self.has_answered = True
        text = self._tail + data
        for received, written in TOKEN.findall(text):
            if written in self._seen:
                continue  # a lane that is drawn anew brings its text once more
            self._seen.add(written)
            delay_ms = (now_ns - int(written)) / 1e6
            self.late.append((int(written) / 1e9, delay_ms))
            if received:
                self.first_ms.append(delay_ms)
        self._tail = text[-OVERLAP:]


def ask(far_end: int, wanted: str) -> Stream:
    """A direct call of the far end."""
    body = f"[[far {wanted}]]".encode()
    return request(far_end, b"POST /v1/messages HTTP/1.1\r\ncontent-length: %d\r\n\r\n%b" % (len(body), body))


def request(port: int, data: bytes) -> Stream:
    """A stream over a connection of its own, its request written."""
    sock = socket.create_connection(("127.0.0.1", port))
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    sock.sendall(data)
    return Stream(sock)


class Readers:
    """Any number of streams, read by one thread: `poll` once, or `read` until something holds."""

    def __init__(self, streams: list[Stream] | None = None) -> None:
        self._epoll = select.epoll()
        self._open: dict[int, Stream] = {}
        self.streams: list[Stream] = []
        for stream in streams or []:
            self.add(stream)

    def add(self, stream: Stream) -> Stream:
        stream.sock.setblocking(False)
        self.streams.append(stream)
        self._open[stream.sock.fileno()] = stream
        self._epoll.register(stream.sock.fileno(), select.EPOLLIN)
        return stream

    def poll(self, timeout_s: float) -> None:
        for fileno, _ in self._epoll.poll(timeout_s):
            stream = self._open[fileno]
            try:
                data = stream.sock.recv(1 << 18)
            except OSError:
                data = b""
            if data:
                stream.take(data)
            else:
                self._epoll.unregister(fileno)
                del self._open[fileno]
                stream.is_over = True
                stream.sock.close()

    def read_for(self, seconds: float) -> None:
        until = time.monotonic() + seconds
        while (left_s := until - time.monotonic()) > 0:
            self.poll(left_s)

    def read_until(self, holds: Callable[[], bool], timeout_s: float = 30) -> None:
        until = time.monotonic() + timeout_s
        while not holds():
            if time.monotonic() > until:
                raise TimeoutError("what was waited for did not come")
            self.poll(0.5)

    def close(self) -> None:
        for stream in self._open.values():
            stream.sock.close()
        self._epoll.close()
