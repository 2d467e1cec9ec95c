"""What a person does to let a cell go on, pressed once and twice."""

import json
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from django.db import connections, transaction
from django.test.utils import CaptureQueriesContext

from betaconsole.claude.endpoints import Endpoint
from betaconsole.drafts.columns import Column
from betaconsole.drafts.models import Draft
from betaconsole.runs.launching.adding import run_again
from betaconsole.runs.launching.continuing import TooLate, answer, go_on, leave, say
from betaconsole.runs.launching.launching import SendingDisabled
from betaconsole.runs.launching.planning import CasePlan, PlanError
from betaconsole.runs.models import Comparison, Exchange, Wait
from betaconsole.runs.sending.turns import Result
from betaconsole.runs.sending.waiting import state_of, wait_while_running
from betaconsole.teams.models import Membership
from betaconsole.teams.solo import set_up_solo
from tests.builders import message, succeeded_fields
from tests.runs.engines import connection_to, in_columns, plan, run, running, wait_for, wait_until_finished
from tests.runs.tool_caller import call, conversation, give, refuse, reply, results_in, says, turn_of
from tests.upstream import Peer, Upstream, reset
from tests.upstream import answer as http_answer

pytestmark = pytest.mark.django_db(transaction=True)
DONE = reply(says("Take a new one."))
DELIVERED = [Result("toolu_1", "delivered")]


@pytest.fixture
def ann(transactional_db: None) -> Membership:
    return set_up_solo()


def looped(columns: int = 1, *, max_turns: int = 10, **options: Any) -> Any:
    return replace(plan([[]] * columns, **options), max_turns=max_turns)


def at_rest(comparison: Comparison, state: str = "waiting") -> Comparison:
    wait_while_running(comparison, timeout_s=120)
    comparison.refresh_from_db()
    assert state_of(comparison) == state
    return comparison


def ended(comparison: Comparison) -> list[Exchange]:
    wait_until_finished(comparison)
    return list(comparison.exchanges.order_by("turn", "pk"))


def both_at_once(press: Callable[[], Any]) -> list[Any]:
    """The same press from two requests."""
    found: list[Any] = []

    def one() -> None:
        try:
            found.append(press())
        except PlanError as error:
            found.append(error)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=one) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(10)
    return found


