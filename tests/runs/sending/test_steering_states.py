"""Claiming, sending, receiving, ending, pausing, adding, stopping, sweeping, crashing and clocks that jump, in any order,
by two processes on one database.

No exchange is claimed twice, none is sent that was not claimed, none of a paused comparison is claimed, and nothing that
has ended changes any more. What is kept of an answer is how it began.
"""

import shutil
import tempfile
from collections import Counter
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.db.models import F
from django.utils import timezone
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as some
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from betaconsole.claude.errors import CutBeforeStatus
from betaconsole.claude.reading import Reading
from betaconsole.runs.launching.more_repeats import add_repeats
from betaconsole.runs.models import Comparison, Exchange
from betaconsole.runs.sending import recording, rounds
from betaconsole.runs.sending.cancelling import cancel
from betaconsole.runs.sending.engine import Engine, close_forgotten, job_of
from betaconsole.runs.sending.feed import Ending, Feed, Opening
from betaconsole.runs.sending.pausing import pause, resume
from betaconsole.runs.sending.startline import StartLine
from betaconsole.runs.states import FINAL, IN_FLIGHT, UNFINISHED, State
from betaconsole.teams.solo import set_up_solo
from tests.runs.engines import connection_to, plan, run
from tests.runs.sending.test_engine import REFUSAL, WHOLE

# As in a console: what is stored without waiting for the disk cannot be part of another transaction.
pytestmark = pytest.mark.django_db(transaction=True)
STREAM = (("content-type", "text/event-stream"),)
JSON = (("content-type", "application/json"),)
# How a far end may answer: status, headers, body.
ANSWERS: dict[str, tuple[int, Any, bytes]] = {
    "whole": (200, STREAM, b"".join(WHOLE)),
    "cut": (200, STREAM, b"".join(WHOLE[:3])),
    "refused beta": (400, JSON, REFUSAL),
    "refused key": (401, JSON, b'{"type":"error","error":{"type":"authentication_error","message":"no"}}'),
}
WHO = some.integers(0, 1)
WHICH = some.integers(0, 7)  # of those there are, round and round
# Which of those in flight, how it is answered, how much of that has come, whether it ends, whether it is stored.
ARRIVAL = some.tuples(WHICH, some.sampled_from(list(ANSWERS)), some.floats(0, 1), some.booleans(), some.booleans())
CELLS = 20  # more of them only take longer


