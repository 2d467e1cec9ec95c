"""Turns by themselves: a real engine, a real database and a far end whose model calls tools."""

import json
import threading
import time
from collections import Counter
from dataclasses import replace
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from betaconsole.claude.reading import Reading
from betaconsole.runs.launching.planning import CasePlan
from betaconsole.runs.models import Body, Comparison, Exchange, ExchangeBeta, Wait
from betaconsole.runs.sending import engine
from betaconsole.runs.sending.cancelling import cancel
from betaconsole.runs.sending.dispatch import step_after
from betaconsole.runs.sending.feed import Ending, Feed, Loop, Opening
from betaconsole.runs.sending.further import last_of_cells
from betaconsole.runs.sending.recording import Recorder
from betaconsole.runs.sending.reparsing import rebuilt
from betaconsole.runs.sending.startline import StartLine
from betaconsole.runs.sending.waiting import state_of, wait_while_running
from betaconsole.runs.states import State
from betaconsole.teams.models import Membership
from betaconsole.teams.solo import set_up_solo
from tests.runs.engines import connection_to, plan, run, running, wait_for, wait_until_finished
from tests.runs.tool_caller import call, conversation, give, refuse, reply, results_in, says, turn_of
from tests.upstream import Peer, Upstream

pytestmark = pytest.mark.django_db(transaction=True)

STUBS = [
    {"tool": "lookup_order", "match": {"order_id": "A-1043"}, "result": "delivered"},
    {"tool": "lookup_policy", "error": "no such topic"},
]
DONE = reply(says("Take a new one."))


@pytest.fixture
def ann(transactional_db: None) -> Membership:
    return set_up_solo()


def asked(*betas: list[str], stubs: Any = STUBS, max_turns: int | None = None, **options: Any) -> Any:
    return replace(plan(list(betas) or [[]], **options), tool_stubs=stubs, max_turns=max_turns)


def rest(comparison: Comparison, state: str = "waiting") -> Comparison:
    """The comparison once it is at rest, in this state."""
    wait_while_running(comparison, timeout_s=120)
    comparison.refresh_from_db()
    assert state_of(comparison) == state
    return comparison


def turns(comparison: Comparison) -> list[Exchange]:
    return list(comparison.exchanges.order_by("turn", "attempt", "pk"))


def test_calls_are_answered_turn_by_turn_until_the_model_has_ended(ann: Membership) -> None:
    thinking = {"type": "thinking", "thinking": "The order first.", "signature": "EqQB"}
    both = reply(thinking, call(1), call(2, "lookup_policy", topic="damaged"))
    beta = "interleaved-thinking-2025-05-14"
    with Upstream(conversation(both, reply(call(3)), DONE)) as upstream, running():
        comparison = run(ann, connection_to(ann, upstream.url), asked([beta]))
        first, second, third = wait_until_finished(comparison)
        sent = [request.body for request in upstream.requests]
        betas = [request.header("anthropic-beta") for request in upstream.requests]
    assert [exchange.turn for exchange in (first, second, third)] == [1, 2, 3]
    assert {exchange.state for exchange in (first, second, third)} == {State.SUCCEEDED}
    assert [exchange.continues for exchange in (first, second, third)] == ["", "stubs", "stubs"]
    assert [bytes(exchange.request_body.data) for exchange in (first, second, third)] == sent
    assert json.loads(sent[1])["messages"][1]["content"] == json.loads(first.message)["content"] == both["content"]
    assert json.loads(second.added) == json.loads(sent[1])["messages"][2]["content"]
    assert [results_in(body) for body in sent[1:]] == [["delivered", "no such topic"], ["delivered"]]
    assert betas == [beta] * 3
    assert list(ExchangeBeta.objects.order_by("exchange_id").values_list("exchange_id", "beta")) == [
        (exchange.pk, beta) for exchange in (first, second, third)
    ]
    assert {exchange.author_id for exchange in (first, second, third)} == {ann.user.pk}
    assert not any(rebuilt(exchange).fields for exchange in (first, second, third))  # manage.py reparse changes nothing
    names = [[name for name, _ in exchange.request_headers] for exchange in (first, second, third)]
    assert names[0] == names[1] == names[2]


def test_a_comparison_without_stubs_ends_at_the_first_call(ann: Membership) -> None:
    with Upstream(conversation(reply(call()), DONE)) as upstream, running():
        [only] = wait_until_finished(run(ann, connection_to(ann, upstream.url), plan([[]])))
        assert len(upstream.requests) == 1
    assert only.stop_reason == "tool_use"
    assert not Wait.objects.exists()


