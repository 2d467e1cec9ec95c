"""At most what a run costs: columns × cases × repeats × turns. Worked by hand from the prices of models.toml."""

from decimal import Decimal
from typing import Any

import pytest

from betaconsole.catalogue.checks.estimate import estimated_tokens
from betaconsole.claude.endpoints import Endpoint
from betaconsole.runs.launching.estimating import estimate
from betaconsole.runs.launching.planning import CasePlan, Plan, PlanError, VariantPlan

VERSION = "2026-10-21"
BODY = {"model": "claude-sonnet-5-5", "max_tokens": 1_000, "messages": [{"role": "user", "content": "Say {{word}}."}]}
STUBS = [{"tool": "lookup", "result": "delivered"}]


def column(label: str, **values: Any) -> VariantPlan:
    return VariantPlan(label=label, betas=(), version=VERSION, **values)


def plan(*columns: VariantPlan, **values: Any) -> Plan:
    return Plan(**{"body": BODY, "variants": columns or [column("A")], "version": VERSION, **values})


def test_a_run_costs_its_columns_times_cases_times_repeats():
    # Sonnet 5.5: 2 and 10 USD a million; Opus 5.5: 4 and 20
    two = plan(column("A"), column("B", model="claude-opus-5-5"), repeats=3)
    counted = estimate(two, counts={(0, 0): 10_000, (1, 0): 12_000})
    a, b = counted.columns
    assert (a.label, a.cells, a.input_tokens, a.is_counted, a.upper_usd) == ("A", 3, 10_000, True, Decimal("0.09"))
    assert (b.input_tokens, b.upper_usd) == (12_000, 3 * (Decimal("0.048") + Decimal("0.02")))
    assert counted.upper_usd == Decimal("0.294")


def test_each_case_has_its_own_input():
    cases = [CasePlan(variables={"word": "x"}), CasePlan(body={**BODY, "max_tokens": 2_000})]
    of_two = estimate(plan(cases=cases, repeats=2), counts={(0, 0): 1_000, (0, 1): 5_000})
    assert of_two.columns[0].input_tokens == 6_000
    assert of_two.columns[0].cells == 4
    assert of_two.upper_usd == 2 * (Decimal("0.012") + Decimal("0.03"))


def test_without_a_count_input_is_estimated_and_said_to_be():
    roughly = estimate(plan(column("A", changes={"max_tokens": 500}))).columns[0]
    tokens = estimated_tokens(BODY)
    assert (roughly.input_tokens, roughly.is_counted) == (tokens, False)
    assert roughly.upper_usd == Decimal(2 * tokens + 10 * 500) / 1_000_000
    half = estimate(plan(cases=[CasePlan(), CasePlan()]), counts={(0, 0): 7}).columns[0]
    assert (half.input_tokens, half.is_counted) == (7 + tokens, False)


def test_a_batch_is_half_the_price_and_tool_turns_add_up():
    assert estimate(plan(engine="batch"), counts={(0, 0): 10_000}).upper_usd == Decimal("0.015")
    # two turns: 10,000 in, then those and 1,000 of the answer and 11 of the stubs
    assert estimate(plan(tool_stubs=STUBS, max_turns=2), counts={(0, 0): 10_000}).upper_usd == Decimal("0.062022")


def test_one_column_without_a_price_leaves_the_sum_unknown():
    some = estimate(plan(column("A"), column("B", model="claude-nobody")))
    assert some.columns[0].upper_usd is not None
    assert (some.columns[1].upper_usd, some.upper_usd) == (None, None)
    assert some.why_unknown == "No price of claude-nobody is known."


@pytest.mark.parametrize(
    ("endpoint", "usd"),
    [
        (Endpoint("GET", "/v1/models"), Decimal(0)),
        (Endpoint("POST", "/v1/messages/count_tokens"), Decimal(0)),
        (Endpoint("POST", "/v1/agents"), None),
    ],
)
def test_elsewhere_it_is_free_or_not_known(endpoint: Endpoint, usd: Decimal | None):
    asked = estimate(plan(endpoint=endpoint, body=None))
    assert asked.upper_usd == usd
    assert asked.columns[0].input_tokens is None
    assert bool(asked.why_unknown) == (usd is None)


def test_changes_that_do_not_fit_are_refused_as_when_it_is_run():
    with pytest.raises(PlanError):
        estimate(plan(column("A", changes=[{"op": "remove", "path": "/nothing"}])))
