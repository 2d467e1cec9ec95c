"""A far end that remembers: every request it saw, and every byte of each answer with the moment it was written.

What an answer is like (steady, slow to begin, cut, refused, …) is drawn from the request's marker, so that a run can be
repeated. Moments are `time.monotonic()`, which all processes of one machine share.
"""

import contextlib
import json
import random
import re
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from tests.upstream import STREAM_HEAD, Peer, Upstream, answer, chunk

MARKER = re.compile(r"\[\[([a-z0-9.-]+)\]\]")
# What answers are like, and how often.
WEIGHTS = {
    "steady": 70,
    "slow to begin": 12,
    "refused": 4,
    "cut before status": 4,
    "cut after status": 5,
    "error event": 5,
}
BUSY = json.dumps({"type": "error", "error": {"type": "overloaded_error", "message": "Overloaded"}}).encode()


def marker_of(request: str) -> str:
    """What tells one request from every other: the marker in its prompt and, from the second on, its turn. Empty: none."""
    found = MARKER.search(request)
    turn = 1 + request.count('"role":"assistant"')
    return "" if found is None else found[1] + (f"@{turn}" if turn > 1 else "")


@dataclass
class Answer:
    """One request seen and what was written back. `written`: (moment after the write, body bytes so far)."""

    kind: str
    body: bytes = b""
    written: list[tuple[float, int]] = field(default_factory=list)
    texts: list[tuple[int, str]] = field(default_factory=list)  # (body bytes up to its event's end, text)

    def bytes_before(self, moment: float) -> int:
        """How many bytes of the body had certainly left by then."""
        return max((size for at, size in self.written if at <= moment), default=0)

    def moment_of(self, size: int) -> float | None:
        """When the byte at this offset had left; None if it never did."""
        return next((at for at, so_far in self.written if so_far > size), None)

    def text_in(self, size: int) -> str:
        """The text of the events that are complete within so many bytes."""
        return "".join(text for end, text in self.texts if end <= size)


class FarEnd:
    """The recording server. `seen` maps each marker to the answers given to it: more than one means sent twice.

    `turns`: so many answers a conversation has; all but the last end with a tool call. `hold`: answers stand still after
    their first word until it is set.
    """

    def __init__(
        self,
        *,
        seed: str = "",
        kinds: Sequence[str] = tuple(WEIGHTS),
        events: tuple[int, int] = (5, 60),
        pace_s: tuple[float, float] = (0.002, 0.025),
        turns: int = 1,
        hold: threading.Event | None = None,
    ) -> None:
        self.hold = hold
        self.seen: dict[str, list[Answer]] = defaultdict(list)
        self.strangers: list[bytes] = []  # requests without a marker, or cut within one
        self._seed, self._kinds, self._events, self._pace_s = seed, kinds, events, pace_s
        self._turns = turns
        self._upstream = Upstream(self._serve)

    def __enter__(self) -> "FarEnd":
        self._upstream.__enter__()
        return self

    def __exit__(self, *how: object) -> None:
        self._upstream.__exit__(*how)  # type: ignore[arg-type]

    @property
    def url(self) -> str:
        return self._upstream.url

    def _serve(self, peer: Peer) -> None:
        raw = peer.read_request().raw
        if not raw:
            return  # connected, and killed before it wrote anything
        marker = marker_of(raw.decode("utf-8", "replace"))
        if not marker:
            self.strangers.append(raw)
            return
        chance = random.Random(f"{self._seed}/{marker}")
        [kind] = chance.choices(self._kinds, weights=[WEIGHTS.get(kind, 1) for kind in self._kinds])
        given = Answer(kind)
        self.seen[marker].append(given)
        events, pace_s = chance.randint(*self._events), chance.uniform(*self._pace_s)
        calls = int(marker.partition("@")[2] or 1) < self._turns
        SCRIPTS[kind](Writer(peer, given, marker, chance, events, pace_s, calls=calls, hold=self.hold))


class Writer:
    """Writes one answer and notes it. What could not be written, since the other side was killed, is not noted."""

    def __init__(
        self,
        peer: Peer,
        given: Answer,
        marker: str,
        chance: random.Random,
        events: int,
        pace_s: float,
        *,
        calls: bool = False,
        hold: threading.Event | None = None,
    ) -> None:
        self.hold = hold
        self.peer, self.given, self.marker, self.chance = peer, given, marker, chance
        self.events, self.pace_s, self.calls = events, pace_s, calls

    def pause(self, least_s: float, most_s: float) -> None:
        self.peer.wait(self.chance.uniform(least_s, most_s))

    def event(self, name: str, *, text: str = "", **data: object) -> None:
        piece = f"event: {name}\ndata: {json.dumps({'type': name, **data})}\n\n".encode()
        # Noted before the write, so that nothing the console could have read is unknown here.
        self.given.body += piece
        if text:
            self.given.texts.append((len(self.given.body), text))
        self.peer.send(chunk(piece))
        self.given.written.append((time.monotonic(), len(self.given.body)))

    def begin(self) -> None:
        self.peer.send(STREAM_HEAD)
        usage = {"input_tokens": 10, "output_tokens": 1}
        message = {"id": f"msg_{self.marker}", "type": "message", "role": "assistant", "model": "claude-sonnet-5-5"}
        self.event("message_start", message={**message, "content": [], "stop_reason": None, "usage": usage})
        self.event("content_block_start", index=0, content_block={"type": "text", "text": ""})

    def words(self, count: int) -> None:
        for number in range(count):
            text = f"{self.marker}:{number} "
            self.event("content_block_delta", text=text, index=0, delta={"type": "text_delta", "text": text})
            self.peer.wait(self.pace_s)
            if self.hold:
                self.hold.wait(120)

    def end(self) -> None:
        self.event("content_block_stop", index=0)
        if self.calls:
            call = {"type": "tool_use", "id": f"toolu_{self.marker}", "name": "look", "input": {}}
            self.event("content_block_start", index=1, content_block=call)
            self.event("content_block_stop", index=1)
        reason = "tool_use" if self.calls else "end_turn"
        self.event("message_delta", delta={"stop_reason": reason}, usage={"output_tokens": self.events})
        self.event("message_stop")
        self.peer.send(chunk(b""))


def _steady(writer: Writer) -> None:
    writer.begin()
    writer.words(writer.events)
    writer.end()


def _slow_to_begin(writer: Writer) -> None:
    writer.pause(0.05, 0.5)
    _steady(writer)


def _refused(writer: Writer) -> None:
    writer.given.body = BUSY
    writer.peer.send(answer(BUSY, 529))
    writer.given.written.append((time.monotonic(), len(BUSY)))


def _cut_before_status(writer: Writer) -> None:
    writer.pause(0, 0.1)
    writer.peer.reset()


def _cut_after_status(writer: Writer) -> None:
    writer.begin()
    writer.words(writer.events // 2)  # and the connection is closed


def _error_event(writer: Writer) -> None:
    writer.begin()
    writer.words(writer.events // 2)
    writer.event("error", error={"type": "overloaded_error", "message": "Overloaded"})
    writer.peer.send(chunk(b""))


def _silent(writer: Writer) -> None:
    """Says nothing at all, for longer than a test's steps usually wait."""
    while True:
        with contextlib.suppress(TimeoutError):
            writer.peer.wait_for_end()
            return


Script = Callable[[Writer], None]
SCRIPTS: dict[str, Script] = {
    "steady": _steady,
    "slow to begin": _slow_to_begin,
    "refused": _refused,
    "cut before status": _cut_before_status,
    "cut after status": _cut_after_status,
    "error event": _error_event,
    "silent": _silent,
}