class TestAnswering:
    def test_a_result_lets_its_cell_go_on(self, ann: Membership) -> None:
        with Upstream(conversation(reply(call()), DONE)) as upstream, running():
            comparison = at_rest(run(ann, connection_to(ann, upstream.url), looped()))
            made = answer(comparison.exchanges.get(), DELIVERED, author=ann.user)
            first, second = ended(comparison)
            assert results_in(upstream.requests[1].body) == ["delivered"]
        assert (second, second.turn, second.continues) == (made, 2, "results")
        assert first.turn == 1
        assert not Wait.objects.exists()

    def test_pressing_twice_makes_one_turn(self, ann: Membership) -> None:
        with Upstream(conversation(reply(call()), DONE)) as upstream, running():
            comparison = at_rest(run(ann, connection_to(ann, upstream.url), looped()))
            exchange = comparison.exchanges.get()
            one, other = both_at_once(lambda: answer(exchange, DELIVERED, author=ann.user))
            ended(comparison)
            later = answer(exchange, DELIVERED, author=ann.user)
            with pytest.raises(TooLate):
                answer(exchange, [Result("toolu_1", "something else")], author=ann.user)
            assert len(upstream.requests) == 2
        assert one == other == later

    def test_a_finished_column_that_ended_with_a_call_can_be_answered_too(self, ann: Membership) -> None:
        with Upstream(conversation(reply(call()), DONE)) as upstream, running():
            [first] = wait_until_finished(run(ann, connection_to(ann, upstream.url), plan([[]])))
            answer(first, DELIVERED, author=ann.user)
            assert [exchange.turn for exchange in ended(first.comparison)] == [1, 2]

    def test_results_that_do_not_fit_are_refused_with_their_place(self, ann: Membership) -> None:
        with Upstream(conversation(reply(call(1), call(2)))) as upstream, running():
            comparison = at_rest(run(ann, connection_to(ann, upstream.url), looped()))
            exchange = comparison.exchanges.get()
            for results, field in (
                (DELIVERED, "results"),
                ([*DELIVERED, Result("toolu_9", "x")], "results.1.tool_use_id"),
                ([*DELIVERED, *DELIVERED], "results.1.tool_use_id"),
            ):
                with pytest.raises(PlanError) as refused:
                    answer(exchange, results, author=ann.user)
                assert refused.value.field == field
            assert len(upstream.requests) == 1
        assert state_of(comparison) == "waiting"

    def test_ids_of_any_kind_are_answered_and_can_stand_in_a_message(self, ann: Membership) -> None:
        strange = "\u0000\ud800" + "x" * 5_000
        with Upstream(conversation(reply({**call(), "id": strange, "name": strange}), DONE)) as upstream, running():
            comparison = at_rest(run(ann, connection_to(ann, upstream.url), looped()))
            exchange = comparison.exchanges.get()
            for results in ([], DELIVERED):
                with pytest.raises(PlanError) as refused:
                    answer(exchange, results, author=ann.user)
                assert len(refused.value.message.encode()) < 1_000
            answer(exchange, [Result(strange, "delivered")], author=ann.user)
            ended(comparison)
            assert json.loads(upstream.requests[1].body)["messages"][-1]["content"][0]["tool_use_id"] == strange

    def test_what_ended_otherwise_waits_for_no_result(self, ann: Membership) -> None:
        with Upstream(conversation(DONE)) as upstream, running():
            [exchange] = wait_until_finished(run(ann, connection_to(ann, upstream.url), looped()))
            with pytest.raises(PlanError, match="does not wait"):
                answer(exchange, [], author=ann.user)

    def test_nothing_goes_on_while_sending_is_switched_off(self, ann: Membership, settings: Any) -> None:
        with Upstream(conversation(reply(call()))) as upstream, running():
            comparison = at_rest(run(ann, connection_to(ann, upstream.url), looped()))
            settings.SENDING_ENABLED = False
            with pytest.raises(SendingDisabled):
                answer(comparison.exchanges.get(), DELIVERED, author=ann.user)
        assert Wait.objects.exists()

    def test_a_key_is_not_taken_to_another_address(self, ann: Membership) -> None:
        with Upstream(conversation(reply(call()))) as upstream, running():
            comparison = at_rest(run(ann, connection_to(ann, upstream.url), looped()))
            comparison.connection.base_url = "http://127.0.0.1:9"
            comparison.connection.save()
            with pytest.raises(PlanError, match="another address"):
                answer(comparison.exchanges.get(), DELIVERED, author=ann.user)

    def test_a_turn_that_failed_is_sent_again_as_the_same_turn_and_goes_on(self, ann: Membership) -> None:
        def far_end(peer: Peer) -> None:
            request = peer.read_request()
            if len(peer._upstream.requests) == 2:
                reset()(peer)
            else:
                give(peer, reply(call(turn_of(request.body))) if turn_of(request.body) < 3 else DONE)

        stubs = [{"tool": "lookup_order", "result": "delivered"}]
        with Upstream(far_end) as upstream, running():
            comparison = run(ann, connection_to(ann, upstream.url), replace(looped(), tool_stubs=stubs))
            _, cut = wait_until_finished(comparison)
            run_again(comparison, cut.variant, case=0, repeat=1, author=ann.user)
            exchanges = ended(comparison)
            assert upstream.requests[1].body == upstream.requests[2].body
        assert [(one.turn, one.attempt, one.state) for one in exchanges] == [
            (1, 1, "succeeded"), (2, 1, "unknown_outcome"), (2, 2, "succeeded"), (3, 1, "succeeded"),
        ]  # fmt: skip
        assert (exchanges[2].continues, exchanges[2].added) == (exchanges[1].continues, exchanges[1].added)


