"""Five hundred open live pages of comparisons that say next to nothing: what they cost, and what is slower beside them."""

import statistics
import time
from collections.abc import Iterator
from contextlib import contextmanager

from bench.console import Console, running
from bench.figures import Figure
from bench.first_text import WANTED, through
from bench.reading import Readers, request

PAGES, COMPARISONS = 500, 20
THREADS = "640"
QUIET = (
    "ttft_ms=1000 gap_ms=0 tps=0.033 tokens=100"  # a word every half a minute: after 90 s without one it would be cut
)
SETTLE_S = 12.0  # a page has heard nothing for ten seconds
LOADS, FIRST_TEXTS = 20, 10
WINDOW_S = 10.0


def measure(far_end: int) -> list[Figure]:
    """On a console of its own with more threads: the usual one holds 224 live streams and asks the others to come again."""
    with running(far_end, BETACONSOLE_THREADS=THREADS) as console, _quiet(console) as comparisons:
        alone = Beside(console)
        with _open(console, comparisons) as pages:
            pages.read_for(SETTLE_S)
            beside = Beside(console)
            pages.poll(0)
            still_open = sum(not stream.is_over for stream in pages.streams)
        return _figures(alone, beside, still_open)


class Beside:
    """What somebody meets who uses the console now. Times in ms, processor time in ms per second of doing nothing."""

    def __init__(self, console: Console) -> None:
        began, cpu_s = time.monotonic(), console.cpu_s()
        time.sleep(WINDOW_S)
        self.cpu_ms = (console.cpu_s() - cpu_s) / (time.monotonic() - began) * 1000
        self.memory_mb = console.memory_mb()
        self.page_ms = statistics.median(_load_ms(console) for _ in range(LOADS))
        wanted = WANTED.format(400, 10)
        self.first_ms = statistics.median(late for _ in range(FIRST_TEXTS) for late in through(console, wanted))


def _figures(alone: Beside, beside: Beside, still_open: int) -> list[Figure]:
    cpu_ms = beside.cpu_ms - alone.cpu_ms
    each_kb = (beside.memory_mb - alone.memory_mb) * 1024 / PAGES
    slower = beside.page_ms / alone.page_ms
    later_ms = beside.first_ms - alone.first_ms
    return [
        Figure("idle live pages held open", str(PAGES), str(still_open), "", still_open == PAGES),
        Figure(
            f"processor time for {PAGES} idle live pages",
            "<= 50 ms/s",
            f"{cpu_ms:.0f} ms/s",
            f"without: {alone.cpu_ms:.0f} ms/s",
            cpu_ms <= 50,
        ),
        Figure(
            f"memory with {PAGES} idle live pages",
            "<= 250 MB",
            f"{beside.memory_mb:.0f} MB ({each_kb:.0f} KB each)",
            f"without: {alone.memory_mb:.0f} MB",
            beside.memory_mb <= 250,
        ),
        Figure(
            f"a page beside {PAGES} idle live pages",
            "<= x 1.5",
            f"x {slower:.2f} ({beside.page_ms:.0f} ms)",
            f"without: {alone.page_ms:.0f} ms",
            slower <= 1.5,
        ),
        Figure(
            f"first text beside {PAGES} idle live pages, later by",
            "<= 10 ms",
            f"{later_ms:.0f} ms (x {beside.first_ms / alone.first_ms:.2f})",
            f"without: {alone.first_ms:.0f} ms",
            later_ms <= 10,
        ),
    ]


def _load_ms(console: Console) -> float:
    began = time.monotonic()
    status, _, _ = console.call("GET", "/history/")
    assert status == 200, status
    return (time.monotonic() - began) * 1000


@contextmanager
def _quiet(console: Console) -> Iterator[list[str]]:
    """Comparisons that run until the block is left."""
    comparisons = [console.compare(1, QUIET) for _ in range(COMPARISONS)]
    try:
        yield comparisons
    finally:
        for comparison in comparisons:
            console.api("POST", f"/comparisons/{comparison}/cancel")


@contextmanager
def _open(console: Console, comparisons: list[str]) -> Iterator[Readers]:
    asked = [console.live_request(comparison) for comparison in comparisons]
    pages = Readers([request(console.port, asked[number % COMPARISONS]) for number in range(PAGES)])
    # Each has begun to stream.
    pages.read_until(lambda: all(stream.has_answered or stream.is_over for stream in pages.streams), timeout_s=60)
    try:
        yield pages
    finally:
        pages.close()
