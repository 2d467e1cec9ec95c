"""One thread that writes what arrives: all exchanges' new bytes in one transaction, within 250 ms or at 64 KB.

Every write is conditional on this process still owning the exchange (`worker`) and on its state, so that a process
that was declared dead can no longer change anything, and a final exchange never changes.
"""

import json
import logging
import threading
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from django.db import InterfaceError, OperationalError, transaction
from django.db import connection as database
from django.db.models import F
from django.utils import timezone

from betaconsole.claude.errors import Incomplete
from betaconsole.runs.models import Body, Comparison, Exchange, PackedBody, Segment, ToIndex, VerdictDue, Wait
from betaconsole.runs.states import IN_FLIGHT, UNFINISHED, State
from betaconsole.storage.fields import at_rest, unpacked
from betaconsole.storage.unsynced import unsynced
from betaconsole.teams.audit import record_console
from betaconsole.web.troubles import trouble_of

from .deriving import derived_fields, read_stored
from .feed import Feed, Job, changed
from .further import Ready, kept, queue_turns
from .turns import Missing

logger = logging.getLogger(__name__)

# From a byte's arrival to the end of the commit that holds it; with a busy machine's delays 250 ms.
STORED_WITHIN_S = 0.15
LONGEST_PAUSE_S = 0.05
RETRY_AFTER_S = 1.0
# The database is busy or away: the same write may succeed later. Any other failure is about what is to be written.
PASSING = (OperationalError, InterfaceError)
# The same request would be refused again: the rest of the column is not sent. The first set is about the key or the
# account, the second about this body.
REFUSED_FOR_ALL = {401, 402, 403, 404}
REFUSED_FOR_THIS_BODY = {400, 413, 422}

# Exchanges in flight in this process, for live pages.
feeds: dict[int, Feed] = {}


def rest_after(took_s: float) -> tuple[float, float]:
    """How long to rest after a write that took so long, in seconds: in any case, and then where nothing is urgent.

    What came just after it began waits for it to end, for the rest, and for the next one, which may take as long.
    """
    pause_s = min(took_s, LONGEST_PAUSE_S)
    return pause_s, max(0.0, STORED_WITHIN_S - 2 * took_s - pause_s)