class TestSaving:
    def test_a_saved_result_answers_every_other_cell_that_waits_for_it(self, ann: Membership) -> None:
        def far_end(peer: Peer) -> None:
            request = peer.read_request()
            wanted = "B-2" if request.header("anthropic-beta") else "A-1043"
            give(peer, reply(call(order_id=wanted)) if turn_of(request.body) < 3 else DONE)

        with Upstream(far_end) as upstream, running():
            asked = replace(plan([[], ["a-1"]], repeats=3), max_turns=10)
            comparison = at_rest(run(ann, connection_to(ann, upstream.url), asked))
            answer(in_columns(comparison)[0], DELIVERED, author=ann.user, save=True)
            at_rest(comparison)
        match = {"tool": "lookup_order", "match": {"order_id": "A-1043"}, "match_exactly": True}
        assert comparison.tool_stubs == [{**match, "result": "delivered"}]
        turns = comparison.exchanges.filter(variant__position=0).order_by("turn", "repeat")
        assert [(one.turn, one.continues) for one in turns] == [
            (1, "")] * 3 + [(2, "results"), (2, "stubs"), (2, "stubs")] + [(3, "stubs")] * 3  # fmt: skip
        assert {wait.exchange.variant.position for wait in Wait.objects.all()} == {1}

    def test_it_is_kept_in_the_draft_it_was_run_from_where_that_is_ones_own(self, ann: Membership) -> None:
        draft = Draft.start(
            team=ann.team, author=ann.user, connection=None, body_text="{}", columns=[Column(key="a", name="A")]
        )
        with Upstream(conversation(reply(call()), DONE)) as upstream, running():
            comparison = at_rest(run(ann, connection_to(ann, upstream.url), looped(), draft=draft))
            answer(comparison.exchanges.get(), [Result("toolu_1", "gone", is_error=True)], author=ann.user, save=True)
            answer(
                comparison.exchanges.get(turn=1), [Result("toolu_1", "gone", is_error=True)], author=ann.user, save=True
            )
            wait_until_finished(comparison)
        before = draft.revision
        draft.refresh_from_db()
        stub = {"tool": "lookup_order", "match": {"order_id": "A-1043"}, "match_exactly": True, "error": "gone"}
        assert draft.tool_stubs == comparison_stubs(comparison) == [stub]
        assert draft.revision == before + 1
        assert draft.steps.get().tab == "console"

    def test_a_saved_result_goes_before_a_stub_that_would_answer_otherwise(self, ann: Membership) -> None:
        general = {"tool": "lookup_order", "result": "unknown"}
        with Upstream(conversation(reply(call()), DONE)) as upstream, running():
            comparison = run(ann, connection_to(ann, upstream.url), replace(looped(max_turns=1), tool_stubs=[general]))
            [exchange] = wait_until_finished(comparison)
            answer(exchange, DELIVERED, author=ann.user, save=True)
            ended(comparison)
        assert [stub["result"] for stub in comparison_stubs(comparison)] == ["delivered", "unknown"]

    def test_the_first_stub_brings_the_turns_that_stubs_have(self, ann: Membership) -> None:
        with Upstream(conversation(reply(call()), reply(call()), reply(call()), DONE)) as upstream, running():
            [exchange] = wait_until_finished(run(ann, connection_to(ann, upstream.url), plan([[]])))
            answer(exchange, DELIVERED, author=ann.user, save=True)
            assert len(ended(exchange.comparison)) == 4

    def test_a_recorded_conversation_keeps_no_stubs_and_its_turns_end_as_they_do(self, ann: Membership) -> None:
        asked = plan([[]])
        cases = (CasePlan("one", body=asked.body), CasePlan("two", body=asked.body))
        with Upstream(conversation(reply(call()), DONE)) as upstream, running():
            comparison = run(ann, connection_to(ann, upstream.url), replace(asked, cases=cases, is_trace=True))
            first, _ = wait_until_finished(comparison)
            with pytest.raises(PlanError, match="no stubs"):
                answer(first, DELIVERED, author=ann.user, save=True)
            answer(first, DELIVERED, author=ann.user)
            assert len(ended(comparison)) == 3

    def test_an_error_that_is_no_text_cannot_be_saved(self, ann: Membership) -> None:
        with Upstream(conversation(reply(call()))) as upstream, running():
            comparison = at_rest(run(ann, connection_to(ann, upstream.url), looped()))
            blocks = [Result("toolu_1", [{"type": "text", "text": "x"}], is_error=True)]
            with pytest.raises(PlanError, match="text can be saved"):
                answer(comparison.exchanges.get(), blocks, author=ann.user, save=True)
        assert comparison.exchanges.count() == 1

    @pytest.mark.parametrize("name", ["", "x" * 201])
    def test_a_tool_with_a_name_that_no_tool_has_can_be_answered_and_not_saved(
        self, ann: Membership, name: str
    ) -> None:
        with Upstream(conversation(reply(call(1, name)), DONE)) as upstream, running():
            comparison = at_rest(run(ann, connection_to(ann, upstream.url), looped()))
            with pytest.raises(PlanError, match="cannot be saved"):
                answer(comparison.exchanges.get(), DELIVERED, author=ann.user, save=True)
            answer(comparison.exchanges.get(), DELIVERED, author=ann.user)
            assert len(ended(comparison)) == 2


