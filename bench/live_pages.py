"""Pages that read their live stream slowly, beside pages of the same comparison that read it at once."""

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bench.console import Console
from bench.figures import Figure, percentile
from bench.reading import Readers, request

COLUMNS, FAST, SLOW = 8, 4, 4
# Long tokens: what a slow reader leaves must soon be more than the kernel holds for it.
STREAMING = "ttft_ms=100 tps=50 tokens=1000000 pad=500"
SETTLE_S, WINDOW_S = 1.0, 4.0
A_READ, READS_EVERY_S = 1024, 1.0
FULL_S = 10.0  # so long they are left alone before it counts


def measure_slow_reader(console: Console) -> list[Figure]:
    """How late tokens are on pages that read, alone and then beside pages that take a kilobyte a second."""
    with _comparison(console, COLUMNS, STREAMING) as comparison:
        live = console.live_request(comparison)
        fast = Readers([request(console.port, live) for _ in range(FAST)])
        alone_ms = _p95_ms(fast)
        with _slow(console.port, live) as slow:
            fast.read_for(FULL_S)
            beside_ms = _p95_ms(fast)
            held_kb = min(_held_kb(console.port, sock) for sock in slow)
    fast.close()
    what = f"{FAST} live pages beside {SLOW} that read 1 KB/s, added p95"
    added_ms = beside_ms - alone_ms
    limit = f"alone: p95 {alone_ms:.0f} ms, beside: {beside_ms:.0f} ms; the kernel holds {held_kb:.0f} KB for each"
    return [Figure(what, "<= 50 ms", f"{added_ms:.0f} ms", limit, added_ms <= 50)]


@contextmanager
def _comparison(console: Console, columns: int, wanted: str) -> Iterator[str]:
    """A comparison that runs until the block is left."""
    comparison = console.compare(columns, wanted)
    try:
        yield comparison
    finally:
        console.api("POST", f"/comparisons/{comparison}/cancel")
        console.api("GET", f"/comparisons/{comparison}?wait=30")


@contextmanager
def _slow(port: int, live: bytes) -> Iterator[list[socket.socket]]:
    """Pages whose clients read a little each second, until the block is left."""
    pages, left = [_reading_little(port, live) for _ in range(SLOW)], threading.Event()

    def read() -> None:
        while not left.wait(READS_EVERY_S):
            for sock in pages:
                sock.recv(A_READ)

    reading = threading.Thread(target=read)
    reading.start()
    try:
        yield pages
    finally:
        left.set()
        reading.join()
        for sock in pages:
            sock.close()


def _reading_little(port: int, live: bytes) -> socket.socket:
    sock = socket.socket()
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    sock.connect(("127.0.0.1", port))
    sock.sendall(live)
    return sock


def _held_kb(port: int, reader: socket.socket) -> float:
    """What the console has written to this reader, and the kernel holds."""
    ends = f":{port:04X}", f":{reader.getsockname()[1]:04X}"
    for line in Path("/proc/net/tcp").read_text().splitlines()[1:]:
        _, here, there, _, queues, *_ = line.split()
        if here.endswith(ends[0]) and there.endswith(ends[1]):
            return int(queues.partition(":")[0], 16) / 1024
    return 0.0


def _p95_ms(readers: Readers) -> float:
    """Of the tokens written from now on for a while, after a moment to settle."""
    readers.read_for(SETTLE_S)
    began = time.monotonic()
    readers.read_for(WINDOW_S)
    late = [ms for stream in readers.streams for at, ms in stream.late if at >= began]
    assert late, "no token came"
    return percentile(late, 0.95)
