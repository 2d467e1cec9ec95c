"""How late tokens are while many pages of eight columns stream, against as many bare sockets."""

import time

from bench.console import Console
from bench.figures import Figure, percentile
from bench.reading import Readers, ask, request

A_PAGE = 8
WANTED = "ttft_ms=100 tps=50 tokens=1000000"
SETTLE_S, WINDOW_S, LATE_S = 1.0, 5.0, 2.0


def measure(console: Console, far_end: int, *, columns: int, bar_ms: float) -> list[Figure]:
    direct_ms = _direct(far_end, columns)
    through_ms, cpu_s = _through(console, far_end, columns)
    p50, p95 = (percentile(through_ms, share) - percentile(direct_ms, share) for share in (0.5, 0.95))
    rate = len(through_ms) / WINDOW_S / columns
    cpu_ms = cpu_s * 1e6 / max(1, len(through_ms))
    measured = f"{p95:.0f} ms (p50 {p50:.0f}; {rate:.0f} tokens/s each; CPU {cpu_ms:.0f} ms per 1,000)"
    limit = f"direct: p50 {percentile(direct_ms, 0.5):.1f}, p95 {percentile(direct_ms, 0.95):.1f} ms"
    what = f"{columns} live columns, 50 tokens/s each, added p95"
    return [Figure(what, f"<= {bar_ms:.0f} ms", measured, limit, p95 <= bar_ms and rate > 45)]


def _direct(far_end: int, columns: int) -> list[float]:
    readers = Readers([ask(far_end, WANTED) for _ in range(columns)])
    streams = readers.streams
    readers.read_for(SETTLE_S)
    began = time.monotonic()
    readers.read_for(WINDOW_S / 2)
    ended = time.monotonic()
    _end(far_end, readers)
    return [ms for stream in streams for at, ms in stream.late if began <= at < ended]


def _through(console: Console, far_end: int, columns: int) -> tuple[list[float], float]:
    """The delays in ms of all tokens written within the window, and the CPU time the console took for it."""
    readers = Readers()
    for _ in range(columns // A_PAGE):
        comparison = console.compare(A_PAGE, WANTED)
        readers.add(request(console.port, console.live_request(comparison)))
        readers.poll(0)
    streams = readers.streams
    readers.read_for(SETTLE_S)
    began, cpu_s = time.monotonic(), console.cpu_s()
    readers.read_for(WINDOW_S)
    ended, cpu_s = time.monotonic(), console.cpu_s() - cpu_s
    readers.read_for(LATE_S)  # what was written within the window may come after it
    _end(far_end, readers)
    return [ms for stream in streams for at, ms in stream.late if began <= at < ended], cpu_s


def _end(far_end: int, readers: Readers) -> None:
    readers.add(request(far_end, b"POST /end HTTP/1.1\r\n\r\n"))
    readers.read_until(lambda: all(stream.is_over for stream in readers.streams), timeout_s=60)
    readers.close()
