"""Short answers, one comparison after the other: how many are sent and logged in a second, and what memory they leave."""

import os
import statistics
import time

from bench.console import Console, program
from bench.figures import Figure
from bench.reading import Readers, ask

COLUMNS, REPEATS = 8, 25
AT_ONCE = COLUMNS * REPEATS
WANTED = "ttft_ms=0 gap_ms=0 tps=1000 tokens=5"
THROUGHPUT_RUNS = 800
RUNS = int(os.environ.get("RUNS", "2000"))
FEW_REPEATS = 5  # of each comparison where memory is looked at: it is looked at after each


def measure_throughput(console: Console, far_end: int) -> list[Figure]:
    """From asking to the last answer in the database, against the same answers through a bare relay, as many at once."""
    with program("bench.relay", far_end) as relay:
        relayed = _relayed_per_s(relay)
    began = time.monotonic()
    for _ in range(THROUGHPUT_RUNS // AT_ONCE):
        _run(console, REPEATS)
    logged = THROUGHPUT_RUNS / (time.monotonic() - began)
    share = logged / relayed
    limit = f"a bare relay, {AT_ONCE} at once: {relayed:.0f}/s"
    measured = f"{logged:.0f}/s (x {share:.2f})"
    return [Figure("short runs sent and logged", ">= 30/s, or x 0.1", measured, limit, logged >= 30 or share >= 0.1)]


def measure_memory(console: Console) -> list[Figure]:
    """While the last tenth of `RUNS` runs went through, against the second tenth: in the first one caches fill."""
    seen_mb, began = [], time.monotonic()
    for _ in range(max(10, RUNS // (COLUMNS * FEW_REPEATS))):
        _run(console, FEW_REPEATS)
        seen_mb.append(console.memory_mb())
    tenth = len(seen_mb) // 10
    early_mb, late_mb = statistics.fmean(seen_mb[tenth : 2 * tenth]), statistics.fmean(seen_mb[-tenth:])
    growth = late_mb / early_mb - 1
    runs = len(seen_mb) * COLUMNS * FEW_REPEATS
    limit = f"{early_mb:.1f} MB, then {late_mb:.1f} MB; {runs / (time.monotonic() - began):.0f} runs/s"
    return [Figure(f"memory grown over {runs:,} runs", "<= 5 %", f"{growth:.1%}", limit, growth <= 0.05)]


def _run(console: Console, repeats: int) -> None:
    """One comparison to its end."""
    comparison = console.compare(COLUMNS, WANTED, repeats=repeats)
    state = ""
    while state != "finished":
        told = console.api("GET", f"/comparisons/{comparison}?wait=30")
        state = told["state"]
    assert [one["state"] for one in told["exchanges"]] == ["succeeded"] * COLUMNS * repeats


def _relayed_per_s(relay: int) -> float:
    began = time.monotonic()
    for _ in range(THROUGHPUT_RUNS // AT_ONCE):
        readers = Readers([ask(relay, WANTED) for _ in range(AT_ONCE)])
        readers.read_until(lambda readers=readers: all(stream.is_over for stream in readers.streams))  # type: ignore[misc]
        assert all(stream.first_ms for stream in readers.streams)
        readers.close()
    return THROUGHPUT_RUNS / (time.monotonic() - began)
