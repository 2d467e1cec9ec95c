"""Answers that are odd, wrong or hostile, each from the socket to the stored exchange and its page."""

import json
import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from betaconsole.claude.client import Deadlines
from betaconsole.connections.limits import latest_limits
from betaconsole.runs.launching.planning import PlanError
from betaconsole.runs.models import Exchange
from betaconsole.runs.states import State
from betaconsole.teams.models import Connection, Membership
from betaconsole.teams.solo import set_up_solo
from betaconsole.web.templatetags.figures import DASH
from tests.api.calling import Caller
from tests.runs.engines import connection_to, plan, run, running, wait_for, wait_until_finished
from tests.upstream import STREAM_HEAD, Peer, Upstream, answer, chunked, head, read, send

pytestmark = pytest.mark.django_db(transaction=True)

SSE = "content-type: text/event-stream"
MESSAGE = {
    "id": "msg_1",
    "type": "message",
    "role": "assistant",
    "model": "claude-sonnet-5-5",
    "content": [{"type": "text", "text": "Hello there"}],
    "stop_reason": "end_turn",
    "usage": {"input_tokens": 10, "output_tokens": 7},
}
WHOLE = json.dumps(MESSAGE).encode()


def event(kind: str, **data: object) -> bytes:
    return raw(kind, json.dumps({"type": kind, **data}))


def raw(kind: str, data: str) -> bytes:
    return f"event: {kind}\ndata: {data}\n\n".encode()


START = event("message_start", message={**MESSAGE, "content": [], "stop_reason": None})
OPEN = event("content_block_start", index=0, content_block={"type": "text", "text": ""})
SHUT = event("content_block_stop", index=0)
STOP = event("message_stop")


def text(said: str, index: int = 0) -> bytes:
    return event("content_block_delta", index=index, delta={"type": "text_delta", "text": said})


def done(reason: str = "end_turn", **usage: object) -> bytes:
    return event("message_delta", delta={"stop_reason": reason}, usage={"output_tokens": 7, **usage})


def streamed(*events: bytes) -> bytes:
    return STREAM_HEAD + chunked(events)


def with_odd(odd: bytes) -> bytes:
    """A good stream with something odd in the middle of its text."""
    return streamed(START, OPEN, text("Hello"), odd, text(" there"), SHUT, done(), STOP)


def with_usage(**usage: object) -> bytes:
    start = event("message_start", message={**MESSAGE, "content": [], "usage": usage or None})
    return streamed(
        start, OPEN, text("Hello there"), SHUT, event("message_delta", delta={"stop_reason": "end_turn"}), STOP
    )


def of_length(length: int, *, stream: bool) -> bytes:
    body = b"".join([START, OPEN, text("Hello there"), SHUT, done(), STOP]) if stream else WHOLE
    return (
        head(200, SSE if stream else "content-type: application/json", f"content-length: {len(body) + length}") + body
    )


@dataclass(frozen=True)
class Case:
    """What the far end sends, and what the exchange comes to. `text` is None where it does not matter."""

    sent: bytes
    state: State = State.SUCCEEDED
    kind: str = ""
    warnings: tuple[str, ...] = ()
    text: str | None = "Hello there"
    also: Callable[[Exchange], bool] = lambda exchange: True


def has_no_cost(exchange: Exchange) -> bool:
    return exchange.cost_usd is None


def keeps_surrogate(exchange: Exchange) -> bool:
    kept = b"\\ud800" in bytes(exchange.response_body.data) and json.loads(exchange.message)["content"][0]["text"]
    return kept == "Hello \ud800there"


def keeps_nul(exchange: Exchange) -> bool:
    kept = b"\\u0000" in bytes(exchange.response_body.data) and json.loads(exchange.message)["content"][0]["text"]
    return kept == "Hello \x00there"


