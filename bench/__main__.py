"""`make bench`: the numbers to hold (design.md section 10), each against the machine's own limit in the same run.

Prints a table and exits 0 whatever it says: on a shared machine only ratios mean something, and a person reads them.
`python -m bench first eight` measures only the rows so named; `RUNS=10000 python -m bench memory` looks longer.
"""

import signal
import sys
import time
from collections.abc import Callable

from bench import (
    availability,
    crash,
    eight_columns,
    first_text,
    history,
    idle_pages,
    live_pages,
    long_run,
    many_columns,
    many_runs,
    page,
)
from bench.console import Console, program, running
from bench.figures import Figure, table

Measure = Callable[[Console, int], list[Figure]]

MEASURES: dict[str, Measure] = {
    "first": first_text.measure,
    "eight": eight_columns.measure_wall,
    "160": lambda console, port: many_columns.measure(console, port, columns=160, bar_ms=150),
    "300": lambda console, port: many_columns.measure(console, port, columns=304, bar_ms=250),
    "throughput": many_runs.measure_throughput,
    "memory": lambda console, port: many_runs.measure_memory(console),
    "slow": lambda console, port: live_pages.measure_slow_reader(console),
    "idle": lambda console, port: idle_pages.measure(port),
    "sixty": lambda console, port: long_run.measure_wall(console),
    "heavy": lambda console, port: long_run.measure_page(console),
    "betas": lambda console, port: availability.measure(console),
    "crash": lambda console, port: crash.measure(),
    "spread": eight_columns.measure_spread,
    "page": lambda console, port: page.measure_weight(console),
    "start": lambda console, port: page.measure_start(),
    "history": lambda console, port: history.measure(),
}


def main(names: list[str]) -> None:
    # So that a polite kill stops the console and the far end too.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    began = time.monotonic()
    figures: list[Figure] = []
    with program("bench.far_end") as port, running(port) as console:
        for name in names or MEASURES:
            print(f"{name} ...", end=" ", file=sys.stderr, flush=True)
            figures += MEASURES[name](console, port)
    print(f"{time.monotonic() - began:.0f} s", file=sys.stderr)
    print(table(figures))


if __name__ == "__main__":
    main(sys.argv[1:])
