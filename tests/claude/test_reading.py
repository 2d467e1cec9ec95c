import json
import time
import tracemalloc
from functools import cache
from itertools import pairwise
from operator import itemgetter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from betaconsole.claude import errors
from betaconsole.claude.errors import LimitExceeded
from betaconsole.claude.reading import Reading, Result, Step
from tests.cases import hold_for
from tests.recorded import exchanges, messages, streams

STREAM = [("Content-Type", "text/event-stream; charset=utf-8"), ("Request-Id", "req_1")]
JSON = [("content-type", "application/json"), ("request-id", "req_1")]
HTML = [("content-type", "text/html; charset=UTF-8")]
START = (
    'event: message_start\ndata: {"type":"message_start","message":{"id":"msg_1","type":"message","role":"assistant",'
    '"model":"claude-x","content":[],"stop_reason":null,"usage":{"input_tokens":5,"output_tokens":1}}}\n\n'
)
OPEN = 'data: {"type":"content_block_start","index":0,"content_block":{"type":"text","text":""}}\n\n'
TEXT = 'data: {"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"Grüß 😀\u2028"}}\n\n'
DONE = (
    'data: {"type":"content_block_stop","index":0}\n\n'
    'data: {"type":"message_delta","delta":{"stop_reason":"end_turn"},"usage":{"output_tokens":3}}\n\n'
)
STOP = 'event: message_stop\ndata: {"type":"message_stop"}\n\n'
ERROR = 'event: error\ndata: {"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}}\n\n'
WHOLE = START + OPEN + TEXT + DONE + STOP
MESSAGE = {
    "id": "msg_1",
    "type": "message",
    "role": "assistant",
    "model": "claude-x",
    "content": [{"type": "text", "text": "Grüß 😀\u2028"}],
    "stop_reason": "end_turn",
    "usage": {"input_tokens": 5, "output_tokens": 3},
}


def read(body: str | bytes, *, status: int = 200, headers=STREAM, failure=None, expects_message=True) -> Result:
    reading = Reading(status, headers, expects_message=expects_message)
    reading.feed(body.encode() if isinstance(body, str) else body)
    return reading.finish(failure)


def read_in_pieces(pieces: list[bytes], status: int, headers) -> tuple[list[Step], Result]:
    reading = Reading(status, headers)
    steps = [step for piece in pieces for step in reading.feed(piece)]
    assert reading.position == len(steps)
    return steps, reading.finish()


def test_a_whole_stream_succeeds_and_says_all_about_itself():
    assert read(WHOLE) == Result(
        state="succeeded",
        kind="",
        error=None,
        message=MESSAGE,
        text="Grüß 😀\u2028",
        stop_reason="end_turn",
        usage={"input_tokens": 5, "output_tokens": 3},
        model="claude-x",
        request_id="req_1",
        warnings=(),
    )


def test_steps_count_events_and_say_where_each_one_ends():
    stream = (START + ": comment\n\n" + 'event: ping\ndata: {"type": "ping"}\n\n' + OPEN + TEXT).encode()
    steps, _ = read_in_pieces([stream], 200, STREAM)
    assert [step.position for step in steps] == [1, 2, 3, 4]
    assert [step.event_type for step in steps] == [
        "message_start",
        "ping",
        "content_block_start",
        "content_block_delta",
    ]
    assert [stream[: step.end].count(b"\n\n") for step in steps] == [1, 3, 4, 5]
    assert steps[-1].changes[0].text == "Grüß 😀\u2028"


@pytest.mark.parametrize("line_end", ["\n", "\r", "\r\n"])
def test_u16_u19_a_short_stream_reads_the_same_wherever_it_is_cut(line_end):
    stream = ("\ufeff" + WHOLE.replace("\n", line_end)).encode()
    whole = read_in_pieces([stream], 200, STREAM)
    assert whole[1].message == MESSAGE
    assert read_in_pieces([stream[at : at + 1] for at in range(len(stream))], 200, STREAM) == whole
    for at in range(len(stream)):
        assert read_in_pieces([stream[:at], stream[at:]], 200, STREAM) == whole