def comparison_stubs(comparison: Comparison) -> Any:
    comparison.refresh_from_db()
    return comparison.tool_stubs


class TestGoingOn:
    def test_past_the_cap_it_goes_on_with_as_many_turns_again(self, ann: Membership) -> None:
        stubs = [{"tool": "lookup_order", "result": "delivered"}]
        with Upstream(conversation(reply(call()))) as upstream, running():
            asked = replace(looped(max_turns=2), tool_stubs=stubs)
            comparison = run(ann, connection_to(ann, upstream.url), asked)
            [_, last] = wait_until_finished(comparison)
            one, other = both_at_once(lambda: go_on(last, author=ann.user))
            assert one == other
            assert len(ended(comparison)) == 4
        comparison.refresh_from_db()
        assert comparison.max_turns == 4

    def test_a_paused_reply_goes_on_when_a_person_says_so(self, ann: Membership) -> None:
        with Upstream(conversation(reply(says("…"), stop_reason="pause_turn"), DONE)) as upstream, running():
            [exchange] = wait_until_finished(run(ann, connection_to(ann, upstream.url), plan([[]])))
            go_on(exchange, author=ann.user)
            assert [one.continues for one in ended(exchange.comparison)] == ["", "pause"]

    def test_where_nothing_is_left_to_do_that_is_said(self, ann: Membership) -> None:
        with Upstream(conversation(DONE)) as upstream, running():
            [exchange] = wait_until_finished(run(ann, connection_to(ann, upstream.url), looped()))
            with pytest.raises(PlanError, match="ended its answer"):
                go_on(exchange, author=ann.user)

    def test_a_call_without_a_stub_needs_its_result(self, ann: Membership) -> None:
        with Upstream(conversation(reply(call()))) as upstream, running():
            comparison = at_rest(run(ann, connection_to(ann, upstream.url), looped()))
            with pytest.raises(PlanError, match=r"answers lookup_order \(toolu_1\)"):
                go_on(comparison.exchanges.get(), author=ann.user)

    def test_a_turn_that_was_ready_when_the_console_stopped_is_sent_once_a_person_says_so(
        self, ann: Membership
    ) -> None:
        stubs = [{"tool": "lookup_order", "result": "delivered", "delay_ms": 60_000}]
        with Upstream(conversation(reply(call()), DONE)) as upstream:
            with running():
                comparison = run(ann, connection_to(ann, upstream.url), replace(looped(), tool_stubs=stubs))
                wait_for(lambda: comparison.exchanges.filter(turn=2).exists(), what="the next turn")
            # Stopped in order, with the turn delayed: it is not lost, and not sent.
            assert state_of(comparison) == "waiting"
            with running():
                at_rest(comparison)
                first = comparison.exchanges.get()
                one, other = both_at_once(lambda: go_on(first, author=ann.user))
                assert one == other
                _, second = ended(comparison)
            assert [turn_of(request.body) for request in upstream.requests] == [1, 2]
            assert results_in(upstream.requests[1].body) == ["delivered"]
        assert (second, second.continues) == (one, "stubs")
        assert json.loads(second.added)[0]["content"] == "delivered"
        assert not Wait.objects.exists()

    def test_what_was_left_a_moment_ago_does_not_go_on(self, ann: Membership) -> None:
        stubs = [{"tool": "lookup_order", "result": "delivered", "delay_ms": 60_000}]
        with Upstream(conversation(reply(call()), DONE)) as upstream, running():
            comparison = run(ann, connection_to(ann, upstream.url), replace(looped(), tool_stubs=stubs))
            wait_for(lambda: comparison.exchanges.filter(turn=2).exists(), what="the next turn")
        first, pressed = comparison.exchanges.get(), list[Any]()
        press = threading.Thread(target=lambda: pressed.extend(both_at_once(lambda: go_on(first, author=ann.user))))
        with transaction.atomic():
            Comparison.objects.select_for_update(no_key=True).get(pk=comparison.pk)
            press.start()
            time.sleep(0.3)  # both presses have seen the wait, and stand at the lock
            leave(first)
        press.join(10)
        assert [type(one) for one in pressed] == [TooLate, TooLate]
        assert comparison.exchanges.count() == 1

    def test_leaving_it_ends_the_cell_as_it_stands(self, ann: Membership) -> None:
        with Upstream(conversation(reply(call()))) as upstream, running():
            comparison = at_rest(run(ann, connection_to(ann, upstream.url), looped(2)))
            one, other = comparison.exchanges.all()
            leave(one)
            assert state_of(comparison) == "waiting"
            leave(other)
            leave(other)
            at_rest(comparison, "finished")
            answer(other, DELIVERED, author=ann.user)  # it can still be answered
            wait_for(lambda: len(upstream.requests) == 3)


