"""The live stream: what a page shows in the end is what was sent, however often it was cut and resumed."""

import threading
from collections.abc import Callable

import pytest
from django.test import Client

from betaconsole.runs.models import Comparison, Exchange
from betaconsole.runs.pages import live
from betaconsole.runs.pages.live import LivePage, follow, parse_columns, parse_positions
from betaconsole.runs.sending import engine
from betaconsole.runs.sending.cancelling import cancel
from betaconsole.runs.states import State
from betaconsole.teams.models import Membership
from betaconsole.teams.solo import set_up_solo
from tests.runs.engines import connection_to, plan, run, running, wait_for, wait_until_finished
from tests.runs.sending.test_engine import DELTA, OPEN, SHUT, START, STOP, event
from tests.runs.watching import Watcher
from tests.upstream import STREAM_HEAD, Peer, Upstream, chunk

pytestmark = pytest.mark.django_db(transaction=True)

WORDS = ["Hello", " <b>", "\n\n  two blanks", "\r\nCR", " &amp; ", "\u0000", " 🙂", "</hx-partial>", " end"]
SHOWN = "".join(WORDS).replace("\u0000", "\ufffd")


@pytest.fixture
def ann(transactional_db: None) -> Membership:
    """Ann, with the page's templates read: the first picture of a process takes as long as a whole short answer."""
    owner = set_up_solo()
    comparison = run(owner, connection_to(owner, "http://127.0.0.1:1"), plan([[]]))
    cancel(comparison)
    Watcher().watch(follow(page_of(comparison)))
    return owner


def talking(pause_s: float = 0.06, *, until: Callable[[int], bool] = lambda count: True) -> object:
    """A far end that streams WORDS one by one; each once so many before it are `until`, or half a minute has gone by."""

    def far_end(peer: Peer) -> None:
        peer.read_request()
        peer.send(STREAM_HEAD + chunk(START + OPEN))
        patience = iter(range(3_000))
        for count, word in enumerate(WORDS):
            peer.wait(pause_s)
            while not until(count) and next(patience, None) is not None:
                peer.wait(0.01)
            peer.send(chunk(event("content_block_delta", index=0, delta={"type": "text_delta", "text": word})))
        peer.send(chunk(SHUT + DELTA + STOP) + chunk(b""))

    return far_end


def saw_everything(watcher: Watcher, lanes: int = 1) -> bool:
    """Text grew without a loss or a doubling, and the final cards hold all of it.

    The card replaces the lane as soon as the answer is stored, so the last words may come with it.
    """
    assert all(SHOWN.startswith(text) for text in watcher.texts.values())
    assert all("&lt;/hx-partial&gt; end" in card for card in watcher.cards.values())
    return len(watcher.cards) == lanes and len(watcher.texts) == lanes and all(watcher.texts.values())


def page_of(comparison: Comparison, last_id: str = "", **options: object) -> LivePage:
    return LivePage(Comparison.objects.get(pk=comparison.pk), positions=parse_positions(last_id), **options)  # type: ignore[arg-type]


def test_a_page_that_watches_from_the_start_sees_every_character_and_the_final_cards(ann: Membership) -> None:
    with Upstream(talking()) as upstream, running():  # type: ignore[arg-type]
        comparison = run(ann, connection_to(ann, upstream.url), plan([[], []]))
        watcher = Watcher().watch(follow(page_of(comparison)))
    assert saw_everything(watcher, lanes=2)
    assert watcher.events == ["finished"]
    assert all('data-state="succeeded"' in card for card in watcher.cards.values())
    assert len(watcher.cards) == 2
    assert {seen.position for seen in parse_positions(watcher.last_id).values()} == {live.SEEN_FINAL}


def test_b2_a_page_cut_after_every_frame_and_resumed_loses_and_doubles_nothing(ann: Membership) -> None:
    with Upstream(talking()) as upstream, running():  # type: ignore[arg-type]
        comparison = run(ann, connection_to(ann, upstream.url), plan([[]]))
        watcher = Watcher()
        while "finished" not in watcher.events:
            stream = follow(page_of(comparison, watcher.last_id))
            for frame in stream:
                watcher.take(frame)
                if b"id: " in frame and ":f" not in watcher.last_id:
                    break
            stream.close()
    assert saw_everything(watcher)


def test_a_page_in_another_process_reads_the_same_from_the_store(
    ann: Membership, monkeypatch: pytest.MonkeyPatch
) -> None:
    watcher = Watcher()

    def is_shown(count: int) -> bool:
        return len("".join(watcher.texts.values())) >= len("".join(WORDS[:count]))

    with Upstream(talking(0.1, until=is_shown)) as upstream, running():  # type: ignore[arg-type]
        comparison = run(ann, connection_to(ann, upstream.url), plan([[]]))
        # What another process does not have: this one's memory. Everything else is real.
        monkeypatch.setattr("betaconsole.runs.pages.picture.feeds", {})
        watcher.watch(follow(page_of(comparison)))
        wait_until_finished(comparison)
    assert saw_everything(watcher)
    assert sum(line.startswith("beforeend t-") for line in watcher.log) > 1