def test_u19_a_mix_of_line_ends_reads_the_same_wherever_it_is_cut():
    ends = ["\n", "\r\n", "\r"]
    stream = "".join(line + ends[n % 3] for n, line in enumerate(WHOLE.split("\n"))).encode()
    whole = read_in_pieces([stream], 200, STREAM)
    for at in range(len(stream)):
        assert read_in_pieces([stream[:at], stream[at:]], 200, STREAM) == whole


SHORT = [row for row in streams() if len(row["response"]["body_text"]) < 1_000]


@pytest.mark.parametrize("row", SHORT, ids=lambda row: row["id"])
def test_a_short_recorded_stream_reads_the_same_wherever_it_is_cut(row):
    stream = row["response"]["body_text"].encode()
    whole = read_in_pieces([stream], 200, STREAM)
    for at in range(len(stream)):
        assert read_in_pieces([stream[:at], stream[at:]], 200, STREAM) == whole


@cache
def read_whole(stream: bytes) -> tuple[list[Step], Result]:
    """What the same few recorded streams come to in one piece; read once for all the ways to cut them."""
    return read_in_pieces([stream], 200, STREAM)


@settings(max_examples=8)
@given(st.lists(st.floats(0, 1), max_size=40).map(sorted), st.sampled_from([b"\n", b"\r\n", b"\r"]))
def test_every_recorded_stream_reads_the_same_however_it_is_cut(fractions, line_end):
    for row in streams():
        stream = row["response"]["body_text"].encode().replace(b"\n", line_end)
        places = [round(fraction * len(stream)) for fraction in fractions]
        pieces = [stream[start:end] for start, end in pairwise([0, *places, len(stream)])]
        assert read_in_pieces(pieces, 200, STREAM) == read_whole(stream)


def recorded(row) -> Result:
    answer = row["response"]
    return read(answer["body_text"], status=answer["status"], headers=list(answer["headers"].items()))


def test_every_recorded_answer_of_the_messages_endpoint_is_read():
    hold_for(messages(), is_read, name=itemgetter("id"))


def is_read(row):
    result, tags = recorded(row), row["tags"]
    if row["response"]["status"] < 400:
        assert result.state == "succeeded"
        assert result.message["id"]
        assert f"stop:{result.stop_reason}" in tags or result.stop_reason is None
        assert result.usage["output_tokens"] >= 0
        assert result.model
        assert set(result.warnings) <= {"cut_input", "no_last_blank_line"}
    else:
        assert (result.state, result.kind) == ("failed", "http_error")
        assert f"error:{result.error.type}" in tags
        assert result.error.message
    assert result.request_id == row["response"]["headers"].get("request-id", result.request_id)


@pytest.mark.parametrize("headers", [JSON, [], [("content-type", "text/plain")]])
def test_u28_a_json_answer_to_a_request_for_a_stream_succeeds(headers):
    result = read(json.dumps(MESSAGE), headers=headers)
    assert (result.state, result.message, result.text) == ("succeeded", MESSAGE, "Grüß 😀\u2028")


@pytest.mark.parametrize("headers", [STREAM, [], [("content-type", "text/plain")]])
def test_u28_a_stream_whose_content_type_says_nothing_is_recognised_however_it_is_cut(headers):
    for stream in (WHOLE, "\ufeff" + WHOLE, "\r\n: ok\n\n" + WHOLE, WHOLE.replace("event: message_start\n", "")):
        pieces = [bytes([byte]) for byte in stream.encode()]
        assert read_in_pieces(pieces, 200, headers)[1].message == MESSAGE
    assert Reading(200, headers).is_event_stream == (headers == STREAM)


def test_a_stream_without_its_last_blank_line_is_whole_at_a_proper_end_only():
    assert (read(WHOLE[:-2]).state, read(WHOLE[:-2]).warnings) == ("succeeded", ("no_last_blank_line",))
    assert read(WHOLE[:-2], failure=errors.Incomplete()).state == "incomplete"
    assert read(WHOLE[:-3]).state == "incomplete"
    assert read(START + OPEN + TEXT[:-2]).text == ""


@pytest.mark.parametrize("end", range(0, len(WHOLE) - 3, 7))
def test_a_stream_without_message_stop_is_incomplete_and_keeps_what_came(end):
    result = read(WHOLE[:end].encode())
    assert (result.state, result.kind) == ("incomplete", "cut_after_status")
    assert result.text == ("Grüß 😀\u2028" if end >= len(START + OPEN + TEXT) else "")
    assert result.error.message


