"""POST /preflight with input tokens: from what was counted before, or counted now where a program asks for it."""

import json

import pytest

from betaconsole.api.preflighting import PreflightAnswer
from betaconsole.runs.models import Comparison, Exchange
from betaconsole.teams.models import Membership, Role
from betaconsole.teams.solo import set_up_solo
from tests.api.calling import BODY, Caller, fits, request
from tests.runs.engines import connection_to, running
from tests.upstream import Upstream, answer, read, send

pytestmark = pytest.mark.django_db(transaction=True)
CONTEXT = "context-management-2025-06-27"


@pytest.fixture
def owner(transactional_db: None) -> Membership:
    return set_up_solo()


@pytest.fixture
def caller(owner: Membership) -> Caller:
    return Caller(owner.user, owner.team)


def looked(caller: Caller, **fields: object) -> PreflightAnswer:
    response = caller.post("/preflight", request(**fields))
    assert response.status_code == 200, response.content
    assert fits(response.json(), PreflightAnswer)
    return response.json()


def test_tokens_are_counted_where_they_are_asked_for_and_known_from_then_on(caller: Caller):
    asked = {"variants": [{"betas": []}, {"betas": [CONTEXT]}], "repeats": 3}
    assert [column["input_tokens"] for column in looked(caller, **asked)["columns"]] == [None, None]
    with running():
        counted = looked(caller, count_tokens=True, **asked)
    tokens = [exchange.input_tokens for exchange in Exchange.objects.order_by("pk")]
    assert [column["input_tokens"] for column in counted["columns"]] == tokens
    assert looked(caller, **asked) == counted
    # 3 and 15 USD a million: Sonnet 4.6, three repeats, 64 tokens of answer
    costs = [column["estimated_cost_usd"] for column in counted["columns"]]
    assert costs == [pytest.approx(3 * (3 * number + 15 * 64) / 1_000_000) for number in tokens]
    assert counted["estimated_cost_usd"] == pytest.approx(sum(costs))
    assert Comparison.objects.get().is_errand


def test_what_count_tokens_refuses_is_a_finding_of_its_column(caller: Caller):
    edits = {"context_management": {"edits": [{"type": "clear_tool_uses_20250919"}]}}
    variants = [
        {"betas": []},
        {"betas": [CONTEXT, "made-up-2020-01-01"]},
        {"betas": ["Not A Name"]},
    ]
    with running():
        columns = looked(caller, body={**BODY, **edits}, variants=variants, count_tokens=True)["columns"]
    assert [column["input_tokens"] is None for column in columns] == [True, False, True]
    said = [[(each["code"], each["message"]) for each in column["findings"]] for column in columns]
    assert ("counted_without", "count_tokens refuses made-up-2020-01-01: the tokens are counted without.") in said[1]
    assert [code for code, _ in said[0]].count("not_counted") == 1
    assert "not_counted" not in dict(said[2])


def test_cases_are_counted_each_with_its_variables_and_summed(caller: Caller):
    body = {**BODY, "messages": [{"role": "user", "content": "{{words}}"}]}
    cases = [{"variables": {"words": "word " * number}} for number in (5, 50, 50)]
    with running():
        column = looked(caller, body=body, cases=cases, variants=[{"betas": []}], count_tokens=True)["columns"][0]
    short, long = [exchange.input_tokens for exchange in Exchange.objects.order_by("pk")]
    assert column["input_tokens"] == short + 2 * long
    assert looked(caller, body=body, cases=cases * 7, variants=[{"betas": []}])["columns"][0]["input_tokens"] is None


def test_an_answer_waits_some_seconds_for_a_count_and_no_longer(caller: Caller, monkeypatch):
    monkeypatch.setattr("betaconsole.api.preflighting.COUNTING_S", 0.3)
    answer = looked(caller, count_tokens=True)  # nothing sends here: the question stays in its queue
    assert answer["columns"][0]["input_tokens"] is None
    assert answer["estimated_cost_usd"] is not None
    assert Exchange.objects.count() == 1


def test_a_refused_key_is_told_in_words(caller: Caller, owner: Membership):
    said = json.dumps({"type": "error", "error": {"type": "authentication_error", "message": "invalid x-api-key"}})
    with Upstream([read(), send(answer(said.encode(), 401))]) as upstream, running():
        connection = connection_to(owner, upstream.url)
        columns = looked(caller, connection=connection.public_id, count_tokens=True)["columns"]
    told = [finding["message"] for finding in columns[0]["findings"] if finding["code"] == "not_counted"]
    assert told == ["count_tokens answered 401 (authentication_error): invalid x-api-key"]


def test_a_viewer_looks_but_sends_nothing(caller: Caller):
    Membership.objects.update(role=Role.VIEWER)
    assert caller.post("/preflight", request(count_tokens=True)).status_code == 403
    assert caller.post("/preflight", request()).status_code == 200
    assert not Comparison.objects.exists()
