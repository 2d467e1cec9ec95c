"""What sends in this process: claims queued exchanges, runs them on threads, and looks after what others left behind.

Any process may create comparisons; a process with an engine takes them, on a poke or within 250 ms; within a second where it
had nothing to do for a while. Started by gunicorn.conf.py after the worker forked, stopped by it on the way out; nothing
starts by importing this.

At most once: `queued` was provably not sent and may run after a restart; what is found `sending` or `streaming` without
a living owner is `interrupted` and never sent again by itself.
"""

import heapq
import logging
import socket
import threading
import time
import uuid
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path
from typing import IO, Any

from django.conf import settings
from django.db import connection as database
from django.db import transaction
from django.db.models import F
from django.db.models.functions import Now
from django.utils import timezone

from betaconsole.claude.client import Deadlines
from betaconsole.claude.errors import NotSent
from betaconsole.claude.reading import Reading
from betaconsole.claude.secret import Secret
from betaconsole.library.stubs import ToolStub, read_stubs
from betaconsole.runs import finding
from betaconsole.runs.models import Comparison, Exchange
from betaconsole.runs.states import IN_FLIGHT, State
from betaconsole.storage.chores import Chore
from betaconsole.storage.fields import Damaged, DamagedValue
from betaconsole.teams.origins import is_allowed, may_be_internal, origin_of
from betaconsole.teams.sealing import Unreadable
from betaconsole.web.troubles import BROKEN, trouble_of

from . import batching, judging
from .dispatch import Around, send
from .feed import DAMAGED_HEADERS, Ending, Feed, Job, Loop, changed, ring_all
from .locks import is_free, locked, remove_if_free
from .parking import owners_of_turns, park
from .recording import RETRY_AFTER_S, Recorder, close_if_finished, interrupt
from .rounds import Round, first_repeats_unanswered, in_order, waiting
from .startline import StartLine

logger = logging.getLogger(__name__)

POLL_S = 0.25
LEASE = timedelta(seconds=30)
RENEW_S = 10.0
SWEEP_S = 30.0
TIDY_S = 1.0
LAST_WORDS_S = 3.0  # all that a stop may take beyond draining, while the database answers
BATCHES_S = 0.5
QUIET_AFTER_S, QUIET = 10.0, 4.0  # nothing to send or in flight for so long: every look comes so many times more rarely
MAX_SENDING = 512
# With more streams than this at once a sending thread rests between two reads, the longer the more there are. Threads
# that wake for every token wait for the interpreter far longer: at 300 streams of 50 tokens a second it stood still.
UNHURRIED = 48
REST_S_EACH, LONGEST_REST_S = 0.0004, 0.08


