"""Answers that break off, stall or are spoiled, from a scripted socket to the stored exchange and its page."""

import html
import re
import tracemalloc
from collections.abc import Mapping

import pytest
from django.test import Client

from betaconsole.claude.client import Deadlines
from betaconsole.claude.sse import MAX_LINE_BYTES
from betaconsole.runs.models import Exchange
from betaconsole.runs.states import State
from betaconsole.teams.models import Membership
from betaconsole.teams.solo import set_up_solo
from tests.runs.engines import connection_to, plan, run, running, wait_until_finished
from tests.runs.sending.test_engine import DELTA, HELLO, OPEN, SHUT, START, STOP, event
from tests.upstream import (
    STREAM_HEAD,
    Peer,
    Script,
    Upstream,
    chunk,
    chunked,
    close,
    head,
    read,
    reset,
    send,
    until_closed,
)

pytestmark = pytest.mark.django_db(transaction=True)
UNTIL_CLOSE = head(200, "content-type: text/event-stream")
ERROR = event("error", error={"type": "overloaded_error", "message": "Overloaded"})
# Longer than any test: whatever ends within one was not ended by a deadline.
NEVER = Deadlines(idle_s=600, total_s=600)


@pytest.fixture
def ann(transactional_db: None) -> Membership:
    return set_up_solo()


def answered(ann: Membership, answers: Mapping[str, Script], deadlines: Deadlines = NEVER) -> dict[str, Exchange]:
    """What the columns of one comparison come to, each under a beta whose name picks its answer; none was sent twice."""

    def far_end(peer: Peer) -> None:
        answer = answers[peer.read_request().header("anthropic-beta") or ""]
        for step in [answer] if callable(answer) else answer:
            step(peer)

    with Upstream(far_end) as upstream, running(deadlines=deadlines):
        exchanges = wait_until_finished(run(ann, connection_to(ann, upstream.url), plan([[name] for name in answers])))
        assert upstream.connections == len(answers)
    return dict(zip(answers, exchanges, strict=True))


def words_of(client: Client, exchange: Exchange) -> str:
    """The words of an exchange's page as a reader sees them."""
    source = client.get(exchange.get_absolute_url()).content.decode()
    return html.unescape(re.sub(r"<[^>]*>", "", source))


def test_u8_an_error_event_fails_the_exchange_with_what_had_come_and_its_usage(ann: Membership) -> None:
    before = {"first": [], "delta": [START, OPEN, HELLO], "usage": [START, OPEN, HELLO, SHUT, DELTA]}
    after = {"end": [], "stop": [STOP]}
    streams = {f"{when}-{then}": [*before[when], ERROR, *after[then]] for when in before for then in after}
    found = answered(ann, {name: [send(STREAM_HEAD + chunked(sent))] for name, sent in streams.items()})
    for name, one in found.items():
        when = name.split("-")[0]
        assert (one.state, one.failure_kind, one.error_type) == (State.FAILED, "stream_error", "overloaded_error"), name
        assert one.text == ("Hello" if before[when] else "")
        assert (one.input_tokens, one.output_tokens) == (10 if before[when] else None, 7 if when == "usage" else None)
        assert (one.cost_usd is not None) == (when == "usage")
        assert bytes(one.response_body.data).startswith(b"".join([*before[when], ERROR]))


def test_u9_a_reset_before_the_status_line_is_said_to_be_perhaps_billed_and_is_not_sent_again(
    ann: Membership, client: Client
) -> None:
    one = answered(ann, {"reset": [reset()]})["reset"]
    assert (one.state, one.failure_kind, one.status) == (State.UNKNOWN_OUTCOME, "cut_before_status", None)
    assert "may have been processed and billed. It is not sent again by itself." in words_of(client, one)


