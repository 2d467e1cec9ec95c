"""Claiming, sending, recording and stopping, with a real engine, a real database and a scripted far end."""

import json
import threading
import time
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from betaconsole.claude.client import Deadlines
from betaconsole.runs.launching import adding
from betaconsole.runs.launching.adding import add_without, run_again
from betaconsole.runs.launching.launching import SendingDisabled, TokenReused
from betaconsole.runs.launching.planning import PlanError
from betaconsole.runs.models import Body, Exchange, Segment
from betaconsole.runs.sending import engine, recording
from betaconsole.runs.sending.cancelling import cancel
from betaconsole.runs.sending.engine import Engine
from betaconsole.runs.states import State
from betaconsole.teams.models import Connection, Membership
from betaconsole.teams.solo import set_up_solo
from tests.canaries import forms
from tests.runs.engines import KEY, connection_to, in_columns, plan, run, running, wait_for, wait_until_finished
from tests.upstream import (
    STREAM_HEAD,
    Peer,
    Upstream,
    answer,
    chunk,
    chunked,
    close,
    hang,
    head,
    pause,
    read,
    reset,
    send,
)

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.both_databases]


def event(name: str, **data: object) -> bytes:
    return f"event: {name}\ndata: {json.dumps({'type': name, **data})}\n\n".encode()


START = event(
    "message_start",
    message={
        "id": "msg_1", "type": "message", "role": "assistant", "model": "claude-sonnet-5-5", "content": [],
        "stop_reason": None, "stop_sequence": None, "usage": {"input_tokens": 10, "output_tokens": 1},
    },
)  # fmt: skip
OPEN = event("content_block_start", index=0, content_block={"type": "text", "text": ""})
HELLO = event("content_block_delta", index=0, delta={"type": "text_delta", "text": "Hello"})
THERE = event("content_block_delta", index=0, delta={"type": "text_delta", "text": " there \u0000 \ud800!"})
SHUT = event("content_block_stop", index=0)
DELTA = event("message_delta", delta={"stop_reason": "end_turn", "stop_sequence": None}, usage={"output_tokens": 7})
STOP = event("message_stop")
WHOLE = [START, OPEN, HELLO, THERE, SHUT, DELTA, STOP]
ANSWERING = [read(), send(STREAM_HEAD + chunked(WHOLE))]
REFUSAL = json.dumps(
    {"type": "error", "error": {"type": "invalid_request_error", "message": "Unsupported beta header: nope-2025-01-01"}}
).encode()


@pytest.fixture
def ann(transactional_db: None) -> Membership:
    return set_up_solo()


def test_a_run_is_kept_exactly_as_it_was_on_the_wire(ann: Membership) -> None:
    with Upstream(ANSWERING) as upstream, running():
        comparison = run(ann, connection_to(ann, upstream.url), plan([[], ["context-1m-2025-08-07"]]))
        exchanges = wait_until_finished(comparison)
        received = {request.header("anthropic-beta"): request for request in upstream.requests}
    for exchange, beta in zip(exchanges, [None, "context-1m-2025-08-07"], strict=True):
        assert exchange.state == State.SUCCEEDED
        assert exchange.text == "Hello there \u0000 \ufffd!"  # text is for reading, the message is exact
        assert json.loads(exchange.message)["content"][0]["text"] == "Hello there \u0000 \ud800!"
        assert bytes(exchange.response_body.data) == b"".join(WHOLE)
        assert bytes(exchange.request_body.data) == received[beta].body
        kept = [(name, KEY if value == "$ANTHROPIC_API_KEY" else value) for name, value in exchange.request_headers]
        assert kept == received[beta].headers
        assert exchange.response_headers == [
            ["content-type", "text/event-stream; charset=utf-8"],
            ["transfer-encoding", "chunked"],
        ]
        assert (exchange.status, exchange.stop_reason, exchange.output_tokens) == (200, "end_turn", 7)
        assert exchange.first_byte_ms <= exchange.first_text_ms <= exchange.total_ms
        assert [entry[2] for entry in json.loads(exchange.timeline)][-1] == "message_stop"
    assert not Segment.objects.exists()
    # Claimed and ended; where the recorder saw the status line before the end, streaming lies between.
    assert set(Exchange.objects.values_list("version", flat=True)) <= {2, 3}