class Recorder:
    """The recorder thread of one process. `worker` is the name this process claims exchanges under.

    `on_moved` is called after exchanges were answered or have ended, with the delays in seconds of those queued after them;
    `on_failed` with what kept it from writing: it tries again every `retry_s`.
    """

    def __init__(
        self,
        worker: str,
        *,
        on_moved: Callable[[list[float]], object] | None = None,
        on_failed: Callable[[Exception], object] | None = None,
        retry_s: float = RETRY_AFTER_S,
    ) -> None:
        self.worker = worker
        self.stuck_since: datetime | None = None  # nothing could be stored since then
        self.feeds: dict[int, Feed] = {}  # what this worker has in flight
        self.on_moved = on_moved or (lambda delays_s: None)
        self._on_failed, self._retry_s = on_failed or (lambda error: None), retry_s
        self._stuck_by = ""
        self._held: dict[int, int] = {}  # teams, by exchange, of what had to wait for it
        self._kick = threading.Event()
        self._stopping = False
        self._thread = threading.Thread(target=self._run, name="recorder", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self, timeout_s: float) -> None:
        """Write what is there and end."""
        self._stopping = True
        self._kick.set()
        self._thread.join(timeout_s)

    def kick(self) -> None:
        """Write soon instead of at the next tick: something opened, ended, or grew large."""
        self._kick.set()

    def track(self, feed: Feed) -> None:
        self.feeds[feed.job.exchange_id] = feeds[feed.job.exchange_id] = feed

    def forget(self, feed: Feed) -> None:
        for known in (self.feeds, feeds):
            known.pop(feed.job.exchange_id, None)

    def _run(self) -> None:
        took_s = 0.0
        while True:
            pause_s, wait_s = rest_after(took_s)
            # Others want to write as well, and SQLite lets nobody queue: never take the lock again at once.
            time.sleep(pause_s)
            self._kick.wait(wait_s)
            self._kick.clear()
            began = time.monotonic()
            last = self._stopping
            try:
                self.flush()
            except Exception as error:
                # Whatever it is, it must not end this thread, and nothing is lost: what was not committed is still in
                # the feeds, and is tried again.
                self._failed(error)
                time.sleep(self._retry_s)
            took_s = time.monotonic() - began
            if last:
                database.close()
                return

    def _failed(self, error: Exception) -> None:
        trouble = trouble_of(error)
        logger.error("recording failed, trying again: %s", trouble.kind if trouble else type(error).__name__)
        self.stuck_since = self.stuck_since or timezone.now()
        self._stuck_by = trouble.title if trouble else type(error).__name__
        database.close()
        self._on_failed(error)

    def flush(self) -> None:
        """Write everything new, in a transaction for what goes on and one for what has ended. The latter's feeds are forgotten.

        What cannot be stored ends as failed with its bytes kept, and holds nobody else back.
        """
        # Endings first taken, then written: an ending that arrives meanwhile waits for the next round, with its bytes.
        dirty = [(feed, feed.ending is not None) for feed in list(self.feeds.values()) if self._is_dirty(feed)]
        if self.stuck_since is not None:
            self._catch_up([feed for feed, _ in dirty])
        if dirty:
            self._store(dirty)
        if self.stuck_since is not None:
            self._note_stuck(self.stuck_since)

    def _store(self, dirty: "Sequence[tuple[Feed, bool]]") -> None:
        is_answered = any(self._has_new_head(feed) for feed, _ in dirty)
        try:
            self._write(dirty)
        except PASSING:
            raise
        except Exception:
            for one in dirty:
                self._write_alone(*one)
        if is_answered or any(has_ended for _, has_ended in dirty):
            self.on_moved([delay_s for feed, has_ended in dirty if has_ended and (delay_s := feed.delay_s)])

    def _catch_up(self, feeds: "Sequence[Feed]") -> None:
        """After a failure: what is stored is asked for, since a commit may have been kept whose answer was lost."""
        for one in feeds:
            held = list(Segment.objects.filter(exchange_id=one.job.exchange_id))
            one.segments_saved, one.bytes_saved = len(held), sum(len(segment.data) for segment in held)
            one.timeline_saved = sum(len(segment.timeline) for segment in held)
            self._held[one.job.exchange_id] = one.job.team_id

    def _note_stuck(self, since: datetime) -> None:
        """All of it is stored: the audit logs say how long it was not.

        Not before: a nearly full disk takes such a line again and again, and never what waits for it.
        """
        with transaction.atomic():
            for team_id in sorted(set(self._held.values())):
                detail = {
                    "since": f"{since:%Y-%m-%d %H:%M:%S} UTC",
                    "why": self._stuck_by,
                    "exchanges": len(self._held),
                }
                record_console(team_id, "storing failed", about="what was in flight was kept in memory", detail=detail)
        self.stuck_since = None
        self._held.clear()

    def _write(self, dirty: "Sequence[tuple[Feed, bool]]") -> None:
        # What goes on first, by itself: what has arrived must not wait for the disk, nor for endings to be worked out.
        self._write_pieces([feed for feed, has_ended in dirty if not has_ended])
        self._write_endings([feed for feed, has_ended in dirty if has_ended])

    def _write_pieces(self, feeds: "Sequence[Feed]") -> None:
        # Here and below all that takes time before the transaction: the whole console waits for SQLite's one lock.
        pieces = [Piece(feed) for feed in feeds]
        if not pieces:
            return
        with unsynced():
            owned = self._still_owned()
            self._append([piece for piece in pieces if piece.feed.job.exchange_id in owned])
        for piece in pieces:
            piece.note()
        for comparison_id in {piece.feed.job.comparison_id for piece in pieces if piece.is_head}:
            changed(comparison_id)
        self._let_go_but(owned, feeds)

    def _write_endings(self, feeds: "Sequence[Feed]") -> None:
        endings = [Final(feed) for feed in feeds]
        if not endings:
            return
        with transaction.atomic():
            owned = self._still_owned()
            self._finish([ending for ending in endings if ending.feed.job.exchange_id in owned], owned)
        for feed in feeds:
            self.forget(feed)
        for comparison_id in {feed.job.comparison_id for feed in feeds}:
            changed(comparison_id)
        self._let_go_but(owned, feeds)

    def _still_owned(self) -> dict[int, bool]:
        """What nobody took from this process meanwhile, locked until the end of the transaction; and whether it may go on."""
        # By the worker, not by hundreds of ids: that many parameters take longer to write down than to look up.
        mine = Exchange.objects.in_flight().filter(worker=self.worker)
        wishes = mine.order_by("pk").select_for_update().values_list("pk", "cancel_requested_at")
        return {pk: cancel_requested_at is None for pk, cancel_requested_at in wishes}

    def _let_go_but(self, owned: Mapping[int, bool], feeds: "Sequence[Feed]") -> None:
        """Another process ended the others, because this one stood still for too long: nothing of them counts now."""
        for feed in feeds:
            if feed.job.exchange_id not in owned:
                self.forget(feed)
                feed.cancel()
                changed(feed.job.comparison_id)  # pages here have heard of it from nobody

    def _write_alone(self, feed: Feed, has_ended: bool) -> None:
        try:
            self._write([(feed, has_ended)])
        except PASSING:
            raise
        except Exception as error:
            # No traceback: its values are what a far end sent.
            logger.error("exchange %s cannot be stored as it is: %s", feed.job.exchange_id, type(error).__name__)
            self._give_up(feed)

    def _give_up(self, feed: Feed) -> None:
        """End an exchange with nothing but its bytes, and if need be without them."""
        feed.cancel()
        try:
            body_id, said = Body.keep(feed.job.team_id, bytes(feed.data)), "Its bytes are kept."
        except PASSING:
            raise
        except Exception:
            body_id, said = None, "Its bytes could not be kept either."
        with transaction.atomic():
            ended = self._owned(feed).update(
                state=State.FAILED,
                version=F("version") + 1,
                lease_until=None,
                ended_at=timezone.now(),
                failure_kind="not_stored",
                error_message=f"The console could not store what this response says. {said}",
                status=feed.opening.status,
                response_body_id=body_id,
            )
            if ended:
                after_final([(feed.job.exchange_id, feed.job.comparison_id)])
                close_if_finished(feed.job.comparison_id)
        self.forget(feed)
        changed(feed.job.comparison_id)

    @staticmethod
    def _is_dirty(feed: Feed) -> bool:
        return bool(feed.ending or Recorder._has_new_head(feed) or feed.unsaved_bytes)

    @staticmethod
    def _has_new_head(feed: Feed) -> bool:
        return feed.opening.status is not None and not feed.opening_saved

    def _owned(self, feed: Feed) -> Any:
        return Exchange.objects.filter(pk=feed.job.exchange_id, worker=self.worker, state__in=IN_FLIGHT)

    def _append(self, pieces: "Sequence[Piece]") -> None:
        for piece in pieces:
            if piece.is_head:
                fields = opening_fields(piece.feed)
                self._owned(piece.feed).update(state=State.STREAMING, version=F("version") + 1, **fields)
        Segment.objects.bulk_create(piece.segment for piece in pieces if piece.segment)

    def _finish(self, endings: "Sequence[Final]", may_go_on: Mapping[int, bool]) -> None:
        """The final rows: state, derived columns, the whole body in place of its segments, and what follows each."""
        ended = [
            ending
            for ending, body_id in zip(endings, kept_bodies(endings), strict=True)
            if self._owned(ending.feed).update(
                version=F("version") + 1, ended_at=timezone.now(), response_body_id=body_id, **ending.values
            )
        ]
        jobs = [ending.feed.job for ending in ended]
        after_final([(job.exchange_id, job.comparison_id) for job in jobs])
        self._go_on([ending for ending in ended if may_go_on[ending.feed.job.exchange_id]])
        for ending in ended:
            if ending.values["state"] == State.FAILED and ending.feed.opening.status:
                skip_rest(ending.feed.job, ending.feed.opening.status, refused_betas=ending.values["refused_betas"])
        for comparison_id in sorted({job.comparison_id for job in jobs}):
            close_if_finished(comparison_id)

    def _go_on(self, endings: "Sequence[Final]") -> None:
        """The cells' next turns, queued; where tool calls have no answer, a wait for a person."""
        waits = [
            Wait(comparison_id=job.comparison_id, exchange_id=job.exchange_id, reason=Wait.Reason.RESULT)
            for job in (ending.feed.job for ending in endings if isinstance(ending.step, Missing))
        ]
        if waits:
            Wait.objects.bulk_create(waits)
        for team_id in sorted({ending.feed.job.team_id for ending in endings}):
            ready = {
                ending.feed.job.exchange_id: ending.step
                for ending in endings
                if isinstance(ending.step, Ready) and ending.feed.job.team_id == team_id
            }
            if ready:
                queue_turns(kept(team_id, ready), worker=self.worker)


