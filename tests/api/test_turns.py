"""Tool stubs, turns and results through the API, with a real engine and a far end whose model calls tools."""

import json
import time
from typing import Any

import pytest

from betaconsole.api.shapes import ComparisonAnswer, Queued, WholeExchangeAnswer
from betaconsole.catalogue.examples import find_example
from betaconsole.runs.sending.parking import park
from betaconsole.teams.models import Membership
from betaconsole.teams.solo import set_up_solo
from tests.api.calling import Caller, error_of, fits
from tests.builders import make_team
from tests.runs.engines import connection_to, running, wait_for
from tests.runs.tool_caller import call, conversation, give, reply, results_in, says, turn_of
from tests.upstream import Peer, Upstream

pytestmark = pytest.mark.django_db(transaction=True)
DONE = reply(says("Take a new one."))
ONE = [{"betas": []}]


@pytest.fixture
def ann(transactional_db: None) -> Membership:
    return set_up_solo()


@pytest.fixture
def caller(ann: Membership) -> Caller:
    return Caller(ann.user, ann.team)


def read(caller: Caller, made: dict[str, Any], state: str = "finished") -> dict[str, Any]:
    """The comparison once it is at rest, in this state."""
    began = time.monotonic()
    answer = caller.get(f"/comparisons/{made['id']}?wait=60").json()
    assert time.monotonic() - began < 50
    assert fits(answer, ComparisonAnswer)
    assert answer["state"] == state
    return answer


def post_results(caller: Caller, exchange: dict[str, Any], *results: Any, **fields: Any) -> Any:
    return caller.post(f"/exchanges/{exchange['id']}/results", {"results": list(results), **fields})


def test_stubs_answer_turn_by_turn_and_numbers_stay_as_they_were_written(ann, caller):
    stubs = """[{"tool": "lookup_order", "match": {"order_id": "A-1043"}, "result": {"total": 84.50, "n": 1e2}, "delay_ms": 50},
        {"tool": "lookup_order", "error": "unknown order"}]"""
    both = reply(call(1), call(2, order_id="B-2"))
    with Upstream(conversation(both, DONE)) as upstream, running():
        connection_to(ann, upstream.url)
        asked = '{"connection": "Upstream", "body": {"model": "m", "messages": [], "temperature": 1.0}, "variants": [{"betas": []}]'
        made = caller.post("/comparisons", f'{asked}, "tool_stubs": {stubs}}}').json()
        first, second = read(caller, made)["exchanges"]
        sent = upstream.requests[1].body.decode()
        whole = caller.get(f"/exchanges/{second['id']}").json()
    assert sent.startswith('{"model":"m","messages":[{"role":"assistant"')
    assert '"temperature":1.0' in sent
    assert json.loads(sent)["messages"][-1]["content"] == [
        {"type": "tool_result", "tool_use_id": "toolu_1", "content": '{"total":84.50,"n":1e2}'},
        {"type": "tool_result", "tool_use_id": "toolu_2", "content": "unknown order", "is_error": True},
    ]
    assert [(one["turn"], one["stop_reason"], one["waiting_for"]) for one in (first, second)] == [
        (1, "tool_use", None), (2, "end_turn", None),
    ]  # fmt: skip
    assert fits(whole, WholeExchangeAnswer)
    assert whole["request"]["body"] == json.loads(sent)


def test_only_the_column_with_interleaved_thinking_thinks_between_its_calls(caller):
    example = find_example("thinking-between-tools")
    body = {**example.body, "system": f"{example.body['system']} [[simulator: ttft_ms=1 tps=inf]]"}
    variants = [{"betas": []}, {"betas": ["interleaved-thinking-2025-05-14"]}]
    with running():
        made = caller.compare(body=body, variants=variants, tool_stubs=example.tool_stubs, repeats=2).json()
        exchanges = read(caller, made)["exchanges"]
        assert len(exchanges) == 12
        blocks = {
            (one["variant"], one["repeat"], one["turn"]): [
                block["type"] for block in caller.get(f"/exchanges/{one['id']}").json()["message"]["content"]
            ]
            for one in exchanges
        }
    thinks = {cell for cell, types in blocks.items() if "thinking" in types}
    assert {cell for cell in thinks if cell[2] == 1} == {(column, repeat, 1) for column in "AB" for repeat in (1, 2)}
    assert {cell for cell in thinks if cell[2] > 1} == {("B", repeat, turn) for repeat in (1, 2) for turn in (2, 3)}