def test_b9_a_reader_who_stops_reading_misses_nothing_keeps_nobody_waiting_and_costs_no_queue(ann: Membership) -> None:
    words = [f"word {number} " for number in range(400)]
    stops_reading = threading.Event()

    def far_end(peer: Peer) -> None:
        peer.read_request()
        peer.send(STREAM_HEAD + chunk(START + OPEN))
        for number, word in enumerate(words):
            if number == 5:
                assert stops_reading.wait(60)
            peer.send(chunk(event("content_block_delta", index=0, delta={"type": "text_delta", "text": word})))
            peer.wait(0.002)
        peer.send(chunk(SHUT + DELTA + STOP) + chunk(b""))

    with Upstream(far_end) as upstream, running():  # type: ignore[arg-type]
        comparison = run(ann, connection_to(ann, upstream.url), plan([[]]))
        slow = follow(page_of(comparison))
        begun = [next(slow)]
        while b"word 4" not in b"".join(begun):  # in the middle of the stream
            begun.append(next(slow))
        stops_reading.set()
        quick = Watcher().watch(follow(page_of(comparison)))  # to its end, while the other reads nothing
        wait_until_finished(comparison)
        rest = list(slow)
    watcher = Watcher()
    for each in (*begun, *rest):
        watcher.take(each)
    assert all(words[-1].strip() in card for card in (*quick.cards.values(), *watcher.cards.values()))
    assert (len(quick.cards), len(watcher.cards), watcher.events) == (1, 1, ["finished"])
    # Nothing was gathered for it: what it missed is drawn once, from what is stored.
    assert len(rest) <= 4
    assert sum(map(len, rest)) < 256 * 1024


@pytest.mark.parametrize("junk", ["garbage", "999999:5", "1:-3", "x" * 10_000, "1:99999999999999", "é:1", ""])
def test_b3_a_position_that_fits_nothing_gets_a_fresh_picture(ann: Membership, junk: str) -> None:
    with Upstream(talking()) as upstream, running():  # type: ignore[arg-type]
        comparison = run(ann, connection_to(ann, upstream.url), plan([[]]))
        watcher = Watcher().watch(follow(page_of(comparison, junk)))
    assert saw_everything(watcher)


def test_b3_a_position_beyond_the_end_gets_a_fresh_picture(ann: Membership) -> None:
    with Upstream(talking()) as upstream, running():  # type: ignore[arg-type]
        comparison = run(ann, connection_to(ann, upstream.url), plan([[]]))
        exchange_id = comparison.exchanges.get().pk
        wait_for(lambda: Exchange.objects.filter(state=State.STREAMING).exists(), what="a stream")
        watcher = Watcher().watch(follow(page_of(comparison, f"{exchange_id}:5000")))
    assert saw_everything(watcher)


def test_a_finished_comparison_says_so_at_once(ann: Membership, client: Client) -> None:
    comparison = run(ann, connection_to(ann, "http://127.0.0.1:1"), plan([[]]))
    cancel(comparison)
    response = client.get(f"/comparisons/{comparison.public_id}/live/")
    frames = b"".join(response.streaming_content)  # type: ignore[attr-defined]
    assert response["Content-Type"] == "text/event-stream"
    assert response["Content-Encoding"] == "identity"
    assert frames.startswith(b": ok")
    assert b"event: finished" in frames


def test_a_stopping_process_ends_its_streams_without_the_closing_event(ann: Membership) -> None:
    with Upstream(talking(0.5)) as upstream:  # type: ignore[arg-type]
        engine.start()
        comparison = run(ann, connection_to(ann, upstream.url), plan([[]]))
        watcher = Watcher()
        ended = threading.Thread(target=lambda: watcher.watch(follow(page_of(comparison))))
        ended.start()
        wait_for(lambda: watcher.texts, what="a block")
        engine.begin_stopping()
        ended.join(2)
        assert not ended.is_alive()
        engine.stop(timeout_s=0)
    assert watcher.events == []


def test_b37_a_page_too_many_is_told_to_poll(ann: Membership, monkeypatch: pytest.MonkeyPatch) -> None:
    comparison = run(ann, connection_to(ann, "http://127.0.0.1:1"), plan([[]]))
    monkeypatch.setattr(live, "places", threading.BoundedSemaphore(1))
    with live.places:
        frames = b"".join(follow(page_of(comparison)))
    assert b"event: finished" in frames
    assert b"hx-trigger" in frames
    cancel(comparison)


def test_positions_and_columns_are_read_strictly() -> None:
    assert parse_positions("412:1840,413:f,414:s0,415:w") == {
        412: ("streaming", 1840, False),
        413: ("streaming", live.SEEN_FINAL, False),
        414: ("sending", 0, False),
        415: ("streaming", live.SEEN_FINAL, True),
    }
    assert parse_positions("412:1840,oops") == {}
    assert parse_columns("3,x,12") == (3, 12)
    assert parse_columns("") == tuple(range(8))


def test_a_lane_that_was_drawn_before_the_status_line_is_drawn_anew(ann: Membership) -> None:
    with Upstream(talking(0.3)) as upstream, running():  # type: ignore[arg-type]
        comparison = run(ann, connection_to(ann, upstream.url), plan([[]]))
        exchange_id = comparison.exchanges.get().pk
        wait_for(lambda: Exchange.objects.filter(state=State.STREAMING).exists(), what="a stream")
        watcher = Watcher()
        watcher.texts["t-there"] = ""
        frames = follow(page_of(comparison, f"{exchange_id}:s0"))
        for frame in frames:
            watcher.take(frame)
            if watcher.cards:
                break
        frames.close()
        cancel(comparison)
    assert 'data-state="streaming"' in watcher.cards["lane-0"]