BAD_JSON = {
    "that is cut": '{"type":"content_block_delta","index":0,',
    "100,000 deep": '{"type":"x","a":' + "[" * 100_000 + "]" * 100_000 + "}",
    "an integer of 5,000 digits": '{"type":"content_block_delta","index":' + "9" * 5000 + "}",
    "NaN": '{"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"x","n":NaN}}',
    "Infinity": '{"type":"message_delta","usage":{"output_tokens":-Infinity}}',
}
CASES = {
    "u28 a web page": Case(answer(b"<html>Hi", content_type="text/html"), State.FAILED, "protocol", text=""),
    "u28 JSON in place of a stream": Case(answer(WHOLE)),
    "u28 JSON without a type": Case(head(200, f"content-length: {len(WHOLE)}") + WHOLE),
    "u28 a stream without a type": Case(head(200) + b"".join([START, OPEN, text("Hello there"), SHUT, done(), STOP])),
    **{f"u29 JSON {name}": Case(with_odd(raw("x", bad)), warnings=("bad_json",)) for name, bad in BAD_JSON.items()},
    "u29 a name twice": Case(
        with_odd(
            raw("ping2", '{"type":"x","type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":","}}')
        ),
        warnings=("double_name",),
        text="Hello, there",
    ),
    "u30 an unknown event": Case(with_odd(event("news", body="x")), warnings=("unknown_event",)),
    "u30 an unknown delta": Case(
        with_odd(event("content_block_delta", index=0, delta={"type": "hint_delta", "hint": "x"})),
        warnings=("unknown_delta",),
    ),
    "u30 an unknown block": Case(
        streamed(
            START,
            event("content_block_start", index=0, content_block={"type": "hologram", "light": [1, {"a": "<b>"}]}),
            SHUT,
            event("content_block_start", index=1, content_block={"type": "text", "text": "Hello there"}),
            done(),
            STOP,
        ),
        also=lambda exchange: b'"hologram"' in bytes(exchange.message),
    ),
    "u30 an unknown stop reason": Case(
        streamed(START, OPEN, text("Hello there"), SHUT, done("tired<b>"), STOP),
        also=lambda exchange: exchange.stop_reason == "tired<b>",
    ),
    "u30 an unknown field of usage": Case(
        streamed(START, OPEN, text("Hello there"), SHUT, done(dream_tokens={"deep": [1]}), STOP),
        also=lambda exchange: exchange.usage["dream_tokens"] == {"deep": [1]},
    ),
    "u31 message_start twice": Case(with_odd(START), warnings=("out_of_order",)),
    "u31 a delta for no block": Case(with_odd(text("!", 7)), warnings=("out_of_order",), text=None),
    "u31 an index of a billion": Case(
        with_odd(event("content_block_start", index=10**9, content_block={"type": "text", "text": ""})),
        warnings=("out_of_order",),
        also=lambda exchange: len(json.loads(exchange.message)["content"]) == 2,
    ),
    "u31 a stop without a start": Case(with_odd(event("content_block_stop", index=3)), warnings=("out_of_order",)),
    "u31 the end of usage first": Case(
        streamed(done(), START, OPEN, text("Hello there"), SHUT, done(), STOP), warnings=("out_of_order",)
    ),
    "u32 message_stop twice, and more": Case(
        head(200, SSE) + b"".join([START, OPEN, text("Hello there"), SHUT, done(), STOP, STOP, text("!!")]),
        warnings=("after_stop",),
        also=lambda exchange: bytes(exchange.response_body.data).endswith(text("!!")),
    ),
    "u33 half a character": Case(with_odd(text(" \ud800").replace(b" ", b" ")), text=None),
    "u34 NUL": Case(streamed(START, OPEN, text("Hello \x00there"), SHUT, done(), STOP), text=None, also=keeps_nul),
    "u33 half a character in JSON": Case(
        answer(json.dumps({**MESSAGE, "content": [{"type": "text", "text": "Hello \ud800there"}]}).encode()),
        text=None,
        also=keeps_surrogate,
    ),
    "u35 no usage": Case(with_usage(), also=has_no_cost),
    "u35 a negative count": Case(with_usage(input_tokens=-5, output_tokens=7), also=has_no_cost),
    "u35 an absurd count": Case(with_usage(input_tokens=10**30, output_tokens=7), also=has_no_cost),
    "u35 a count that is a text": Case(with_usage(input_tokens="many", output_tokens=7), also=has_no_cost),
    "u38 a stream shorter than it said": Case(of_length(40, stream=True)),
    "u38 a stream longer than it said": Case(of_length(-9, stream=True), State.INCOMPLETE, "cut_after_status"),
    "u38 JSON shorter than it said": Case(of_length(40, stream=False)),
    "u38 JSON longer than it said": Case(of_length(-9, stream=False), State.INCOMPLETE, "cut_after_status"),
}
PREFIX = "case-"