class Engine:
    """The sending half of one process. Intervals and limits are arguments so that tests can shorten them."""

    def __init__(
        self,
        *,
        data_dir: Path,
        deadlines: Deadlines | None = None,
        lease: timedelta = LEASE,
        renew_s: float = RENEW_S,
        sweep_s: float = SWEEP_S,
        max_sending: int = MAX_SENDING,
        retry_s: float = RETRY_AFTER_S,
    ) -> None:
        self.host = socket.gethostname()
        self.boot_id = uuid.uuid4().hex
        self.worker = f"{self.host}:{self.boot_id}"
        self.stopping = threading.Event()
        self.distrusts_since: datetime | None = None  # its disk failed: what it commits from then on may not be there
        self._locks = data_dir / "engines"
        self._lock: IO[str] | None = None
        self._deadlines = deadlines or Deadlines()
        self._lease, self._renew_s, self._sweep_s = lease, renew_s, sweep_s
        self._max_sending = max_sending
        self._starting = threading.Lock()
        self._due: list[float] = []  # a heap: when delayed turns may be sent, by time.monotonic()
        self._pool = ThreadPoolExecutor(max_workers=max_sending, thread_name_prefix="sending")
        self._recorder = Recorder(self.worker, on_moved=self._went_on, on_failed=self._note_failure, retry_s=retry_s)
        self._around = Around(self._recorder.kick, self._rest_s, lambda: self._recorder.stuck_since is not None)
        self._renewed = self._swept = self._busy = time.monotonic()
        # Reads may block, and thousands of results of a batch take a while: each has a thread of its own.
        self._sending = Chore("sending", self._send_waiting, every_s=self._until_due_s, retry_s=POLL_S)
        self._caretaker = Chore("caretaker", self._look_after, every_s=self._paced(TIDY_S), retry_s=TIDY_S)
        self._batches = Chore("batches", self._follow_batches, every_s=self._paced(BATCHES_S), retry_s=BATCHES_S)
        self._chores = (self._sending, self._caretaker, self._batches)

    @property
    def _feeds(self) -> dict[int, Feed]:
        return self._recorder.feeds

    # Starting and stopping ----------------------------------------------------------------------------------------

    def start(self) -> None:
        """Take the lock, end what a dead process left in flight, and begin to send."""
        self._locks.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._lock = locked(self._locks / f"{self.boot_id}.lock")
        self.recover()
        database.close()
        self._recorder.start()
        for chore in self._chores:
            chore.start()

    def is_whole(self) -> bool:
        return all(chore.is_alive for chore in self._chores)

    def begin_stopping(self) -> None:
        """Claim nothing more and let live pages end. Safe in a signal handler."""
        self.stopping.set()
        self.poke()
        ring_all()

    def stop(self, timeout_s: float = 25.0) -> None:
        """Wait for what is in flight, then cut the rest: it is kept as interrupted, never queued again.

        Turns that this process would have sent next wait for a person. Waits for LAST_WORDS_S more at most, all in all.
        """
        self.begin_stopping()
        deadline = time.monotonic() + timeout_s
        with self._starting:  # a claim in progress becomes feeds first
            pass
        while self._feeds and time.monotonic() < deadline:
            time.sleep(0.02)
        last_words_by = time.monotonic() + LAST_WORDS_S
        leftover = list(self._feeds.values())
        for chore in self._chores:
            chore.begin_stopping()
        self._recorder.stop(timeout_s=LAST_WORDS_S)
        for feed in leftover:
            if Exchange.objects.filter(pk=feed.job.exchange_id, worker=self.worker).exists():
                interrupt(feed.job.exchange_id)
            self._recorder.forget(feed)
            feed.cancel()
        park(self.worker)
        self._pool.shutdown(wait=False, cancel_futures=True)
        self._end_chores(max(deadline, last_words_by))
        if self._lock:
            self._lock.close()
            (self._locks / f"{self.boot_id}.lock").unlink(missing_ok=True)

    def _end_chores(self, deadline: float) -> None:
        """Let each come to the end of what it is at, such as a batch of the index: cut there, its work would be done again."""
        for chore in self._chores:
            chore.stop(max(0.0, deadline - time.monotonic()))

    def poke(self) -> None:
        """Something was queued."""
        self._sending.poke()

    def cancel(self, exchange_ids: Sequence[int]) -> None:
        """Cut these now, where they are in flight here; elsewhere their own engine sees the wish within 250 ms."""
        for exchange_id in exchange_ids:
            if feed := self._feeds.get(exchange_id):
                feed.cancel()
                feed.line.recheck()

    # Sending ------------------------------------------------------------------------------------------------------

    def _send_waiting(self) -> None:
        """Start what may start, and cut what is to be cut. What was claimed and not started is swept as its lease ends."""
        try:
            with self._starting:
                if self.may_send:
                    self.start_waiting()
            self._cancel_wished()
        except Exception as error:
            self._note_failure(error)
            raise

    @property
    def may_send(self) -> bool:
        return settings.SENDING_ENABLED and not self.stopping.is_set() and self.distrusts_since is None

    @property
    def storage_trouble(self) -> str:
        """What keeps it from storing what it sends, and since when; empty while all is well."""
        if self.distrusts_since is not None:
            return f"not trusted since {self.distrusts_since:%Y-%m-%d %H:%M:%S} UTC: nothing is sent until a restart"
        if (since := self._recorder.stuck_since) is not None:
            return f"takes nothing since {since:%Y-%m-%d %H:%M:%S} UTC"
        return ""

    def _note_failure(self, error: Exception) -> None:
        """After a failed fsync nobody knows which commits survive a power cut: a claim that got lost would be sent twice."""
        if trouble_of(error) is BROKEN and self.distrusts_since is None:
            self.distrusts_since = timezone.now()
            logger.critical("the database's disk or file gave an error: nothing is sent until the console is restarted")

    def _went_on(self, delays_s: Sequence[float]) -> None:
        """Exchanges were answered or have ended: something may be sent after them, at once or after these delays."""
        for delay_s in delays_s:
            heapq.heappush(self._due, time.monotonic() + delay_s)
        self.poke()

    def _until_due_s(self) -> float:
        """How long to rest: until the next delayed turn of this process is due, POLL_S at most where something goes on."""
        now, poll_s = time.monotonic(), self._paced(POLL_S)()
        while self._due and self._due[0] <= now:
            heapq.heappop(self._due)
        return min(poll_s, self._due[0] - now) if self._due else poll_s

    def _paced(self, every_s: float) -> Callable[[], float]:
        """So often while there is something to send or in flight, and for a while after it. What is queued in this process
        pokes; only what another one queues is seen later for it."""
        return lambda: every_s if time.monotonic() - self._busy < QUIET_AFTER_S else every_s * QUIET

    def start_waiting(self) -> None:
        """Start every round that may start now: fair between comparisons, within the connections' limits."""
        # Counted first: an answer that comes in between frees a place only once the turn after it is among the rounds.
        in_flight = Counter(Exchange.objects.in_flight().values_list("connection_id", flat=True))
        rounds = waiting()
        if rounds or in_flight:
            self._busy = time.monotonic()
        if not rounds:
            return
        unanswered = first_repeats_unanswered(rounds)
        busy = Counter(feed.job.comparison_id for feed in list(self._feeds.values()))
        stubs = cache(stubs_of)  # read once for all rounds of a comparison: they may have megabytes
        held_back: set[int] = set()  # connections whose next round waits: no later one may overtake it
        for one in in_order(rounds, busy):
            if one.connection_id in held_back:
                continue
            if one.turn == 1 and one.repeat > unanswered.get((one.comparison_id, one.case_id), one.repeat):
                continue
            free = min(one.limit - in_flight[one.connection_id], self._max_sending - len(self._feeds))
            # A group starts whole or waits whole; one that can never fit starts in parts.
            if free < (min(one.size, one.limit) if one.is_group else 1):
                held_back.add(one.connection_id)
                continue
            loop = Loop(one.max_turns, stubs(one.comparison_id)) if one.turn < one.max_turns else None
            claimed = self.claim(one, at_most=free)
            in_flight[one.connection_id] += len(claimed)
            self._run(claimed, loop, as_group=one.is_group, waited=one.is_group and len(claimed) < one.size)

    def claim(self, one: Round, *, at_most: int) -> list[Exchange]:
        """Make queued exchanges of a round ours, committed before anything is sent. One UPDATE decides who wins.

        Of a comparison that was paused meanwhile nothing is claimed.
        """
        with transaction.atomic():
            queued = one.members().filter(state=State.QUEUED).order_by("pk")
            chosen = list(queued.values_list("pk", flat=True)[:at_most])
            Exchange.objects.filter(pk__in=chosen, state=State.QUEUED, cancel_requested_at=None).update(
                state=State.SENDING, worker=self.worker, lease_until=Now() + self._lease, version=F("version") + 1
            )
            # Its row is locked after its exchanges, as by whoever ends them: a pause is before this claim or after it.
            locked = Comparison.objects.select_for_update(no_key=True).filter(pk=one.comparison_id)
            if locked.values_list("paused_at", flat=True).first() is not None:
                transaction.set_rollback(True)
                return []
        mine = Exchange.objects.filter(pk__in=chosen, worker=self.worker, state=State.SENDING).order_by("pk")
        try:
            return list(mine.select_related("connection", "request_body"))
        except DamagedValue:
            return list(mine.select_related("connection"))  # each is told of its own body where its job is made

    def _run(self, exchanges: Sequence[Exchange], loop: Loop | None, *, as_group: bool, waited: bool) -> None:
        if waited:
            Exchange.objects.filter(pk__in=[exchange.pk for exchange in exchanges]).update(waited=True)
        for together in [exchanges] if as_group else [[exchange] for exchange in exchanges]:
            self._start(together, loop)

    def _start(self, exchanges: Sequence[Exchange], loop: Loop | None) -> None:
        """Send these, which are claimed, at the same moment."""
        line = StartLine(len(exchanges), timeout_s=self._deadlines.connect_s + 1)
        ready = []
        for exchange in exchanges:
            try:
                feed = Feed(job_of(exchange, loop=loop), line=line)
            except (NotSent, Unreadable) as error:
                self._fail_unsent(exchange, line, error)
                continue
            self._recorder.track(feed)
            ready.append(feed)
        for comparison_id in {exchange.comparison_id for exchange in exchanges}:
            changed(comparison_id)
        # In the order drawn when they were queued: a column's place must not decide how early it connects and writes.
        for feed in ready:
            self._submit(feed)

    def _submit(self, feed: Feed) -> None:
        try:
            self._pool.submit(send, feed, deadlines=self._deadlines, around=self._around)
        except RuntimeError:
            # No thread to be had. Cancelled as well, in case the pool kept the work: it must never be sent after all.
            feed.cancel()
            self._end_unsent(feed, NotSent("This machine has no thread left to send with; nothing was sent."))

    def _rest_s(self) -> float:
        return min(LONGEST_REST_S, max(0, len(self._feeds) - UNHURRIED) * REST_S_EACH)

    def _fail_unsent(self, exchange: Exchange, line: StartLine, error: Exception) -> None:
        """An exchange that must not go out: it ends as failed, through the recorder like every other."""
        failure = error if isinstance(error, NotSent) else NotSent(str(error))
        feed = Feed(job_of(exchange, keyless=True), line=line)
        self._recorder.track(feed)
        self._end_unsent(feed, failure)

    def _end_unsent(self, feed: Feed, failure: NotSent) -> None:
        feed.ended(Ending(Reading(0, ()).finish(failure)))
        feed.line.drop()
        self._recorder.kick()

    def _cancel_wished(self) -> None:
        """Wishes that other processes wrote down for exchanges in flight here."""
        if not self._feeds:
            return
        wished = Exchange.objects.in_flight().filter(worker=self.worker, cancel_requested_at__isnull=False)
        self.cancel(list(wished.values_list("pk", flat=True)))

    # Looking after ------------------------------------------------------------------------------------------------

    def _look_after(self) -> None:
        """Renew our leases, sweep what has no owner any more, judge what has ended and index it."""
        if time.monotonic() - self._renewed >= self._renew_s:
            self.renew()
            self._renewed = time.monotonic()
        if time.monotonic() - self._swept >= self._sweep_s:
            self.sweep()
            self._swept = time.monotonic()
        finding.index_pending(before=judging.judge_ended)

    def _follow_batches(self) -> None:
        """Make, follow and read batches."""
        if self.may_send:
            batching.look(self.stopping.is_set)

    def renew(self) -> None:
        """What we are sending is alive: its leases run from the database's now."""
        # Only what is in hand: an exchange that was claimed and then lost by a failure here must not stay for ever.
        mine = Exchange.objects.filter(pk__in=list(self._feeds), worker=self.worker, state__in=IN_FLIGHT)
        mine.update(lease_until=Now() + self._lease)

    def sweep(self) -> None:
        """End what is in flight under a lease that is over, and comparisons that nobody closed."""
        # First our own: after a step of the clock their leases look over too.
        self.renew()
        over = Exchange.objects.in_flight().filter(lease_until__lt=Now()).values_list("pk", flat=True)
        for exchange_id in set(over) - set(self._feeds):
            interrupt(exchange_id, lease_over=True)
        close_forgotten()

    def recover(self) -> None:
        """At start: end at once what belongs to a process of this machine that is dead; its lock can be taken.

        A turn that it had queued and not sent waits for a person.
        """
        workers = Exchange.objects.in_flight().values_list("worker", flat=True).distinct()
        dead = [worker for worker in workers if worker != self.worker and self.is_dead(worker)]
        for exchange_id in list(Exchange.objects.in_flight().filter(worker__in=dead).values_list("pk", flat=True)):
            interrupt(exchange_id)
        for worker in owners_of_turns():
            if worker != self.worker and self.is_dead(worker):
                park(worker)
        close_forgotten()
        for path in self._locks.glob("*.lock"):
            remove_if_free(path)

    def is_dead(self, worker: str) -> bool:
        host, _, boot_id = worker.rpartition(":")
        # Between hosts only the lease counts.
        return host == self.host and is_free(self._locks / f"{boot_id}.lock")


