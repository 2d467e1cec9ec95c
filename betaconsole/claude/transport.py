"""`requests` on a line that can be cut: an adapter whose connections report to a `Wire`.

Only the adapter of requests is used, without a Session: a Session reads cookies, .netrc and proxies from around it,
and even with `allow_redirects=False` it reads the whole body of a redirect. Nothing is pooled and nothing retried.
"""

import contextlib
import functools
import io
import os
import re
import socket
import ssl
from http.client import HTTPException, HTTPResponse, LineTooLong
from typing import Any, cast

import requests
from requests.adapters import HTTPAdapter
from requests.utils import DEFAULT_CA_BUNDLE_PATH
from urllib3 import HTTPConnectionPool, HTTPSConnectionPool, PoolManager, ProxyManager
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.exceptions import HTTPError

from .dialling import connect
from .errors import CallError, NotSent, ProxyFailed, TlsFailed
from .wire import Head, Wire

_MAX_HEAD_BYTES = 256 * 1024
_MAX_INTERIM_ANSWERS = 10


class WireAdapter(HTTPAdapter):
    """Sends one request over a connection of its own that belongs to `wire`."""

    def __init__(self, wire: Wire, verify: bool | str) -> None:
        if verify is False:
            raise ValueError("Certificates are always verified; give the path of a CA bundle instead.")
        self._pool_classes = {
            "http": functools.partial(_WirePool, wire=wire),
            "https": functools.partial(_SecureWirePool, wire=wire),
        }
        self._verify = verify
        super().__init__(pool_connections=1, pool_maxsize=1)

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        super().init_poolmanager(*args, **kwargs)
        self._use_wires(self.poolmanager)

    def proxy_manager_for(self, proxy: str, **kwargs: Any) -> ProxyManager:
        manager = super().proxy_manager_for(proxy, proxy_ssl_context=tls_context(self._verify), **kwargs)
        self._use_wires(manager)
        return manager

    def build_connection_pool_key_attributes(
        self, request: requests.PreparedRequest, verify: Any, cert: Any = None
    ) -> tuple[Any, Any]:
        place, _ = super().build_connection_pool_key_attributes(request, verify, cert)
        return place, {"ssl_context": tls_context(self._verify)} if place["scheme"] == "https" else {}

    def cert_verify(self, conn: Any, url: Any, verify: Any, cert: Any) -> None:
        """Nothing to do: the context has its certificates, and loading them anew costs 10 ms a connection."""

    def build_response(self, req: Any, resp: Any) -> requests.Response:
        """Only what closing needs: the wire has the head already, and cookies are not wanted."""
        response = requests.Response()
        response.raw = resp
        return response

    def _use_wires(self, manager: PoolManager) -> None:
        manager.pool_classes_by_scheme = cast(Any, self._pool_classes)


@functools.lru_cache(maxsize=8)
def tls_context(verify: bool | str) -> ssl.SSLContext:
    """The context for `verify`: True for the authorities that come with requests, or the path of a CA bundle."""
    path = DEFAULT_CA_BUNDLE_PATH if verify is True else str(verify)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    with contextlib.suppress(OSError):
        context.load_verify_locations(**{"capath" if os.path.isdir(path) else "cafile": path})
        return context
    raise TlsFailed(f"The CA bundle {path} cannot be read; nothing was sent.")


class WireResponse(HTTPResponse):
    """A response that tells the wire its head exactly as received, and knows a cut head from a whole one."""

    def __init__(self, sock: socket.socket, *args: Any, wire: Wire, **kwargs: Any) -> None:
        super().__init__(sock, *args, **kwargs)
        self._wire = wire

    def begin(self) -> None:
        reader = _HeadReader(self.fp)
        self.fp = cast(Any, reader)
        try:
            self._begin_final()
        finally:
            if self.fp is not None:
                self.fp = reader.file
        self._wire.answered(Head(self.status, self.reason, reader.headers()), self)

    def _begin_final(self) -> None:
        for _ in range(_MAX_INTERIM_ANSWERS):
            super().begin()
            if self.status >= 200:
                return
            self.headers = self.msg = cast(Any, None)  # 103 and its kind: the answer is yet to come
        raise HTTPException("only interim answers")