class Piece:
    """What is new of an exchange in flight, ready to be written: its head, and its new bytes as a segment."""

    def __init__(self, feed: Feed) -> None:
        self.feed = feed
        self.is_head = feed.opening.status is not None and not feed.opening_saved
        # The timeline's length first: so no event is stored before its bytes.
        self._events, self._size = len(feed.timeline), len(feed.data)
        self.segment = self._segment() if self._size > feed.bytes_saved else None

    def _segment(self) -> Segment:
        feed = self.feed
        return Segment(
            exchange_id=feed.job.exchange_id,
            seq=feed.segments_saved,
            data=unpacked(bytes(feed.data[feed.bytes_saved : self._size])),
            timeline=feed.timeline[feed.timeline_saved : self._events],
        )

    def note(self) -> None:
        """It is committed."""
        self.feed.opening_saved |= self.is_head
        if self.segment:
            self.feed.timeline_saved, self.feed.bytes_saved = self._events, self._size
            self.feed.segments_saved += 1


class Final:
    """An exchange that has ended, ready to be written."""

    def __init__(self, feed: Feed) -> None:
        ending = feed.ending
        assert ending is not None
        self.feed, self.step = feed, ending.step
        self.body = None if feed.opening.status is None else PackedBody.of(bytes(feed.data))
        values = {
            "state": State(ending.result.state),
            "lease_until": None,
            "first_byte_ms": ending.first_byte_ms,
            "first_text_ms": ending.first_text_ms,
            "total_ms": ending.total_ms,
            "timeline": json.dumps(feed.timeline).encode(),
            **opening_fields(feed),
            **derived_fields(ending.result, model=feed.job.model),
        }
        self.values = at_rest(Exchange, values)