def test_a_hundred_repeats_share_one_request_body(ann: Membership) -> None:
    with Upstream(ANSWERING) as upstream, running():
        comparison = run(ann, connection_to(ann, upstream.url), plan([[]], repeats=5))
        exchanges = wait_until_finished(comparison)
    assert len({exchange.request_body_id for exchange in exchanges}) == 1
    assert Body.objects.count() == 2  # one request, one response


def test_eight_columns_are_written_at_the_same_moment(ann: Membership) -> None:
    all_there = threading.Barrier(8)

    def far_end(peer: Peer) -> None:
        peer.read_request()
        all_there.wait(30)
        peer.send(STREAM_HEAD + chunked(WHOLE))

    with Upstream(far_end) as upstream, running():
        exchanges = wait_until_finished(run(ann, connection_to(ann, upstream.url), plan([[]] * 8)))
    assert [exchange.state for exchange in exchanges] == [State.SUCCEEDED] * 8


def test_a_column_that_cannot_connect_holds_nobody_back(ann: Membership) -> None:
    with Upstream(ANSWERING) as upstream, running():
        good = connection_to(ann, upstream.url)
        dead = connection_to(ann, "http://127.0.0.1:1")
        comparison = run(ann, good, plan([[], []]))
        wait_until_finished(comparison)
        [failed, _] = wait_until_finished(run(ann, dead, plan([[], []])))
    assert "refused" in failed.error_message
    assert (failed.state, failed.failure_kind) == (State.FAILED, "not_sent")


@pytest.mark.parametrize(
    ("script", "state", "kind"),
    [
        ([read(), send(STREAM_HEAD + chunk(START + OPEN + HELLO)), close()], State.INCOMPLETE, "cut_after_status"),
        ([read(), reset()], State.UNKNOWN_OUTCOME, "cut_before_status"),
        ([read(), send(STREAM_HEAD + chunk(START + OPEN + HELLO)), hang()], State.INCOMPLETE, "idle_timeout"),
        ([read(), send(answer(REFUSAL, 400))], State.FAILED, "http_error"),
        ([read(), send(answer(b"<html>busy</html>", 200, content_type="text/html"))], State.FAILED, "protocol"),
    ],
)
def test_every_end_is_told_apart_and_keeps_what_arrived(ann: Membership, script: list, state: State, kind: str) -> None:
    with Upstream(script) as upstream, running(deadlines=Deadlines(idle_s=0.3)):
        [exchange] = wait_until_finished(run(ann, connection_to(ann, upstream.url), plan([[]])))
        assert len(upstream.requests) == 1
    assert exchange.state == state
    if state == State.INCOMPLETE:
        assert exchange.text == "Hello"
        # message_start's count is a placeholder: what was generated is unknown, not 1.
        assert (exchange.input_tokens, exchange.output_tokens, exchange.cost_usd) == (10, None, None)
        assert bytes(exchange.response_body.data) == START + OPEN + HELLO
    assert exchange.failure_kind == kind


def test_u2_a_refused_beta_is_named_and_its_repeats_are_skipped(ann: Membership) -> None:
    def far_end(peer: Peer) -> None:
        refused = peer.read_request().header("anthropic-beta")
        peer.send(answer(REFUSAL, 400) if refused else STREAM_HEAD + chunked(WHOLE))

    with Upstream(far_end) as upstream, running():
        comparison = run(ann, connection_to(ann, upstream.url), plan([[], ["nope-2025-01-01"]], repeats=4))
        exchanges = wait_until_finished(comparison)
        sent = [request.header("anthropic-beta") for request in upstream.requests]
    assert sent.count("nope-2025-01-01") == 1
    refused = [exchange for exchange in exchanges if exchange.variant.position == 1]
    assert [exchange.state for exchange in refused] == [State.FAILED] + [State.SKIPPED] * 3
    assert refused[0].refused_betas == ["nope-2025-01-01"]
    assert all(exchange.state == State.SUCCEEDED for exchange in exchanges if exchange.variant.position == 0)


