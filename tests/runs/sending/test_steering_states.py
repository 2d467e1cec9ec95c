"""Claiming, ending, pausing, adding, stopping, sweeping and crashing in any order, by two processes on one database.

No exchange is claimed twice, none of a paused comparison is claimed, and nothing that has ended changes any more.
"""

import tempfile
from collections import Counter
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as some
from hypothesis.stateful import Bundle, RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

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

pytestmark = [pytest.mark.django_db, pytest.mark.both_databases]
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


class Steering(RuleBasedStateMachine):
    """Two engines that claim and record as they do in a console, without the threads: every step is one of theirs."""

    comparisons = Bundle("comparisons")
    found = Bundle("found")  # rounds as they were seen at some moment: much may happen before they are claimed

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp())
        self.owner = set_up_solo()
        self.connection = connection_to(self.owner, "http://127.0.0.1:1")
        self.engines = [Engine(data_dir=self.folder), Engine(data_dir=self.folder)]
        self.claims: Counter[int] = Counter()
        self.ended: dict[int, tuple[str, int]] = {}
        self.cells: Counter[int] = Counter()

    @initialize(target=comparisons)
    def begin(self) -> int:
        return self.launch(columns=2, repeats=2)

    @rule(target=comparisons, columns=some.integers(1, 2), repeats=some.integers(1, 2))
    def launch(self, columns: int, repeats: int) -> int:
        made = run(self.owner, self.connection, plan([[]] * columns, repeats=repeats))
        self.cells[made.pk] = columns * repeats
        return made.pk

    @rule(target=found, which=some.integers(0, 3))
    def look(self, which: int) -> rounds.Round | None:
        waiting = rounds.waiting()
        paused = set(Comparison.objects.exclude(paused_at=None).values_list("pk", flat=True))
        assert not {one.comparison_id for one in waiting} & paused
        return waiting[which] if which < len(waiting) else None

    @rule(who=WHO, one=found, at_most=some.integers(1, 2))
    def claim(self, who: int, one: rounds.Round | None, at_most: int) -> None:
        if one is None:
            return
        claimed = self.engines[who].claim(one, at_most=at_most)
        self.claims.update(exchange.pk for exchange in claimed)
        if claimed:
            assert Comparison.objects.get(pk=one.comparison_id).paused_at is None
        for exchange in claimed:
            self.engines[who]._recorder.track(Feed(job_of(exchange), line=StartLine(1, timeout_s=1)))

    @rule(who=WHO, how=some.sampled_from([*ANSWERS, "no answer"]))
    def end(self, who: int, how: str) -> None:
        recorder = self.engines[who]._recorder
        for feed in list(recorder.feeds.values())[:1]:
            if how == "no answer":
                feed.ended(Ending(Reading(0, ()).finish(CutBeforeStatus())))
            else:
                status, headers, body = ANSWERS[how]
                reading = Reading(status, headers)
                feed.opening = Opening(status=status, response_headers=headers)
                reading.feed(body)
                feed.ended(Ending(reading.finish(None)))
        recorder.flush()

    @rule(one=comparisons)
    def pause(self, one: int) -> None:
        pause(Comparison.objects.get(pk=one))

    @rule(one=comparisons)
    def resume(self, one: int) -> None:
        resume(Comparison.objects.get(pk=one))

    @rule(one=comparisons, whole=some.booleans())
    def stop(self, one: int, whole: bool) -> None:
        comparison = Comparison.objects.get(pk=one)
        cancel(comparison, variant=None if whole else comparison.variants.first())

    @rule(one=comparisons, repeats=some.integers(1, 2))
    def add(self, one: int, repeats: int) -> None:
        comparison = Comparison.objects.get(pk=one)
        made = add_repeats(comparison, repeats, author=self.owner.user)
        self.cells[one] += len(made)

    @rule(who=WHO)
    def crash(self, who: int) -> None:
        """The process is gone, and another one finds what it left."""
        dead, self.engines[who] = self.engines[who], Engine(data_dir=self.folder)
        for feed in list(dead._feeds.values()):
            dead._recorder.forget(feed)
        self.engines[who].recover()

    @rule(who=WHO)
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
        going = set(Exchange.objects.filter(state__in=UNFINISHED).values_list("comparison_id", flat=True))
        in_flight = Exchange.objects.filter(state__in=IN_FLIGHT).values_list("comparison_id", flat=True)
        assert going <= {one.comparison_id for one in rounds.waiting()} | set(in_flight)
        for engine in self.engines:
            for feed in list(engine._feeds.values()):
                engine._recorder.forget(feed)
            engine._pool.shutdown(wait=False)
        close_forgotten()
        Comparison.objects.all().delete()
        assert not recording.feeds


def test_in_whatever_order_things_happen_nothing_is_sent_twice_or_against_a_pause(db: None) -> None:
    # A failure is shown as it was found: to shrink it takes minutes, each step is a dozen queries.
    run_state_machine_as_test(
        Steering,
        settings=settings(
            max_examples=10,
            stateful_step_count=25,
            deadline=None,
            phases=(Phase.generate,),
            suppress_health_check=list(HealthCheck),
        ),
    )