def stubs_of(comparison_id: int) -> tuple[ToolStub, ...]:
    """What answers the tool calls of a comparison by now: a stub may have been typed while cells waited."""
    comparison = Comparison.objects.only("tool_stubs").get(pk=comparison_id)
    return tuple(read_stubs(comparison.tool_stubs))


def job_of(exchange: Exchange, *, loop: Loop | None = None, keyless: bool = False) -> Job:
    """The exchange as its sending thread needs it. Raises `NotSent` or `Unreadable` where it must not be sent."""
    connection = exchange.connection
    if not keyless and isinstance(exchange.request_headers, Damaged):
        raise NotSent(DAMAGED_HEADERS)
    if not keyless and origin_of(exchange.url) != connection.origin:
        raise NotSent(
            "This request was made for another address than its connection has now: a key is never taken there."
        )
    if not keyless and not is_allowed(connection):
        raise NotSent(f"{connection.origin} is not an origin this console may send to (BETACONSOLE_ALLOWED_BASE_URLS).")
    return Job(
        exchange_id=exchange.pk,
        comparison_id=exchange.comparison_id,
        team_id=exchange.team_id,
        variant_id=exchange.variant_id,
        case_id=exchange.case_id,
        repeat=exchange.repeat,
        method=exchange.method,
        url=exchange.url,
        headers=tuple((name, value) for name, value in exchange.request_headers),
        body=b"" if keyless else _body_of(exchange),
        stream=exchange.stream,
        model=exchange.model,
        key=Secret("") if keyless else connection.key(),
        simulated=connection.is_simulator,
        internal=may_be_internal(connection.origin),
        answers_message=exchange.answers_message,
        turn=exchange.turn,
        loop=loop,
    )


