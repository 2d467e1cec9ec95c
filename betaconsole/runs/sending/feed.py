"""What is arriving for one exchange, in memory: written by the sending thread, read by the recorder and live pages.

The sending thread only appends here; it never touches the database, because waiting for a lock would stop a read and
falsify timings.
"""

import itertools
import sys
import threading
from collections import defaultdict
from dataclasses import dataclass, field
from datetime import datetime

from betaconsole.claude.client import Call
from betaconsole.claude.errors import Cancelled
from betaconsole.claude.reading import Result, Step
from betaconsole.claude.secret import Secret
from betaconsole.library.stubs import ToolStub

from .further import Ready
from .startline import StartLine
from .trail import Trail
from .turns import Missing

FLUSH_BYTES = 64 * 1024  # so much that is not stored yet is written at once
DAMAGED_HEADERS = "Its request headers are damaged and cannot be read any more; nothing was sent."
MOST_UNSAVED_BYTES = 8 * 1024 * 1024  # and so much of one answer is held where nothing can be written (faults.md, S2)


@dataclass(frozen=True)
class Loop:
    """How a cell goes on by itself: what answers its tool calls, and how many turns it may take."""

    max_turns: int
    stubs: tuple[ToolStub, ...]


@dataclass(frozen=True)
class Job:
    """All that a sending thread needs to know of an exchange."""

    exchange_id: int
    comparison_id: int
    team_id: int
    variant_id: int
    case_id: int
    repeat: int
    method: str
    url: str
    headers: tuple[tuple[str, str], ...]
    body: bytes
    stream: bool
    model: str
    key: Secret
    simulated: bool
    internal: bool = False  # whether the host may be in a private network or on this machine
    answers_message: bool = True
    turn: int = 1
    loop: Loop | None = None  # None: this turn is the cell's last, whatever it says


@dataclass
class Opening:
    """The response's head and the moments before it. Times in ms; None where unknown."""

    sent_headers: tuple[tuple[str, str], ...] = ()
    sent_at: datetime | None = None  # when the last request byte was written
    status: int | None = None
    response_headers: tuple[tuple[str, str], ...] | None = None
    connect_ms: float | None = None
    queue_ms: float | None = None


@dataclass
class Ending:
    """How the exchange ended, and what follows it in its cell. Times in ms from the last request byte."""

    result: Result
    first_byte_ms: float | None = None
    first_text_ms: float | None = None
    total_ms: float | None = None
    step: Ready | Missing | None = None  # the next turn, or tool calls that nothing answers


@dataclass(eq=False)
class Feed:
    """One exchange in flight in this process."""

    job: Job
    line: StartLine
    opening: Opening = field(default_factory=Opening)
    data: bytearray = field(default_factory=bytearray)  # every body byte so far
    timeline: list[tuple[float, int, str]] = field(default_factory=list)  # (at_ms, end offset, event type)
    trail: Trail = field(default_factory=Trail)
    ending: Ending | None = None

    # What the recorder has stored of it.
    opening_saved: bool = False
    bytes_saved: int = 0
    timeline_saved: int = 0
    segments_saved: int = 0

    call: Call | None = None
    cancelled: threading.Event = field(default_factory=threading.Event)

    def attach(self, call: Call) -> None:
        """The call that may be cut from now on; raises `Cancelled` where that was asked for already."""
        self.call = call
        if self.cancelled.is_set():
            raise Cancelled("Stopped before anything was sent.")

    def cancel(self) -> None:
        self.cancelled.set()
        if self.call is not None:
            self.call.cancel()

    def opened(self, opening: Opening) -> None:
        self.opening = opening
        ring(self.job.comparison_id)

    def received(self, chunk: bytes, at_ms: float, steps: list[Step]) -> None:
        self.data += chunk
        if steps:
            at_ms, had_text = round(at_ms, 2), self.trail.has_text
            self.timeline += [(at_ms, step.end, sys.intern(step.event_type)) for step in steps]
            self.trail.add(steps)
            ring(self.job.comparison_id, is_urgent=self.trail.has_text and not had_text)

    def ended(self, ending: Ending) -> None:
        self.ending = ending
        ring(self.job.comparison_id)

    @property
    def delay_s(self) -> float:
        """How long the next turn is to wait, in seconds."""
        step = self.ending.step if self.ending else None
        return step.delay_ms / 1000 if isinstance(step, Ready) else 0.0

    @property
    def unsaved_bytes(self) -> int:
        return len(self.data) - self.bytes_saved


# How often the stored states of a comparison changed in this process: a live page reads them again when this moved.
# Numbers never come again, so an entry may be dropped at any time: the worst is one look too many.
_changes: dict[int, int] = {}
_number = itertools.count(1)
MAX_CHANGES = 4096


class Bell(threading.Event):
    """Wakes one open page. `urgent` is set besides where something came that must not be gathered with what follows."""

    def __init__(self) -> None:
        super().__init__()
        self.urgent = threading.Event()

    def clear(self) -> None:
        self.urgent.clear()
        super().clear()


# Who wants to know when something happens in a comparison: one bell per open live page.
_bells: dict[int, set[Bell]] = defaultdict(set)
_bells_lock = threading.Lock()


def ring(comparison_id: int, *, is_urgent: bool = False) -> None:
    """Wake every live page of the comparison in this process."""
    for bell in tuple(_bells.get(comparison_id, ())):
        # Seldom set where it is set already: hundreds of threads ring, and each `set` takes a lock.
        if is_urgent and not bell.urgent.is_set():
            bell.urgent.set()
        if not bell.is_set():
            bell.set()


def changed(comparison_id: int) -> None:
    """A stored state of the comparison moved."""
    if len(_changes) > MAX_CHANGES:
        _changes.clear()
    _changes[comparison_id] = next(_number)
    ring(comparison_id)


def changes(comparison_id: int) -> int:
    return _changes.get(comparison_id, 0)


def listen(comparison_id: int) -> Bell:
    """A bell that `ring` sets, until `unlisten`."""
    bell = Bell()
    with _bells_lock:
        _bells[comparison_id].add(bell)
    return bell


def unlisten(comparison_id: int, bell: Bell) -> None:
    with _bells_lock:
        _bells[comparison_id].discard(bell)
        if not _bells[comparison_id]:
            del _bells[comparison_id]


def ring_all() -> None:
    """Wake every live page: the process is stopping."""
    for comparison_id in tuple(_bells):
        ring(comparison_id, is_urgent=True)