def test_the_cap_ends_a_conversation_that_would_go_on_for_ever(ann: Membership) -> None:
    with Upstream(conversation(reply(call()))) as upstream, running():
        default = wait_until_finished(run(ann, connection_to(ann, upstream.url), asked()))
        three = wait_until_finished(run(ann, connection_to(ann, upstream.url), asked(max_turns=3)))
    assert [exchange.turn for exchange in default] == list(range(1, 11))
    assert [exchange.turn for exchange in three] == [1, 2, 3]


def test_a_paused_reply_is_sent_back_unchanged_and_goes_on(ann: Membership) -> None:
    search = {"type": "server_tool_use", "id": "srvtoolu_1", "name": "web_search", "input": {"query": "lamps"}}
    with Upstream(conversation(reply(search, stop_reason="pause_turn"), DONE)) as upstream, running():
        first, second = wait_until_finished(run(ann, connection_to(ann, upstream.url), asked(stubs=[], max_turns=5)))
        last = json.loads(upstream.requests[1].body)["messages"][-1]
    assert last == {"role": "assistant", "content": [search]}
    assert (second.continues, second.added) == ("pause", None)
    assert first.stop_reason == "pause_turn"


def test_a_call_without_a_stub_leaves_only_its_own_cell_waiting(ann: Membership) -> None:
    def far_end(peer: Peer) -> None:
        request = peer.read_request()
        wanted = "B-2" if request.header("anthropic-beta") else "A-1043"
        give(peer, reply(call(order_id=wanted)) if turn_of(request.body) == 1 else DONE)

    with Upstream(far_end) as upstream, running():
        comparison = run(ann, connection_to(ann, upstream.url), asked([], ["a-1"]))
        began = time.monotonic()
        rest(comparison)
        assert time.monotonic() - began < 30
        cells = last_of_cells(turns(comparison)).values()
        assert len(upstream.requests) == 3
    assert sorted((exchange.variant.position, exchange.turn) for exchange in cells) == [(0, 2), (1, 1)]
    wait = Wait.objects.get()
    assert (wait.reason, wait.exchange.variant.position, wait.body) == ("result", 1, None)
    assert comparison.finished_at is None


def test_every_delay_is_kept_and_holds_no_thread(ann: Membership) -> None:
    short, long = ([{"tool": "lookup_order", "result": "delivered", "delay_ms": ms}] for ms in (200, 60_000))
    with Upstream(conversation(reply(call()), DONE)) as upstream, running(max_sending=1):
        waits = run(ann, connection_to(ann, upstream.url), asked(stubs=long))
        delayed = wait_for(lambda: Exchange.objects.filter(turn=2).first(), what="the second turn")
        first, second = wait_until_finished(run(ann, waits.connection, asked(stubs=short)))
        delayed.refresh_from_db()
        assert delayed.state == State.QUEUED
        assert state_of(waits) == "running"
    assert (second.sent_at - first.ended_at).total_seconds() > 0.19


def test_a_turn_starts_without_waiting_for_other_columns(ann: Membership) -> None:
    slow_answered = threading.Event()

    def far_end(peer: Peer) -> None:
        request = peer.read_request()
        if request.header("anthropic-beta"):
            slow_answered.wait(10)
        elif turn_of(request.body) == 3:
            slow_answered.set()
        give(peer, reply(call()) if turn_of(request.body) < 3 else DONE)

    with Upstream(far_end) as upstream, running():
        exchanges = wait_until_finished(run(ann, connection_to(ann, upstream.url), asked([], ["a-1"])))
    assert Counter(exchange.variant.position for exchange in exchanges) == {0: 3, 1: 3}


def test_two_columns_of_twenty_repeats_take_their_four_turns(ann: Membership) -> None:
    open_now, most, lock = [0], [0], threading.Lock()

    def far_end(peer: Peer) -> None:
        request = peer.read_request()
        with lock:
            open_now[0] += 1
            most[0] = max(most[0], open_now[0])
        give(peer, reply(call(turn_of(request.body))) if turn_of(request.body) < 4 else DONE)
        with lock:
            open_now[0] -= 1

    with Upstream(far_end) as upstream, running():
        comparison = run(ann, connection_to(ann, upstream.url, max_in_flight=6), asked([], ["a-1"], repeats=20))
        exchanges = wait_until_finished(comparison)
        assert len(upstream.requests) == 160
    cells = Counter((exchange.variant_id, exchange.repeat) for exchange in exchanges)
    assert len(cells) == 40
    assert set(cells.values()) == {4}
    assert {exchange.state for exchange in exchanges} == {State.SUCCEEDED}
    # A far end's count goes down a moment after the console has read the end.
    assert most[0] <= 8
    assert Body.objects.filter(pk__in=[exchange.request_body_id for exchange in exchanges]).count() == 4