def _body_of(exchange: Exchange) -> bytes:
    try:
        return exchange.request_body.data if exchange.request_body else b""
    except DamagedValue:
        raise NotSent("Its request body is damaged and cannot be read any more; nothing was sent.") from None


def close_forgotten() -> None:
    """Comparisons whose last exchange ended without anybody noticing."""
    for comparison_id in Comparison.objects.unfinished().filter(waits=None).values_list("pk", flat=True):
        with transaction.atomic():
            close_if_finished(comparison_id)


# The engine of this process -------------------------------------------------------------------------------------------

_engine: Engine | None = None


def start(**options: Any) -> Engine:
    """Start this process's engine; `options` as for `Engine`."""
    global _engine
    _engine = Engine(data_dir=settings.DATA_DIR, **options)
    _engine.start()
    return _engine


def poke() -> None:
    """Something was queued; without an engine here, another process finds it."""
    if _engine:
        _engine.poke()


def cancel(exchange_ids: Sequence[int]) -> None:
    if _engine:
        _engine.cancel(exchange_ids)


def is_running() -> bool:
    """Whether this process sends: its engine was started and each of its threads is alive."""
    return _engine is not None and _engine.is_whole()


def is_stopping() -> bool:
    return _engine is not None and _engine.stopping.is_set()


def distrusts_storage() -> bool:
    """Whether this process stopped sending because the disk under its database failed."""
    return _engine is not None and _engine.distrusts_since is not None


def storage_trouble() -> str:
    """What keeps this process from storing what it sends, and since when; empty while all is well."""
    return _engine.storage_trouble if _engine else ""


def somebody_sends() -> bool:
    """Whether a living process of this machine sends from this data folder, this one included."""
    return any(not is_free(path) for path in (settings.DATA_DIR / "engines").glob("*.lock"))


def worker() -> str:
    """What this process is called as the owner of what it sends; empty where it does not send."""
    return _engine.worker if _engine else ""


def is_dead(owner: str) -> bool:
    """Whether this other owner is known to be dead: a process of this machine that holds its lock no more."""
    return _engine is not None and owner != _engine.worker and _engine.is_dead(owner)


def begin_stopping() -> None:
    if _engine:
        _engine.begin_stopping()


def stop(timeout_s: float = 25.0) -> None:
    """Drain and end this process's engine."""
    global _engine
    if _engine:
        _engine.stop(timeout_s)
        _engine = None