def kept_bodies(endings: Sequence[Final]) -> list[int | None]:
    """For each ending the key of its response's body; None where there was no response."""
    kept: dict[Final, int] = {}
    for team_id in {ending.feed.job.team_id for ending in endings}:
        answered = {
            ending: ending.body for ending in endings if ending.body is not None and ending.feed.job.team_id == team_id
        }
        kept |= zip(answered, Body.keep_all(team_id, list(answered.values())), strict=True)
    return [kept.get(ending) for ending in endings]


def opening_fields(feed: Feed) -> dict[str, Any]:
    """Column values from the response's head and the moments before it."""
    opening = feed.opening
    fields: dict[str, Any] = {
        "status": opening.status,
        "response_headers": None if opening.response_headers is None else [list(p) for p in opening.response_headers],
        "sent_at": opening.sent_at,
        "connect_ms": opening.connect_ms,
        "queue_ms": opening.queue_ms,
    }
    if opening.sent_headers:
        fields["request_headers"] = [list(pair) for pair in opening.sent_headers]
    return fields


def after_final(ended: Sequence[tuple[int, int]]) -> None:
    """What every final state brings, in the same transaction: its segments go, its text is to be indexed.

    `ended`: pairs of an exchange's id and its comparison's.
    """
    Segment.objects.filter(exchange_id__in=[exchange_id for exchange_id, _ in ended]).delete()
    ToIndex.objects.bulk_create(
        ToIndex(comparison_id=comparison_id, exchange_id=exchange_id) for exchange_id, comparison_id in ended
    )


