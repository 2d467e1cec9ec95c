"""A comparison of sixty cells: how long it takes beside its ideal time, and how soon the page of a heavy one opens."""

import heapq
import re
import sqlite3
import statistics
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from bench.console import Console
from bench.figures import Figure

COLUMNS, REPEATS = 3, 20
LIMIT = 64  # requests in flight on the simulator's connection
ASKED = {
    "model": "claude-sonnet-4-6",
    "max_tokens": 300,
    "messages": [{"role": "user", "content": "What changes when a header is sent? Answer at length."}],
}
SHORT = "[[far ttft_ms=2 gap_ms=0 tps=1000 tokens=20]]"
HEAVY_CHARACTERS = 600_000  # about 150,000 tokens
PAGES = 5
LOADS = re.compile(r'hx-get="([^"]+)"[^>]*hx-trigger="load"')


def measure_wall(console: Console, *, rounds: int = 3) -> list[Figure]:
    """From asking to the end of all on the simulator, against the same answers with nothing between them."""
    ratios, walls, ideals = [], [], []
    for _ in range(rounds):
        began = datetime.now(UTC)
        asked = {"connection": "simulator", "body": ASKED, "variants": _columns(), "repeats": REPEATS}
        made = console.api("POST", "/comparisons", asked)
        told = console.api("GET", f"/comparisons/{made['id']}?wait=60")
        [row] = console.api("GET", "/history?limit=1")["items"]
        assert row["id"] == made["id"]
        walls.append((datetime.fromisoformat(row["finished_at"]) - began).total_seconds())
        ideals.append(ideal_s(told["exchanges"]))
        ratios.append(walls[-1] / ideals[-1])
    ratio = statistics.median(ratios)
    measured = f"x {ratio:.3f} ({statistics.median(walls):.2f} s)"
    limit = f"ideal: {statistics.median(ideals):.2f} s"
    return [Figure("3 columns x 20 on the simulator, wall over the ideal", "<= x 1.1", measured, limit, ratio <= 1.1)]


def ideal_s(exchanges: Sequence[dict[str, Any]]) -> float:
    """The end of the last answer where every round starts the moment there is room for it.

    The first round's status lines come before the others start: so a column that is refused is asked once.
    """
    first_s = max(one["first_byte_ms"] for one in exchanges if one["repeat"] == 1) / 1000
    ends: list[float] = []
    last = 0.0
    for repeat in range(1, REPEATS + 1):
        took = [one["total_ms"] / 1000 for one in exchanges if one["repeat"] == repeat]
        begins = 0.0 if repeat == 1 else first_s
        while len(ends) + len(took) > LIMIT:
            begins = max(begins, heapq.heappop(ends))
        for seconds in took:
            heapq.heappush(ends, begins + seconds)
            last = max(last, begins + seconds)
    return last


def measure_page(console: Console) -> list[Figure]:
    """Requests of 150,000 tokens: the page, then what it loads by itself, one after the other."""
    system = " ".join(f"fact {number}" for number in range(HEAVY_CHARACTERS // 10))
    body = {**ASKED, "system": system, "messages": [{"role": "user", "content": SHORT}], "stream": True}
    before = _stored_bytes(console)
    asked = {"connection": "Far end", "body": body, "variants": _columns(), "repeats": REPEATS}
    made = console.api("POST", "/comparisons", asked)
    console.api("GET", f"/comparisons/{made['id']}?wait=60")
    each = (_stored_bytes(console) - before) / COLUMNS / REPEATS
    opened, loaded = [], []
    for _ in range(PAGES):
        began = time.monotonic()
        _, _, page = console.call("GET", f"/comparisons/{made['id']}/")
        opened.append(time.monotonic() - began)
        for path in LOADS.findall(page.decode()):
            console.call("GET", path.replace("&amp;", "&"), headers={"HX-Request": "true"})
        loaded.append(time.monotonic() - began)
    slowest = max(opened)
    measured = f"{slowest * 1000:.0f} ms (all it loads: {max(loaded) * 1000:.0f} ms; {each:,.0f} bytes an exchange)"
    what = "3 x 20 of 150,000 tokens, its page"
    return [Figure(what, "<= 1 s", measured, f"a request: {len(system):,} bytes", slowest <= 1)]


def _columns() -> list[dict[str, Any]]:
    return [{"label": f"{number}", "betas": []} for number in range(COLUMNS)]


def _stored_bytes(console: Console) -> int:
    path = Path(console.environment["BETACONSOLE_DATA"]) / "betaconsole.sqlite3"
    with sqlite3.connect(f"file:{path}?mode=ro", uri=True) as database:
        [(used,)] = database.execute(
            "SELECT (page_count - freelist_count) * page_size FROM pragma_page_count, pragma_freelist_count, pragma_page_size"
        )
    return int(used)
