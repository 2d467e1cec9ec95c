"""Bytes nobody sends in good faith: the event parser and the message's accumulator come to the same end however the
bytes are cut, with bounded memory and in time that grows with their number."""

import json
import re
import time
import tracemalloc
from collections.abc import Callable, Iterator
from itertools import pairwise

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from betaconsole.claude.blocks import blocks, text_of
from betaconsole.claude.errors import LimitExceeded
from betaconsole.claude.message import Accumulator
from betaconsole.claude.reading import Reading, Result, Step
from betaconsole.claude.sse import Event, Parser
from tests.claude.test_reading import DONE, ERROR, JSON, OPEN, START, STOP, STREAM, TEXT

WHOLE = (START + OPEN + TEXT + DONE + STOP).encode()
MESSAGE = b'{"type":"message","content":[{"type":"text","text":"Gr\xc3\xbc\xc3\x9f"}],"usage":{"input_tokens":5}}'

# Event streams ------------------------------------------------------------------------------------------------------

words = st.sampled_from(
    b"data|event|id|retry|:|: | |x|\0|\xef\xbb\xbf|\xf0\x9f\x98\x80|\xf0\x9f|\xff|\xe2\x80\xa8|\xc2\x85|\x1c|"
    b"\n|\r|\r\n|\n\n|\r\r|\r\n\r\n".split(b"|")
)
lines = st.sampled_from(b"data: x|data:\xf0\x9f\x98\x80|event: e|: c|id: 1|\xef\xbb\xbfdata: y||||".split(b"|"))
ends = st.sampled_from([b"\n", b"\r", b"\r\n"])
whole_lines = st.lists(st.tuples(lines, ends).map(b"".join), max_size=12)
event_streams = (whole_lines | whole_lines | st.lists(words, max_size=40)).map(b"".join) | st.binary(max_size=80)
places = st.lists(st.floats(0, 1), max_size=8)


def pieces_of(data: bytes, fractions: list[float]) -> list[bytes]:
    marks = [0, *sorted(round(fraction * len(data)) for fraction in fractions), len(data)]
    return [data[start:end] for start, end in pairwise(marks)]


def by_the_book(stream: bytes) -> Iterator[tuple[str, str]]:
    """Names and data of the events of a whole stream, by the standard and with no thought of speed or of chunks."""
    name, data = b"", []
    *lines, _ = re.split(rb"\r\n|\r|\n", stream.removeprefix(b"\xef\xbb\xbf"))
    for line in lines:
        field, _, value = line.partition(b":")
        value = value[1:] if value[:1] == b" " else value
        if field == b"data":
            data.append(value)
        elif field == b"event":
            name = value
        elif not line:
            if data:
                yield name.decode("utf-8", "replace") or "message", b"\n".join(data).decode("utf-8", "replace")
            name, data = b"", []


@settings(max_examples=400)
@given(event_streams, places)
@example(b"event: forgotten\n\ndata: x\n\n", [0.5])
@example(b"data: a\r\ndata: b\r\n\r\n", [0.4, 0.41, 0.5, 0.9])
@example(b"\xef\xbb\xbf\xef\xbb\xbfdata: x\n\ndata\n\n", [0.1])
def test_u16_u19_any_bytes_cut_anywhere_give_the_events_of_the_standard(stream: bytes, fractions: list[float]) -> None:
    parser = Parser()
    events = [event for piece in pieces_of(stream, fractions) for event in parser.feed(piece)]
    assert [(event.name, event.data) for event in events] == list(by_the_book(stream))
    assert events == Parser().feed(stream)
    assert all(event.end <= len(stream) for event in events)


@settings(max_examples=200)
@given(event_streams, places, st.integers(0, 12), st.integers(0, 3))
def test_u21_a_limit_is_met_at_the_same_place_however_the_bytes_are_cut(
    stream: bytes, fractions: list[float], max_line: int, max_events: int
) -> None:
    def read(pieces: list[bytes]) -> tuple[list[Event], str]:
        parser = Parser(max_line=max_line, max_events=max_events)
        events: list[Event] = []
        try:
            for piece in [*pieces, b""]:
                events += parser.feed(piece)
        except LimitExceeded as limit:
            return events, limit.message
        return events + parser.close(), parser.failure.message if parser.failure else ""

    events, said = read([stream])
    assert read(pieces_of(stream, fractions)) == (events, said)
    assert len(events) <= max_events
    assert all(len(event.data.encode()) <= 3 * max_line for event in events)  # U+FFFD is three bytes


# Messages -----------------------------------------------------------------------------------------------------------

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=5,
).map(lambda value: json.dumps(value).encode())
hostile = json_values | st.sampled_from(
    [text.encode() for text in (START, OPEN, TEXT, DONE, STOP, ERROR)]
    + [b"\n\n", b"\r", b'"', b"{", b"}", b"[" * 300, b"\\ud800", b"\\u0000", b"\xff", b"NaN", b"9" * 5000, b",", b"-1"]
    + [b'"index":1000000000', b'"index":0', b'"type":"content_block_stop"', b'"type":"x"', b'"delta":', b"data: "]
)


@st.composite
def spoiled(draw: st.DrawFn, whole: bytes) -> bytes:
    """The bytes of a good answer with a few spans of them taken out, repeated, or put in from elsewhere."""
    data = bytearray(whole)
    for _ in range(draw(st.integers(0, 4))):
        start = draw(st.integers(0, len(data)))
        end = min(len(data), start + draw(st.integers(0, 40)))
        data[start:end] = draw(st.just(b"") | st.just(bytes(data[start:end]) * 2) | hostile)
    return bytes(data)