class Steering(RuleBasedStateMachine):
    """Two engines that claim and record as they do in a console, without the threads: every step is one of theirs."""

    comparisons = Bundle("comparisons")

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp())
        self.owner = set_up_solo()
        self.connection = connection_to(self.owner, "http://127.0.0.1:1")
        self.engines = [Engine(data_dir=self.folder), Engine(data_dir=self.folder)]
        self.seen: list[rounds.Round] = []
        self.claims: Counter[int] = Counter()
        self.sent: Counter[int] = Counter()
        self.readings: dict[Feed, Reading] = {}
        self.answers: dict[int, bytes] = {}
        self.ended: dict[int, tuple[str, int]] = {}
        self.cells: Counter[int] = Counter()

    @initialize(target=comparisons)
    def begin(self) -> int:
        return self.launch(columns=2, repeats=2)

    @precondition(lambda self: self.cells.total() < CELLS)
    @rule(target=comparisons, columns=some.integers(1, 2), repeats=some.integers(1, 2))
    def launch(self, columns: int, repeats: int) -> int:
        made = run(self.owner, self.connection, plan([[]] * columns, repeats=repeats))
        self.cells[made.pk] = columns * repeats
        self.look()
        return made.pk

    @rule(who=WHO, is_new=some.booleans(), which=WHICH, at_most=some.integers(1, 2))
    def claim(self, who: int, is_new: bool, which: int, at_most: int) -> None:
        """A round as it is seen now, or was some time before: much may have happened since."""
        if is_new or not self.seen:
            self.look()
        if not self.seen:
            return
        one = self.seen[which % len(self.seen)]
        claimed = self.engines[who].claim(one, at_most=at_most)
        self.claims.update(exchange.pk for exchange in claimed)
        if claimed:
            assert Comparison.objects.get(pk=one.comparison_id).paused_at is None
        for exchange in claimed:
            self.engines[who]._recorder.track(Feed(job_of(exchange), line=StartLine(1, timeout_s=1)))

    def look(self) -> None:
        waiting = rounds.waiting()
        paused = set(Comparison.objects.exclude(paused_at=None).values_list("pk", flat=True))
        assert not {one.comparison_id for one in waiting} & paused
        self.seen = [*waiting, *self.seen][:8]

    def held(self) -> list[tuple[recording.Recorder, Feed]]:
        """Every exchange that an engine has in flight, with who writes it down."""
        recorders = [engine._recorder for engine in self.engines]
        return [(recorder, feed) for recorder in recorders for feed in recorder.feeds.values()]

    @precondition(held)
    @rule(arrivals=some.lists(ARRIVAL, min_size=1, max_size=4))
    def receive(self, arrivals: list[tuple[int, str, float, bool, bool]]) -> None:
        """What was claimed is sent, then so much of its answer arrives, then all; or the connection ends before any of it."""
        for which, how, share, ends, is_stored in arrivals:
            if not self.held():
                return
            recorder, feed = self.held()[which % len(self.held())]
            if feed not in self.readings:
                self.sent[feed.job.exchange_id] += 1
                if ends:
                    feed.ended(Ending(Reading(0, ()).finish(CutBeforeStatus())))
                else:
                    self.send(feed, *ANSWERS[how])
            if feed in self.readings:
                self.read(feed, 1 if ends else share)
                if ends:
                    feed.ended(Ending(self.readings[feed].finish(None)))
            if is_stored or ends:
                recorder.flush()

    def send(self, feed: Feed, status: int, headers: Any, answer: bytes) -> None:
        self.readings[feed], self.answers[feed.job.exchange_id] = Reading(status, headers), answer
        feed.opening = Opening(status=status, response_headers=headers)

    def read(self, feed: Feed, share: float) -> None:
        """The bytes of the answer up to there, as a sending thread reads them."""
        answer = self.answers[feed.job.exchange_id]
        piece = answer[len(feed.data) : int(len(answer) * share)]
        feed.received(piece, 1.0, self.readings[feed].feed(piece))

    @rule(who=WHO, what=some.sampled_from(["jump", "crash", "stand still"]), hours=some.sampled_from([-25, -1, 1, 25]))
    def suffer(self, who: int, what: str, hours: int) -> None:
        match what:
            case "jump":
                self.jump(who, hours)
            case "crash":
                self.crash(who)
            case "stand still":
                self.stand_still(who)

    def jump(self, who: int, hours: int) -> None:
        """The clock steps: every lease is so much nearer or farther, and one process looks."""
        Exchange.objects.in_flight().update(lease_until=F("lease_until") - timedelta(hours=hours))
        own = set(self.engines[who]._feeds) & set(Exchange.objects.in_flight().values_list("pk", flat=True))
        self.engines[who].sweep()
        # Its own leases it renews before it looks.
        assert own <= set(Exchange.objects.in_flight().values_list("pk", flat=True))

    @rule(one=comparisons, how=some.sampled_from(["pause", "pause", "resume", "resume", "stop", "stop a column"]))
    def steer(self, one: int, how: str) -> None:
        comparison = Comparison.objects.get(pk=one)
        match how:
            case "pause":
                pause(comparison)
            case "resume":
                resume(comparison)
            case "stop":
                cancel(comparison)
            case "stop a column":
                cancel(comparison, variant=comparison.variants.first())

    @precondition(lambda self: self.cells.total() < CELLS)
    @rule(one=comparisons, repeats=some.integers(1, 2))
    def add(self, one: int, repeats: int) -> None:
        comparison = Comparison.objects.get(pk=one)
        made = add_repeats(comparison, repeats, author=self.owner.user)
        self.cells[one] += len(made)

    def crash(self, who: int) -> None:
        """The process is gone, and another one finds what it left."""
        dead, self.engines[who] = self.engines[who], Engine(data_dir=self.folder)
        for feed in list(dead._feeds.values()):
            dead._recorder.forget(feed)
        self.engines[who].recover()

    def stand_still(self, who: int) -> None:
        """It slept past its leases, and the other one swept."""
        Exchange.objects.in_flight().filter(worker=self.engines[who].worker).update(
            lease_until=timezone.now() - timedelta(minutes=1)
        )
        self.engines[1 - who].sweep()

    @invariant()
    def nothing_is_claimed_twice_and_what_ended_stays(self) -> None:
        rows = {pk: (state, version) for pk, state, version in Exchange.objects.values_list("pk", "state", "version")}
        assert self.ended.items() <= rows.items()
        self.ended = {pk: row for pk, row in rows.items() if row[0] in FINAL}
        assert set(self.claims.values()) <= {1}
        assert not self.claims.keys() & {pk for pk, row in rows.items() if row[0] == State.QUEUED}
        assert set(self.sent.values()) <= {1}
        assert self.sent.keys() <= self.claims.keys()
        assert not self.sent.keys() & {pk for pk, row in rows.items() if row[0] == State.SKIPPED}

    @invariant()
    def a_comparison_has_finished_or_goes_on(self) -> None:
        for one in Comparison.objects.all():
            states = list(one.exchanges.values_list("state", flat=True))
            assert len(states) == self.cells[one.pk] == one.repeats * one.variants.count()
            assert (one.finished_at is None) == any(state in UNFINISHED for state in states)
            assert one.finished_at is None or one.paused_at is None

    def teardown(self) -> None:
        """In the end everything that is not paused can be sent, and everything can be stopped."""
        for comparison in Comparison.objects.exclude(paused_at=None):
            resume(comparison)
        for exchange in Exchange.objects.filter(state__in=FINAL).exclude(response_body=None):
            kept, answer = bytes(exchange.response_body.data), self.answers[exchange.pk]
            assert answer.startswith(kept)
            assert exchange.state != State.SUCCEEDED or kept == answer
        going = set(Exchange.objects.filter(state__in=UNFINISHED).values_list("comparison_id", flat=True))
        in_flight = Exchange.objects.filter(state__in=IN_FLIGHT).values_list("comparison_id", flat=True)
        assert going <= {one.comparison_id for one in rounds.waiting()} | set(in_flight)
        for engine in self.engines:
            for feed in list(engine._feeds.values()):
                engine._recorder.forget(feed)
            engine._pool.shutdown(wait=False)
        close_forgotten()
        Comparison.objects.all().delete()
        shutil.rmtree(self.folder)
        assert not recording.feeds


def test_in_whatever_order_things_happen_nothing_is_sent_twice_or_against_a_pause(transactional_db: None) -> None:
    # A failure is shown as it was found: to shrink it takes minutes, each step is a dozen queries.
    run_state_machine_as_test(
        Steering,
        settings=settings(
            max_examples=20,
            stateful_step_count=40,
            deadline=None,
            phases=(Phase.generate,),
            suppress_health_check=list(HealthCheck),
        ),
    )
