"""Eight columns at once: how long they take together, and how far apart their requests are written."""

import re
import statistics
import threading
import time

from bench.console import Console
from bench.figures import Figure, percentile
from bench.reading import Readers, ask

COLUMNS = 8
LONG = "ttft_ms=1000 tps=50 tokens=51"  # 2 s
SHORT = "ttft_ms=2 gap_ms=0 tps=1000 tokens=1"
RECEIVED = re.compile(r"r(\d+) ")


def measure_wall(console: Console, far_end: int, *, rounds: int = 4) -> list[Figure]:
    """From asking to the end of all, against the slowest of eight direct calls."""
    ratios, directs, walls = [], [], []
    for _ in range(rounds):
        began = time.monotonic()
        streams = [ask(far_end, LONG) for _ in range(COLUMNS)]
        readers = Readers(streams)
        readers.read_until(lambda streams=streams: all(stream.is_over for stream in streams))  # type: ignore[misc]
        readers.close()
        directs.append(time.monotonic() - began)
        began = time.monotonic()
        comparison = console.compare(COLUMNS, LONG)
        console.api("GET", f"/comparisons/{comparison}?wait=30")
        walls.append(time.monotonic() - began)
        ratios.append(walls[-1] / directs[-1])
    ratio = statistics.median(ratios)
    measured = f"x {ratio:.3f} ({statistics.median(walls):.3f} s)"
    limit = f"direct: {statistics.median(directs):.3f} s"
    return [Figure("eight columns of 2 s, wall over the slowest", "<= x 1.05", measured, limit, ratio <= 1.05)]


def measure_spread(console: Console, far_end: int, *, rounds: int = 40) -> list[Figure]:
    """Between the first and the last of eight requests as the far end receives them."""
    direct_ms, through_ms = [], []
    places: list[list[int]] = [[] for _ in range(COLUMNS)]
    for _ in range(rounds):
        direct_ms.append(_spread_ms(_written_directly(far_end)))
        moments = _written_through(console)
        through_ms.append(_spread_ms(moments))
        order = sorted(range(COLUMNS), key=moments.__getitem__)
        for place, column in enumerate(order):
            places[column].append(place)
    p95 = percentile(through_ms, 0.95)
    means = [statistics.fmean(column) for column in places]
    middle = (COLUMNS - 1) / 2
    # Without any order the mean place scatters round the middle by 2.29 / sqrt(rounds); four times that is no chance.
    allowed = 4 * 2.29 / rounds**0.5
    bias = max(abs(mean - middle) for mean in means)
    limit = f"direct, 8 threads: p95 {percentile(direct_ms, 0.95):.1f} ms"
    shown = " ".join(f"{mean:.1f}" for mean in means)
    return [
        Figure("eight columns, spread of their writes, p95", "<= 10 ms", f"{p95:.1f} ms", limit, p95 <= 10),
        Figure(
            "eight columns, mean place of A to H in the order",
            f"{middle} +- {allowed:.1f}",
            shown,
            f"chance: +- {allowed / 2:.1f}",
            bias <= allowed,
        ),
    ]


def _spread_ms(moments_ns: list[int]) -> float:
    return (max(moments_ns) - min(moments_ns)) / 1e6


def _written_through(console: Console) -> list[int]:
    comparison = console.compare(COLUMNS, SHORT)
    told = console.api("GET", f"/comparisons/{comparison}?wait=30")
    by_column = {int(one["variant"]): one["text"] for one in told["exchanges"]}
    return [int(RECEIVED.search(by_column[column])[1]) for column in range(COLUMNS)]  # type: ignore[index]


def _written_directly(far_end: int) -> list[int]:
    """Eight threads that connect, meet at a barrier and write."""
    barrier, moments = threading.Barrier(COLUMNS), []

    def call() -> None:
        import socket

        body = f"[[far {SHORT}]]".encode()
        with socket.create_connection(("127.0.0.1", far_end)) as sock:
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            barrier.wait()
            sock.sendall(b"POST /v1/messages HTTP/1.1\r\ncontent-length: %d\r\n\r\n%b" % (len(body), body))
            data = b""
            while piece := sock.recv(65536):
                data += piece
        moments.append(int(RECEIVED.search(data.decode())[1]))  # type: ignore[index]

    threads = [threading.Thread(target=call) for _ in range(COLUMNS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return moments
