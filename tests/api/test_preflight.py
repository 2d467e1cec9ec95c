"""POST /preflight: what a program is told before it sends a comparison, in the documented form."""

from decimal import Decimal

import pytest

from betaconsole.api.preflighting import PreflightAnswer
from betaconsole.runs.models import Comparison
from tests.api.calling import BODY, Caller, error_of, fits, request

pytestmark = pytest.mark.django_db

CONTEXT = "context-management-2025-06-27"
GATED = {**BODY, "context_management": {"edits": [{"type": "clear_tool_uses_20250919"}]}}


def looked(caller: Caller, **fields: object) -> PreflightAnswer:
    response = caller.post("/preflight", request(**fields))
    assert response.status_code == 200, response.content
    answer = response.json()
    assert fits(answer, PreflightAnswer)
    return answer


def codes(answer: PreflightAnswer) -> list[list[str]]:
    return [[finding["code"] for finding in column["findings"]] for column in answer["columns"]]


def test_each_column_has_its_findings_and_nothing_is_sent(caller):
    variants = [{"label": "without", "betas": []}, {"label": "with", "betas": [CONTEXT]}]
    answer = looked(caller, body=GATED, variants=variants)
    assert [column["label"] for column in answer["columns"]] == ["without", "with"]
    assert codes(answer) == [["gated_field"], []]
    assert answer["columns"][0]["findings"][0] == {
        "level": "error",
        "code": "gated_field",
        "message": f"context_management is refused without {CONTEXT}.",
        "path": "context_management",
        "fix": {"action": "add_beta", "beta": CONTEXT},
    }
    assert not Comparison.objects.exists()


def test_the_answer_has_exactly_the_documented_keys(caller):
    answer = looked(caller)
    assert list(answer) == ["columns", "estimated_cost_usd"]
    assert list(answer["columns"][0]) == ["label", "findings", "input_tokens", "estimated_cost_usd"]
    assert answer["columns"][0]["input_tokens"] is None


def test_what_a_column_changes_is_seen(caller):
    variants = [{"betas": []}, {"betas": [], "patch": {"temperature": 1.0}}, {"betas": [], "body": GATED}]
    assert codes(looked(caller, variants=variants)) == [[], ["parameter_removed"], ["gated_field"]]
    older = [{"betas": [], "patch": {"temperature": 1.0}, "anthropic_version": "2023-06-01"}]
    assert codes(looked(caller, variants=older)) == [[]]


def test_names_and_versions_that_cannot_be_sent_are_findings(caller):
    answer = looked(caller, variants=[{"betas": ["Interleaved Thinking"], "anthropic_version": "latest"}])
    assert codes(answer) == [["malformed_name", "malformed_version"]]


def test_what_makes_no_request_at_all_is_refused_as_for_a_comparison(caller):
    refused = caller.post("/preflight", request(body={**BODY, "betas": [CONTEXT]}))
    assert refused.status_code == 422
    assert error_of(refused)["field"] == "body.betas"
    assert caller.post("/preflight", request(variants=[])).status_code == 422


def test_columns_that_share_a_cache_are_told_unless_they_are_kept_apart(caller):
    cached = {**BODY, "system": [{"type": "text", "text": "rules " * 600, "cache_control": {"type": "ephemeral"}}]}
    assert codes(looked(caller, body=cached)) == [["shared_cache"], ["shared_cache"]]
    assert codes(looked(caller, body=cached, separate_caches=True)) == [[], []]


def test_the_cost_is_that_of_all_cases_and_repeats_at_the_most(caller):
    # 8 tokens estimated, 64 at most in answer: 8 × 3 + 64 × 15 USD per million
    one = looked(caller, variants=[{"betas": []}])["estimated_cost_usd"]
    assert one == pytest.approx((8 * 3 + 64 * 15) / 1_000_000, rel=0.05)
    cases = [{"name": str(number), "variables": {"x": "y"}} for number in range(5)]
    answer = looked(caller, cases=cases, repeats=3)
    assert answer["columns"][0]["estimated_cost_usd"] == pytest.approx(15 * one)
    assert answer["estimated_cost_usd"] == pytest.approx(30 * one)
    assert looked(caller, engine="batch")["estimated_cost_usd"] == pytest.approx(one)


def test_the_sum_of_all_columns_is_exact(caller):
    answer = looked(caller, variants=[{"betas": []}] * 3, body={**BODY, "max_tokens": 6661})
    column, *others = [Decimal(str(each["estimated_cost_usd"])) for each in answer["columns"]]
    assert others == [column, column]
    assert answer["estimated_cost_usd"] == float(3 * column)


def test_of_a_model_without_a_price_no_cost_is_claimed(caller):
    variants = [{"betas": []}, {"betas": [], "patch": {"model": "claude-unheard-of"}}]
    answer = looked(caller, variants=variants)
    assert [column["estimated_cost_usd"] is None for column in answer["columns"]] == [False, True]
    assert answer["estimated_cost_usd"] is None


def test_what_is_wrong_with_one_case_is_told_once_for_its_column(caller):
    cases = [{"name": "plain", "body": BODY}, *({"name": str(number), "body": GATED} for number in range(3))]
    assert codes(looked(caller, cases=cases, variants=[{"betas": []}])) == [["gated_field"]]


def test_other_endpoints_are_looked_at_too(caller):
    agents = {"method": "GET", "path": "/v1/agents"}
    answer = looked(caller, endpoint=agents, body=..., variants=[{"betas": []}])
    assert codes(answer) == [["endpoint_needs_beta"]]
    assert answer["estimated_cost_usd"] == 0  # reading is not billed
    sessions = looked(caller, endpoint={"path": "/v1/sessions"}, body=..., variants=[{"betas": []}])
    assert sessions["estimated_cost_usd"] is None
    counted = looked(caller, endpoint={"path": "/v1/messages/count_tokens"}, variants=[{"betas": []}])
    assert codes(counted) == [["not_counted_field"]]


def test_a_stranger_sees_nothing_of_our_connections(caller, stranger):
    ours = caller.token.team.connections.first()
    assert stranger.post("/preflight", request(connection=ours.public_id)).status_code == 422
