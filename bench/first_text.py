"""How much later the first text is on the console's live stream than at a bare socket."""

import random

from bench.console import Console
from bench.figures import Figure, percentile
from bench.reading import Readers, ask, request

ROUNDS = 30
COLUMNS = 2
# Long enough for the page and its stream to be open before the first text.
WANTED = "ttft_ms={} gap_ms={} tps=50 tokens=5"


def measure(console: Console, far_end: int) -> list[Figure]:
    direct_ms: list[float] = []
    through_ms: list[float] = []
    chance = random.Random(1)
    for _ in range(ROUNDS):
        gap_ms = chance.randint(0, 30)  # from the answer's head to its first text
        direct_ms += _direct(far_end, WANTED.format(60, gap_ms))
        through_ms += through(console, WANTED.format(chance.randint(350, 450), gap_ms))
    # The same share of both: what made direct calls late in this run made the console's late as well.
    p50, p95 = (percentile(through_ms, share) - percentile(direct_ms, share) for share in (0.5, 0.95))
    limit = f"direct: p50 {percentile(direct_ms, 0.5):.1f}, p95 {percentile(direct_ms, 0.95):.1f} ms"
    return [
        Figure("first text, added on the live stream, p50", "<= 10 ms", f"{p50:.1f} ms", limit, p50 <= 10),
        Figure("first text, added on the live stream, p95", "<= 40 ms", f"{p95:.1f} ms", limit, p95 <= 40),
    ]


def _direct(far_end: int, wanted: str) -> list[float]:
    streams = [ask(far_end, wanted) for _ in range(COLUMNS)]
    readers = Readers(streams)
    readers.read_until(lambda: all(stream.is_over for stream in streams))
    readers.close()
    return [late for stream in streams for late in stream.first_ms]


def through(console: Console, wanted: str) -> list[float]:
    """How late in ms each column's first text is on the live stream of a comparison."""
    comparison = console.compare(COLUMNS, wanted)
    live = request(console.port, console.live_request(comparison))
    readers = Readers([live])
    readers.read_until(lambda: live.is_over)
    readers.close()
    return live.first_ms
