"""A bare socket server in a process of its own that streams answers on time, each token with the moment it was written.

A request says what it wants anywhere in its bytes: `[[far ttft_ms=300 tps=50 tokens=100]]`. Every token is `t` and the
`time.monotonic_ns()` of its write, the first one begins with `r` and the moment the request was whole; all processes of
a machine share that clock, so a reader of the text knows how late each token is; `pad=1000` makes each so much longer.
`POST /end` ends all streams at once.

One thread, no framework: at 300 streams of 50 tokens a second it must not be what is measured.
"""

import heapq
import json
import re
import select
import socket
import time
from itertools import count

WANTED = re.compile(rb"\[\[far ([a-z0-9_=. ]*)\]\]")
LENGTH = re.compile(rb"(?i)\r\ncontent-length: *(\d+)")
HEAD = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream; charset=utf-8\r\ntransfer-encoding: chunked\r\n\r\n"
DONE = b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"
MESSAGE = {
    "id": "msg_bench", "type": "message", "role": "assistant", "model": "claude-sonnet-5-5", "content": [],
    "stop_reason": None, "stop_sequence": None, "usage": {"input_tokens": 10, "output_tokens": 1},
}  # fmt: skip


def event(name: str, **data: object) -> bytes:
    piece = f"event: {name}\ndata: {json.dumps({'type': name, **data}, separators=(',', ':'))}\n\n".encode()
    return b"%x\r\n%b\r\n" % (len(piece), piece)


BEGIN = event("message_start", message=MESSAGE) + event(
    "content_block_start", index=0, content_block={"type": "text", "text": ""}
)
END = (
    event("content_block_stop", index=0)
    + event("message_delta", delta={"stop_reason": "end_turn", "stop_sequence": None}, usage={"output_tokens": 100})
    + event("message_stop")
    + b"0\r\n\r\n"
)


def token(text: bytes) -> bytes:
    piece = (
        b"event: content_block_delta\n"
        b'data: {"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"%b"}}\n\n' % text
    )
    return b"%x\r\n%b\r\n" % (len(piece), piece)


class Stream:
    """One accepted connection: its request, then its answer, a piece at a time."""

    def __init__(self, sock: socket.socket) -> None:
        self.sock = sock
        self.request = bytearray()
        self.unsent = b""
        self.received_ns = 0
        self.stage = 0  # 0: the head is due, 1…: this token is due
        self.pause_s, self.tokens, self.gap_s, self.pad = 0.02, 50, 0.01, b""

    def is_whole(self) -> bool:
        head, found, body = bytes(self.request).partition(b"\r\n\r\n")
        length = LENGTH.search(head)
        return bool(found) and len(body) >= (int(length[1]) if length else 0)

    def begin(self) -> float:
        """Take in what is wanted; gives the moment the first piece is due."""
        self.received_ns = time.monotonic_ns()
        found = WANTED.search(self.request)
        wanted = dict(pair.split("=") for pair in found[1].decode().split()) if found else {}
        self.tokens = int(wanted.get("tokens", 50))
        self.pause_s = 1 / float(wanted.get("tps", 50))
        self.pad = b"x" * int(wanted.get("pad", 0))
        self.gap_s = float(wanted.get("gap_ms", 10)) / 1000
        return self.received_ns / 1e9 + float(wanted.get("ttft_ms", 0)) / 1000 - self.gap_s

    def piece(self) -> tuple[bytes, float | None]:
        """The bytes that are due and after how many seconds the next ones are; None at the end."""
        stage, self.stage = self.stage, self.stage + 1
        if stage == 0:
            return HEAD + BEGIN, self.gap_s
        if stage > self.tokens:
            return END, None
        first = b"r%d " % self.received_ns if stage == 1 else b""
        return token(b"%bt%d %b" % (first, time.monotonic_ns(), self.pad)), self.pause_s if stage < self.tokens else 0.0

    def send(self, data: bytes) -> bool:
        """False where the other side has gone. What the kernel does not take waits for the next piece."""
        self.unsent += data
        try:
            self.unsent = self.unsent[self.sock.send(self.unsent) :]
        except BlockingIOError:
            pass
        except OSError:
            return False
        return True


class Server:
    def __init__(self) -> None:
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=1024)
        self.listener.setblocking(False)
        self.poll = select.epoll()
        self.poll.register(self.listener.fileno(), select.EPOLLIN)
        self.streams: dict[int, Stream] = {}
        self.due: list[tuple[float, int, Stream]] = []
        self.numbers = count()

    def run(self) -> None:
        while True:
            wait_s = max(0.0, self.due[0][0] - time.monotonic()) if self.due else 1.0
            for fileno, _ in self.poll.poll(wait_s):
                self.accept() if fileno == self.listener.fileno() else self.read(fileno)
            now = time.monotonic()
            while self.due and self.due[0][0] <= now:
                at, _, stream = heapq.heappop(self.due)
                self.write(stream, at)

    def accept(self) -> None:
        while True:
            try:
                sock, _ = self.listener.accept()
            except BlockingIOError:
                return
            sock.setblocking(False)
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self.streams[sock.fileno()] = Stream(sock)
            self.poll.register(sock.fileno(), select.EPOLLIN)

    def read(self, fileno: int) -> None:
        stream = self.streams[fileno]
        try:
            data = stream.sock.recv(1 << 18)
        except OSError:
            data = b""
        if not data:
            return self.drop(stream)
        stream.request += data
        if not stream.is_whole():
            return None
        if stream.request.startswith(b"POST /end"):
            for other in self.streams.values():
                other.tokens = min(other.tokens, other.stage)
            stream.send(DONE)
            return self.drop(stream)
        self.schedule(stream, stream.begin())
        stream.request.clear()
        return None

    def schedule(self, stream: Stream, at: float) -> None:
        heapq.heappush(self.due, (at, next(self.numbers), stream))

    def write(self, stream: Stream, at: float) -> None:
        if stream.sock.fileno() < 0:
            return
        data, pause_s = stream.piece()
        if not stream.send(data):
            self.drop(stream)
        elif pause_s is not None:
            self.schedule(stream, at + pause_s)
        else:
            # Ended in order: the rest of the bytes first, then the end of them.
            stream.sock.setblocking(True)
            if stream.unsent:
                stream.sock.sendall(stream.unsent)
            self.drop(stream)

    def drop(self, stream: Stream) -> None:
        self.poll.unregister(stream.sock.fileno())
        del self.streams[stream.sock.fileno()]
        stream.sock.close()


def main() -> None:
    server = Server()
    print(server.listener.getsockname()[1], flush=True)
    server.run()


if __name__ == "__main__":
    main()
