"""The database's disk is full, locked by somebody else, or cannot be trusted: nothing is lost, and what to do is said."""

import json
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.db import connection
from django.test import Client
from django.urls import reverse

from betaconsole.drafts.columns import Column, dump
from betaconsole.drafts.models import Draft
from betaconsole.drafts.starting import latest_or_blank
from betaconsole.runs.models import Comparison, Exchange, Segment
from betaconsole.runs.pages.live import LivePage
from betaconsole.runs.pages.vital_views import look
from betaconsole.runs.sending import engine
from betaconsole.runs.sending.feed import MOST_UNSAVED_BYTES
from betaconsole.runs.states import State
from betaconsole.teams.models import AuditEntry, Membership
from betaconsole.teams.solo import set_up_solo
from tests.api.calling import BODY, Caller, error_of
from tests.faults.disks import (
    LittleDisk,
    fail_fsync_in_this_thread,
    held_by_another_process,
    impatient,
    little_disk,
)
from tests.runs.engines import connection_to, plan, run, running, wait_for, wait_until_finished
from tests.runs.sending.test_engine import ANSWERING, DELTA, HELLO, OPEN, SHUT, START, STOP, WHOLE, event
from tests.upstream import STREAM_HEAD, Peer, Upstream, chunk

pytestmark = pytest.mark.skipif(connection.vendor != "sqlite", reason="about SQLite's file")
SOON = 0.2


@pytest.fixture
def ann(transactional_db: None) -> Membership:
    return set_up_solo()


@pytest.fixture
def visitor() -> Client:
    """A browser that gets pages for faults, as everybody does outside of a test."""
    return Client(raise_request_exception=False, headers={"host": "localhost"})


@pytest.fixture
def disk(ann: Membership, tmp_path: Path) -> Iterator[LittleDisk]:
    with little_disk(tmp_path / "disk") as little:
        yield little


class HalfWay:
    """A far end that says "Hello", and the rest when it is told to."""

    def __init__(self, *rest: bytes) -> None:
        self.rest = rest or (WHOLE[3], SHUT, DELTA, STOP)
        self.goes_on, self.ends = threading.Event(), threading.Event()

    def __call__(self, peer: Peer) -> None:
        peer.read_request()
        peer.send(STREAM_HEAD + chunk(START + OPEN + HELLO))
        assert self.goes_on.wait(60)
        for piece in self.rest[:-1]:
            peer.send(chunk(piece))
        assert self.ends.wait(60)
        peer.send(chunk(self.rest[-1]) + chunk(b""))


def a_draft(owner: Membership, url: str) -> Draft:
    draft = latest_or_blank(owner.team, owner.user)
    draft.connection = connection_to(owner, url)
    draft.body_text, draft.columns = json.dumps(BODY), dump([Column("a"), Column("b")])
    draft.save()
    return draft


def press_run(visitor: Client, draft: Draft):
    return visitor.post(
        "/comparisons/", {"draft": draft.public_id, "revision": draft.revision, "client_token": "pressed-once"}
    )


def test_s1_where_the_disk_is_full_nothing_is_sent_and_what_was_typed_stays(
    ann: Membership, disk: LittleDisk, visitor: Client
) -> None:
    with Upstream(ANSWERING) as upstream, running():
        draft, caller = a_draft(ann, upstream.url), Caller(ann.user, ann.team)
        assert look()["storage"] == "ok"
        disk.fill()
        assert look()["storage"] == "the disk is full"

        refused = press_run(visitor, draft)
        assert refused.status_code == 507
        assert "The disk that holds the console&#x27;s database is full" in refused.content.decode()
        assert "Say hello." in refused.content.decode()

        edited = visitor.post(
            f"/drafts/{draft.public_id}/body/",
            {"body": "typed just now", "revision": draft.revision},
            headers={"HX-Request": "true"},
        )
        assert (edited.status_code, edited["HX-Reswap"]) == (507, "none")
        assert 'hx-target="#trouble"' in edited.content.decode()

        begun = visitor.post("/drafts/", {"request": json.dumps(BODY)})
        assert begun.status_code == 507
        assert "reload this page to send it again" in begun.content.decode()

        answer = caller.compare()
        assert (answer.status_code, error_of(answer)["type"]) == (507, "storage_full")

        assert not Exchange.objects.exists()
        assert Draft.objects.count() == 1
        disk.free()
        assert look()["storage"] == "ok"
        assert press_run(visitor, draft).status_code == 302
        ended = wait_until_finished(Comparison.objects.get())
        assert len(upstream.requests) == 2
    assert {exchange.state for exchange in ended} == {State.SUCCEEDED}


def test_s2_text_that_comes_while_the_disk_is_full_is_shown_and_stored_later(ann: Membership, disk: LittleDisk) -> None:
    far_end = HalfWay()
    with Upstream(far_end) as upstream, running(retry_s=0.05) as own:
        comparison = run(ann, connection_to(ann, upstream.url), plan([[]]))
        wait_for(Segment.objects.exists, what="the first text in the database")
        disk.fill()
        far_end.goes_on.set()
        wait_for(lambda: own._recorder.stuck_since, what="a write that fails")
        assert look()["storage"].startswith("takes nothing since 2")
        assert "there" in LivePage(comparison, positions={}).news()
        far_end.ends.set()
        wait_for(lambda: all(feed.ending for feed in own._feeds.values()), what="the end of the answer")
        disk.free()
        [exchange] = wait_until_finished(comparison)
        wait_for(lambda: look()["storage"] == "ok", what="word that it can be stored again")
    assert (exchange.state, bytes(exchange.response_body.data)) == (State.SUCCEEDED, b"".join(WHOLE))
    alarm = AuditEntry.objects.get(action="storing failed")
    assert (alarm.team, alarm.detail["why"]) == (ann.team, "The disk is full")


