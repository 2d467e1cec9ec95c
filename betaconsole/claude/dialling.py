"""From a host name to a connected socket, such that another thread can stop it at any moment.

`getaddrinfo` cannot be interrupted, so a name is looked up on a thread that may be left behind; connecting waits in
short slices. The caller's watchdog ends both by cutting the line.
"""

import contextlib
import errno
import os
import socket
import threading
import time
from collections.abc import Sequence
from typing import Any

from urllib3.util.wait import wait_for_write

from .addresses import may_lead_to, refusal
from .errors import AddressRefused, ConnectionRefused, ConnectTimeout, DnsFailed
from .line import Line

_SLICE_S = 0.05
_Address = tuple[Any, Any, int, str, tuple[Any, ...]]


def connect(host: str, port: int, *, line: Line, until: float, internal: bool) -> socket.socket:
    """A connected TCP socket in blocking mode, held by `line`.

    `until` is the `time.monotonic()` of the connect deadline; where a name has several addresses, each gets its share
    of what is left. The name is asked for once, and only addresses that it may lead to are connected to (`internal`:
    private ones too). Raises DnsFailed, AddressRefused, ConnectionRefused, ConnectTimeout, or the reason the line was
    cut for.
    """
    addresses = _reachable(host.strip("[]"), _resolve(host.strip("[]"), port, line), internal=internal)
    reason = errno.EHOSTUNREACH
    for position, address in enumerate(addresses):
        share_s = (until - time.monotonic()) / (len(addresses) - position)
        sock = socket.socket(*address[:3])
        try:
            reason = _connect_one(sock, address[4], line, time.monotonic() + share_s)
        except BaseException:
            sock.close()
            raise
        if reason == 0:
            return sock
        sock.close()
    if reason == errno.ETIMEDOUT:
        raise ConnectTimeout(f"{host}:{port} did not accept a connection in time; nothing was sent.")
    raise ConnectionRefused(f"No connection to {host}:{port} ({os.strerror(reason)}); nothing was sent.")


def _resolve(host: str, port: int, line: Line) -> Sequence[_Address]:
    with contextlib.suppress(OSError, UnicodeError):
        return _addresses(host, port, socket.AI_NUMERICHOST)
    found: list[_Address] = []

    def look_up() -> None:
        with contextlib.suppress(OSError, UnicodeError):  # UnicodeError: not a host name at all
            found.extend(_addresses(host, port, 0))

    thread = threading.Thread(target=look_up, name="claude-dns", daemon=True)
    thread.start()
    while thread.is_alive():
        line.check()
        thread.join(_SLICE_S)
    if not found:
        raise DnsFailed(f"The host name {host!a} has no address; nothing was sent.")
    return found


def _reachable(host: str, found: Sequence[_Address], *, internal: bool) -> Sequence[_Address]:
    """The addresses that may be connected to, in their order."""
    if why := refusal(host, [address[4][0] for address in found], internal=internal):
        raise AddressRefused(why)
    return [address for address in found if may_lead_to(host, address[4][0], internal=internal)]


def _addresses(host: str, port: int, flags: int) -> Sequence[_Address]:
    return socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=flags)


def _connect_one(sock: socket.socket, address: tuple[Any, ...], line: Line, until: float) -> int:
    """0 when connected, else the error number; ETIMEDOUT past `until`."""
    _set_options(sock)
    line.hold(sock)
    sock.setblocking(False)
    reason = sock.connect_ex(address)
    while reason in (errno.EINPROGRESS, errno.EWOULDBLOCK):
        if wait_for_write(sock, timeout=_SLICE_S):
            reason = sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
        elif time.monotonic() > until:
            reason = errno.ETIMEDOUT
        line.check()
    sock.setblocking(True)
    return reason


def _set_options(sock: socket.socket) -> None:
    """No delay for small writes; keep-alive, since a long answer may be silent for minutes behind a NAT."""
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    for name in ("TCP_KEEPIDLE", "TCP_KEEPINTVL"):
        if hasattr(socket, name):
            sock.setsockopt(socket.IPPROTO_TCP, getattr(socket, name), 60)
