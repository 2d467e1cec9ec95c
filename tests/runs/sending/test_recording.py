"""The recorder and the caretaker where things go wrong: answers made to break a column, and owners that are not."""

import json
from datetime import timedelta
from pathlib import Path

import pytest
from django.conf import settings
from django.db import OperationalError
from django.db import connection as database
from django.db.backends.base.base import BaseDatabaseWrapper
from django.utils import timezone

from betaconsole.claude.errors import Incomplete
from betaconsole.claude.reading import Reading, Result
from betaconsole.runs.models import Comparison, Exchange, Segment
from betaconsole.runs.sending import engine, locks, recording
from betaconsole.runs.sending.deriving import read_stored
from betaconsole.runs.sending.feed import Ending, Feed, Opening, changes
from betaconsole.runs.sending.recording import Recorder
from betaconsole.runs.sending.startline import StartLine
from betaconsole.runs.states import State
from betaconsole.teams.models import AuditEntry, Membership
from betaconsole.teams.solo import set_up_solo
from tests.runs.engines import connection_to, in_columns, plan, run, running, wait_until_finished
from tests.upstream import STREAM_HEAD, Upstream, answer, chunked, read, send

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.both_databases]
WORKER = "somewhere:0123"


@pytest.fixture
def ann(transactional_db: None) -> Membership:
    return set_up_solo()


def claimed(ann: Membership, columns: int) -> tuple[Comparison, list[Feed]]:
    """A comparison whose exchanges WORKER has claimed, and their feeds."""
    comparison = run(ann, connection_to(ann, "http://127.0.0.1:1"), plan([[]] * columns))
    Exchange.objects.update(state=State.SENDING, worker=WORKER, lease_until=timezone.now())
    feeds = [Feed(engine.job_of(exchange), StartLine(1)) for exchange in in_columns(comparison)]
    return comparison, feeds


def result(**fields: object) -> Result:
    return Result(**{**vars(Reading(0, ()).finish(Incomplete())), **fields})  # type: ignore[arg-type]


def test_u33_u34_an_answer_made_of_signs_that_no_column_holds_is_kept_and_shown(ann: Membership) -> None:
    wild = {"model": "m\u0000\ud800", "stop_reason": "\ud800\u0000", "usage": {"input_tokens": 10**30}}
    message = {"type": "message", "role": "assistant", "content": [{"type": "text", "text": "\u0000\udfff"}], **wild}
    refusal = {"type": "error", "error": {"type": "\u0000\ud800", "message": "\u0000\ud800", "code": "\u0000"}}
    scripts = [
        [read(), send(answer(json.dumps(message).encode(), 200, "request-id: a\x7fb"))],
        [read(), send(answer(json.dumps(refusal).encode(), 400))],
    ]
    with Upstream(scripts=scripts) as upstream, running():
        exchanges = wait_until_finished(run(ann, connection_to(ann, upstream.url), plan([[], []], stream=False)))
    by_state = {exchange.state: exchange for exchange in exchanges}
    good, bad = by_state[State.SUCCEEDED], by_state[State.FAILED]
    assert (good.model_used, good.stop_reason, good.input_tokens) == ("m\ufffd\ufffd", "\ufffd\ufffd", None)
    assert json.loads(good.message)["model"] == "m\u0000\ud800"
    assert (bad.error_type, bad.error_code) == ("\ufffd\ufffd", "\ufffd")
    assert json.loads(bytes(bad.response_body.data)) == refusal


def test_what_cannot_be_stored_ends_with_its_bytes_and_holds_nobody_back(ann: Membership) -> None:
    comparison, [broken, whole] = claimed(ann, 2)
    recorder = Recorder(WORKER)
    for feed in (broken, whole):
        recorder.track(feed)
        feed.opened(Opening(status=200, response_headers=()))
        feed.received(b"what came", 1.0, [])
    broken.ended(Ending(result(state="no state that exists")))
    whole.ended(Ending(result(state="succeeded", text="fine")))
    recorder.flush()
    first, second = wait_until_finished(comparison)
    assert (first.state, first.failure_kind) == (State.FAILED, "not_stored")
    assert bytes(first.response_body.data) == b"what came"
    assert (second.state, second.text) == (State.SUCCEEDED, "fine")
    assert not recorder.feeds


def test_a_recorder_writes_nothing_to_an_exchange_that_was_taken_from_it(ann: Membership) -> None:
    _, [taken, kept] = claimed(ann, 2)
    recorder = Recorder(WORKER)
    for feed in (taken, kept):
        recorder.track(feed)
        feed.opened(Opening(status=200, response_headers=()))
        feed.received(b"early", 1.0, [])
    recorder.flush()
    assert recording.interrupt(taken.job.exchange_id)
    before = Exchange.objects.filter(pk=taken.job.exchange_id).values().get()
    for feed in (taken, kept):
        feed.received(b"late", 2.0, [])
    known = changes(taken.job.comparison_id)
    recorder.flush()
    assert changes(taken.job.comparison_id) != known, "a page that sleeps has to look"
    assert Exchange.objects.filter(pk=taken.job.exchange_id).values().get() == before
    assert not Segment.objects.filter(exchange_id=taken.job.exchange_id).exists()
    assert b"".join(bytes(one.data) for one in Segment.objects.filter(exchange_id=kept.job.exchange_id)) == b"earlylate"
    assert list(recorder.feeds) == [kept.job.exchange_id]
    assert taken.cancelled.is_set()
    recorder.forget(kept)