def read(pieces: list[bytes], headers: list[tuple[str, str]]) -> tuple[list[Step], Result]:
    reading, steps = Reading(200, headers), []
    for piece in pieces:
        steps += reading.feed(piece)
    return steps, reading.finish()


@settings(max_examples=250)
@given(st.tuples(spoiled(WHOLE), st.just(STREAM)) | st.tuples(spoiled(MESSAGE), st.sampled_from([JSON, []])), places)
def test_a_spoiled_answer_comes_to_the_same_result_however_it_is_cut_and_can_be_shown_and_stored(
    answer: tuple[bytes, list[tuple[str, str]]], fractions: list[float]
) -> None:
    data, headers = answer
    steps, result = read([data], headers)
    assert read(pieces_of(data, fractions), headers) == (steps, result)
    assert result.state in {"succeeded", "failed", "incomplete"}
    json.dumps(result.message, allow_nan=False).encode()
    text_of(result.message).encode()
    for block in blocks(result.message):
        (block.label + block.text).encode()
    for step in steps:
        "".join(change.text for change in step.changes).encode()


# Bounds -------------------------------------------------------------------------------------------------------------


def peak_of(work: Callable[[], object]) -> int:
    """Most bytes of memory held at any moment, beyond what was there before."""
    tracemalloc.start()
    try:
        before = tracemalloc.get_traced_memory()[0]
        tracemalloc.reset_peak()
        work()
        return tracemalloc.get_traced_memory()[1] - before
    finally:
        tracemalloc.stop()


def feed_until_a_limit(parser: Parser, piece: bytes, count: int) -> None:
    for _ in range(count):
        parser.feed(piece)


@pytest.mark.parametrize("piece", [b"x" * 1000, b"data:ab\n" * 125, b"data\n" * 200, b"event: " + b"x" * 1000])
def test_u21_no_event_takes_more_memory_than_a_few_times_the_longest_line(piece: bytes) -> None:
    parser = Parser(max_line=50_000)

    def read() -> None:
        with pytest.raises(LimitExceeded):
            feed_until_a_limit(parser, piece, 500)

    assert peak_of(read) < 400_000


@pytest.mark.parametrize("piece", [b":\n" * 500, b"\n" * 1000, b"\r\n" * 500, b"id: 1\n" * 160, b"event: x\n\n" * 100])
def test_u21_what_makes_no_event_takes_no_memory_however_much_of_it_comes(piece: bytes) -> None:
    assert peak_of(lambda: feed_until_a_limit(Parser(max_line=50_000), piece, 150)) < 75_000


@pytest.mark.parametrize("status", [200, 500])
def test_json_made_of_nothing_but_brackets_is_refused_before_it_fills_the_memory(status: int) -> None:
    body = b"[" + b"[]," * 1_200_000

    def read() -> None:
        reading = Reading(status, JSON)
        reading.feed(body)
        assert reading.finish().state == "failed"

    assert peak_of(read) < 40_000_000


def delta(kind: str, **fields: object) -> bytes:
    body = {"type": "content_block_delta", "index": 0, "delta": {"type": kind, **fields}}
    return f"data: {json.dumps(body)}\n\n".encode()


LONG_STREAMS = {
    "a long text": (OPEN.encode(), delta("text_delta", text="x" * 200)),
    "a long input": (OPEN.encode(), delta("input_json_delta", partial_json="[" * 200)),
    "unknown deltas": (OPEN.encode(), delta("news", x=[1])),
    "a block opened again and again": (b"", OPEN.encode() + delta("text_delta", text="x")),
    "blocks closed again and again": (OPEN.encode(), b'data: {"type":"content_block_stop","index":0}\n\n'),
    "usage again and again": (b"", b'data: {"type":"message_delta","delta":{},"usage":{"output_tokens":1}}\n\n'),
    "errors": (b"", ERROR.encode()),
    "no JSON": (b"", b"data: {]\n\n"),
    "many lines for one event": (b"", b"data: " + b"[\ndata: " * 40 + b"\n\n"),
}


@pytest.mark.parametrize(("before", "again"), LONG_STREAMS.values(), ids=LONG_STREAMS.keys())
def test_the_time_to_read_a_stream_grows_with_its_events_and_not_with_their_square(before: bytes, again: bytes) -> None:
    def spent_s(count: int) -> float:
        reading = Reading(200, STREAM)
        reading.feed(START.encode() + before)
        pieces = [again * 50] * (count // 50)
        began = time.process_time()
        for piece in pieces:
            reading.feed(piece)
        reading.finish()
        return time.process_time() - began

    short_s = spent_s(250)
    assert spent_s(10_000) < 10 * 40 * short_s + 0.5


def test_blank_lines_before_an_answer_of_unknown_kind_are_not_copied_again_and_again() -> None:
    reading = Reading(200, [])
    began = time.process_time()
    for _ in range(2_000):
        reading.feed(b"\r\n" * 4_096)
    assert time.process_time() - began < 5
    assert reading.finish().state == "incomplete"


def test_an_accumulator_that_is_asked_at_the_end_only_joins_its_pieces_once() -> None:
    gathered = Accumulator()
    for event in Parser().feed(START.encode() + OPEN.encode() + delta("text_delta", text="word ") * 20_000):
        gathered.add(event)
    assert peak_of(lambda: gathered.message) < 1_000_000
