"""A trail gives every reader the changes of whole events, from any position, and is light to keep."""

import gc

from betaconsole.claude.message import Change
from betaconsole.claude.reading import Reading, Step
from betaconsole.runs.pages.picture import partial_of
from betaconsole.runs.sending.trail import Trail
from tests.runs.sending.test_engine import DELTA, HELLO, OPEN, SHUT, START, STOP, THERE

HEADERS = [("content-type", "text/event-stream")]


def steps_of(data: bytes) -> list[Step]:
    return Reading(200, HEADERS).feed(data)


def test_a_page_that_stops_anywhere_and_goes_on_sees_every_change_once() -> None:
    trail = Trail()
    trail.add(steps_of(START + OPEN + HELLO + THERE + SHUT + DELTA + STOP))
    assert trail.position == 7
    whole = trail.between(0, 7)
    assert [change.text for change in whole] == ["Text", "Hello", " there \u0000 \ufffd!"]
    for stop in range(8):
        assert trail.between(0, stop) + trail.between(stop, 7) == whole


def test_an_event_that_is_still_being_written_is_not_seen_in_part() -> None:
    trail = Trail()
    trail.add(steps_of(START + OPEN + HELLO))
    end = trail.position
    trail._kept.append((4, *Change("append", 0, "text", "text", "half an event")))
    assert [change.text for change in trail.between(0, end)] == ["Text", "Hello"]
    assert partial_of(trail).blocks[0].text == "Hello"


def test_it_says_when_there_is_text() -> None:
    trail = Trail()
    trail.add(steps_of(START + OPEN))
    assert not trail.has_text
    reading = Reading(200, HEADERS)
    reading.feed(START + OPEN)
    trail.add(reading.feed(HELLO))
    assert trail.has_text


def test_the_garbage_collector_leaves_it_alone() -> None:
    trail = Trail()
    trail.add(steps_of(START + OPEN + HELLO * 2000))
    gc.collect()
    assert not any(gc.is_tracked(kept) for kept in trail._kept)