def test_stopping_cuts_what_is_in_flight_at_once_and_never_sends_what_was_queued(ann: Membership) -> None:
    with Upstream([read(), send(STREAM_HEAD + chunk(START + OPEN + HELLO)), hang()]) as upstream, running():
        comparison = run(ann, connection_to(ann, upstream.url, max_in_flight=2), plan([[], []], repeats=3))
        wait_for(lambda: Exchange.objects.filter(state=State.STREAMING).count() == 2, what="two streams")
        began = time.monotonic()
        assert cancel(comparison) == 6
        exchanges = wait_until_finished(comparison)
        assert time.monotonic() - began < 30
        assert len(upstream.requests) == 2
    assert {exchange.state for exchange in exchanges} == {State.CANCELLED}
    assert sorted(exchange.text for exchange in exchanges) == ["", "", "", "", "Hello", "Hello"]


def test_one_column_can_be_stopped_alone(ann: Membership) -> None:
    stopped = threading.Event()

    def far_end(peer: Peer) -> None:
        peer.read_request()
        peer.send(STREAM_HEAD + chunk(START + OPEN + HELLO))
        stopped.wait(30)
        peer.send(chunked([SHUT, DELTA, STOP]))

    with Upstream(far_end) as upstream, running():
        comparison = run(ann, connection_to(ann, upstream.url), plan([[], []]))
        wait_for(lambda: Exchange.objects.filter(state=State.STREAMING).count() == 2, what="two streams")
        assert cancel(comparison, variant=comparison.variants.get(position=1)) == 1
        wait_for(lambda: Exchange.objects.filter(state=State.CANCELLED).exists(), what="the stop")
        stopped.set()
        states = [exchange.state for exchange in wait_until_finished(comparison)]
    assert states == [State.SUCCEEDED, State.CANCELLED]


def test_pressing_twice_sends_once(ann: Membership) -> None:
    with Upstream(ANSWERING) as upstream, running():
        connection = connection_to(ann, upstream.url)
        first = run(ann, connection, plan(), client_token="press-1")
        second = run(ann, connection, plan(), client_token="press-1")
        wait_until_finished(first)
        with pytest.raises(TokenReused):
            run(ann, connection, plan(max_tokens=65), client_token="press-1")
        assert len(upstream.requests) == 2
    assert first.pk == second.pk


def test_u36_the_limit_of_a_connection_holds_and_rounds_start_whole(ann: Membership) -> None:
    open_now, most, lock = [0], [0], threading.Lock()

    def far_end(peer: Peer) -> None:
        peer.read_request()
        with lock:
            open_now[0] += 1
            most[0] = max(most[0], open_now[0])
        peer.wait(0.05)
        with lock:
            open_now[0] -= 1
        peer.send(STREAM_HEAD + chunked(WHOLE))

    with Upstream(far_end) as upstream, running():
        comparison = run(ann, connection_to(ann, upstream.url, max_in_flight=5), plan([[], []], repeats=6))
        exchanges = wait_until_finished(comparison)
    assert len(exchanges) == 12
    assert most[0] <= 4  # two rounds of two fit under five; half a third one does not start
    assert not any(exchange.waited for exchange in exchanges)


def test_two_engines_on_one_database_send_everything_once(ann: Membership) -> None:
    with Upstream(ANSWERING) as upstream, running():
        other = Engine(data_dir=settings.DATA_DIR)
        other.start()
        try:
            connection = connection_to(ann, upstream.url)
            comparisons = [run(ann, connection, plan([[]] * 4, repeats=3)) for _ in range(3)]
            for comparison in comparisons:
                exchanges = wait_until_finished(comparison)
                assert {exchange.state for exchange in exchanges} == {State.SUCCEEDED}
        finally:
            other.stop(timeout_s=5)
        assert len(upstream.requests) == 36