def test_s2_an_answer_is_given_up_once_too_much_of_it_cannot_be_stored(ann: Membership, disk: LittleDisk) -> None:
    mega = event("content_block_delta", index=0, delta={"type": "text_delta", "text": "x" * 1_000_000})
    far_end = HalfWay(*[mega] * 12, STOP)
    with Upstream(far_end) as upstream, running(retry_s=0.05) as own:
        comparison = run(ann, connection_to(ann, upstream.url), plan([[]]))
        wait_for(Segment.objects.exists, what="the first text in the database")
        disk.fill()
        [feed] = own._feeds.values()
        far_end.goes_on.set()
        wait_for(lambda: feed.ending, what="the end")
        disk.free()
        [exchange] = wait_until_finished(comparison)
    assert (exchange.state, exchange.failure_kind) == (State.INCOMPLETE, "storage")
    assert "could not store" in exchange.error_message
    assert MOST_UNSAVED_BYTES <= exchange.response_body.size < MOST_UNSAVED_BYTES + 3_000_000


def test_s3_a_database_that_is_locked_for_a_moment_is_not_noticed(ann: Membership, visitor: Client) -> None:
    far_end = HalfWay()
    with Upstream(far_end) as upstream, running():
        draft, answers = a_draft(ann, upstream.url), []
        with held_by_another_process(connection.settings_dict["NAME"]):
            pressing = threading.Thread(target=lambda: answers.append(press_run(visitor, draft)))
            pressing.start()
            pressing.join(1)
            assert answers == []
        pressing.join(30)
        assert answers[0].status_code == 302
        far_end.goes_on.set()
        far_end.ends.set()
        ended = wait_until_finished(Comparison.objects.get())
    assert {exchange.state for exchange in ended} == {State.SUCCEEDED}


def test_s3_a_database_that_stays_locked_is_said_and_costs_no_text(ann: Membership, visitor: Client) -> None:
    far_end = HalfWay()
    with impatient(SOON), Upstream(far_end) as upstream, running(retry_s=0.05) as own:
        draft, caller = a_draft(ann, upstream.url), Caller(ann.user, ann.team)
        comparison = run(ann, draft.connection, plan([[]]))
        wait_for(Segment.objects.exists, what="the first text in the database")
        with held_by_another_process(connection.settings_dict["NAME"]):
            far_end.goes_on.set()
            far_end.ends.set()
            wait_for(lambda: own._recorder.stuck_since, what="a write that fails")
            refused = press_run(visitor, draft)
            assert (refused.status_code, "held the console" in refused.content.decode()) == (503, True)
            answer = caller.compare()
            assert (answer.status_code, error_of(answer)["type"]) == (503, "storage_busy")
            assert answer["Retry-After"] == "10"
            wait_for(lambda: all(feed.ending for feed in own._feeds.values()), what="the end of the answer")
        [exchange] = wait_until_finished(comparison)
    assert (exchange.state, bytes(exchange.response_body.data)) == (State.SUCCEEDED, b"".join(WHOLE))
    assert AuditEntry.objects.get(action="storing failed").detail["why"] == "The database is busy"


def test_s20_after_a_failed_fsync_nothing_is_sent_and_the_commit_is_not_tried_again(
    ann: Membership, visitor: Client, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    options = connection.settings_dict[
        "OPTIONS"
    ]  # of the threads' connections, which are to wait for the disk as in production
    monkeypatch.setitem(options, "init_command", options["init_command"].replace("=OFF", "=FULL"))

    def start() -> None:
        fail_fsync_in_this_thread()
        engine.start()

    with Upstream(ANSWERING) as upstream:
        draft = a_draft(ann, upstream.url)
        comparison = run(ann, draft.connection, plan([[]] * 2))
        starting = threading.Thread(target=start)  # the engine's threads are its children, and have the fault too
        starting.start()
        starting.join()
        try:
            wait_for(engine.distrusts_storage, what="distrust of the disk")
            refused = press_run(visitor, draft)
            assert refused.status_code == 503
            assert "gave an error" in refused.content.decode()
            for place, data in (
                (reverse("runs:list_files"), {"draft": draft.public_id}),
                (reverse("runs:count_tokens"), {"draft": draft.public_id}),
                (reverse("connections:test", args=[draft.connection.public_id]), {}),
            ):
                told = visitor.post(place, data, headers={"HX-Request": "true"})
                assert (told.status_code, "gave an error" in told.content.decode()) == (503, True), place
            assert look()["storage"].startswith("not trusted since 2")
            assert upstream.requests == []
        finally:
            engine.stop(timeout_s=1)
        assert [one.message for one in caplog.records].count(
            "sending failed, trying again every 0.25 s: OperationalError"
        ) == 1
        assert set(Exchange.objects.values_list("state", "worker")) == {(State.QUEUED, "")}
        with running():
            assert {exchange.state for exchange in wait_until_finished(comparison)} == {State.SUCCEEDED}
        assert len(upstream.requests) == 2
