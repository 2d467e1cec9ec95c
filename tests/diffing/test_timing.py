"""What a recorded stream says about time."""

import json
from operator import itemgetter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from betaconsole.diffing.timing import MAX_POINTS, Recorded, Timing, length_ms, timing_of
from betaconsole.diffing.timing_silence import longest_silence_ms, longest_silences
from tests import recorded as recordings
from tests.cases import hold_for

from . import recorded_times as made

ANSWER = made.stream(
    made.begin(),
    made.opened(0, "thinking", thinking=""),
    made.thought(0, "Let me see. "),
    made.thought(0, "An order."),
    made.closed(0),
    made.opened(1, "text", text=""),
    made.text(1, "I look "),
    made.text(1, "it up."),
    made.closed(1),
    made.opened(2, "tool_use", id="t", name="lookup_order", input={}),
    made.json_piece(2, ""),
    made.json_piece(2, '{"order'),
    made.json_piece(2, '_id": "A-1"}'),
    made.closed(2),
    *made.ending(40, thinking_tokens=16),
)


def test_the_moments_that_count_are_those_of_the_first_characters():
    timing = timing_of([made.recorded(ANSWER, at=lambda number: 100.0 * number)])
    assert [(mark.kind, mark.at_ms) for mark in timing.marks] == [
        ("first_byte", 0),
        ("first_thinking", 200),
        ("first_text", 600),
        ("first_tool_json", 1100),
        ("end", 1500),
    ]
    assert timing.total_ms == 1500


def test_the_first_byte_is_never_after_what_came_with_it():
    at_once = made.recorded(ANSWER, at=lambda number: 361.19, first_byte_ms=361.1934)
    assert timing_of([at_once]).marks[0].kind == "first_byte"


def test_every_block_has_a_span_with_what_grew_in_it():
    spans = timing_of([made.recorded(ANSWER, at=lambda number: 100.0 * number)]).spans
    assert [(span.sort, span.start_ms, span.first_ms, span.end_ms) for span in spans] == [
        ("thinking", 100, 200, 400),
        ("text", 500, 600, 800),
        ("tool", 900, 1100, 1300),
    ]
    assert [(span.pieces, span.characters, span.is_whole) for span in spans] == [
        (2, 21, True),
        (2, 13, True),
        (2, 19, True),
    ]
    assert spans[2].name == "lookup_order"


def test_a_tool_call_tells_whether_its_json_came_in_one_piece_or_finely():
    finely, at_once = (
        timing_of([made.recorded(made.stream(made.opened(0, "tool_use", name="t", input={}), *pieces))]).tool_inputs[0]
        for pieces in (
            [made.json_piece(0, piece) for piece in ('{"a"', ": 1", "23", "}")],
            [made.json_piece(0, ""), made.json_piece(0, '{"a": 123}')],
        )
    )
    assert not finely.came_in_one
    assert [share for _, share in finely.points] == [0.4, 0.7, 0.9, 1.0]
    assert at_once.came_in_one
    assert at_once.largest_share == 1


def test_the_reported_tokens_lie_over_the_characters_of_their_kind():
    rate = timing_of([made.recorded(ANSWER, at=lambda number: 100.0 * number)], bin_ms=500).rate
    # 16 thinking tokens over 21 characters in the first 500 ms; 24 over 13 of text and 19 of JSON
    assert [round(one.tokens or 0, 3) for one in rate.bins] == [16.0, 9.75, 14.25]
    assert rate.peak == 32.0


def test_tokens_of_thinking_that_is_not_shown_have_no_place_on_the_axis():
    hidden = made.stream(
        made.begin(), made.opened(0, "thinking"), made.closed(0), made.opened(1, "text"), made.text(1, "Yes."),
        *made.ending(30, thinking_tokens=26),
    )  # fmt: skip
    rate = timing_of([made.recorded(hidden)]).rate
    assert rate.unplaced_tokens == 26
    assert sum(one.tokens or 0 for one in rate.bins) == pytest.approx(4)


def test_a_stream_that_was_cut_has_characters_and_no_tokens_and_its_last_wait_is_silence():
    cut = made.stream(made.begin(), made.opened(0, "text", text=""), made.text(0, "And then"))
    timing = timing_of([made.recorded(cut, at=lambda number: 10.0 * number, total_ms=5020.0, is_whole=False)])
    assert timing.is_cut
    assert [one.tokens for one in timing.rate.bins] == [None]
    assert timing.longest_silence_ms == 5000
    assert timing.silences[0].before == ""
    assert [mark.kind for mark in timing.marks if mark.at_ms == 5020] == ["cut", "end"]
    assert not timing.spans[0].is_whole


def test_a_ping_ends_no_silence_and_the_wait_for_the_first_event_is_none():
    timeline = [
        [900.0, 1, "message_start"],
        [950.0, 2, "ping"],
        [2000.0, 3, "ping"],
        [2400.0, 4, "content_block_start"],
    ]
    assert longest_silence_ms(timeline) == 1500
    assert longest_silence_ms(timeline[:1]) is None
    assert longest_silence_ms(timeline, until_ms=9000.0) == 6600
    assert longest_silence_ms([*timeline, [2500.0, 5, "message_stop"]], until_ms=9000.0) == 1500


