"""Pages of a long history: first, deep, filtered, searched; on SQLite, and on PostgreSQL where it is installed.

`BENCH_EXCHANGES` says how long it is (20,000: made in a minute or so). `BENCH_HISTORY` names a folder that keeps the SQLite
database, so that a million need to be made only once. Timed in one process, through the same function as the page and the API:
what the list costs, without the template.
"""

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bench.console import CHECKOUT, environment
from bench.figures import Figure

EXCHANGES = int(os.environ.get("BENCH_EXCHANGES", "20000"))
FOLDER = os.environ.get("BENCH_HISTORY", "")


def measure() -> list[Figure]:
    figures = _figures("SQLite", {})
    with _postgres() as address:
        return figures + (_figures("PostgreSQL", {"DATABASE_URL": address}) if address else [])


def _figures(database: str, more: dict[str, str]) -> list[Figure]:
    with tempfile.TemporaryDirectory(prefix="betaconsole-bench-") as temporary:
        folder = Path(FOLDER) if FOLDER and not more else Path(temporary)
        folder.mkdir(parents=True, exist_ok=True)
        own = environment(BETACONSOLE_DATA=str(folder), **more)
        made = subprocess.run(
            [sys.executable, "-m", "bench.history_timing", str(EXCHANGES)],
            cwd=CHECKOUT, env=own, check=True, capture_output=True, text=True,
        )  # fmt: skip
    told = json.loads(made.stdout.splitlines()[-1])
    size = f"{told['exchanges']:,} exchanges"
    figures = [
        Figure(
            f"history, {one['what']}, {database}, {size}",
            f"p95 <= {one['bar_ms']} ms",
            f"{one['p95_ms']:.0f} ms",
            f"p50 {one['p50_ms']:.0f} ms, best {one['best_ms']:.0f} ms, CPU here p95 {one['cpu_p95_ms']:.0f} ms; a row by its key {told['limit_ms']:.1f} ms",
            one["p95_ms"] <= one["bar_ms"],
        )
        for one in told["timed"]
    ]
    return [*figures, Figure(f"bytes per exchange, {database}", "printed", f"{told['bytes']:,.0f}", "", holds=True)]


@contextmanager
def _postgres() -> Iterator[str]:
    """The address of a server of our own; empty where PostgreSQL is not installed."""
    from tests.postgres import binary, server

    if binary("initdb") is None:
        yield ""
        return
    with server() as address:
        yield address