def test_u10_u11_a_connection_that_ends_before_message_stop_leaves_an_incomplete_answer(ann: Membership) -> None:
    found = answered(
        ann,
        {
            "u10-within-a-chunk": [send(STREAM_HEAD + chunk(START + OPEN + HELLO) + b"ff\r\n" + SHUT), close()],
            "u11-without-framing": [send(UNTIL_CLOSE + START + OPEN + HELLO + SHUT), close()],
        },
    )
    for one in found.values():
        assert (one.state, one.failure_kind, one.text) == (State.INCOMPLETE, "cut_after_status", "Hello")
        assert (one.input_tokens, one.output_tokens, one.cost_usd) == (10, None, None)
        assert bytes(one.response_body.data) == START + OPEN + HELLO + SHUT


def test_u12_message_stop_ends_the_answer_though_the_far_end_never_closes(ann: Membership) -> None:
    whole = b"".join([START, OPEN, HELLO, SHUT, DELTA, STOP])
    with (
        Upstream(
            scripts=[
                [read(), send(STREAM_HEAD + chunk(whole)), until_closed()],
                [read(), send(UNTIL_CLOSE + whole), until_closed()],
            ]
        ) as upstream,
        running(deadlines=NEVER),
    ):
        exchanges = wait_until_finished(run(ann, connection_to(ann, upstream.url), plan([[], []])))
        upstream.wait_until_closed(2)
    for one in exchanges:
        assert (one.state, one.text, one.output_tokens) == (State.SUCCEEDED, "Hello", 7)


def slow_loris(what: bytes) -> Script:
    """A stream that begins, and then brings these bytes again and again, one at a time, until the other side leaves."""

    def script(peer: Peer) -> None:
        peer.send(UNTIL_CLOSE + START + OPEN + HELLO)
        while True:
            for byte in what:
                peer.send(bytes([byte]))
                peer.wait(0.002)

    return script


@pytest.mark.parametrize(
    ("trickles", "deadlines", "kind"),
    [
        ([b":", b"event: ping\n\n: no data, no event\n\n"], Deadlines(idle_s=2, total_s=60), "idle_timeout"),
        ([b'event: ping\ndata: {"type": "ping"}\n\n'], Deadlines(idle_s=30, total_s=2), "total_timeout"),
    ],
    ids=["no event", "pings"],
)
def test_u13_a_trickle_is_ended_by_the_idle_time_between_events_or_by_the_total(
    ann: Membership, trickles: list[bytes], deadlines: Deadlines, kind: str
) -> None:
    found = answered(ann, {f"t-{number}": slow_loris(what) for number, what in enumerate(trickles)}, deadlines)
    for one in found.values():
        assert (one.state, one.failure_kind, one.text) == (State.INCOMPLETE, kind, "Hello")


def test_u17_text_that_is_no_utf8_is_kept_raw_and_shown_with_a_sign_in_its_place(
    ann: Membership, client: Client
) -> None:
    bad = {"overlong": b"\xc0\xaf", "continuation": b"\x80", "never": b"\xff", "surrogate": b"\xed\xa0\x80"}
    streams = {name: b"".join([START, OPEN, HELLO.replace(b"ll", odd), SHUT, DELTA, STOP]) for name, odd in bad.items()}
    found = answered(ann, {name: [send(STREAM_HEAD + chunked([sent]))] for name, sent in streams.items()})
    for name, one in found.items():
        assert (one.state, one.warnings) == (State.SUCCEEDED, ["bad_utf8"])
        assert bytes(one.response_body.data) == streams[name]
        assert re.fullmatch("He\ufffd+o", one.text)
        assert one.text in words_of(client, one)


def test_u21_a_line_of_fifty_megabytes_stops_at_eight_with_what_had_come_and_little_memory(ann: Membership) -> None:
    line, taken = b"x" * 65_536, [0]

    def endless(peer: Peer) -> None:
        peer.send(UNTIL_CLOSE + START + OPEN + HELLO + b"data: ")
        for _ in range(50 * 16):
            peer.send(line)
            taken[0] += len(line)

    tracemalloc.start()
    try:
        one = answered(ann, {"endless": endless})["endless"]
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert (one.state, one.failure_kind, one.text) == (State.FAILED, "limit", "Hello")
    assert one.response_body.size < MAX_LINE_BYTES + 1_000_000
    assert taken[0] < 30 << 20  # what was read, and what the kernel had taken ahead
    assert peak < 100 << 20, peak