def test_turns_stand_one_after_the_other():
    turn = made.recorded(ANSWER, at=lambda number: 100.0 * number, total_ms=1600.0)
    timing = timing_of([turn, turn, turn])
    assert [(one.start_ms, one.end_ms) for one in timing.turns] == [(0, 1600), (1600, 3200), (3200, 4800)]
    assert [mark.at_ms for mark in timing.marks if mark.kind == "first_text"] == [600, 2200, 3800]
    assert timing.total_ms == length_ms([turn] * 3) == 4800
    assert timing.rate.tokens == 120
    assert timing.time_in("text") == 900


@pytest.mark.parametrize(
    ("turns", "why"),
    [
        ([], "not_sent"),
        ([Recorded([], b"{}", 800.0, 900.0, is_streamed=False)], "not_streamed"),
        ([Recorded([], b"{}", None, None, is_streamed=False, in_batch=True)], "in_batch"),
        ([Recorded([], b'{"type":"error"}', 80.0, 80.0, is_whole=False)], "no_events"),
        ([Recorded([], b"{}", 800.0, 900.0, is_streamed=False), made.recorded(ANSWER)], ""),
    ],
)
def test_an_answer_without_a_stream_says_why(turns, why):
    timing = timing_of(turns)
    assert timing.no_stream == why
    assert timing.dump()["streamed"] is (why == "")


def test_bytes_that_came_at_one_moment_are_one_arrival():
    at_once = timing_of([made.recorded(ANSWER, at=lambda number: 50.0 if number < 8 else 70.0)]).arrivals
    assert at_once.count == 2
    assert at_once.total == len(ANSWER)


def test_of_very_many_pieces_of_json_evenly_chosen_points_are_kept():
    pieces = [made.json_piece(0, "x") for _ in range(5000)]
    tool = timing_of([made.recorded(made.stream(made.opened(0, "tool_use"), *pieces))]).tool_inputs[0]
    assert len(tool.points) == MAX_POINTS
    assert tool.points[-1] == (made.recorded(made.stream(*pieces)).timeline[-1][0] + 10, 1.0)


def test_oddities_of_a_stream_break_nothing():
    odd = b"data: [1]\n\nevent: content_block_delta\ndata: nonsense\n\n" + made.stream(
        made.text(7, "never opened"),
        {"type": "content_block_start", "index": "x", "content_block": None},
        {"type": "content_block_delta", "index": 7, "delta": []},
        {"type": "message_delta", "usage": {"output_tokens": -3}},
        made.opened(8, "tool_use", name="\ud800 name", input={"given": "at the start"}),
    )
    timing = timing_of([made.recorded(odd)])
    assert timing.spans[0].characters == len("never opened")
    assert timing.tool_inputs[0].characters == len('{"given": "at the start"}')
    json.dumps(timing.dump()).encode()


@given(cut=st.integers(0, len(made.events(ANSWER))), gaps=st.lists(st.integers(0, 5000), min_size=20, max_size=20))
def test_however_much_of_a_timeline_is_kept_its_moments_are_in_order(cut, gaps):
    whole = made.recorded(ANSWER, at=lambda number: float(sum(gaps[: number + 1])))
    kept = whole.timeline[:cut]
    _check(timing_of([Recorded(kept, whole.received, None, None, is_whole=False)]))


@given(
    entries=st.lists(st.tuples(st.floats(0, 1e6), st.just(0), st.sampled_from(["ping", "a", "message_stop"]))),
    until_ms=st.one_of(st.none(), st.floats(0, 2e6)),
)
def test_the_longest_silence_is_the_first_of_the_longest(entries, until_ms):
    listed = longest_silences(entries, until_ms=until_ms)
    assert (longest_silence_ms(entries, until_ms=until_ms) or 0) == (listed[0].length_ms if listed else 0)


def test_every_recorded_stream_has_a_timing():
    hold_for(recordings.streams(), has_a_timing, name=itemgetter("id"))


def has_a_timing(row):
    body = row["response"]["body_text"].encode()
    timing = timing_of([made.recorded(body)])
    assert timing.no_stream == ""
    _check(timing)
    json.dumps(timing.dump())


def _check(timing: Timing) -> None:
    """What holds of any timing: moments in order and on the axis, sums that agree."""
    end_ms = timing.total_ms or 0.0
    assert all(0 <= span.start_ms <= (span.first_ms or span.start_ms) <= span.end_ms <= end_ms for span in timing.spans)
    assert all(0 <= mark.at_ms <= end_ms for mark in timing.marks)
    assert all(0 <= silence.start_ms < silence.end_ms <= end_ms for silence in timing.silences)
    assert sum(span.characters for span in timing.spans) == timing.pieces.total
    assert sum(one.characters for one in timing.rate.bins) == timing.pieces.total
    for tool in timing.tool_inputs:
        assert sorted(tool.points) == list(tool.points)
        assert not tool.points or tool.points[-1][1] == 1
    if timing.rate.tokens is not None:
        placed = sum(one.tokens or 0.0 for one in timing.rate.bins)
        assert placed + timing.rate.unplaced_tokens == pytest.approx(timing.rate.tokens)
