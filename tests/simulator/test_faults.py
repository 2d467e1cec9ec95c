"""Faults on demand, as they look on the wire."""

import http.client
import json
import time

import pytest

from .talk import ask, connect, read, say, write


@pytest.fixture
def sock(simulator):
    with simulator.dial() as sock:
        yield sock


def stream(sock, wishes):
    return say(sock, ask(stream=True), x_simulator=wishes)


def drain(sock, received=None):
    """Read until the other side ends or breaks the connection."""
    while data := sock.recv(65_536):
        if received is not None:
            received += data


def kinds(reply):
    return [line[7:].decode() for line in reply.body.split(b"\n") if line.startswith(b"event: ")]


@pytest.mark.parametrize(
    ("status", "type_"),
    [
        (400, "invalid_request_error"),
        (401, "authentication_error"),
        (402, "billing_error"),
        (403, "permission_error"),
        (404, "not_found_error"),
        (429, "rate_limit_error"),
        (500, "api_error"),
        (503, "api_error"),
        (504, "timeout_error"),
        (529, "overloaded_error"),
    ],
)
def test_an_error_status_comes_with_its_envelope(sock, status, type_):
    reply = stream(sock, f"fault={status}")
    assert (reply.status, reply.json["type"], reply.json["error"]["type"]) == (status, "error", type_)
    assert reply.json["request_id"] == reply.headers["request-id"]
    assert reply.headers["x-should-retry"] == ("true" if status in (429, 500, 503, 504, 529) else "false")


def test_a_rate_limit_says_when_to_come_back(sock):
    assert stream(sock, "fault=429; retry_after=7").headers["retry-after"] == "7"


def test_413_is_a_page_of_the_edge(sock):
    reply = stream(sock, "fault=413")
    assert (reply.status, reply.headers["content-type"]) == (413, "text/html")
    assert reply.body.startswith(b"<html>")


def test_a_200_can_be_a_page_too(sock):
    reply = stream(sock, "fault=html")
    assert (reply.status, reply.headers["content-type"]) == (200, "text/html")


def test_an_error_event_ends_the_stream_after_some_text(sock):
    reply = stream(sock, "fault=error_event")
    assert reply.status == 200
    assert reply.events[-1] == {"type": "error", "error": {"type": "overloaded_error", "message": "Overloaded"}}
    assert "message_stop" not in kinds(reply)
    assert "content_block_delta" in kinds(reply)


def test_a_fault_strikes_after_as_many_events_as_asked(sock):
    assert kinds(stream(sock, "fault=error_event; after_events=2")) == ["message_start", "content_block_start", "error"]


def test_a_cut_stream_ends_without_its_last_chunk(sock):
    write(sock, ask(stream=True), x_simulator="fault=cut; after_events=4")
    with pytest.raises(http.client.IncompleteRead) as raised:
        read(sock)
    assert raised.value.partial.count(b"event: ") == 4


def test_a_cut_json_answer_is_shorter_than_its_length(sock):
    write(sock, ask(), x_simulator="fault=cut")
    with pytest.raises(http.client.IncompleteRead):
        read(sock)


def test_a_reset_comes_before_any_status(door):
    with connect(door) as sock:
        write(sock, ask(), x_simulator="fault=reset")
        with pytest.raises(ConnectionResetError):
            sock.recv(1)


def test_through_a_socketpair_a_reset_is_an_end_before_any_status(sock):
    write(sock, ask(), x_simulator="fault=reset")
    assert sock.recv(1) == b""


def test_a_stream_can_be_reset_in_the_middle(door):
    with connect(door) as sock:
        write(sock, ask(stream=True), x_simulator="fault=reset_stream; after_ms=40; tps=200; jitter=0")
        with pytest.raises(ConnectionResetError):
            drain(sock)


def test_a_stall_goes_on_after_its_time(sock):
    started = time.monotonic()
    reply = stream(sock, "fault=stall; stall_ms=300; after_events=5")
    assert time.monotonic() - started >= 0.3
    assert kinds(reply)[-1] == "message_stop"


