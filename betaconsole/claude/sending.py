"""Writing a request so that its moment is sharp, and so that an early refusal is still read."""

import contextlib
import select
import socket
from collections.abc import Callable

_ONE_WRITE_BYTES = 256 * 1024
_SLICE_BYTES = 1 << 20
_TLS_SLICE_BYTES = 128 * 1024  # what a slow line takes well within the deadline that each slice starts anew
_REFUSALS = (b"HTTP/1.1 4", b"HTTP/1.1 5", b"HTTP/1.0 4", b"HTTP/1.0 5")


def send_request(sock: socket.socket, head: bytes, body: bytes, *, wrote: Callable[[], None]) -> None:
    """Writes head and body: in one write where they are small, so that the write moment is one moment.

    `wrote` is called each time the line has taken a part of a large body.

    A server may refuse a large body before it has read all of it (413) and then stop reading or close. So a failing
    write is no failure yet (the answer may wait in the receive buffer), and over plain TCP an error status that comes
    while we write ends the writing. Under TLS readable bytes may be session tickets, so there only a failing write
    ends it.
    """
    with contextlib.suppress(OSError):
        if len(head) + len(body) <= _ONE_WRITE_BYTES:
            sock.sendall(head + body)
        elif type(sock) is socket.socket:
            sock.sendall(head)
            _send_watching(sock, memoryview(body), wrote)
        else:
            sock.sendall(head)
            for start in range(0, len(body), _TLS_SLICE_BYTES):
                sock.sendall(memoryview(body)[start : start + _TLS_SLICE_BYTES])
                wrote()


def _send_watching(sock: socket.socket, rest: memoryview, wrote: Callable[[], None]) -> None:
    poll = select.poll()
    poll.register(sock, select.POLLIN | select.POLLOUT)
    while rest:
        _, ready = poll.poll()[0]
        if ready & select.POLLIN:
            if _is_refusal(sock):
                return
            poll.modify(sock, select.POLLOUT)  # an interim answer, or an early good one: finish writing
        elif ready & select.POLLOUT:
            rest = rest[sock.send(rest[:_SLICE_BYTES], socket.MSG_DONTWAIT) :]
            wrote()
        else:
            return  # the connection broke; reading tells how


def _is_refusal(sock: socket.socket) -> bool:
    """Whether an error status, or the end of the connection, waits to be read."""
    start = sock.recv(len(_REFUSALS[0]), socket.MSG_PEEK | socket.MSG_DONTWAIT)
    return not start or start in _REFUSALS
