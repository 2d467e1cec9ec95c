"""What has arrived of an exchange, as blocks to show: from memory in the process that sends, from the store elsewhere."""

from dataclasses import dataclass, field
from typing import Protocol

from betaconsole.claude.reading import Reading
from betaconsole.runs.models import Exchange, Segment
from betaconsole.runs.sending.deriving import reading_of
from betaconsole.runs.sending.feed import Feed
from betaconsole.runs.sending.recording import feeds
from betaconsole.runs.sending.trail import Trail


@dataclass
class PartialBlock:
    """A content block so far."""

    index: int
    type: str
    label: str
    text: str = ""


@dataclass
class Partial:
    """An exchange so far: its blocks, and how many events they are made of."""

    position: int = 0
    blocks: list[PartialBlock] = field(default_factory=list)


class Source(Protocol):
    """Where a live page follows an exchange."""

    def refresh(self) -> Trail:
        """All of it so far."""


class MemorySource:
    """An exchange in flight in this process."""

    def __init__(self, feed: Feed) -> None:
        self._feed = feed

    def refresh(self) -> Trail:
        return self._feed.trail


class StoreSource:
    """An exchange that another process sends: its segments, read as they are committed."""

    def __init__(self, exchange_id: int) -> None:
        self._exchange_id = exchange_id
        self._next = 0
        self._reading: Reading | None = None
        self._trail = Trail()

    def refresh(self) -> Trail:
        for segment in Segment.objects.filter(exchange_id=self._exchange_id, seq__gte=self._next).order_by("seq"):
            if self._reading is None:
                needed = ("status", "response_headers", "method", "url", "batch_id")
                self._reading = reading_of(Exchange.objects.only(*needed).get(pk=self._exchange_id))
            self._trail.add(self._reading.feed(bytes(segment.data)))
            self._next = segment.seq + 1
        return self._trail


def source_of(exchange_id: int) -> Source:
    """Memory where the exchange is in flight here, else the store."""
    feed = feeds.get(exchange_id)
    return MemorySource(feed) if feed else StoreSource(exchange_id)


def partial_of(trail: Trail) -> Partial:
    """The blocks that the answer's events have made so far."""
    partial = Partial(position=trail.position)
    pieces: dict[int, list[str]] = {}
    blocks: dict[int, PartialBlock] = {}
    for change in trail.between(0, partial.position):
        if change.kind == "open":
            blocks[change.index] = PartialBlock(change.index, change.block_type, change.text)
            pieces[change.index] = []
        elif change.index in blocks:
            if change.kind == "replace":
                pieces[change.index].clear()
            pieces[change.index].append(change.text)
    for index, block in blocks.items():
        block.text = "".join(pieces[index])
        partial.blocks.append(block)
    return partial
