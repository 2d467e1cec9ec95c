"""Lost or doubled under kill -9: a short run of what `make chaos` does."""

import time

from bench.figures import Figure
from tests.chaos.rounds import play

ROUNDS = 8


def measure() -> list[Figure]:
    tally = play(ROUNDS, seed=f"bench{time.time_ns()}")
    sent = sum(tally.states.values())
    lost_ms = max(tally.tails_s, default=0) * 1000
    limit = f"{tally.kills} kills, {sent} exchanges, worst lost end {lost_ms:.0f} ms"
    return [Figure("lost or doubled under kill -9", "0", str(len(tally.wrong)), limit, not tally.wrong)]
