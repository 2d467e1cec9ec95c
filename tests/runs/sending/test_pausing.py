"""Pausing: what is in flight ends, nothing more is claimed until somebody resumes it, and nothing is sent twice."""

import threading
from pathlib import Path

import pytest
from django.db import connection as database
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from betaconsole.drafts.models import Engine as Way
from betaconsole.runs.models import Comparison
from betaconsole.runs.sending import rounds
from betaconsole.runs.sending.cancelling import cancel
from betaconsole.runs.sending.engine import Engine, close_forgotten
from betaconsole.runs.sending.pausing import CannotPause, pause, resume
from betaconsole.runs.sending.waiting import state_of, wait_while_running
from betaconsole.runs.states import State
from betaconsole.teams.models import Membership
from betaconsole.teams.solo import set_up_solo
from tests.runs.engines import connection_to, plan, run, running, wait_for, wait_until_finished
from tests.runs.sending.test_engine import ANSWERING, WHOLE
from tests.upstream import STREAM_HEAD, Peer, Upstream, chunked

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def ann(transactional_db: None) -> Membership:
    return set_up_solo()


class Held:
    """A far end that answers once it is let."""

    def __init__(self) -> None:
        self.go = threading.Event()

    def __call__(self, peer: Peer) -> None:
        peer.read_request()
        self.go.wait(40)
        peer.send(STREAM_HEAD + chunked(WHOLE))


def states(comparison: Comparison) -> list[str]:
    return list(comparison.exchanges.order_by("pk").values_list("state", flat=True))


def test_what_is_in_flight_ends_and_the_rest_is_sent_once_it_is_resumed(ann: Membership) -> None:
    held = Held()
    with Upstream(held) as upstream, running():
        connection = connection_to(ann, upstream.url, max_in_flight=2)
        comparison = run(ann, connection, plan([[], []], repeats=3))
        wait_for(lambda: comparison.exchanges.filter(state=State.SENDING).count() == 2, what="the first round")
        pause(comparison)
        held.go.set()
        wait_for(lambda: comparison.exchanges.filter(state=State.SUCCEEDED).count() == 2, what="its end")
        # Another comparison on the connection goes on: the engine has looked again after the pause.
        wait_until_finished(run(ann, connection, plan([[]])))
        assert states(comparison) == [State.SUCCEEDED] * 2 + [State.QUEUED] * 4
        assert len(upstream.requests) == 3
        comparison.refresh_from_db()
        assert (state_of(comparison), comparison.paused_at is not None) == ("running", True)
        resume(comparison)
        wait_until_finished(comparison)
        assert len(upstream.requests) == 7
    comparison.refresh_from_db()
    assert comparison.paused_at is None


def test_a_restart_keeps_it_paused_and_stopping_ends_it(ann: Membership) -> None:
    with Upstream(ANSWERING) as upstream:
        comparison = run(ann, connection_to(ann, upstream.url), plan([[]], repeats=3))
        pause(comparison)
        with running():
            wait_until_finished(run(ann, comparison.connection, plan([[]])))
            close_forgotten()
            assert states(comparison) == [State.QUEUED] * 3
            assert cancel(comparison) == 3
        assert len(upstream.requests) == 1
    comparison.refresh_from_db()
    assert (comparison.finished_at is not None, comparison.paused_at) == (True, None)


def test_a_round_that_was_found_before_the_pause_is_not_claimed_after_it(ann: Membership, tmp_path: Path) -> None:
    comparison = run(ann, connection_to(ann, "http://127.0.0.1:1"), plan([[], []]))
    [found] = rounds.waiting()
    pause(comparison)
    assert Engine(data_dir=tmp_path).claim(found, at_most=2) == []
    assert states(comparison) == [State.QUEUED] * 2
    assert set(comparison.exchanges.values_list("worker", "version")) == {("", 0)}
    resume(comparison)
    assert len(Engine(data_dir=tmp_path).claim(found, at_most=2)) == 2


def test_asking_for_its_end_is_answered_once_nothing_goes_on(ann: Membership) -> None:
    comparison = run(ann, connection_to(ann, "http://127.0.0.1:1"), plan([[]]))
    pause(comparison)
    hang_guard = threading.Timer(60, lambda: cancel(comparison))
    hang_guard.start()
    wait_while_running(comparison, timeout_s=120)
    hang_guard.cancel()
    assert states(comparison) == [State.QUEUED]


def test_what_has_finished_and_what_is_a_batch_is_not_paused(ann: Membership) -> None:
    comparison = run(ann, connection_to(ann, "http://127.0.0.1:1"), plan([[]]))
    cancel(comparison)
    pause(comparison)
    comparison.refresh_from_db()
    assert comparison.paused_at is None
    comparison.engine = Way.BATCH
    with pytest.raises(CannotPause):
        pause(comparison)


@pytest.mark.skipif("sqlite" not in database.settings_dict["ENGINE"], reason="reads SQLite's query plan")
def test_what_is_queued_in_paused_comparisons_is_not_read_to_find_what_may_be_sent(ann: Membership) -> None:
    comparison = run(ann, connection_to(ann, "http://127.0.0.1:1"), plan([[]], repeats=5))
    with CaptureQueriesContext(database) as asked:
        assert [one.comparison_id for one in rounds.waiting()] == [comparison.pk] * 5
    plans = [_plan_of(query["sql"]) for query in asked]
    assert "comparison_unfinished" in plans[0]
    assert "exchange_queued (comparison_id=?)" in plans[1]
    Comparison.objects.update(paused_at=timezone.now())
    with CaptureQueriesContext(database) as asked:
        assert rounds.waiting() == []
    assert len(asked) == 1


def _plan_of(sql: str) -> str:
    with database.cursor() as cursor:
        cursor.execute(f"EXPLAIN QUERY PLAN {sql}")
        return " ".join(row[3] for row in cursor.fetchall())