def far_end(peer: Peer) -> None:
    asked = peer.read_request().header("anthropic-beta") or ""
    peer.send(list(CASES.values())[int(asked.removeprefix(PREFIX))].sent)


@pytest.fixture
def ann(transactional_db: None) -> Membership:
    return set_up_solo()


def test_u28_u29_u30_u31_u32_u33_u34_u35_u38_no_odd_answer_breaks_a_run_or_its_page(ann: Membership) -> None:
    """Each is a column of its own, read by the real engine."""
    columns = [[f"{PREFIX}{number}"] for number in range(len(CASES))]
    with Upstream(far_end) as upstream, running():
        connection = connection_to(ann, upstream.url)
        comparisons = [run(ann, connection, plan(part)) for part in (columns[:20], columns[20:])]
        exchanges = [ended for one in comparisons for ended in wait_until_finished(one, timeout_s=120)]
    pages = Client(headers={"host": "localhost"})
    wrong = {}
    for (name, case), exchange in zip(CASES.items(), exchanges, strict=True):
        got = (exchange.state, exchange.failure_kind, tuple(exchange.warnings))
        page = pages.get(reverse("runs:exchange", args=[exchange.public_id]))
        shown = page.content.decode()
        if got != (case.state, case.kind, case.warnings) or case.text not in (None, exchange.text):
            wrong[name] = (*got, exchange.text, exchange.error_message)
        elif not case.also(exchange):
            wrong[name] = "what else was to hold does not"
        elif page.status_code != 200 or "\x00" in shown or "tired<b>" in shown:
            wrong[name] = "its page"
    assert not wrong
    for one in comparisons:
        assert pages.get(reverse("runs:comparison", args=[one.public_id])).status_code == 200


def test_u40_rate_limits_that_are_absent_or_no_numbers_are_dashes(ann: Membership) -> None:
    odd = ("anthropic-ratelimit-requests-limit: many", "anthropic-ratelimit-requests-remaining: 4")
    more = ("anthropic-ratelimit-tokens-limit: -1", "anthropic-ratelimit-requests-reset: yesterday")
    scripts = [[read(), send(answer(WHOLE, 200, *lines))] for lines in ((), (*odd, *more))]
    with Upstream(scripts=scripts) as upstream, running():
        connection = connection_to(ann, upstream.url)
        wait_until_finished(run(ann, connection, plan([[]])))
        page = Client(headers={"host": "localhost"})
        where = reverse("connections:connection", args=[connection.public_id])
        assert latest_limits(connection) == []
        assert page.get(where).status_code == 200
        wait_until_finished(run(ann, connection, plan([[]])))
    [limits] = latest_limits(Connection.objects.get(pk=connection.pk))
    [row] = limits.rows
    assert (row.what, row.limit, row.remaining, row.resets_in) == ("Requests", None, 4, DASH)
    shown = page.get(where).content.decode()
    assert "many" not in shown
    assert "yesterday" not in shown