def test_s5_an_exchange_that_was_claimed_and_lost_is_ended_as_its_lease_ends(ann: Membership) -> None:
    with Upstream([read(), send(STREAM_HEAD + chunked([]))]) as upstream:
        comparison = run(ann, connection_to(ann, upstream.url), plan([[]]))
        # As if starting it had failed after the claim; nobody's here until then, so that none can claim it.
        lost = {"state": State.SENDING, "lease_until": timezone.now() + timedelta(hours=1)}
        Exchange.objects.update(**lost, worker="elsewhere:boot")
        with running() as its:
            Exchange.objects.update(worker=its.worker, lease_until=timezone.now())
            its.renew()
            its.sweep()
            [exchange] = wait_until_finished(comparison)
        assert upstream.connections == 0
    assert exchange.state == State.INTERRUPTED


def test_stored_bytes_beyond_the_limits_of_the_reader_are_read_as_far_as_it_goes(ann: Membership) -> None:
    exchange = Exchange(status=200, response_headers=[["content-type", "text/event-stream"]])
    read_back = read_stored(exchange, b"data: " + b"x" * (9 * 1024 * 1024), failure=None)
    assert (read_back.state, read_back.kind) == ("failed", "limit")


def test_the_lock_of_a_living_process_is_never_removed_and_that_of_a_dead_one_is(tmp_path: Path) -> None:
    path = tmp_path / "boot.lock"
    held = locks.locked(path)
    locks.remove_if_free(path)
    assert path.exists()
    assert not locks.is_free(path)
    held.close()
    assert locks.is_free(path)
    locks.remove_if_free(path)
    assert not path.exists()


def test_many_engines_that_start_at_once_keep_their_locks(ann: Membership) -> None:
    engines = [engine.Engine(data_dir=settings.DATA_DIR) for _ in range(4)]
    for one in engines:
        one.start()
    try:
        assert all((settings.DATA_DIR / "engines" / f"{one.boot_id}.lock").exists() for one in engines)
        assert not any(engines[0].is_dead(one.worker) for one in engines)
    finally:
        for one in engines:
            one.stop(timeout_s=0)


def test_that_storing_failed_is_noted_once_and_only_when_all_of_it_is_stored(ann: Membership) -> None:
    comparison, [feed] = claimed(ann, 1)
    recorder = Recorder(WORKER)
    recorder.track(feed)
    feed.opened(Opening(status=200, response_headers=()))
    feed.received(b"what came", 1.0, [])
    feed.ended(Ending(result(state="succeeded", text="fine")))

    def room_for_a_line_only(execute, sql, params, many, context):  # type: ignore[no-untyped-def]
        if sql.startswith('UPDATE "runs_exchange"'):
            raise OperationalError("database or disk is full")
        return execute(sql, params, many, context)

    with database.execute_wrapper(room_for_a_line_only):
        since = set()
        for _ in range(3):
            with pytest.raises(OperationalError) as failure:
                recorder.flush()
            recorder._failed(failure.value)
            since.add(recorder.stuck_since)
    assert len(since) == 1
    assert not AuditEntry.objects.filter(action="storing failed").exists()
    recorder.flush()
    recorder.flush()
    assert comparison.exchanges.get().state == State.SUCCEEDED
    noted = AuditEntry.objects.get(action="storing failed")
    assert (noted.team, noted.detail["since"]) == (ann.team, f"{since.pop():%Y-%m-%d %H:%M:%S} UTC")
    assert recorder.stuck_since is None


def test_s12_a_commit_that_was_kept_and_whose_answer_was_lost_is_asked_for_and_not_made_twice(
    ann: Membership, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As a server does that crashes between its commit and saying so: once in a stream, once with its ending."""
    comparison, [feed] = claimed(ann, 1)
    recorder = Recorder(WORKER)
    recorder.track(feed)
    feed.opened(Opening(status=200, response_headers=()))
    feed.received(b"early, ", 1.0, [])
    commit = BaseDatabaseWrapper._commit

    def kept_and_lost(self: BaseDatabaseWrapper) -> None:
        commit(self)
        raise OperationalError("server closed the connection unexpectedly")

    def flushed_blindly() -> None:
        with monkeypatch.context() as crash:
            crash.setattr(BaseDatabaseWrapper, "_commit", kept_and_lost)
            with pytest.raises(OperationalError) as failure:
                recorder.flush()
        recorder._failed(failure.value)

    flushed_blindly()
    assert feed.segments_saved == 0  # nobody told it
    feed.received(b"late", 2.0, [])
    recorder.flush()
    assert b"".join(bytes(one.data) for one in Segment.objects.order_by("seq")) == b"early, late"
    feed.ended(Ending(result(state="succeeded", text="early, late")))
    flushed_blindly()
    ended = Exchange.objects.filter(pk=feed.job.exchange_id).values().get()
    recorder.flush()
    assert Exchange.objects.filter(pk=feed.job.exchange_id).values().get() == ended
    [exchange] = wait_until_finished(comparison)
    assert (exchange.state, bytes(exchange.response_body.data)) == (State.SUCCEEDED, b"early, late")
    assert not Segment.objects.exists()
    assert not recorder.feeds
