"""Pages that hold a live stream and do not read it, beside pages that do."""

import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager

from bench.console import Console
from bench.figures import Figure, percentile
from bench.reading import Readers, request

COLUMNS, FAST, STALLED = 8, 4, 4
STREAMING = "ttft_ms=100 tps=50 tokens=1000000"
SETTLE_S, WINDOW_S = 1.0, 4.0


def measure_slow_reader(console: Console) -> list[Figure]:
    """How late tokens are on pages that read, alone and then beside pages of the same comparison that do not."""
    with _comparison(console, COLUMNS, STREAMING) as comparison:
        live = console.live_request(comparison)
        fast = Readers([request(console.port, live) for _ in range(FAST)])
        alone_ms = _p95_ms(fast)
        stalled = [_stalled(console.port, live) for _ in range(STALLED)]
        beside_ms = _p95_ms(fast)
    for sock in stalled:
        sock.close()
    fast.close()
    what = f"{FAST} live pages beside {STALLED} that do not read, added p95"
    added_ms = beside_ms - alone_ms
    limit = f"alone: p95 {alone_ms:.0f} ms, beside: {beside_ms:.0f} ms"
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


def _stalled(port: int, live: bytes) -> socket.socket:
    """A page whose client takes in a few kilobytes and then nothing more."""
    sock = socket.socket()
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    sock.connect(("127.0.0.1", port))
    sock.sendall(live)
    return sock


def _p95_ms(readers: Readers) -> float:
    """Of the tokens written from now on for a while, after a moment to settle."""
    readers.read_for(SETTLE_S)
    began = time.monotonic()
    readers.read_for(WINDOW_S)
    late = [ms for stream in readers.streams for at, ms in stream.late if at >= began]
    assert late, "no token came"
    return percentile(late, 0.95)