def skip_rest(job: Job, status: int, *, refused_betas: Sequence[str]) -> None:
    """After a refusal that would repeat, the column's queued exchanges are skipped (faults.md 1.2, rule 10)."""
    rest = Exchange.objects.filter(comparison_id=job.comparison_id, variant_id=job.variant_id, state=State.QUEUED)
    if status in REFUSED_FOR_THIS_BODY and not refused_betas:
        # A later turn's body holds a reply of its own: nobody else sends it.
        rest = rest.filter(case_id=job.case_id, turn=1) if job.turn == 1 else rest.none()
    elif status not in REFUSED_FOR_ALL and not refused_betas:
        return
    rest.update(state=State.SKIPPED, worker="", ended_at=timezone.now(), version=F("version") + 1)


def close_if_finished(comparison_id: int) -> None:
    """Mark the comparison finished where no exchange is unfinished and no cell waits. Call inside a transaction."""
    # Locking the row first: of two processes that end the last two exchanges, the second sees the first one's.
    locked = Comparison.objects.select_for_update(no_key=True).filter(pk=comparison_id, finished_at=None)
    comparison = locked.only("pk").first()
    if comparison is None or comparison.exchanges.filter(state__in=UNFINISHED).exists():
        return
    if not comparison.waits.exists():
        Comparison.objects.filter(pk=comparison_id).update(
            finished_at=timezone.now(), paused_at=None, summary=None, verdict=None
        )
        ToIndex.objects.create(comparison_id=comparison_id)
        VerdictDue.objects.create(comparison_id=comparison_id)


def interrupt(exchange_id: int, *, lease_over: bool = False) -> bool:
    """End an exchange whose process died: what had arrived is kept and read, and it is never sent again.

    Conditional on nobody else having touched it meanwhile. With `lease_over` also on its lease being in the past
    by then. A row or a segment that cannot be read any more ends all the same, without what could not be read.
    """
    names = ("comparison_id", "version", "lease_until")
    found = Exchange.objects.filter(pk=exchange_id, state__in=IN_FLIGHT).values_list(*names).first()
    if found is None:
        return False
    comparison_id, version, lease_until = found
    try:
        fields = _kept_so_far(exchange_id)
    except PASSING:
        raise
    except Exception as error:
        logger.error("what had arrived of exchange %s cannot be read: %s", exchange_id, type(error).__name__)
        fields = {}
    with transaction.atomic():
        mine = Exchange.objects.filter(pk=exchange_id, version=version, state__in=IN_FLIGHT)
        if lease_over:
            mine = mine.filter(lease_until=lease_until)
        fields |= {"failure_kind": "interrupted", "state": State.INTERRUPTED, "lease_until": None}
        ended = mine.update(version=F("version") + 1, ended_at=timezone.now(), **fields)
        if ended:
            after_final([(exchange_id, comparison_id)])
            close_if_finished(comparison_id)
    changed(comparison_id)
    return bool(ended)


def up_to_a_gap(segments: Iterable[Segment]) -> list[Segment]:
    """The segments from the first on: past one that is missing nobody knows where the bytes belong."""
    return [segment for seq, segment in enumerate(segments) if segment.seq == seq]


def _kept_so_far(exchange_id: int) -> dict[str, Any]:
    """Column values from the segments of an exchange that was cut off by the end of its process."""
    exchange = Exchange.objects.get(pk=exchange_id)
    if exchange.status is None:
        return {}
    segments = up_to_a_gap(exchange.segments.all())
    data = b"".join(segment.data for segment in segments)
    timeline = [entry for segment in segments for entry in segment.timeline]
    result = read_stored(exchange, data, failure=Incomplete("The console stopped while this was streaming."))
    return {
        **derived_fields(result, model=exchange.model),
        "response_body_id": Body.keep(exchange.team_id, data),
        "timeline": json.dumps(timeline).encode(),
        "first_byte_ms": timeline[0][0] if timeline else None,
    }
