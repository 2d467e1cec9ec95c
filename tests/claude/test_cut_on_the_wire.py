"""Streams that come over a real socket in pieces cut anywhere: in a character, between CR and LF, at a chunk's border."""

import json
import socket
from collections.abc import Sequence
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from betaconsole.claude.reading import Reading, Result, Step
from betaconsole.claude.sse import Event, Parser
from tests.claude.asking import a_call
from tests.upstream import STREAM_HEAD, chunk, head

UNTIL_CLOSE = head(200, "content-type: text/event-stream")
TEXT = "Grüß €uch 😀👨‍👩‍👧 \U0010ffff"


def stream_of(text: str, *, escaped: bool = False) -> bytes:
    """A message of one block of this text, its signs as they are or escaped."""
    events = [
        {"type": "message_start", "message": {"id": "m", "type": "message", "role": "assistant", "content": []}},
        {"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}},
        {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": text}},
        {"type": "content_block_stop", "index": 0},
        {"type": "message_stop"},
    ]
    lines = (f"event: {event['type']}\ndata: {json.dumps(event, ensure_ascii=escaped)}\n\n" for event in events)
    return "".join(lines).encode("utf-8", "surrogatepass")


def over_the_wire(pieces: Sequence[bytes], *, framed: bool) -> list[bytes]:
    """What the client hands on of a body whose pieces are sent one by one, each once the one before was read.

    `framed`: each piece is an HTTP chunk; else the body ends with its connection.
    """
    ours, theirs = socket.socketpair()
    came: list[bytes] = []
    with theirs, a_call("http://far-end.invalid", dial=lambda: ours) as call:
        theirs.sendall(STREAM_HEAD if framed else UNTIL_CLOSE)
        call.open()
        arriving = call.chunks()
        for piece in filter(None, pieces):
            theirs.sendall(chunk(piece) if framed else piece)
            came.append(next(arriving))
        if framed:
            theirs.sendall(chunk(b""))
        theirs.shutdown(socket.SHUT_WR)
        came += arriving
    return came


def read(pieces: Sequence[bytes], *, framed: bool) -> tuple[list[Step], Result]:
    reading = Reading(200, [("content-type", "text/event-stream")])
    steps = [step for piece in over_the_wire(pieces, framed=framed) for step in reading.feed(piece)]
    return steps, reading.finish()


def parse(pieces: Sequence[bytes], *, framed: bool) -> list[Event]:
    parser = Parser()
    return [event for piece in over_the_wire(pieces, framed=framed) for event in parser.feed(piece)]


def cut(data: bytes, fractions: Sequence[float]) -> list[bytes]:
    marks = [0, *sorted(round(fraction * len(data)) for fraction in fractions), len(data)]
    return [data[start:end] for start, end in pairwise(marks)]


@pytest.mark.parametrize("framed", [True, False], ids=["between chunks", "between packets"])
def test_u16_a_text_reads_the_same_wherever_its_bytes_are_cut(framed: bool) -> None:
    stream = stream_of(TEXT)
    whole = read([stream], framed=framed)
    assert (whole[1].state, whole[1].text) == ("succeeded", TEXT)
    start = stream.index(TEXT.encode())
    for at in range(start, start + len(TEXT.encode()) + 1):
        assert read([stream[:at], stream[at:]], framed=framed) == whole
    assert read([bytes([byte]) for byte in stream], framed=framed) == whole


@settings(max_examples=30)
@given(st.text(max_size=30), st.booleans(), st.booleans(), st.lists(st.floats(0, 1), max_size=12))
def test_u16_any_text_reads_the_same_however_often_its_bytes_are_cut(
    text: str, escaped: bool, framed: bool, fractions: list[float]
) -> None:
    stream = stream_of(text, escaped=escaped)
    steps, result = read(cut(stream, fractions), framed=framed)
    assert (steps, result) == read([stream], framed=framed)
    assert (result.state, result.text) == ("succeeded", text)


@pytest.mark.parametrize("sign", ["\u2028", "\u2029", "\u0085", "\x0b", "\x0c", "\x1c", "\x1d", "\x1e"])
def test_u18_a_sign_that_only_looks_like_a_line_end_stays_within_its_event(sign: str) -> None:
    [event] = parse([f"data: before{sign}after\n\n".encode()], framed=True)
    assert event.data == f"before{sign}after"
    for escaped in (False, True) if sign > "\x1f" else (True,):
        _, result = read([stream_of(f"a{sign}b", escaped=escaped)], framed=False)
        assert (result.state, result.text, result.warnings) == ("succeeded", f"a{sign}b", ())


@pytest.mark.parametrize("ends", [["\n"], ["\r\n"], ["\r"], ["\n", "\r\n", "\r", "\r\n"]], ids=repr)
def test_u19_line_ends_of_any_kind_cut_anywhere_give_the_same_events(ends: list[str]) -> None:
    lines = ["event: one", "data: a", "data: b", "", ": note", "", "data: c", "", "", "data: d", "", ""]
    stream = "".join(line + ends[number % len(ends)] for number, line in enumerate(lines[:-1])).encode()
    told = [(event.name, event.data) for event in parse([stream], framed=True)]
    assert told == [("one", "a\nb"), ("message", "c"), ("message", "d")]
    for at in range(1, len(stream)):
        pieces = [stream[:at], stream[at:]]
        assert [(event.name, event.data) for event in parse(pieces, framed=at % 2 == 0)] == told


@settings(max_examples=30)
@given(
    st.lists(st.tuples(st.sampled_from(["data: x", "data: é😀", "event: e", ":", ""]), st.sampled_from("\n\r")), max_size=12),
    st.lists(st.floats(0, 1), max_size=8),
)  # fmt: skip
def test_u19_any_mix_of_line_ends_gives_the_events_of_the_whole(
    lines: list[tuple[str, str]], fractions: list[float]
) -> None:
    stream = "".join(map("".join, lines)).encode()
    assert parse(cut(stream, fractions), framed=True) == Parser().feed(stream)


@pytest.mark.parametrize(
    ("stream", "told"),
    [
        (b"\xef\xbb\xbfdata: a\n\n", [("message", "a")]),
        (b"\xef\xbb\xbf\xef\xbb\xbfdata: a\n\ndata: b\n\n", [("message", "b")]),
        (b": only a comment\n\n:\n\n", []),
        (b"data\n\n", [("message", "")]),
        (b"data:\n\n", [("message", "")]),
        (b"data\ndata\n\n", [("message", "\n")]),
        (b"event: named\n\ndata: a\n\n", [("message", "a")]),
        (b"data:  two blanks\n\n", [("message", " two blanks")]),
        (b"id: a\0b\nretry: abc\nretry: -1\ndata: a\n\n", [("message", "a")]),
        (b"DATA: a\ndata : b\nevent:\ndata: c\n\n", [("message", "c")]),
        (b"data: never ended\n", []),
    ],
)
def test_u20_the_rules_of_event_streams_are_those_of_the_standard(stream: bytes, told: list[tuple[str, str]]) -> None:
    for framed in (True, False):
        assert [(event.name, event.data) for event in parse([stream], framed=framed)] == told
    assert [(event.name, event.data) for event in parse([bytes([byte]) for byte in stream], framed=True)] == told
