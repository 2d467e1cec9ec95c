"""A wire between a browser and a console that a test can cut and mend, and that counts what goes over it."""

import contextlib
import socket
import struct
import threading
from dataclasses import dataclass, field


@dataclass(eq=False)
class Wire:
    """One connection of a browser. `asked` is the head of the request it carries now."""

    ends: tuple[socket.socket, socket.socket]
    asked: str = ""
    heads: list[str] = field(default_factory=list)

    def end(self) -> None:
        for sock in self.ends:
            with contextlib.suppress(OSError):
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                sock.shutdown(socket.SHUT_RDWR)
            sock.close()


class Relay:
    """Listens on a port of its own and passes bytes on to `port`. While it is cut every connection is reset at once."""

    def __init__(self, port: int) -> None:
        self._to = port
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=128)
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        self.heads: list[str] = []  # of every request so far, in the order they came
        self._wires: set[Wire] = set()
        self._is_cut = False
        threading.Thread(target=self._accept, daemon=True).start()

    def __enter__(self) -> "Relay":
        return self

    def __exit__(self, *exc: object) -> None:
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self.cut()

    def cut(self) -> None:
        self._is_cut = True
        for wire in list(self._wires):
            wire.end()

    def mend(self) -> None:
        self._is_cut = False

    def asked(self, path: str) -> list[str]:
        """The heads of all requests for addresses that hold this."""
        return [head for head in list(self.heads) if path in head.split("\r\n", 1)[0]]

    def open_now(self, path: str) -> int:
        """How many connections are open whose last request was for such an address."""
        return sum(path in wire.asked.split("\r\n", 1)[0] for wire in list(self._wires))

    def _accept(self) -> None:
        while True:
            try:
                near, _ = self._listener.accept()
            except OSError:
                return
            try:
                if self._is_cut:
                    raise ConnectionError
                wire = Wire((near, socket.create_connection(("127.0.0.1", self._to))))
            except ConnectionError:
                Wire((near, near)).end()
                continue
            self._wires.add(wire)
            for source, sink, is_asking in ((*wire.ends, True), (*wire.ends[::-1], False)):
                threading.Thread(target=self._pump, args=(wire, source, sink, is_asking), daemon=True).start()

    def _pump(self, wire: Wire, source: socket.socket, sink: socket.socket, is_asking: bool) -> None:
        try:
            while data := source.recv(65536):
                if is_asking and data.split(b" ", 1)[0] in (b"GET", b"POST"):
                    wire.asked = data.partition(b"\r\n\r\n")[0].decode("latin-1")
                    self.heads.append(wire.asked)
                sink.sendall(data)
        except OSError:
            pass
        finally:
            wire.end()
            self._wires.discard(wire)