def test_cells_that_have_begun_are_ended_before_others_begin(ann: Membership) -> None:
    with Upstream(conversation(reply(call()), DONE)) as upstream, running():
        comparison = run(ann, connection_to(ann, upstream.url, max_in_flight=1), asked(repeats=3))
        wait_until_finished(comparison)
        order = [turn_of(request.body) for request in upstream.requests]
    assert order == [1, 2, 1, 2, 1, 2]


def test_what_was_asked_to_stop_never_goes_on(ann: Membership) -> None:
    answered = threading.Event()

    def far_end(peer: Peer) -> None:
        peer.read_request()
        answered.wait(10)
        give(peer, reply(call()))

    with Upstream(far_end) as upstream, running():
        comparison = run(ann, connection_to(ann, upstream.url), asked([], []))
        upstream.wait_for_requests(2)
        # The wish of another process: this one learns of it only when it stores the answers, whole by then.
        Exchange.objects.update(cancel_requested_at=timezone.now())
        answered.set()
        wait_until_finished(comparison)
        assert len(upstream.requests) == 2
    assert not Wait.objects.exists()
    assert comparison.exchanges.filter(turn=2).count() == 0


def test_stopping_while_turns_follow_each_other_leaves_nothing_running(ann: Membership) -> None:
    with Upstream(conversation(reply(call()))) as upstream, running():
        far_end = connection_to(ann, upstream.url)
        for number in range(3):
            comparison = run(ann, far_end, asked([], [], [], repeats=4, max_turns=100))
            upstream.wait_for_requests(len(upstream.requests) + 20 + 7 * number)
            cancel(comparison)
            wait_until_finished(comparison)
            sent = len(upstream.requests)
            time.sleep(0.3)
            assert len(upstream.requests) == sent
            assert not comparison.exchanges.unfinished().exists()
    assert not Wait.objects.exists()


def test_stopping_a_comparison_ends_what_waits_and_what_is_delayed(ann: Membership) -> None:
    stubs = [{"tool": "slow", "result": "x", "delay_ms": 60_000}]

    def far_end(peer: Peer) -> None:
        peer_asked = peer.read_request()
        give(peer, reply(call(1, "slow" if peer_asked.header("anthropic-beta") else "unknown")))

    with Upstream(far_end) as upstream, running():
        comparison = run(ann, connection_to(ann, upstream.url), asked([], ["a-1"], stubs=stubs))
        wait_for(lambda: Wait.objects.exists() and comparison.exchanges.filter(turn=2).exists(), what="both")
        assert state_of(comparison) == "running"
        assert cancel(comparison) == 1
        rest(comparison, "finished")
        assert len(upstream.requests) == 2
    assert not Wait.objects.exists()
    assert sorted(comparison.exchanges.values_list("turn", "state")) == [
        (1, "succeeded"), (1, "succeeded"), (2, "cancelled"),
    ]  # fmt: skip


def test_one_waiting_cell_can_be_stopped_alone(ann: Membership) -> None:
    with Upstream(conversation(reply(call(1, "unknown")))) as upstream, running():
        comparison = rest(run(ann, connection_to(ann, upstream.url), asked([], [])))
        first, second = turns(comparison)
        assert cancel(comparison, exchange=first) == 0
        assert Wait.objects.get().exchange == second
        assert state_of(comparison) == "waiting"
        cancel(comparison, variant=second.variant)
        rest(comparison, "finished")


def test_a_turn_is_refused_and_others_still_go_on(ann: Membership) -> None:
    def far_end(peer: Peer) -> None:
        request = peer.read_request()
        if turn_of(request.body) == 1:
            give(peer, reply(call()))
        else:
            refuse(peer, 400, "messages.1: something is wrong")

    with Upstream(far_end) as upstream, running():
        comparison = run(ann, connection_to(ann, upstream.url), asked(repeats=3))
        wait_until_finished(comparison)
    assert Counter(comparison.exchanges.values_list("turn", "state")) == {(1, "succeeded"): 3, (2, "failed"): 3}