@pytest.mark.parametrize("before", ["", START, START + OPEN + TEXT, START + OPEN + TEXT + DONE])
def test_u8_an_error_event_makes_the_call_fail_with_what_had_come(before):
    reading = Reading(200, STREAM)
    assert reading.shown_error is None
    reading.feed((before + ERROR).encode())
    assert reading.shown_error.type == "overloaded_error"
    result = reading.finish()
    assert (result.state, result.kind) == ("failed", "stream_error")
    assert (result.error.type, result.error.message, result.error.request_id) == (
        "overloaded_error",
        "Overloaded",
        "req_1",
    )
    assert result.text == ("Grüß 😀\u2028" if TEXT in before else "")
    assert (result.usage or {}).get("output_tokens") == {"": None, START: 1}.get(before, 3 if DONE in before else 1)


def test_an_error_event_counts_even_where_the_connection_then_broke_or_message_stop_came():
    for rest, failure in (("", errors.Incomplete()), (STOP, None)):
        assert read(START + ERROR + rest, failure=failure).kind == "stream_error"


def test_a_refused_beta_in_an_error_event_is_named():
    event = {"type": "error", "error": {"type": "invalid_request_error", "message": "Unsupported beta header: x-1"}}
    assert read(f"event: error\ndata: {json.dumps(event)}\n\n").error.refused_betas == ("x-1",)


@pytest.mark.parametrize(
    ("failure", "state", "kind"),
    [
        (errors.Incomplete(), "incomplete", "cut_after_status"),
        (errors.IdleTimeout(), "incomplete", "idle_timeout"),
        (errors.TotalTimeout(), "incomplete", "total_timeout"),
        (errors.Cancelled(), "cancelled", "cancelled"),
        (errors.LimitExceeded("too long"), "failed", "limit"),
        (errors.ProtocolError(), "failed", "protocol"),
    ],
)
def test_how_the_call_ended_decides_unless_the_answer_was_whole_already(failure, state, kind):
    part = read(START + OPEN + TEXT, failure=failure)
    assert (part.state, part.kind, part.text, part.error.message) == (state, kind, "Grüß 😀\u2028", failure.message)
    assert read(WHOLE, failure=failure).state == "succeeded"
    assert read(json.dumps(MESSAGE), headers=JSON, failure=failure).state == "succeeded"
    assert read(json.dumps(MESSAGE)[:-1], headers=JSON, failure=failure).state == state


def test_an_error_answer_is_read_whatever_its_shape():
    body = {"type": "error", "error": {"type": "rate_limit_error", "message": "Slow down"}, "request_id": "req_b"}
    result = read(json.dumps(body), status=429, headers=[*JSON, ("retry-after", "3")])
    assert (result.state, result.kind, result.message) == ("failed", "http_error", None)
    assert (result.error.status, result.error.type, result.error.retry_after_s) == (429, "rate_limit_error", 3.0)
    assert read(json.dumps(body), status=429, headers=[]).request_id == "req_b"


@pytest.mark.parametrize("headers", [HTML, STREAM, JSON, []])
def test_u3_an_error_page_of_an_edge_is_an_error_with_its_status(headers):
    page = "<html>\r\n<head><title>413 Request Entity Too Large</title></head><body>cloudflare</body></html>"
    result = read(page, status=413, headers=headers)
    assert (result.state, result.kind, result.error.status) == ("failed", "http_error", 413)
    assert "413 Request Entity Too Large" in result.error.message


def test_an_error_answer_sent_as_a_stream_is_an_error_too():
    result = read(ERROR, status=529)
    assert (result.kind, result.error.type, result.error.status) == ("http_error", "overloaded_error", 529)
    body = json.dumps({"type": "error", "error": {"type": "overloaded_error", "message": "Overloaded"}})
    assert read(body, status=529).error.type == "overloaded_error"
    assert read(WHOLE, status=500).state == "failed"


def test_a_refusal_stands_even_where_its_body_was_cut_but_not_where_it_was_cancelled():
    body = '{"type":"error","error":{"type":"overloaded_error","mess'
    assert read(body, status=529, headers=JSON, failure=errors.Incomplete()).kind == "http_error"
    assert read(body, status=529, headers=JSON, failure=errors.Cancelled()).state == "cancelled"