def test_after_a_crash_what_was_in_flight_is_interrupted_and_only_what_was_queued_is_sent(
    ann: Membership, tmp_path: Path
) -> None:
    with Upstream(ANSWERING) as upstream:
        comparison = run(ann, connection_to(ann, upstream.url), plan([[]] * 3))
        sending, streaming, _ = in_columns(comparison)
        worker = f"{Engine(data_dir=tmp_path).host}:deadbeef"
        Exchange.objects.filter(pk=sending.pk).update(state=State.SENDING, worker=worker, lease_until=timezone.now())
        Exchange.objects.filter(pk=streaming.pk).update(
            state=State.STREAMING,
            worker=worker,
            lease_until=timezone.now(),
            status=200,
            response_headers=[["content-type", "text/event-stream"]],
        )
        Segment.objects.create(
            exchange=streaming, seq=0, data=START + OPEN, timeline=[[1.0, len(START), "message_start"]]
        )
        Segment.objects.create(exchange=streaming, seq=1, data=HELLO, timeline=[])
        with running():
            exchanges = wait_until_finished(comparison)
        assert len(upstream.requests) == 1
    assert [exchange.state for exchange in exchanges] == [State.INTERRUPTED, State.INTERRUPTED, State.SUCCEEDED]
    assert exchanges[1].text == "Hello"
    assert bytes(exchanges[1].response_body.data) == START + OPEN + HELLO
    assert not Segment.objects.exists()


def test_a_living_process_keeps_its_exchanges_when_another_one_starts(ann: Membership) -> None:
    with (
        Upstream(
            [read(), send(STREAM_HEAD + chunk(START + OPEN + HELLO)), pause(0.5), send(chunked([SHUT, DELTA, STOP]))]
        ) as upstream,
        running(),
    ):
        comparison = run(ann, connection_to(ann, upstream.url), plan([[]]))
        wait_for(lambda: Exchange.objects.filter(state=State.STREAMING).exists(), what="a stream")
        other = Engine(data_dir=settings.DATA_DIR)
        other.start()
        other.stop(timeout_s=1)
        [exchange] = wait_until_finished(comparison)
    assert exchange.state == State.SUCCEEDED


def test_s7_an_owner_whose_lease_is_over_can_change_nothing_any_more(ann: Membership) -> None:
    with (
        Upstream(
            [read(), send(STREAM_HEAD + chunk(START + OPEN + HELLO)), pause(0.6), send(chunked([SHUT, DELTA, STOP]))]
        ) as upstream,
        running(lease=timedelta(seconds=-60)),
    ):
        comparison = run(ann, connection_to(ann, upstream.url), plan([[]]))
        wait_for(lambda: Segment.objects.exists(), what="a segment")
        Engine(data_dir=settings.DATA_DIR).sweep()
        [swept] = wait_until_finished(comparison)
        assert swept.state == State.INTERRUPTED
        wait_for(lambda: not recording.feeds, what="the old owner's end")
        swept.refresh_from_db()
    assert (swept.state, swept.text) == (State.INTERRUPTED, "Hello")


def test_s6_stopping_the_process_keeps_what_arrived_and_says_interrupted(ann: Membership) -> None:
    with Upstream([read(), send(STREAM_HEAD + chunk(START + OPEN + HELLO)), hang()]) as upstream:
        running_engine = engine.start()
        comparison = run(ann, connection_to(ann, upstream.url), plan([[]]))
        wait_for(lambda: Segment.objects.exists(), what="a segment")
        assert running_engine.worker
        engine.stop(timeout_s=0.1)
        [exchange] = wait_until_finished(comparison)
    assert (exchange.state, exchange.text) == (State.INTERRUPTED, "Hello")
    assert exchange.ended_at <= timezone.now()


