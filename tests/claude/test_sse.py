import time
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from betaconsole.claude.errors import LimitExceeded
from betaconsole.claude.sse import Event, Parser

TRICKY = (
    "\ufeff: a comment é\r\n"
    "event: first\rdata: {\"t\": \"\u2028\u0085\x1c😀\"}\r\n\r\n"
    "data\n\n"
    "data\ndata\n\n"
    "data:no space\ndata:  two spaces\nid: 7\nretry: abc\nunknown: x\n\n"
    "event: alone\n\n"
    "\r\r\n\n"
    "id: a\0b\revent:last\r\ndata: ä\r\r"
    "data: never ended"
).encode()  # fmt: skip

EXPECTED = [
    ("first", '{"t": "\u2028\u0085\x1c😀"}'),
    ("message", ""),
    ("message", "\n"),
    ("message", "no space\n two spaces"),
    ("last", "ä"),
]


def parse(*chunks: bytes, **limits: int) -> list[Event]:
    parser = Parser(**limits)
    return [event for chunk in chunks for event in parser.feed(chunk)]


def test_u18_u20_events_are_read_by_the_rules_of_the_standard():
    assert [(event.name, event.data) for event in parse(TRICKY)] == EXPECTED


def test_u16_u19_the_same_events_come_out_wherever_the_bytes_are_cut_in_two():
    whole = parse(TRICKY)
    for cut in range(len(TRICKY) + 1):
        assert parse(TRICKY[:cut], TRICKY[cut:]) == whole


def test_the_same_events_come_out_byte_by_byte_with_empty_chunks_between():
    chunks = [piece for byte in TRICKY for piece in (b"", bytes([byte]))]
    assert parse(*chunks) == parse(TRICKY)


lines = st.sampled_from(["data: x", "data:é😀", "data", "event: e", ":c", "", "", "id: 1", "\u2028"])
ends = st.sampled_from(["\n", "\r", "\r\n"])
streams = st.lists(st.tuples(lines, ends), max_size=12).map(
    lambda pairs: "".join(line + end for line, end in pairs).encode()
)


def cut(data: bytes, places: list[int]) -> list[bytes]:
    marks = [0, *sorted(place % (len(data) + 1) for place in places), len(data)]
    return [data[start:end] for start, end in pairwise(marks)]


@settings(max_examples=200)
@given(streams | st.binary(max_size=60), st.lists(st.integers(0, 300), max_size=8))
def test_no_cutting_changes_any_stream(stream, places):
    assert parse(*cut(stream, places)) == parse(stream)


@given(streams)
def test_an_event_is_out_as_soon_as_its_blank_line_begins(stream):
    for event in parse(stream):
        assert parse(stream[: event.end])[-1] == event
        assert event not in parse(stream[: event.end - 1])


def test_ends_are_offsets_in_the_stream():
    stream = b"data: a\n\n: c\n\ndata: b\r\n\r\ndata: c\n\n"
    ends = [event.end for event in parse(stream)]
    assert ends[:2] == [9, 24]
    assert stream[ends[1] :] == b"\ndata: c\n\n"
    assert ends[2] == len(stream)


@pytest.mark.parametrize("bad", [b"\xff", b"\xc0\xaf", b"\xed\xa0\x80", b"\xf0\x9f\x98", b"\x80"])
def test_u17_bytes_that_are_no_utf8_are_replaced_and_said(bad):
    before, after = parse(b"data: a" + bad + b"\n\ndata: b\n\n")
    assert before.data == (b"a" + bad).decode("utf-8", "replace")
    assert "\ufffd" in before.data
    assert (before.raw_utf8_ok, after.raw_utf8_ok) == (False, True)


def test_a_name_that_is_no_utf8_is_replaced_too():
    assert parse(b"event: \xff\ndata: x\n\n") == [Event("\ufffd", "x", 18, False)]


def test_an_event_cut_off_at_the_end_is_not_dispatched_unless_asked_for():
    parser = Parser()
    assert parser.feed(b"event: message_stop\ndata: {}") == []
    assert parser.close() == [Event("message_stop", "{}", 28, True)]
    assert Parser().close() == []


def test_u21_a_line_past_the_limit_stops_the_reading_however_it_is_cut():
    stream = b"data: 1\n\ndata: " + b"x" * 95 + b"\n\ndata: 2\n\n"
    for chunks in ([stream], [bytes([byte]) for byte in stream], [stream[:60], stream[60:]]):
        parser = Parser(max_line=100)
        seen = []
        with pytest.raises(LimitExceeded, match="longer than 100 bytes"):
            seen.extend(event for chunk in [*chunks, b""] for event in parser.feed(chunk))
        assert [event.data for event in seen] == ["1"]
        assert parser.failure is not None
        with pytest.raises(LimitExceeded):
            parser.feed(b"\n\n")


def test_a_line_at_the_limit_is_read():
    assert len(parse(b"data: " + b"x" * 94 + b"\n\n", max_line=100)) == 1


def test_an_event_of_many_lines_is_stopped_where_one_long_line_would_be():
    line = b"data: " + b"x" * 49 + b"\n"
    assert [len(event.data) for event in parse(line * 2 + b"\n", max_line=100)] == [99]
    parser = Parser(max_line=100)
    assert parser.feed(b"data: 1\n\n" + line * 3 + b"\n") == [Event("message", "1", 9, True)]
    with pytest.raises(LimitExceeded, match="event of the answer is longer than 100 bytes"):
        parser.feed(b"")
    unfinished = Parser(max_line=100)
    assert unfinished.feed(line * 2 + line[:-1]) == []
    assert unfinished.close() == []
    assert unfinished.failure is not None


def test_u21_an_endless_line_is_stopped_at_eight_megabytes():
    parser = Parser()
    for _ in range(128):
        parser.feed(b"x" * 65536)
    with pytest.raises(LimitExceeded):
        parser.feed(b"x")


def test_a_byte_order_mark_is_dropped_at_the_start_only():
    assert [event.data for event in parse(b"\xef\xbb", b"\xbfdata: \xef\xbb\xbfx\n\n\xef\xbb\xbfdata: y\n\n")] == [
        "\ufeffx"
    ]


def test_a_long_line_in_small_pieces_takes_time_in_proportion_to_its_length():
    pieces = [b"data: ", *[b"x" * 16] * 250_000, b"\n\n"]
    began = time.process_time()
    assert len(parse(*pieces)[0].data) == 4_000_000
    assert time.process_time() - began < 3


def test_more_events_than_the_limit_stop_the_reading():
    parser = Parser(max_events=2)
    assert len(parser.feed(b"data: 1\n\ndata: 2\n\ndata: 3\n\n")) == 2
    with pytest.raises(LimitExceeded, match="more events"):
        parser.feed(b"")