def test_what_no_stub_answers_is_waited_for_and_answered(ann, caller):
    stubs = [{"tool": "lookup_policy", "result": "30 days"}]
    with Upstream(conversation(reply(call(1), call(2, "lookup_policy")), DONE)) as upstream, running():
        connection_to(ann, upstream.url)
        made = caller.compare(connection="Upstream", variants=ONE, tool_stubs=stubs).json()
        [exchange] = read(caller, made, "waiting")["exchanges"]
        wanted = [{"tool_use_id": "toolu_1", "name": "lookup_order", "input": {"order_id": "A-1043"}}]
        assert exchange["waiting_for"] == caller.get(f"/exchanges/{exchange['id']}").json()["waiting_for"] == wanted
        answered = post_results(caller, exchange, {"tool_use_id": "toolu_1", "content": {"status": "delivered"}})
        assert answered.status_code == 202
        assert fits(answered.json(), Queued)
        first, second = read(caller, made)["exchanges"]
        assert results_in(upstream.requests[1].body) == ['{"status":"delivered"}', "30 days"]
    assert answered.json() == {"id": second["id"], "turn": 2}
    assert first["waiting_for"] is None


def test_results_that_cannot_be_taken_name_the_place(ann, caller):
    with Upstream(conversation(reply(call(1), call(2)), DONE)) as upstream, running():
        connection_to(ann, upstream.url)
        made = caller.compare(connection="Upstream", variants=ONE, max_turns=5).json()
        [exchange] = read(caller, made, "waiting")["exchanges"]
        good = {"tool_use_id": "toolu_1", "content": "x"}
        for results, field in (
            ([], "results"),
            ([good], "results"),
            ([good, {"tool_use_id": "toolu_7", "content": "x"}], "results.1.tool_use_id"),
            ([good, good], "results.1.tool_use_id"),
            ([{"tool_use_id": "toolu_1"}], "results.0.content"),
            ([{**good, "is_error": "yes"}], "results.0.is_error"),
            ([{**good, "more": 1}], "results.0.more"),
        ):
            refused = post_results(caller, exchange, *results)
            assert (refused.status_code, error_of(refused)["field"]) == (422, field)
        assert len(upstream.requests) == 1


def test_only_the_cells_last_turn_takes_results(ann, caller):
    with Upstream(conversation(reply(call()), DONE)) as upstream, running():
        connection_to(ann, upstream.url)
        made = caller.compare(connection="Upstream", variants=ONE).json()
        [exchange] = read(caller, made)["exchanges"]  # one turn: it ends with the call, and can be answered
        result = {"tool_use_id": "toolu_1", "content": "delivered"}
        once, twice = (post_results(caller, exchange, result) for _ in range(2))
        assert (once.status_code, once.json()) == (twice.status_code, twice.json())
        second = read(caller, made)["exchanges"][1]
        for asked, results in ((exchange, [{**result, "content": "lost"}]), (second, [result]), (second, [])):
            refused = post_results(caller, asked, *results)
            assert (refused.status_code, error_of(refused)["type"]) == (409, "conflict")
        assert len(upstream.requests) == 2


def test_saved_results_answer_the_other_cells(ann, caller):
    def far_end(peer: Peer) -> None:
        give(peer, reply(call()) if turn_of(peer.read_request().body) < 3 else DONE)

    with Upstream(far_end) as upstream, running():
        connection_to(ann, upstream.url)
        made = caller.compare(connection="Upstream", max_turns=8, repeats=2).json()
        exchanges = read(caller, made, "waiting")["exchanges"]
        assert len(exchanges) == 4
        post_results(caller, exchanges[0], {"tool_use_id": "toolu_1", "content": "gone", "is_error": True}, save=True)
        assert len(read(caller, made)["exchanges"]) == 12
        assert {json.dumps(results_in(request.body)) for request in upstream.requests[4:]} == {'["gone"]'}


def test_without_results_a_turn_that_was_ready_before_a_restart_is_sent(ann, caller):
    stubs = [{"tool": "lookup_order", "result": "delivered", "delay_ms": 60_000}]
    with Upstream(conversation(reply(call()), DONE)) as upstream, running() as engine:
        connection_to(ann, upstream.url)
        made = caller.compare(connection="Upstream", variants=ONE, tool_stubs=stubs).json()
        wait_for(lambda: len(caller.get(f"/comparisons/{made['id']}").json()["exchanges"]) == 2)
        park(engine.worker)  # what the next start of a killed console does
        [exchange] = read(caller, made, "waiting")["exchanges"]
        assert exchange["waiting_for"] == []
        assert post_results(caller, exchange).status_code == 202
        assert [one["turn"] for one in read(caller, made)["exchanges"]] == [1, 2]


def test_stopping_ends_the_waiting(ann, caller):
    with Upstream(conversation(reply(call()))) as upstream, running():
        connection_to(ann, upstream.url)
        made = caller.compare(connection="Upstream", max_turns=5).json()
        read(caller, made, "waiting")
        assert caller.post(f"/comparisons/{made['id']}/cancel").json()["state"] == "finished"
        assert [one["waiting_for"] for one in read(caller, made)["exchanges"]] == [None, None]


def test_a_stranger_answers_nothing(ann, caller):
    stranger_team = make_team("Eve's")
    stranger = Caller(stranger_team.memberships.get().user, stranger_team)
    made = caller.compare().json()
    refused = stranger.post(f"/exchanges/{made['exchanges'][0]}/results", {"results": []})
    assert refused.status_code == 404