def test_u39_a_key_that_the_far_end_echoes_is_not_kept(ann: Membership) -> None:
    """In a header and in the body, in every way to write it; and keys that are not ours, by how they look."""
    others = {"of a gateway": "Bearer gw-0123456789-abcdefgh", "of somebody": "sk-ant-api03-of-somebody-else"}

    def far_end(peer: Peer) -> None:
        key = peer.read_request().header("x-api-key") or ""
        said = {"message": f"bad key {key}", **others, "forms": [form.decode() for form in forms(key).values()]}
        body = json.dumps({"type": "error", "error": {"type": "authentication_error", **said}}).encode()
        cut = body.find(key.encode()) + 9
        echo = f"x-echo: {key} x-api-key={key}, {others['of a gateway']}"
        peer.send(head(401, echo, "content-type: application/json", "transfer-encoding: chunked"))
        for piece in (body[:cut], body[cut:]):
            peer.send(chunk(piece))
        peer.send(chunk(b""))

    with Upstream(far_end) as upstream, running():
        [exchange] = wait_until_finished(run(ann, connection_to(ann, upstream.url), plan([[]])))
    kept = repr(Exchange.objects.filter(pk=exchange.pk).values().get()) + repr(exchange.response_body.data)
    assert exchange.error_message.startswith("bad key $ANTHROPIC_API_KEY")
    assert json.loads(exchange.response_body.data)["error"]["of a gateway"] == "Bearer $ANTHROPIC_API_KEY****"
    assert [how for how, form in forms(KEY).items() if form.decode() in kept] == []
    assert "gw-0123456789" not in kept
    assert "of-somebody-else" not in kept


def test_what_a_refusal_says_of_keys_is_kept_byte_for_byte(ann: Membership) -> None:
    challenge = 'Bearer resource_metadata="https://api.example/.well-known/oauth-protected-resource"'
    said = "Use Bearer authentication with a token; x-api-key: required for this; see http://user:word@host.example/"
    body = json.dumps({"type": "error", "error": {"type": "authentication_error", "message": said}}).encode()
    refusing = [read(), send(answer(body, 401, f"www-authenticate: {challenge}"))]
    with Upstream(refusing) as upstream, running():
        [exchange] = wait_until_finished(run(ann, connection_to(ann, upstream.url), plan([[]])))
    assert exchange.response_body.data == body
    assert ["www-authenticate", challenge] in [list(pair) for pair in exchange.response_headers]


def test_a_key_that_cannot_stand_in_a_header_is_said_and_not_shown(ann: Membership) -> None:
    with Upstream(ANSWERING) as upstream, running():
        connection = connection_to(ann, upstream.url)
        connection.put_key("sk-ant-bad\u00e9key")
        [exchange] = wait_until_finished(run(ann, connection, plan([[]])))
        assert upstream.requests == []
    assert (exchange.state, exchange.failure_kind) == (State.FAILED, "not_sent")
    assert "API key" in exchange.error_message
    assert "bad" not in exchange.error_message


def test_a_damaged_row_does_not_keep_the_others_from_being_ended(ann: Membership, tmp_path: Path) -> None:
    with Upstream(ANSWERING) as upstream:
        comparison = run(ann, connection_to(ann, upstream.url), plan([[]] * 2))
        damaged, whole = in_columns(comparison)
        worker = f"{Engine(data_dir=tmp_path).host}:deadbeef"
        Exchange.objects.update(
            state=State.STREAMING, worker=worker, lease_until=timezone.now(), status=200, response_headers=[]
        )
        Segment.objects.create(exchange=whole, seq=0, data=START + OPEN + HELLO, timeline=[])
        with connection.cursor() as cursor:
            cursor.execute("UPDATE runs_exchange SET response_headers = 'no json' WHERE id = %s", [damaged.pk])
        with running():
            wait_for(lambda: not Exchange.objects.in_flight().exists(), what="their end")
    states = Exchange.objects.order_by("pk").values_list("state", "failure_kind")
    assert list(states) == [(State.INTERRUPTED, "interrupted")] * 2
    assert Exchange.objects.only("text").get(pk=whole.pk).text == "Hello"


def test_a_body_that_is_cut_where_the_key_could_begin_is_kept_to_the_last_byte(ann: Membership) -> None:
    cut = b'{"type":"message","text":"many things' + KEY[:5].encode()
    script = [read(), send(head(200, "content-type: application/json", "content-length: 999")), send(cut), close()]
    with Upstream(script) as upstream, running():
        [exchange] = wait_until_finished(run(ann, connection_to(ann, upstream.url), plan([[]], stream=False)))
    assert exchange.state == State.INCOMPLETE
    assert exchange.response_body.data == cut


def test_the_simulator_may_say_its_own_name(ann: Membership) -> None:
    simulator = Connection.objects.get(team=ann.team, kind=Connection.Kind.SIMULATOR)
    with running():
        [exchange] = wait_until_finished(run(ann, simulator, plan([[]], model="simulator-9")))
    assert "simulator-9" in exchange.error_message


