"""The two doors of the simulator: an HTTP server, and the same handler behind a socketpair. One wire for both."""

from __future__ import annotations

import contextlib
import json
import socket
import threading
import time
from collections.abc import Callable

from .endpoints import Api
from .pace import Pace
from .refusals import invalid
from .rules import Rules
from .seeds import new_request_id
from .wire import BadRequest, PeerGone, Player, Request, read_request, whole_answer

IDLE_S = 300.0
CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"


class Simulator:
    """A stand-in for the Claude API. Answers are deterministic for a request and its repeat, but for request ids and
    dates; see `directions` for wishes. Files, skills and batches are kept in memory, within bounds, for the key that
    brought them.

    With `record` every request that came in is kept in `seen`, for tests.
    """

    def __init__(self, rules: Rules, *, pace: Pace = Pace(), record: bool = False) -> None:  # noqa: B008
        self._api = Api(rules, pace)
        self._record = record
        self.seen: list[Request] = []

    def dial(self, repeat: int | None = None) -> socket.socket:
        """A connected socket whose other end is served by a thread of its own. Closing it ends that thread.

        `repeat` is which repeat of a request this is, from 1, for every request on this socket; without it the request's own
        wish counts, and without that a counter of equal requests.
        """
        ours, theirs = socket.socketpair()
        self._in_thread(lambda: self._serve(theirs, repeat), "simulator dialled")
        return ours

    def serve(self, host: str = "127.0.0.1", port: int = 0) -> Door:
        """Listen on an address (port 0: any free one) and accept from a thread. Raises OSError where it is taken."""
        return Door(socket.create_server((host, port), backlog=512), self._serve_accepted)

    def _serve_accepted(self, connection: socket.socket) -> None:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._in_thread(lambda: self._serve(connection, None), "simulator connection")

    def _in_thread(self, work: Callable[[], None], name: str) -> None:
        threading.Thread(target=work, name=name, daemon=True).start()

    def _serve(self, connection: socket.socket, repeat: int | None) -> None:
        """Answer the requests of one connection, one after the other, until either side ends it."""
        with connection, connection.makefile("rb") as stream, contextlib.suppress(PeerGone, OSError):
            connection.settimeout(IDLE_S)
            while True:
                try:
                    request = read_request(stream, confirm=lambda: connection.sendall(CONTINUE))
                except BadRequest as error:
                    _refuse_bytes(connection, error)
                    return
                if request is None or not self._answer(connection, request, repeat):
                    return

    def _answer(self, connection: socket.socket, request: Request, repeat: int | None) -> bool:
        started = time.monotonic()
        if self._record:
            self.seen.append(request)
        answer = self._api.answer(request, repeat=repeat)
        return Player(connection, started=started).play(answer, request)


class Door:
    """A listening address. `close()` ends it and every connection that came through it."""

    def __init__(self, listener: socket.socket, serve: Callable[[socket.socket], None]) -> None:
        self._listener = listener
        self._serve = serve
        self._open: set[socket.socket] = set()
        host, port = listener.getsockname()[:2]
        self.url = f"http://{host}:{port}"
        self._thread = threading.Thread(target=self._accept, name=f"simulator {port}", daemon=True)
        self._thread.start()

    def serve_forever(self) -> None:
        """Block until the door is closed."""
        self._thread.join()

    def close(self) -> None:
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for connection in list(self._open):
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
        self._thread.join(timeout=5)

    def __enter__(self) -> Door:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            self._open = {each for each in self._open if each.fileno() != -1} | {connection}
            self._serve(connection)


def _refuse_bytes(connection: socket.socket, error: BadRequest) -> None:
    refusal = invalid(f"Bad request: {error}")
    request_id = new_request_id()
    body = json.dumps(refusal.envelope(request_id)).encode()
    request = Request("", "", (), keep_alive=False)
    Player(connection, started=time.monotonic()).play(
        whole_answer(400, (("request-id", request_id),), body, at_s=0), request
    )
