"""From what was composed to the exact requests."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from betaconsole.claude import jsontext
from betaconsole.runs import planning
from betaconsole.runs.planning import CasePlan, Plan, PlanError, VariantPlan, askings

VERSION = "2026-10-21"
BODY = '{"model":"claude-sonnet-5-5","max_tokens":1e2,"messages":[{"role":"user","content":"Order {{id}} by {{who}}"}],"seed":12345678901234567890}'


def plan(*variants: VariantPlan, body: str = BODY, **options: object) -> Plan:
    return Plan(jsontext.loads(body), variants or (column(),), VERSION, **options)  # type: ignore[arg-type]


def column(label: str = "A", *betas: str, **options: object) -> VariantPlan:
    return VariantPlan(label, betas, VERSION, **options)  # type: ignore[arg-type]


def test_an_unchanged_column_sends_the_body_with_its_spelling_and_its_order() -> None:
    [asked] = askings(plan())
    assert asked.body.decode() == BODY
    assert (asked.header, asked.model, asked.stream) == ("", "claude-sonnet-5-5", False)


def test_betas_are_joined_by_commas_in_their_order() -> None:
    [asked] = askings(plan(column("A", "files-api-2025-04-14", "context-1m-2025-08-07")))
    assert asked.header == "files-api-2025-04-14,context-1m-2025-08-07"


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"max_tokens": 7, "seed": None}, '"max_tokens":7,"messages"'),
        (
            [{"op": "replace", "path": "/max_tokens", "value": 7}, {"op": "remove", "path": "/seed"}],
            '"max_tokens":7,"messages"',
        ),
    ],
)
def test_a_column_changes_its_body_by_either_kind_of_patch(changes: object, expected: str) -> None:
    plain, changed = askings(plan(column(), column("B", changes=changes)))
    assert plain.body.decode() == BODY
    assert expected in changed.body.decode()
    assert "seed" not in changed.body.decode()


def test_a_columns_own_model_and_own_body_win() -> None:
    own = jsontext.loads('{"model":"x","max_tokens":1,"messages":[]}')
    first, second = askings(plan(column(model="claude-opus-5-5"), column("B", own_body=own)))
    assert first.model == "claude-opus-5-5"
    assert second.body == b'{"model":"x","max_tokens":1,"messages":[]}'


@pytest.mark.parametrize(("stream", "expected"), [(True, True), (False, None), (None, None)])
def test_stream_is_written_only_where_it_must_be(stream: bool | None, expected: bool | None) -> None:
    [asked] = askings(plan(stream=stream))
    assert jsontext.loads(asked.body.decode()).get("stream") == expected  # type: ignore[attr-defined]


def test_variables_are_filled_in_where_a_case_has_them_and_left_alone_where_not() -> None:
    cases = (CasePlan("one", {"id": "A-1"}), CasePlan("two", {"id": jsontext.loads("1.50"), "who": "Bo {{id}}"}))
    one, two = askings(plan(cases=cases))
    assert "Order A-1 by {{who}}" in one.body.decode()
    assert "Order 1.50 by Bo {{id}}" in two.body.decode()


@given(st.text(), st.dictionaries(st.sampled_from(["id", "who"]), st.text(), max_size=2))
def test_filling_in_never_touches_what_is_not_a_variable(text: str, variables: dict[str, str]) -> None:
    if "{{" not in text:
        assert planning.fill_in({"a": [text]}, variables) == {"a": [text]}


@pytest.mark.parametrize(
    ("broken", "field"),
    [
        (plan(body="[]"), "body"),
        (plan(body='{"betas":["a"]}'), "body.betas"),
        (plan(column("A", "Bad Name")), "variants.0.betas.0"),
        (plan(column("A", "a-1", "b-1", "a-1")), "variants.0.betas.2"),
        (plan(column("A", *[f"b-{n}" for n in range(65)])), "variants.0.betas"),
        (plan(column(), column("A")), "variants.1.label"),
        (plan(column("A\ud800")), "variants.0.label"),
        (plan(column(baseline="Z")), "variants.0.baseline"),
        (plan(column(), column("B", changes=[{"op": "remove", "path": "/nothing"}])), "variants.1.patch"),
        (plan(column(), column("B", changes={"anthropic_beta": ["x"]})), "variants.1.patch.anthropic_beta"),
        (plan(replace(column(), version="latest")), "variants.0.anthropic_version"),
        (plan(repeats=0), "repeats"),
        (plan(repeats=101), "repeats"),
        (plan(*[column(str(n)) for n in range(33)]), "variants"),
        (plan(*[column(str(n)) for n in range(32)], repeats=70), "repeats"),
        (plan(cases=()), "cases"),
        (plan(cases=(CasePlan(body="text"),)), "cases.0.body"),
    ],
)
def test_a_plan_that_cannot_be_sent_names_the_place(broken: Plan, field: str) -> None:
    with pytest.raises(PlanError) as refused:
        askings(broken)
    assert refused.value.field == field


def test_a_body_over_the_limit_is_refused_with_the_limit() -> None:
    text = "x" * planning.MAX_BODY_BYTES
    with pytest.raises(PlanError, match="32 MB"):
        askings(plan(body=f'{{"messages":"{text}"}}'))
