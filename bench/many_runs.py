"""Short answers, one comparison after the other: how many are sent and logged in a second, and what memory they leave."""

import os
import time

from bench.console import Console
from bench.figures import Figure
from bench.reading import Readers, ask

COLUMNS, REPEATS = 8, 25
RUNS_EACH = COLUMNS * REPEATS
WANTED = "ttft_ms=0 gap_ms=0 tps=1000 tokens=5"
THROUGHPUT_RUNS = 800
RUNS = int(os.environ.get("RUNS", "2000"))
WARM_RUNS = 1_000  # after so many the caches are full; growth counts from there


def measure_throughput(console: Console, far_end: int) -> list[Figure]:
    """From asking to the last answer in the database, against the same answers read by bare sockets, as many at once."""
    bare = _bare_per_s(far_end)
    logged = THROUGHPUT_RUNS / _run(console, THROUGHPUT_RUNS)
    limit = f"bare sockets, {COLUMNS} at once: {bare:.0f}/s (x {logged / bare:.2f})"
    return [Figure("short runs sent and logged", ">= 30/s", f"{logged:.0f}/s", limit, logged >= 30)]


def measure_memory(console: Console) -> list[Figure]:
    """Memory after `RUNS` runs against that after the first 1,000 of them (or half of them)."""
    warm = min(WARM_RUNS, RUNS // 2)
    _run(console, warm)
    before_mb = console.memory_mb()
    _run(console, RUNS - warm)
    after_mb = console.memory_mb()
    growth = after_mb / before_mb - 1
    what = f"memory grown over {RUNS:,} runs, after the first {warm:,}"
    return [Figure(what, "<= 5 %", f"{growth:.1%}", f"{before_mb:.0f} MB, then {after_mb:.0f} MB", growth <= 0.05)]


def _run(console: Console, runs: int) -> float:
    """The seconds that so many runs take, rounded up to whole comparisons."""
    began = time.monotonic()
    for _ in range(-(-runs // RUNS_EACH)):
        comparison = console.compare(COLUMNS, WANTED, repeats=REPEATS)
        told = console.api("GET", f"/comparisons/{comparison}?wait=60")
        assert [one["state"] for one in told["exchanges"]] == ["succeeded"] * RUNS_EACH
    return time.monotonic() - began


def _bare_per_s(far_end: int) -> float:
    began = time.monotonic()
    readers = Readers()
    for done in range(0, THROUGHPUT_RUNS, COLUMNS):
        for _ in range(COLUMNS):
            readers.add(ask(far_end, WANTED))
        readers.read_until(lambda: all(stream.is_over for stream in readers.streams[-COLUMNS:]))
        assert len(readers.streams) == done + COLUMNS
    readers.close()
    return THROUGHPUT_RUNS / (time.monotonic() - began)
