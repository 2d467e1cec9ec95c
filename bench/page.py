"""What a browser fetches for the first page, cold, and how the console starts and sits."""

import re
import tempfile
from pathlib import Path
from urllib.parse import urljoin

from bench.console import Console
from bench.figures import Figure

ASSETS = re.compile(r'(?:<link[^>]+href|<script[^>]+src|<img[^>]+src)="([^"#]+)"')
FROM_CSS = re.compile(r"url\(\"?'?([^)\"']+)|@import \"([^\"]+)\"")
STARTS = 3


def measure_weight(console: Console) -> list[Figure]:
    fetched: dict[str, int] = {}
    waiting = ["/"]
    while waiting:
        path = waiting.pop()
        if path in fetched or not path.startswith("/"):
            continue
        status, headers, body = console.call("GET", path, headers={"Accept-Encoding": "gzip, deflate, br"})
        assert status == 200, (path, status)
        fetched[path] = len(body)
        waiting += [urljoin(path, found) for found in _named_in(headers, body, is_page=path == "/")]
    kilobytes, requests = sum(fetched.values()) / 1024, len(fetched)
    heaviest = max(fetched, key=fetched.__getitem__)
    return [
        Figure(
            "page weight of /, compressed, cold",
            "<= 90 KB",
            f"{kilobytes:.0f} KB",
            f"most: {heaviest}",
            kilobytes <= 90,
        ),
        Figure("requests for /, cold", "<= 10", str(requests), "", requests <= 10),
    ]


def _named_in(headers: dict[str, str], body: bytes, *, is_page: bool) -> list[str]:
    import gzip

    kind = headers.get("content-type", "")
    if headers.get("content-encoding") == "gzip":
        body = gzip.decompress(body)
    if is_page:
        return ASSETS.findall(body.decode())
    return ["".join(pair) for pair in FROM_CSS.findall(body.decode())] if kind.startswith("text/css") else []


def measure_start() -> list[Figure]:
    """Later starts on a data folder that is there, and the memory of a console that has shown one page."""
    starts_s = []
    with tempfile.TemporaryDirectory(prefix="betaconsole-bench-") as folder:
        for number in range(STARTS + 1):
            console = Console(Path(folder))
            if number:
                starts_s.append(console.start_s)
            memory_mb = console.memory_mb()
            console.stop()
    start_s = min(starts_s)
    return [
        Figure(
            "a later start, to the first page",
            "<= 1.5 s",
            f"{start_s:.2f} s",
            f"of {STARTS}: worst {max(starts_s):.2f} s",
            start_s <= 1.5,
        ),
        Figure("idle memory", "<= 120 MB", f"{memory_mb:.0f} MB", "", memory_mb <= 120),
    ]