class _HeadReader:
    """Stands in for a response's file while the head is read: keeps the lines, bounds them, notices a cut."""

    def __init__(self, file: io.BufferedReader) -> None:
        self.file = file
        self._lines: list[bytes] = []
        self._size = 0

    def readline(self, limit: int = -1) -> bytes:
        line = self.file.readline(limit)
        if not line:
            raise ConnectionResetError("the connection ended within the head")
        self._size += len(line)
        if self._size > _MAX_HEAD_BYTES:
            raise LineTooLong("head")
        self._lines.append(line)
        return line

    def close(self) -> None:
        self.file.close()

    def headers(self) -> tuple[tuple[str, str], ...]:
        """The header lines of the last head read; a folded line is joined to the one it continues."""
        lines = [line.rstrip(b"\r\n").decode("latin-1") for line in self._lines[:-1]]
        start = max(number for number, line in enumerate(["", *lines]) if not line) + 1
        pairs: list[tuple[str, str]] = []
        for line in lines[start:]:
            name, _, value = line.partition(":")
            if line[0] in " \t" and pairs:
                pairs[-1] = (pairs[-1][0], f"{pairs[-1][1]} {line.strip()}")
            else:
                pairs.append((name, value.strip(" \t")))
        return tuple(pairs)


class _WireConnection(HTTPConnection):
    """What plain and secure connections share. The order is: serialise, connect, barrier, write, wait for the head."""

    def __init__(self, *args: Any, wire: Wire, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._wire = wire
        self._held: list[bytes] | None = None
        self._through_proxy = False
        self.response_class = functools.partial(WireResponse, wire=wire)  # type: ignore[assignment]

    def connect(self) -> None:
        self._wire.connecting()
        error: Exception
        try:
            if self._wire.dial is None:
                super().connect()
            else:
                self.sock = self._wire.dial()
                self.is_verified = True  # nothing to verify: it came ready from this process
            self._wire.connected(self.sock)
            return
        except (OSError, HTTPException, HTTPError, ValueError) as caught:
            error = caught
        raise self._connect_failure(error)

    def send(self, data: Any) -> None:
        if self._held is None:
            super().send(data)  # asks a proxy for a tunnel
        else:
            self._held.append(data)

    def request(self, *args: Any, **kwargs: Any) -> None:
        """Collects the whole request before it connects or waits, so that the write follows the barrier at once."""
        held = self._held = list[bytes]()
        try:
            super().request(*args, **kwargs)
        finally:
            self._held = None
        if self.sock is None:
            self.connect()
        self._wire.write(self.sock, held[0], b"".join(held[1:]))

    def getresponse(self) -> Any:
        try:
            return super().getresponse()
        except (OSError, HTTPException, HTTPError, ValueError) as error:
            failure = self._wire.failure(error)
        raise failure

    def _new_conn(self) -> socket.socket:
        """To the address that the name was found to have; Host, SNI and the certificate stay those of the name."""
        until = self._wire.timer.limit
        internal = self._wire.internal or self.proxy is not None  # the operator named the proxy
        try:
            return connect(self.host, self.port, line=self._wire.line, until=until, internal=internal)
        except NotSent as error:
            if self.proxy is None:
                raise
            failure = ProxyFailed(f"The proxy cannot be reached: {error.message}")
        raise failure

    def _tunnel(self) -> None:
        super()._tunnel()
        self._through_proxy = True

    def _connect_failure(self, error: Exception) -> CallError:
        if self._wire.line.broken is not None:
            return self._wire.line.broken
        if self._wire.dial is not None:
            return NotSent()
        if self.proxy is not None and not self._through_proxy:
            status = re.search(r"failed: (\d{3})", str(error))
            return ProxyFailed(
                f"The proxy refused a tunnel with status {status[1]}; nothing was sent." if status else ""
            )
        if isinstance(error, ssl.SSLCertVerificationError):
            return TlsFailed(f"The server's certificate was refused ({error.verify_message}); nothing was sent.")
        return TlsFailed()


class _SecureWireConnection(_WireConnection, HTTPSConnection):
    """TLS takes the descriptor away from the socket it wraps, so during the handshake a second one serves to cut it."""

    def connect(self) -> None:
        with contextlib.ExitStack() as self._during_handshake:
            super().connect()

    def _new_conn(self) -> socket.socket:
        sock = super()._new_conn()
        spare = self._during_handshake.enter_context(sock.dup())
        self._wire.line.hold(spare)
        return sock


class _WirePool(HTTPConnectionPool):
    ConnectionCls = _WireConnection


class _SecureWirePool(HTTPSConnectionPool):
    ConnectionCls = _SecureWireConnection
