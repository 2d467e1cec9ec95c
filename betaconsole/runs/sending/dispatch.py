"""One exchange on the wire. At most once: a POST costs money and the API has no idempotency key.

The exchange was claimed, and the claim committed, before anything here runs. Nothing here touches the database, and
nothing here sends twice: whatever happens ends in one `Ending`.
"""

import logging
import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import timedelta

from django.conf import settings
from django.utils import timezone

from betaconsole.claude.client import Call, Deadlines, Request
from betaconsole.claude.errors import CallError, Incomplete, NotSent, ProtocolError
from betaconsole.claude.headers import HeaderError
from betaconsole.claude.masking import KeyMask
from betaconsole.claude.reading import Reading, Result, Step
from betaconsole.runs.states import State
from betaconsole.web.redaction import remembered

from .feed import FLUSH_BYTES, MOST_UNSAVED_BYTES, Ending, Feed, Job, Opening
from .foreign_keys import ForeignKeys
from .further import Ready
from .simulated import simulator
from .turns import Missing, Next, TurnError, next_turn

logger = logging.getLogger(__name__)


class NotKept(Incomplete):
    """The console could store nothing for so long that it stopped reading."""

    kind = "storage"
    default_message = (
        "The console could not store what arrived (its disk was full, or its database locked or away), and gave up reading "
        "once that was too much to hold. What it held is kept; the API may bill what it generated."
    )


class Clock:
    """Milliseconds since the last request byte was written, and the moments that count."""

    def __init__(self, call: Call) -> None:
        self._call = call
        self.first_byte_ms: float | None = None
        self.first_text_ms: float | None = None
        self.last_ms: float | None = None

    def now_ms(self) -> float:
        sent_at = self._call.timings.sent_at
        return 0.0 if sent_at is None else (time.monotonic() - sent_at) * 1000

    def saw(self, at_ms: float, steps: list[Step]) -> None:
        """Bytes arrived at this moment and completed these events."""
        self.last_ms = at_ms
        if self.first_byte_ms is None:
            self.first_byte_ms = at_ms
        if self.first_text_ms is None and any(_is_text(step) for step in steps):
            self.first_text_ms = at_ms


@dataclass(frozen=True)
class Around:
    """What a sending thread asks of the process around it.

    `kick`: write soon. `rest_s`: how long to leave the line alone between two reads once the first text is there.
    `is_stuck`: whether nothing can be stored at the moment; then MOST_UNSAVED_BYTES is all that is held in memory.
    """

    kick: Callable[[], None]
    rest_s: Callable[[], float]
    is_stuck: Callable[[], bool]


def send(feed: Feed, *, deadlines: Deadlines, around: Around) -> None:
    """Send the feed's request, fill the feed as the response arrives, and end it. Never raises."""
    line, arrived = feed.line, threading.Event()

    def before_write() -> None:
        arrived.set()
        line.wait(feed.cancelled)

    try:
        _exchange(feed, before_write, deadlines, around)
    except HeaderError as error:
        # A key or a header line that cannot stand in a request; the message never shows the key.
        feed.ended(Ending(Reading(0, ()).finish(NotSent(str(error)))))
    except Exception as error:
        # No traceback: its values are what a far end sent.
        logger.error("exchange %s ended by a mistake of the console: %s", feed.job.exchange_id, type(error).__name__)
        failure = ProtocolError("The console made a mistake while reading this response. What arrived is kept.")
        reading = Reading(feed.opening.status or 0, feed.opening.response_headers or ())
        feed.ended(Ending(reading.finish(failure)))
    finally:
        if not arrived.is_set():
            line.drop()
        around.kick()


def _exchange(feed: Feed, before_write: Callable[[], None], deadlines: Deadlines, around: Around) -> None:
    """Open the line, read what comes, and end the feed with what it amounts to. Raises `HeaderError` before anything is sent."""
    job = feed.job
    call = _call_of(job, deadlines)
    clock, reading = Clock(call), Reading(0, ())
    failure: CallError | None = None
    with call:
        try:
            feed.attach(call)
            head = call.open(before_write)
            mask, others = KeyMask(job.key), ForeignKeys(remembered())
            headers = tuple((name, others.whole(mask.whole(value))) for name, value in head.headers)
            feed.opened(_opening(call, head.status, headers))
            around.kick()
            reading = Reading(head.status, headers, expects_message=job.answers_message)
            chunks = mask.chunks(call.chunks())
            if head.status >= 400:
                chunks = others.body(chunks)
            _read(chunks, reading, feed=feed, call=call, clock=clock, around=around)
        except CallError as error:
            failure = error
        if feed.opening.status is None:
            feed.opening = _opening(call, None, None)
    result = reading.finish(failure)
    total_ms = clock.last_ms if failure is None else clock.now_ms()
    feed.ended(Ending(result, clock.first_byte_ms, clock.first_text_ms, total_ms, step_after(job, result)))


def _call_of(job: Job, deadlines: Deadlines) -> Call:
    """The call that sends just this request, over the line that the console's settings say."""
    return Call(
        Request(method=job.method, url=job.url, headers=job.headers, body=job.body, stream=job.stream),
        key=job.key,
        deadlines=deadlines,
        dial=(lambda: simulator().dial(repeat=job.repeat)) if job.simulated else None,
        verify=settings.CA_BUNDLE or True,
        proxy=settings.OUTBOUND_PROXY,
        internal=job.internal,
    )


def _read(chunks: Iterable[bytes], reading: Reading, *, feed: Feed, call: Call, clock: Clock, around: Around) -> None:
    """Hand on every chunk with its moment until the response, or its message, has ended. Raises `CallError`."""
    for chunk in chunks:
        at_ms = clock.now_ms()  # before it is read: the parser's time is not the far end's
        steps = reading.feed(chunk)
        if steps or not reading.is_event_stream:
            call.alive()
        clock.saw(at_ms, steps)
        feed.received(chunk, at_ms, steps)
        if feed.unsaved_bytes >= FLUSH_BYTES:
            around.kick()
        if feed.unsaved_bytes >= MOST_UNSAVED_BYTES and around.is_stuck():
            raise NotKept
        if reading.is_event_stream and reading.accumulator.finished:
            break
        if feed.trail.has_text and (pause_s := around.rest_s()):
            time.sleep(pause_s)


def step_after(job: Job, result: Result) -> Ready | Missing | None:
    """What follows in the cell. Made on the sending thread: a large body takes long, and the recorder must not wait."""
    if job.loop is None or result.state != State.SUCCEEDED or result.message is None:
        return None
    stubs, max_turns = job.loop.stubs, job.loop.max_turns
    try:
        step = next_turn(job.body, result.message, stubs=stubs, turn=job.turn, max_turns=max_turns)
    except TurnError:
        return None  # the cell ends as it stands; whoever asks it to go on is told why
    except Exception as error:
        # A whole answer must not be lost for what might have followed it.
        logger.error("no turn after exchange %s could be made: %s", job.exchange_id, type(error).__name__)
        return None
    return Ready.of(step) if isinstance(step, Next) else step


def _opening(call: Call, status: int | None, headers: tuple[tuple[str, str], ...] | None) -> Opening:
    sent_at = call.timings.sent_at
    return Opening(
        sent_headers=call.sent_headers,
        sent_at=None if sent_at is None else timezone.now() - timedelta(seconds=time.monotonic() - sent_at),
        status=status,
        response_headers=headers,
        connect_ms=call.timings.connect_ms,
        queue_ms=call.timings.queue_ms,
    )


def _is_text(step: Step) -> bool:
    return any(change.kind in ("open", "append") and change.field == "text" and change.text for change in step.changes)