@pytest.mark.parametrize("headers", [HTML, JSON, []])
def test_u28_a_web_page_in_place_of_a_message_is_no_answer(headers):
    result = read("<!doctype html><title>Welcome</title>", headers=headers)
    assert (result.state, result.kind) == ("failed", "protocol")
    assert "web page: Welcome" in result.error.message


@pytest.mark.parametrize("body", ["[1, 2]", '"text"', "null", "upstream error", '{"a": nope}', "[" * 100_000])
def test_a_body_that_is_no_message_is_no_answer(body):
    result = read(body, headers=JSON)
    assert (result.state, result.kind, result.message, result.text) == ("failed", "protocol", None, "")


def test_a_json_answer_that_was_cut_off_is_incomplete_and_keeps_what_came():
    body = json.dumps(MESSAGE | {"content": [{"type": "text", "text": "one"}, {"type": "text", "text": "two"}]})
    result = read(body[: body.index("two") + 1], headers=JSON)
    assert (result.state, result.kind, result.text, result.model) == (
        "incomplete",
        "cut_after_status",
        "one",
        "claude-x",
    )
    assert read("", headers=JSON).state == "incomplete"
    assert read(b"", headers=STREAM).state == "incomplete"


def test_an_error_reported_under_status_200_is_an_error():
    body = {"type": "error", "error": {"type": "api_error", "message": "Oops"}}
    assert (read(json.dumps(body), headers=JSON).kind, read(json.dumps(body), headers=JSON).error.message) == (
        "stream_error",
        "Oops",
    )


def test_u23_a_redirect_is_refused():
    assert read("", status=307, headers=[("location", "https://elsewhere")]).kind == "redirect_refused"
    assert read(WHOLE, status=302).state == "failed"


def test_u17_bytes_that_are_no_utf8_are_read_with_a_warning():
    body = json.dumps(MESSAGE).encode().replace(b"claude-x", b"claude-\xff")
    result = read(body, headers=JSON)
    assert (result.state, result.model, result.warnings) == ("succeeded", "claude-\ufffd", ("bad_utf8",))
    stream = WHOLE.encode().replace("ü".encode(), b"\xfc")
    assert (read(stream).state, read(stream).text, read(stream).warnings) == (
        "succeeded",
        "Gr\ufffdß 😀\u2028",
        ("bad_utf8",),
    )


def test_a_message_with_fields_of_odd_types_is_read():
    odd = {"type": "message", "content": 5, "stop_reason": 1, "usage": [], "model": None}
    result = read(json.dumps(odd), headers=JSON)
    assert (result.state, result.text, result.stop_reason, result.usage, result.model) == (
        "succeeded",
        "",
        None,
        None,
        None,
    )


def test_u21_an_endless_line_ends_the_reading_with_what_had_come():
    reading = Reading(200, STREAM)
    reading.feed((START + OPEN + TEXT).encode())
    with pytest.raises(LimitExceeded) as caught:
        reading.feed(b"x" * (8 * 1024 * 1024 + 1))
    assert (reading.finish(caught.value).kind, reading.finish(caught.value).text) == ("limit", "Grüß 😀\u2028")
    assert reading.finish().kind == "limit"


def test_a_limit_reached_in_the_same_chunk_as_the_last_events_is_not_lost():
    reading = Reading(200, STREAM)
    assert len(reading.feed((START + OPEN + TEXT).encode() + b"x" * (8 * 1024 * 1024 + 1))) == 3
    assert reading.finish().kind == "limit"


FRAGMENTS = st.sampled_from(
    [text.encode() for text in (START, OPEN, TEXT, DONE, STOP, ERROR, "{", "\r\n", "data: {", "<p>")]
)


@settings(max_examples=150)
@given(
    st.binary(max_size=200) | st.lists(FRAGMENTS, max_size=8).map(b"".join),
    st.sampled_from([200, 204, 302, 400, 500]),
    st.sampled_from([STREAM, JSON, HTML, []]),
    st.lists(st.floats(0, 1), max_size=5).map(sorted),
)
def test_any_bytes_under_any_status_come_to_a_result_that_does_not_depend_on_cuts(body, status, headers, places):
    marks = [0, *(round(place * len(body)) for place in places), len(body)]
    pieces = [body[start:end] for start, end in pairwise(marks)]
    steps, result = read_in_pieces(pieces, status, headers)
    assert (steps, result) == read_in_pieces([body], status, headers)
    assert result.state in {"succeeded", "failed", "incomplete"}