class TestSaying:
    def test_all_columns_go_on_together_with_the_next_message(self, ann: Membership) -> None:
        all_there = threading.Barrier(3)

        def far_end(peer: Peer) -> None:
            if turn_of(peer.read_request().body) == 2:
                all_there.wait(60)  # nobody is answered before all have asked
            give(peer, DONE)

        with Upstream(far_end) as upstream, running():
            comparison = run(ann, connection_to(ann, upstream.url), plan([[], [], []]))
            wait_until_finished(comparison)
            made = say(
                comparison, list(comparison.variants.all()), case=0, repeat=1, content="And mine?", author=ann.user
            )
            exchanges = ended(comparison)
            bodies = [json.loads(request.body)["messages"] for request in upstream.requests[3:]]
        assert [one.pk for one in exchanges[3:]] == [one.pk for one in made]
        assert {(one.turn, one.continues, one.waited) for one in made} == {(2, "message", False)}
        assert [body[1:] for body in bodies] == [
            [{"role": "assistant", "content": DONE["content"]}, {"role": "user", "content": "And mine?"}]
        ] * 3

    def test_one_column_goes_on_in_every_repeat(self, ann: Membership) -> None:
        with Upstream(conversation(DONE)) as upstream, running():
            comparison = run(ann, connection_to(ann, upstream.url), plan([[], []], repeats=3))
            wait_until_finished(comparison)
            said = {"case": 0, "repeat": 2, "content": [{"type": "text", "text": "And?"}], "author": ann.user}
            one = say(comparison, [comparison.variants.get(position=1)], **said)
            every = say(comparison, [comparison.variants.get(position=0)], **said, every_repeat=True)
            ended(comparison)
        assert [(exchange.variant.position, exchange.repeat) for exchange in one] == [(1, 2)]
        assert [(exchange.variant.position, exchange.repeat) for exchange in every] == [(0, 1), (0, 2), (0, 3)]

    def test_columns_that_cannot_go_on_are_left_as_they_are(self, ann: Membership) -> None:
        def far_end(peer: Peer) -> None:
            beta = peer.read_request().header("anthropic-beta")
            if beta == "no-1":
                refuse(peer, 400, "no")
            else:
                give(peer, reply(call()) if beta else DONE)

        with Upstream(far_end) as upstream, running():
            comparison = run(ann, connection_to(ann, upstream.url), plan([[], ["no-1"], ["tool-1"]]))
            wait_until_finished(comparison)
            good, refused, waits = comparison.variants.all()
            for variant, why in ((refused, "answered whole"), (waits, "answer them first")):
                with pytest.raises(PlanError, match=why):
                    say(comparison, [variant], case=0, repeat=1, content="And?", author=ann.user)
            [made] = say(comparison, [good, refused, waits], case=0, repeat=1, content="And?", author=ann.user)
            ended(comparison)
        assert made.variant == good

    def test_pressing_twice_says_it_once(self, ann: Membership) -> None:
        with Upstream(conversation(DONE)) as upstream, running():
            comparison = run(ann, connection_to(ann, upstream.url), plan([[], []]))
            seen = [one.public_id for one in wait_until_finished(comparison)]
            columns = list(comparison.variants.all())

            def press(content: str = "And?") -> list[Exchange]:
                said = {"case": 0, "repeat": 1, "content": content, "author": ann.user, "after": seen}
                return say(comparison, columns, **said)

            one, other = both_at_once(press)
            ended(comparison)
            assert one == other == press()
            with pytest.raises(TooLate):
                press("Something else")
            assert len(upstream.requests) == 4
            # Meant again: from the page as it is now.
            seen = [made.public_id for made in one]
            assert press() != one
            ended(comparison)
            assert len(upstream.requests) == 6

    def test_a_second_press_is_known_after_tools_have_answered_as_well(self, ann: Membership) -> None:
        stubs = [{"tool": "lookup_order", "result": "delivered"}]
        with Upstream(conversation(DONE, reply(call()), DONE)) as upstream, running():
            comparison = run(ann, connection_to(ann, upstream.url), replace(looped(), tool_stubs=stubs))
            [first] = wait_until_finished(comparison)
            said = {"case": 0, "repeat": 1, "content": "And?", "author": ann.user, "after": [first.public_id]}
            one = say(comparison, [first.variant], **said)
            assert len(ended(comparison)) == 3
            assert say(comparison, [first.variant], **said) == one
            assert comparison.exchanges.count() == 3

    def test_nothing_is_said_into_a_running_answer_or_without_words(self, ann: Membership) -> None:
        comparison = run(ann, connection_to(ann, "http://127.0.0.1:1"), plan([[]]))
        columns = list(comparison.variants.all())
        with pytest.raises(PlanError, match="still running"):
            say(comparison, columns, case=0, repeat=1, content="And?", author=ann.user)
        with pytest.raises(PlanError, match="Write"):
            say(comparison, columns, case=0, repeat=1, content="", author=ann.user)

    def test_what_another_endpoint_answered_is_no_conversation(self, ann: Membership) -> None:
        def far_end(peer: Peer) -> None:
            peer.read_request()
            peer.send(http_answer(b'{"input_tokens": 12}'))

        with Upstream(far_end) as upstream, running():
            asked = replace(plan([[]]), endpoint=Endpoint(path="/v1/messages/count_tokens"), stream=None)
            comparison = run(ann, connection_to(ann, upstream.url), asked)
            [exchange] = wait_until_finished(comparison)
            assert exchange.state == "succeeded"
            with pytest.raises(PlanError, match="answered whole"):
                say(comparison, [exchange.variant], case=0, repeat=1, content="And?", author=ann.user)
            with pytest.raises(PlanError, match="answered whole"):
                go_on(exchange, author=ann.user)

    def test_nothing_is_said_to_another_address(self, ann: Membership) -> None:
        with Upstream(conversation(DONE)) as upstream, running():
            comparison = run(ann, connection_to(ann, upstream.url), plan([[]]))
            wait_until_finished(comparison)
            comparison.connection.base_url = "http://127.0.0.1:9"
            comparison.connection.save()
            with pytest.raises(PlanError, match="another address"):
                say(comparison, list(comparison.variants.all()), case=0, repeat=1, content="And?", author=ann.user)

    def test_many_cells_are_read_in_few_queries_and_only_as_much_is_sent_as_at_the_start(
        self, ann: Membership, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        comparison = run(ann, connection_to(ann, "http://127.0.0.1:1"), plan([[], []], repeats=100))
        comparison.exchanges.update(state="succeeded", **succeeded_fields(comparison.team_id, message("Hello.")))
        columns = list(comparison.variants.all())
        said = {"case": 0, "repeat": 1, "content": "And?", "author": ann.user, "every_repeat": True}
        monkeypatch.setattr("betaconsole.runs.launching.continuing.MAX_PLAN_BYTES", 10_000)
        with pytest.raises(PlanError, match="one column or one repeat"):
            say(comparison, columns, **said)
        monkeypatch.undo()
        with CaptureQueriesContext(connections["default"]) as queries:
            made = say(comparison, columns, **said)
        assert len(made) == 200
        assert len(queries) < 50

    def test_tools_are_answered_after_a_message_too(self, ann: Membership) -> None:
        stubs = [{"tool": "lookup_order", "result": "delivered"}]
        with Upstream(conversation(DONE, reply(call()), DONE)) as upstream, running():
            comparison = run(ann, connection_to(ann, upstream.url), replace(looped(), tool_stubs=stubs))
            wait_until_finished(comparison)
            say(comparison, list(comparison.variants.all()), case=0, repeat=1, content="And?", author=ann.user)
            assert [one.continues for one in ended(comparison)] == ["", "message", "stubs"]

    def test_what_was_said_is_sent_after_a_crash_like_a_first_turn(self, ann: Membership) -> None:
        with Upstream(conversation(DONE)) as upstream:
            with running():
                comparison = run(ann, connection_to(ann, upstream.url), plan([[]]))
                wait_until_finished(comparison)
            [made] = say(comparison, list(comparison.variants.all()), case=0, repeat=1, content="And?", author=ann.user)
            with running():
                assert [one.pk for one in ended(comparison)][1] == made.pk