def test_s13_an_engine_keeps_what_it_sends_when_the_clock_jumps(ann: Membership) -> None:
    with (
        Upstream(
            [read(), send(STREAM_HEAD + chunk(START + OPEN + HELLO)), pause(0.5), send(chunked([SHUT, DELTA, STOP]))]
        ) as upstream,
        running() as own,
    ):
        comparison = run(ann, connection_to(ann, upstream.url), plan([[]]))
        wait_for(lambda: Exchange.objects.filter(state=State.STREAMING).exists(), what="a stream")
        Exchange.objects.update(lease_until=timezone.now() - timedelta(hours=1))
        own.sweep()
        [exchange] = wait_until_finished(comparison)
    assert exchange.state == State.SUCCEEDED


def test_an_engine_that_has_had_nothing_to_do_for_a_while_looks_more_rarely_until_it_is_poked(
    ann: Membership, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engine, "POLL_S", 60.0)
    monkeypatch.setattr(engine, "QUIET_AFTER_S", 3000.0)
    with Upstream(ANSWERING) as upstream, running() as sending:
        sending._busy -= 3600
        assert sending._until_due_s() == 60.0 * engine.QUIET
        wait_until_finished(run(ann, connection_to(ann, upstream.url), plan([()])))
        assert sending._until_due_s() == 60.0


def test_nothing_is_added_while_sending_is_switched_off(ann: Membership, settings: Any) -> None:
    comparison = run(ann, connection_to(ann, "http://127.0.0.1:1"), plan([[]]))
    cancel(comparison)
    settings.SENDING_ENABLED = False
    with pytest.raises(SendingDisabled):
        run_again(comparison, comparison.variants.get(), case=0, repeat=1, author=ann.user)
    assert not Exchange.objects.queued().exists()


def test_a_prompt_with_half_a_character_can_be_run(ann: Membership) -> None:
    asked = plan([[]], messages=[{"role": "user", "content": "nul \x00 half \ud800"}])
    with Upstream(ANSWERING) as upstream, running():
        comparison = run(ann, connection_to(ann, upstream.url), replace(asked, title="nul \x00 half \ud800"))
        [exchange] = wait_until_finished(comparison)
        assert json.loads(upstream.requests[0].body)["messages"][0]["content"] == "nul \x00 half \ud800"
    assert exchange.state == State.SUCCEEDED
    assert comparison.title == "nul \ufffd half \ufffd"


def test_the_rounds_of_a_comparison_read_its_stubs_once(ann: Membership, tmp_path: Path) -> None:
    asked = replace(plan([[]], repeats=20), tool_stubs=[{"tool": "lookup_order", "result": "found"}], max_turns=10)
    comparison = run(ann, connection_to(ann, "http://127.0.0.1:1", max_in_flight=20), asked)
    comparison.exchanges.update(turn=2, continues="stubs")
    idle = Engine(data_dir=tmp_path)
    with CaptureQueriesContext(connection) as queries:
        idle.start_waiting()
    assert comparison.exchanges.filter(state=State.SENDING).count() == 20
    assert sum("tool_stubs" in query["sql"] for query in queries) == 1
    idle._pool.shutdown()
    for feed in list(idle._feeds.values()):
        idle._recorder.forget(feed)


def test_a_column_is_added_only_where_there_is_room_for_its_requests(
    ann: Membership, monkeypatch: pytest.MonkeyPatch
) -> None:
    comparison = run(ann, connection_to(ann, "http://127.0.0.1:1"), plan([["a-1"]], repeats=2))
    comparison.exchanges.update(state=State.FAILED, refused_betas=["a-1"])
    refused = comparison.variants.get()
    monkeypatch.setattr(adding, "MAX_CELLS", 3)
    with pytest.raises(PlanError, match="4 requests"):
        add_without(comparison, refused, author=ann.user)
    monkeypatch.setattr(adding, "MAX_CELLS", 4)
    assert add_without(comparison, refused, author=ann.user).exchanges.count() == 2
