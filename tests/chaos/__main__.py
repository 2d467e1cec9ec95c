"""`make chaos ROUNDS=1000`: the loop of test_kill.py, longer, and with SIGTERM in a fifth of the rounds.

Then a whole console is stopped while nothing answers: it waits 25 s for what is in flight, cuts it and exits. Prints a line for every database and a summary; exits 1 if anything was lost, doubled or left running.
"""

import argparse
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

from tests.chaos.client import Program, console_of
from tests.chaos.crew import crew
from tests.chaos.far_end import FarEnd
from tests.chaos.rounds import Tally, play
from tests.chaos.verdict import TAIL_S

ROUNDS_EACH = 25  # rounds on one database
LONGEST_STOP_S = 30.0


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("rounds", type=int, nargs="?", default=100)
    parser.add_argument("--seed", default=f"{time.time_ns() % 1_000_000}-", help="as printed, to draw the same again")
    parser.add_argument("--allowance-ms", type=float, default=150, help="beyond 250 ms, for a machine that is busy")
    asked = parser.parse_args()
    total = Tally()
    for begin in range(0, asked.rounds, ROUNDS_EACH):
        seed = f"{asked.seed}{begin}-"
        rounds = min(ROUNDS_EACH, asked.rounds - begin)
        tally = play(rounds, seed=seed, stops=0.2, allowance_s=asked.allowance_ms / 1000)
        print(f"seed {seed}: {summary(tally)}", flush=True)
        for what in tally.wrong:
            print(f"  {what}", flush=True)
        total.add(tally)
    print(f"all: {summary(total)}", flush=True)
    total.wrong += stop_while_nothing_answers()
    return 1 if total.wrong else 0


def stop_while_nothing_answers() -> list[str]:
    """What goes wrong (nothing) where a console is stopped with sixteen requests that are never answered."""
    with (
        tempfile.TemporaryDirectory(prefix="betaconsole-chaos-", ignore_cleanup_errors=True) as folder,
        FarEnd(kinds=("silent",)) as far_end,
        crew(Path(folder), far_end.url) as hired,
        console_of(hired) as console,
    ):
        Program(console, hired.token()).compare("silent")
        hired.wait_until(lambda: len(far_end.seen) == 16)
        began = time.monotonic()
        code = console.stop()
        took_s = time.monotonic() - began
        states = Counter(row.state for row in hired.left().rows)
    print(f"stopped while nothing answered: exit code {code} after {took_s:.1f} s, {dict(states)}")
    is_right = code == 0 and took_s <= LONGEST_STOP_S and states == {"interrupted": 16}
    return [] if is_right else ["a console that was stopped"]


def summary(tally: Tally) -> str:
    states = ", ".join(f"{count} {state}" for state, count in sorted(tally.states.items()))
    tails = sorted(tally.tails_s)
    p95 = tails[int(len(tails) * 0.95)] * 1000 if tails else 0
    return (
        f"{tally.kills} kills, {tally.stops} SIGTERMs, {sum(tally.states.values())} exchanges ({states}); "
        f"claimed and killed before the write: {tally.unseen}; "
        f"lost of {len(tails)} cut streams' ends: p95 {p95:.0f} ms, worst {max(tails, default=0) * 1000:.0f} ms, "
        f"{sum(tail > TAIL_S for tail in tails)} over {TAIL_S * 1000:.0f} ms; "
        f"wrong: {len(tally.wrong)}"
    )


if __name__ == "__main__":
    sys.exit(main())