def test_a_refused_beta_ends_its_column_in_every_case_and_repeat(ann: Membership) -> None:
    def far_end(peer: Peer) -> None:
        request = peer.read_request()
        if request.header("anthropic-beta"):
            refuse(peer, 400, "Unsupported beta header: nope-2025-01-01")
        else:
            give(peer, DONE)

    cases = [CasePlan(f"case {number}", {"number": number}) for number in range(3)]
    with Upstream(far_end) as upstream, running():
        comparison = run(
            ann,
            connection_to(ann, upstream.url, max_in_flight=2),
            replace(asked([], ["nope-2025-01-01"], repeats=2), cases=cases),
        )
        exchanges = wait_until_finished(comparison)
        refused = [request for request in upstream.requests if request.header("anthropic-beta")]
    assert len(refused) == 1
    assert Counter(exchange.state for exchange in exchanges) == {"succeeded": 6, "failed": 1, "skipped": 5}


def test_a_key_that_is_refused_later_ends_the_turns_that_are_queued(ann: Membership) -> None:
    def far_end(peer: Peer) -> None:
        request = peer.read_request()
        if turn_of(request.body) == 1:
            give(peer, reply(call()))
        else:
            refuse(peer, 401, "invalid x-api-key")

    with Upstream(far_end) as upstream, running():
        comparison = run(ann, connection_to(ann, upstream.url, max_in_flight=1), asked(repeats=3))
        wait_until_finished(comparison)
        assert len(upstream.requests) == 2
    assert Counter(comparison.exchanges.values_list("turn", "state")) == {
        (1, "succeeded"): 1, (2, "failed"): 1, (1, "skipped"): 2,
    }  # fmt: skip


def test_a_reply_that_cannot_be_sent_on_ends_its_cell(ann: Membership) -> None:
    deep = json.loads("[" * 62 + "]" * 62)
    with Upstream(conversation(reply(call(order_id="A-1043", deep=deep)))) as upstream, running():
        exchanges = wait_until_finished(run(ann, connection_to(ann, upstream.url), asked()))
    # The second request is nested deeper than the console reads: no third one can be made from it.
    assert [(one.state, one.stop_reason) for one in exchanges] == [(State.SUCCEEDED, "tool_use")] * 2


def test_a_trace_is_sent_case_by_case_with_all_columns_in_step(ann: Membership) -> None:
    def far_end(peer: Peer) -> None:
        request = peer.read_request()
        if request.header("anthropic-beta"):
            peer.wait(0.05)
        give(peer, DONE)

    with Upstream(far_end) as upstream, running():
        wanted = plan([[], ["a-1"]], repeats=2)
        cases = [CasePlan(body={**wanted.body, "messages": [{"role": "user", "content": f"{n}"}]}) for n in range(4)]
        wait_until_finished(run(ann, connection_to(ann, upstream.url), replace(wanted, cases=cases, is_trace=True)))
        order = [json.loads(request.body)["messages"][0]["content"] for request in upstream.requests]
    assert "".join(order) == "00112233" * 2


def test_the_recorder_asks_no_more_for_many_turns_than_for_few(ann: Membership) -> None:
    far_end = connection_to(ann, "http://127.0.0.1:1")

    def queries(columns: int) -> int:
        comparison = run(ann, far_end, asked(*[[]] * columns))
        comparison.exchanges.update(state=State.SENDING, worker="a:b", lease_until=timezone.now())
        recorder = Recorder("a:b")
        for exchange in comparison.exchanges.order_by("pk"):
            feed = Feed(engine.job_of(exchange, loop=Loop(10, ())), StartLine(1))
            recorder.track(feed)
            feed.opened(Opening(status=200, response_headers=()))
            feed.received(f"answer {exchange.pk}".encode(), 1.0, [])
            feed.ended(ending_of(feed, reply(says(f"{exchange.pk}"), stop_reason="pause_turn")))
        with CaptureQueriesContext(connection) as captured:
            recorder.flush()
        assert comparison.exchanges.filter(turn=2).count() == columns
        # Each final row is one UPDATE of its own.
        return len(captured) - columns

    assert queries(8) == queries(2)


def ending_of(feed: Feed, message: dict[str, Any]) -> Ending:
    reading = Reading(200, [("content-type", "application/json")])
    reading.feed(json.dumps(message).encode())
    result = reading.finish()
    return Ending(result, step=step_after(feed.job, result))
