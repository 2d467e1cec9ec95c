"""The live stream of conversations: a further turn replaces its lane and grows, waiting cells end the stream."""

import threading
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from betaconsole.runs.launching.continuing import answer, leave
from betaconsole.runs.models import Comparison
from betaconsole.runs.pages.live import LivePage, follow, parse_positions
from betaconsole.runs.sending.turns import Result
from betaconsole.runs.sending.waiting import places
from betaconsole.teams.models import Membership
from betaconsole.teams.solo import set_up_solo
from tests.runs.engines import connection_to, plan, run, running, wait_for, wait_until_finished
from tests.runs.sending.test_engine import DELTA, OPEN, SHUT, START, STOP, event
from tests.runs.tool_caller import call, conversation, give, reply, says, turn_of
from tests.runs.watching import Watcher
from tests.upstream import STREAM_HEAD, Peer, Upstream, chunk

pytestmark = pytest.mark.django_db(transaction=True)
STUBS = ({"tool": "lookup_order", "result": "delivered"},)
WORDS = ["You ", "get ", "a ", "refund."]


@pytest.fixture
def ann(transactional_db: None) -> Membership:
    return set_up_solo()


def with_stubs(columns: int = 1, stubs: Any = STUBS) -> Any:
    return replace(plan([[]] * columns), tool_stubs=stubs, max_turns=10)


def page_of(comparison: Comparison, last_id: str = "", **options: Any) -> LivePage:
    return LivePage(Comparison.objects.get(pk=comparison.pk), positions=parse_positions(last_id), **options)


def calls_then_talks(seen: threading.Event | None = None) -> Callable[[Peer], None]:
    """Two turns that end with a call, then words one by one; the last one once the others were `seen`."""

    def far_end(peer: Peer) -> None:
        turn = turn_of(peer.read_request().body)
        peer.wait(0.1)
        if turn < 3:
            return give(peer, reply(says(f"Turn {turn} looks."), call(turn)))
        peer.send(STREAM_HEAD + chunk(START + OPEN))
        for word in WORDS:
            peer.wait(0.08)
            if seen and word == WORDS[-1]:
                seen.wait(60)
            peer.send(chunk(event("content_block_delta", index=0, delta={"type": "text_delta", "text": word})))
        peer.send(chunk(SHUT + DELTA + STOP) + chunk(b""))

    return far_end


def grown_last(comparison: Comparison, watcher: Watcher) -> list[str]:
    """The texts that grew in the third turns."""
    last = [exchange.public_id for exchange in comparison.exchanges.filter(turn=3)]
    return [text for name, text in watcher.texts.items() if any(xid in name for xid in last)]


def test_a_page_sees_every_turn_of_the_loop_and_the_last_one_grow(ann: Membership) -> None:
    seen, watcher = threading.Event(), Watcher()
    with Upstream(calls_then_talks(seen)) as upstream, running():
        comparison = run(ann, connection_to(ann, upstream.url), with_stubs(2))
        for frame in follow(page_of(comparison)):
            watcher.take(frame)
            if grown_last(comparison, watcher) == ["".join(WORDS[:-1])] * 2:
                seen.set()
        wait_until_finished(comparison)
    assert seen.is_set()
    assert watcher.events == ["finished"]
    for card in watcher.cards.values():
        assert [card.find(word) for word in ("Turn 1 looks.", "Turn 2 looks.", "refund.")] == sorted(
            card.find(word) for word in ("Turn 1 looks.", "Turn 2 looks.", "refund.")
        )
        assert card.count("→ stub: delivered") == 2
    grown = grown_last(comparison, watcher)
    assert len(grown) == 2
    assert all("".join(WORDS).startswith(text) for text in grown)


def test_a_page_cut_after_every_frame_of_a_loop_comes_to_the_same_cards(ann: Membership) -> None:
    with Upstream(calls_then_talks()) as upstream, running():
        comparison = run(ann, connection_to(ann, upstream.url), with_stubs())
        watcher = Watcher()
        while "finished" not in watcher.events:
            stream = follow(page_of(comparison, watcher.last_id))
            for frame in stream:
                watcher.take(frame)
                if b"id: " in frame and ":f" not in watcher.last_id:
                    break
            stream.close()
    assert all("".join(WORDS).startswith(text) for text in grown_last(comparison, watcher))
    assert "refund." in watcher.cards["lane-0"]
    assert watcher.cards["lane-0"].count("→ stub: delivered") == 2


def test_a_comparison_that_waits_holds_no_server_thread(ann: Membership) -> None:
    with Upstream(conversation(reply(call()))) as upstream, running():
        comparison = run(ann, connection_to(ann, upstream.url), with_stubs(stubs=()))
        watcher = Watcher().watch(follow(page_of(comparison)))
        free = places._value
        assert Watcher().watch(follow(page_of(comparison, watcher.last_id))).events == ["finished"]
        assert places._value == free
    assert watcher.events == ["finished"]
    assert watcher.last_id.endswith(":w")
    assert "No stub answers this call." in watcher.cards["lane-0"]


def test_a_cell_that_goes_on_while_others_run_is_drawn_anew(ann: Membership) -> None:
    went_on = threading.Event()

    def far_end(peer: Peer) -> None:
        body = peer.read_request().body
        if b"slow" in body:
            went_on.wait(60)
            return give(peer, reply(says("Slow.")))
        give(peer, reply(says("Went on.")) if turn_of(body) > 1 else reply(call()))

    asked = with_stubs(stubs=())
    slow = replace(asked.variants[0], label="Slow", changes={"system": "slow"})
    with Upstream(far_end) as upstream, running():
        comparison = run(ann, connection_to(ann, upstream.url), replace(asked, variants=[asked.variants[0], slow]))
        exchange = wait_for(lambda: comparison.waits.first(), what="a wait").exchange
        watcher, has_answered = Watcher(), False
        for frame in follow(page_of(comparison)):
            watcher.take(frame)
            if not has_answered and "No stub answers" in watcher.cards.get("lane-0", ""):
                answer(exchange, [Result("toolu_1", "delivered")], author=ann.user)
                has_answered = True
            if "Went on." in watcher.cards.get("lane-0", ""):
                went_on.set()
        wait_until_finished(comparison)
    assert has_answered
    assert "Went on." in watcher.cards["lane-0"]
    assert "Slow." in watcher.cards["lane-1"]


def test_a_page_rendered_while_a_cell_waited_learns_that_it_was_left(ann: Membership) -> None:
    with Upstream(conversation(reply(call()))) as upstream, running():
        comparison = run(ann, connection_to(ann, upstream.url), with_stubs(stubs=()))
        exchange = wait_for(lambda: comparison.waits.first(), what="a wait").exchange
        leave(exchange)
        unmoved = Watcher().watch(follow(page_of(comparison, f"{exchange.pk}:f")))
        watcher = Watcher().watch(follow(page_of(comparison, f"{exchange.pk}:w")))
    assert "lane-0" not in unmoved.cards
    assert "Answer this call…" in watcher.cards["lane-0"]