def read_other(body: str | bytes, content_type: str = "application/json", **options) -> Result:
    """What an answer of another endpoint comes to."""
    headers = [("content-type", content_type), ("request-id", "req_1")] if content_type else []
    return read(body, headers=headers, expects_message=False, **options)


OTHERS = [row for row in exchanges() if not row["request"]["path"].split("?")[0].endswith("/v1/messages")]


@pytest.mark.parametrize("row", OTHERS, ids=lambda row: f"{row['request']['path'].split('?')[0]}-{row['id']}")
def test_every_recorded_answer_of_another_endpoint_is_read(row):
    answer = row["response"]
    headers = list(answer["headers"].items())
    if answer["is_sse"]:
        headers.append(("content-type", "text/event-stream"))
    result = read(answer["body_text"], status=answer["status"], headers=headers, expects_message=False)
    assert (result.text, result.warnings) == ("", ())
    if answer["status"] >= 400:
        assert (result.state, result.kind, result.message) == ("failed", "http_error", None)
        assert result.error.type in ("authentication_error", "invalid_request_error")
        return
    assert (result.state, result.kind, result.error) == ("succeeded", "", None)
    is_object = not answer["is_sse"] and "jsonl" not in answer["headers"].get("content-type", "")
    assert result.message == (json.loads(answer["body_text"]) if is_object else None)
    if "/count_tokens" in row["request"]["path"]:
        assert result.usage == result.message


FILES = {
    "a picture": (b"\x89PNG\r\n\x1a\n\x00\xff", "image/png"),
    "a file that looks like a stream": (b"data: 1\n\nevent: error\ndata: {}\n\n", "application/octet-stream"),
    "a file of unknown type that looks like a stream": (b"event: error\ndata: {}\n\n", ""),
    "a PDF": (b"%PDF-1.7", "application/pdf"),
    "a text": ("Grüß".encode("utf-16"), "text/plain"),
    "a web page": (b"<!doctype html><title>Hello</title>", "text/html"),
    "a list": (b"[1, 2]", "application/json"),
    "JSON nobody can read": (b'{"a": NaN}', "application/json"),
    "half a JSON object": (b'{"a": 1', "application/json"),
    "bytes that are no UTF-8": (b'{"a": "\xff"}', "application/json"),
    "lines of JSON": (b'{"a": 1}\n{"a": 2}\n', "application/x-jsonl"),
    "one line of JSON": (b'{"a": 1}\n', "application/x-jsonl"),
    "an error among lines of JSON": (b'{"type": "error", "error": {}}\n', "application/x-jsonl"),
    "nothing": (b"", "application/json"),
}


@pytest.mark.parametrize(("body", "content_type"), FILES.values(), ids=FILES.keys())
@pytest.mark.parametrize("status", [200, 204])
def test_another_endpoints_answer_succeeds_whatever_it_is_once_it_came_to_its_end(body, content_type, status):
    result = read_other(body, content_type, status=status)
    assert (result.state, result.kind, result.error, result.message) == ("succeeded", "", None, None)
    assert (result.text, result.usage, result.warnings) == ("", None, ())


@pytest.mark.parametrize(("body", "content_type"), FILES.values(), ids=FILES.keys())
def test_a_file_that_was_cut_off_is_incomplete(body, content_type):
    result = read_other(body, content_type, failure=errors.Incomplete())
    assert (result.state, result.kind, result.message) == ("incomplete", "cut_after_status", None)
    assert read_other(body, content_type, failure=errors.Cancelled()).state == "cancelled"


@pytest.mark.parametrize("content_type", ["application/json", "", "text/plain", "application/problem+json"])
def test_an_object_another_endpoint_answers_is_its_message_and_not_a_text(content_type):
    body = json.dumps({"id": "x", "type": "memory", "content": [{"type": "text", "text": "a"}], "usage": {"x": 1}})
    result = read_other("\ufeff \r\n" + body, content_type)
    assert (result.state, result.message, result.text, result.usage) == ("succeeded", json.loads(body), "", {"x": 1})