def test_a_stall_holds_back_everything_after_it(sock):
    write(sock, ask(stream=True), x_simulator="fault=stall; after_events=2")
    sock.settimeout(0.3)
    received = bytearray()
    with pytest.raises(TimeoutError):
        drain(sock, received)
    assert received.count(b"event: ") == 2


def test_hang_never_sends_a_status(sock):
    write(sock, ask(stream=True), x_simulator="fault=hang")
    sock.settimeout(0.3)
    with pytest.raises(TimeoutError):
        sock.recv(1)


def test_a_stream_can_lack_its_message_stop_and_end_properly(sock):
    reply = stream(sock, "fault=no_stop")
    assert kinds(reply)[-1] == "message_delta"


def test_bad_json_stands_among_good_frames(sock):
    reply = stream(sock, "fault=bad_json")
    bad = []
    for data in reply.event_data:
        try:
            json.loads(data)
        except ValueError:
            bad.append(data)
    assert len(bad) == 1
    assert kinds(reply)[-1] == "message_stop"


def test_bad_utf8_stands_in_a_frame(sock):
    reply = stream(sock, "fault=bad_utf8")
    with pytest.raises(UnicodeDecodeError):
        reply.body.decode()
    assert kinds(reply)[-1] == "message_stop"


def test_unknown_events_deltas_and_blocks_are_well_formed(sock):
    assert "weather_report" in kinds(stream(sock, "fault=unknown_event"))
    deltas = [
        event["delta"]["type"]
        for event in stream(sock, "fault=unknown_delta").events
        if "delta" in event and "index" in event
    ]
    assert deltas.count("melody_delta") == 1
    started = [event for event in stream(sock, "fault=unknown_block").events if event["type"] == "content_block_start"]
    assert [event["index"] for event in started] == list(range(len(started)))
    assert started[-1]["content_block"]["type"] == "melody"


def test_a_stream_can_be_answered_with_json(sock):
    reply = stream(sock, "fault=json")
    assert reply.headers["content-type"] == "application/json"
    assert reply.json["type"] == "message"


def test_bad_json_and_bad_utf8_come_without_a_stream_too(sock):
    with pytest.raises(ValueError, match=r"Unterminated|Expecting|delimiter"):
        say(sock, ask(), x_simulator="fault=bad_json").json  # noqa: B018
    with pytest.raises(UnicodeDecodeError):
        say(sock, ask(), x_simulator="fault=bad_utf8").body.decode()


@pytest.mark.parametrize("where", ["system", "user"])
def test_a_directive_in_the_text_asks_for_a_fault_and_is_not_answered(sock, where):
    directive = "[[simulator: fault=529]]"
    said = {"role": "user", "content": f"Go on. {directive if where == 'user' else ''}"}
    body = ask(messages=[said], system=f"Be kind. {directive}" if where == "system" else None)
    assert say(sock, body).status == 529
    calm = say(sock, body, x_simulator="fault=none").json
    assert "simulator:" not in calm["content"][0]["text"]


def test_words_that_only_look_like_wishes_do_nothing(sock):
    body = ask(messages=[{"role": "user", "content": "In the config, fault=529 and tps=1 are set. Why?"}])
    assert say(sock, body, x_simulator="tps=fast; nonsense; repeat=; fault=everything").status == 200


def test_chance_strikes_some_repeats_and_always_the_same(simulator):
    def statuses():
        for repeat in range(80):
            with simulator.dial(repeat=repeat) as sock:
                yield say(sock, ask(), x_simulator="fault=529; chance=0.4").status

    first = list(statuses())
    assert 20 < first.count(529) < 44
    assert list(statuses()) == first


@pytest.mark.parametrize("path", ["/v1/models", "/v1/models/claude-sonnet-5"])
def test_other_endpoints_can_fail_too(sock, path):
    assert say(sock, None, path=path, method="GET", x_simulator="fault=503").status == 503
