"""A page that watches a live stream as htmx does, without a browser: it applies fragments and can be asked for text."""

import re
from collections.abc import Iterable
from html import unescape

PARTIAL = re.compile(r'<hx-partial hx-target="(#[\w-]+)" hx-swap="(\w+)">(.*?)</hx-partial>', re.S)
BLOCK = re.compile(r'id="(t-[\w-]+)"[^>]*>([^<]*)<')


class Watcher:
    """What one open page shows: the text of every block that grows, and the last card of every lane."""

    def __init__(self) -> None:
        self.texts: dict[str, str] = {}
        self.cards: dict[str, str] = {}
        self.last_id = ""
        self.events: list[str] = []
        self.log: list[str] = []

    def take(self, frame: bytes) -> None:
        """One frame of the stream."""
        lines = frame.decode().split("\n")
        data = "\n".join(line[6:] for line in lines if line.startswith("data: "))
        names = [line[7:] for line in lines if line.startswith("event: ")]
        ids = [line[4:] for line in lines if line.startswith("id: ")]
        self.last_id = ids[0] if ids else self.last_id
        if names:
            self.events += names
            return
        # htmx looks up every target of a message before it swaps the first.
        there = set(self.texts)
        for target, swap, html in PARTIAL.findall(data):
            assert not target.startswith("#t-") or target[1:] in there, f"text for {target}, which is not on the page"
            self._swap(target[1:], swap, html)

    def watch(self, frames: Iterable[bytes]) -> "Watcher":
        for frame in frames:
            self.take(frame)
        return self

    def _swap(self, target: str, swap: str, html: str) -> None:
        self.log.append(f"{swap} {target}")
        if target.startswith("t-"):
            self.texts[target] = (self.texts[target] if swap == "beforeend" else "") + unescape(html)
        elif target.endswith("-blocks") or re.fullmatch(r"lane-\d+", target):
            if not target.endswith("-blocks"):
                self.cards[target] = html
            self.texts |= {name: unescape(text) for name, text in BLOCK.findall(html)}