def test_a_whole_object_stays_whole_where_the_connection_broke_after_it_but_not_the_first_of_several_lines():
    assert read_other('{"a": 1}', failure=errors.Incomplete()).state == "succeeded"
    assert read_other('{"a": 1}', "application/x-jsonl", failure=errors.Incomplete()).state == "incomplete"
    assert read_other('{"a": 1}', "", failure=errors.Incomplete()).state == "incomplete"


@pytest.mark.parametrize(
    ("body", "usage"),
    [
        ({"input_tokens": 2095}, {"input_tokens": 2095}),
        ({"input_tokens": 5, "context_management": {"original_input_tokens": 9}}, {"input_tokens": 5}),
        ({"input_tokens": "many"}, None),
        ({"input_tokens": True}, None),
        ({"input_tokens": 1, "usage": {"input_tokens": 2}}, {"input_tokens": 2}),
        ({"input_tokens": 1, "usage": None}, None),
    ],
)
def test_a_count_of_tokens_is_its_usage(body, usage):
    assert read_other(json.dumps(body)).usage == usage
    assert read_other(json.dumps(body)).message == body


@pytest.mark.parametrize("headers", [JSON, HTML, STREAM, []])
def test_a_refusal_of_another_endpoint_says_why(headers):
    body = {"type": "error", "error": {"type": "not_found_error", "message": "File not found"}, "request_id": "req_b"}
    result = read(json.dumps(body), status=404, headers=headers, expects_message=False)
    assert (result.state, result.kind, result.message) == ("failed", "http_error", None)
    assert (result.error.type, result.error.message) == ("not_found_error", "File not found")
    assert read_other("", "", status=404).error.message == "The server answered 404 Not Found with an empty body."
    assert read_other(json.dumps(body)).kind == "stream_error"
    assert read_other("", status=307).kind == "redirect_refused"


def test_a_stream_of_another_endpoint_succeeds_at_its_end_and_fails_with_an_error_event():
    completion = 'event: completion\ndata: {"type":"completion","completion":" Light"}\n\n'
    result = read_other(completion, "text/event-stream")
    assert (result.state, result.message, result.warnings) == ("succeeded", None, ())
    assert read_other(completion, "text/event-stream", failure=errors.Incomplete()).state == "incomplete"
    assert read_other(completion + ERROR, "text/event-stream").kind == "stream_error"
    assert read_other(WHOLE, "text/event-stream").text == "Grüß 😀\u2028"


@pytest.mark.parametrize(
    "content_type",
    ["application/octet-stream", "application/pdf", "image/png; a=b", "Application/Zip", "application/x-jsonl"],
)
def test_a_file_is_never_taken_for_a_stream_by_its_first_bytes(content_type):
    assert not Reading(200, [("content-type", content_type)]).feed(WHOLE.encode())
    assert read(WHOLE, headers=[("content-type", content_type)]).kind == "protocol"


def test_a_file_of_many_megabytes_is_passed_over_and_not_kept_twice():
    reading = Reading(200, JSON, expects_message=False)
    piece = b'{"a": "' + b"x" * (1 << 20)
    tracemalloc.start()
    for _ in range(60):
        reading.feed(piece)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 40 << 20
    assert (reading.finish().state, reading.finish().message) == ("succeeded", None)


@settings(max_examples=100)
@given(
    st.binary(max_size=200) | st.lists(FRAGMENTS, max_size=8).map(b"".join),
    st.sampled_from([200, 204, 302, 400, 500]),
    st.sampled_from(["text/event-stream", "application/json", "application/x-jsonl", "image/png", ""]),
    st.sampled_from([None, errors.Incomplete(), errors.Cancelled()]),
)
def test_any_bytes_of_any_endpoint_come_to_a_result(body, status, content_type, failure):
    result = read_other(body, content_type, status=status, failure=failure)
    assert result.state in {"succeeded", "failed", "incomplete", "cancelled"}
    if failure is None and status < 300 and b"error" not in body:
        assert result.state == "succeeded"


def test_a_token_costs_less_than_sixty_microseconds():
    stream = (START + OPEN + TEXT * 20_000).encode()
    pieces = [stream[at : at + 200] for at in range(0, len(stream), 200)]
    reading = Reading(200, STREAM)
    began = time.process_time()
    for piece in pieces:
        reading.feed(piece)
    spent_us = (time.process_time() - began) * 1_000_000
    assert reading.position == 20_002
    assert spent_us / reading.position < 60