def test_u36_eight_columns_of_many_repeats_never_hold_more_sockets_than_the_limit(ann: Membership) -> None:
    open_now, most, lock = [0], [0], threading.Lock()

    def far_end(peer: Peer) -> None:
        with lock:
            open_now[0] += 1
            most[0] = max(most[0], open_now[0])
        peer.read_request()
        peer.wait(0.01)
        with lock:
            open_now[0] -= 1
        peer.send(answer(WHOLE))

    with Upstream(far_end) as upstream, running():
        connection = connection_to(ann, upstream.url, max_in_flight=4)
        ended = wait_until_finished(run(ann, connection, plan([[]] * 8, repeats=5)), timeout_s=120)
    assert {exchange.state for exchange in ended} == {State.SUCCEEDED}
    assert (len(upstream.requests), upstream.connections) == (40, 40)
    assert most[0] <= 4


def test_u37_pings_keep_a_stream_alive_until_its_total_deadline(ann: Membership) -> None:
    def far_end(peer: Peer) -> None:
        peer.read_request()
        peer.send(head(200, SSE) + START + OPEN + text("Hello"))
        while True:
            peer.send(event("ping"))
            peer.wait(0.05)

    with Upstream(far_end) as upstream, running(deadlines=Deadlines(idle_s=3, total_s=4)):
        [exchange] = wait_until_finished(run(ann, connection_to(ann, upstream.url), plan([[]])))
    assert (exchange.state, exchange.failure_kind, exchange.text) == (State.INCOMPLETE, "total_timeout", "Hello")


@pytest.mark.parametrize("jump", [timedelta(hours=1), timedelta(hours=-1)], ids=["ahead", "back"])
def test_u27_a_clock_that_jumps_within_a_run_changes_no_duration(ann: Membership, monkeypatch, jump) -> None:
    now, goes_on = timezone.now, threading.Event()

    def far_end(peer: Peer) -> None:
        peer.read_request()
        peer.send(head(200, SSE) + START + OPEN + text("Hello"))
        goes_on.wait(60)
        peer.send(text(" there") + SHUT + done() + STOP)

    with Upstream(far_end) as upstream, running():
        comparison = run(ann, connection_to(ann, upstream.url), plan([[]]))
        wait_for(lambda: Exchange.objects.filter(state=State.STREAMING).exists(), what="a stream")
        monkeypatch.setattr(timezone, "now", lambda: now() + jump)
        goes_on.set()
        [exchange] = wait_until_finished(comparison)
    assert (exchange.state, exchange.text) == (State.SUCCEEDED, "Hello there")
    spans = [exchange.connect_ms, exchange.queue_ms, exchange.first_byte_ms, exchange.first_text_ms, exchange.total_ms]
    assert all(0 <= span < 600_000 for span in spans)


@pytest.mark.parametrize("odd", ["a,b", "a b", "a\r\nx-evil: 1", "\u00e4"])
def test_b15_no_name_that_could_change_a_header_line_is_planned_or_sent(ann: Membership, odd: str) -> None:
    """By the API, where runs are made, and once more on the wire: here the row was changed in the database."""
    asked = Caller(ann.user, ann.team).compare(variants=[{"betas": [odd]}])
    assert asked.status_code == 422
    with Upstream([read(), send(answer(WHOLE))]) as upstream:
        connection = connection_to(ann, upstream.url)
        with pytest.raises(PlanError):
            run(ann, connection, plan([[odd]]))
        assert not Exchange.objects.exists()
        comparison = run(ann, connection, plan([["good-2025-01-01"]]))
        row = Exchange.objects.get()
        Exchange.objects.update(
            request_headers=[[name, odd if name == "anthropic-beta" else value] for name, value in row.request_headers]
        )
        with running():
            [exchange] = wait_until_finished(comparison)
        sent = [request.raw for request in upstream.requests]
    if odd == "a,b":  # on the wire these are two good names
        assert len(sent) == 1
    else:
        assert sent == []
        assert (exchange.state, exchange.failure_kind) == (State.FAILED, "not_sent")
