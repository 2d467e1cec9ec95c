"""The socket of one call, and the one place where another thread may cut it.

Three may end a call early: a person (cancel), the watchdog (a deadline) and the far end. The first two go through
`Line.cut`: it notes why and shuts the socket down, which wakes a thread blocked in `recv`, `send` or a handshake. To
the reader a cut looks like any end of bytes, so it must ask `check` before it takes an end for an end.
"""

import contextlib
import socket
import threading

from .errors import CallError


class Line:
    """Holds the socket while a call lasts. `broken` is why it was cut; the first reason stays."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._sock: socket.socket | None = None
        self.broken: CallError | None = None

    def hold(self, sock: socket.socket) -> None:
        """From now on `cut` shuts down this socket. Raises the reason where the line was cut before."""
        with self._lock:
            self._sock = sock
        self.check()

    def receive(self, size: int) -> bytes:
        """Up to `size` bytes as soon as there are any; b"" at the end of bytes, and after a cut."""
        sock = self._sock
        return sock.recv(size) if sock is not None else b""

    def cut(self, reason: CallError) -> None:
        """Ends the call from any thread."""
        with self._lock:
            self.broken = self.broken or reason
            _shut(self._sock)

    def check(self) -> None:
        """Raises the reason if the line was cut."""
        if self.broken is not None:
            raise self.broken

    def release(self) -> None:
        """The call is over: the far end learns it at once, and nothing is left to cut."""
        with self._lock:
            _shut(self._sock)
            self._sock = None


def _shut(sock: socket.socket | None) -> None:
    """Shuts down the connection itself: `SSLSocket.shutdown` would pull the TLS state from under a reader."""
    while sock is not None and not isinstance(sock, socket.socket):
        sock = sock.socket  # urllib3's TLS within TLS
    if sock is not None:
        with contextlib.suppress(OSError):  # not connected yet, or closed by the far end
            socket.socket.shutdown(sock, socket.SHUT_RDWR)
