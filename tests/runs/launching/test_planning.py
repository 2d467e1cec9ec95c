"""From what was composed to the exact requests."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from betaconsole.claude import jsontext
from betaconsole.claude.endpoints import Endpoint
from betaconsole.runs.launching import planning
from betaconsole.runs.launching.planning import CasePlan, Plan, PlanError, VariantPlan, askings

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


def test_b12_a_body_over_the_limit_is_refused_with_the_limit() -> None:
    text = "x" * planning.MAX_BODY_BYTES
    with pytest.raises(PlanError, match="32 MB"):
        askings(plan(body=f'{{"messages":"{text}"}}'))


# Where it goes --------------------------------------------------------------------------------------------------------

MODELS = Endpoint("GET", "/v1/models")
COUNT = Endpoint("POST", "/v1/messages/count_tokens")
UPLOAD = Endpoint("POST", "/v1/files")
CANCEL = Endpoint("POST", "/v1/messages/batches/msgbatch_1/cancel")


def elsewhere(endpoint: Endpoint, *variants: VariantPlan, body: str | None = None, **options: object) -> Plan:
    document = None if body is None else jsontext.loads(body)
    return Plan(document, variants or (column(),), VERSION, endpoint=endpoint, **options)  # type: ignore[arg-type]


def upload(*variants: VariantPlan, **options: object) -> Plan:
    return elsewhere(UPLOAD, *variants, raw_body=b"--x", content_type="multipart/form-data; boundary=x", **options)


@pytest.mark.parametrize("endpoint", [MODELS, CANCEL, Endpoint("DELETE", "/v1/files/file_1")])
def test_a_request_without_a_body_has_no_content_type_either(endpoint: Endpoint) -> None:
    [asked] = askings(elsewhere(endpoint))
    assert (asked.body, asked.content_type, asked.model, asked.stream) == (b"", "", "", False)


def test_an_upload_is_sent_as_it_is_with_its_own_content_type() -> None:
    plain, with_beta = askings(upload(column(), column("B", "files-api-2025-04-14")))
    assert plain.body == with_beta.body == b"--x"
    assert plain.content_type == "multipart/form-data; boundary=x"


def test_a_json_body_of_another_endpoint_is_changed_like_any_other() -> None:
    plan = elsewhere(UPLOAD, column(changes={"b": 2}), body='{"a": 1.0, "stream": true}')
    [asked] = askings(plan)
    assert (asked.body, asked.content_type) == (b'{"a":1.0,"stream":true,"b":2}', "application/json")
    assert asked.stream


def test_extra_headers_differ_by_column() -> None:
    mine = column("B", headers=(("anthropic-workspace-id", "wrkspc_1"),))
    assert [asked.headers for asked in askings(elsewhere(MODELS, column(), mine))] == [(), mine.headers]


def test_a_column_asks_for_its_own_model_only_where_a_body_has_one() -> None:
    own = column(model="claude-opus-5-5")
    assert askings(elsewhere(COUNT, own, body='{"messages":[]}'))[0].model == "claude-opus-5-5"
    assert askings(elsewhere(UPLOAD, own, body='{"model":"x"}'))[0].body == b'{"model":"claude-opus-5-5"}'
    with pytest.raises(PlanError, match=r"variants\.0\.model"):
        askings(elsewhere(UPLOAD, own, body='{"purpose":"x"}'))


STUB = {"tool": "lookup", "result": "found"}


@pytest.mark.parametrize(
    ("broken", "field"),
    [
        (elsewhere(Endpoint("GET", "//evil/v1")), "endpoint"),
        (elsewhere(Endpoint("GET", "/v1/../../x")), "endpoint"),
        (elsewhere(Endpoint("GET", "/v1/%2e%2e/x")), "endpoint"),
        (elsewhere(Endpoint("TRACE", "/v1/models")), "endpoint"),
        (elsewhere(MODELS, body="{}"), "body"),
        (elsewhere(MODELS, raw_body=b"x"), "body"),
        (elsewhere(UPLOAD, body="{}", raw_body=b"x"), "body"),
        (elsewhere(Endpoint("POST", "/v1/messages")), "body"),
        (elsewhere(COUNT), "body"),
        (elsewhere(UPLOAD, body='{"betas": []}'), "body.betas"),
        (elsewhere(MODELS, column(changes={"a": 1})), "variants.0.patch"),
        (elsewhere(MODELS, column(), column("B", own_body={})), "variants.1.body"),
        (elsewhere(MODELS, column(model="m")), "variants.0.model"),
        (elsewhere(MODELS, cases=(CasePlan("a", {"x": 1}),)), "cases.0"),
        (upload(column(changes={"a": 1})), "variants.0.patch"),
        (elsewhere(MODELS, stream=True), "stream"),
        (elsewhere(MODELS, tool_stubs=[STUB]), "tool_stubs"),
        (elsewhere(MODELS, max_turns=2), "max_turns"),
        (elsewhere(MODELS, engine="batch"), "engine"),
        (elsewhere(MODELS, separate_caches=True), "separate_caches"),
        (plan(engine="fax"), "engine"),
        (plan(engine="batch", tool_stubs=[STUB]), "engine"),
        (plan(engine="batch", is_trace=True, cases=(CasePlan(body={}),)), "engine"),
        (plan(is_trace=True, cases=(CasePlan(body={}), CasePlan())), "cases.1.body"),
        (plan(is_trace=True, cases=(CasePlan(body={}),), max_turns=2), "tool_stubs"),
        (plan(is_trace=True, cases=(CasePlan(body={}),), tool_stubs=[{"tool": "t", "result": "r"}]), "tool_stubs"),
        (plan(tool_stubs=[STUB, {"tool": "x"}]), "tool_stubs.1"),
        (plan(max_turns=0), "max_turns"),
        (plan(max_turns=101), "max_turns"),
        (plan(column(headers=(("x-api-key", "k"),))), "variants.0.headers.x-api-key"),
        (plan(column(headers=(("anthropic-workspace-id", "a\r\nb"),))), "variants.0.headers.anthropic-workspace-id"),
        (plan(column(headers=(("anthropic-workspace-id", "a"),) * 2)), "variants.0.headers.anthropic-workspace-id"),
    ],
)
def test_what_cannot_be_had_at_an_endpoint_is_refused_with_its_place(broken: Plan, field: str) -> None:
    with pytest.raises(PlanError) as refused:
        askings(broken)
    assert refused.value.field == field


def test_a_recorded_conversation_needs_no_body_but_its_turns() -> None:
    asked = askings(
        elsewhere(Endpoint.MESSAGES, is_trace=True, cases=(CasePlan(body={"a": 1}), CasePlan(body={"a": 2})))
    )
    assert [one.body for one in asked] == [b'{"a":1}', b'{"a":2}']


def test_a_batch_holds_bodies_that_do_not_ask_for_a_stream() -> None:
    [asked] = askings(plan(body='{"model":"m","stream":true}', engine="batch"))
    assert (asked.body, asked.stream) == (b'{"model":"m"}', False)


def test_equal_bodies_are_kept_in_memory_once() -> None:
    first, second = askings(plan(column(), column("B", "some-beta-1")))
    assert first.body is second.body


def test_bodies_that_are_too_much_together_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(planning, "MAX_PLAN_BYTES", 300)
    askings(plan(column(), column("B")))
    with pytest.raises(PlanError, match="2 columns"):
        askings(plan(column(), column("B", changes={"a": "x" * 100})))


# Separate caches ------------------------------------------------------------------------------------------------------

LINE = "[separate cache A·1f]\n"


@pytest.mark.parametrize(
    ("system", "sent"),
    [
        (None, LINE),
        ("Be brief.", f"{LINE}Be brief."),
        ([{"type": "text", "text": "Be"}, {"type": "text", "text": "x"}], [f"{LINE}Be", "x"]),
        ([], [LINE]),
        (7, 7),
    ],
)
def test_a_column_with_a_cache_of_its_own_says_so_in_front_of_its_system_text(system: object, sent: object) -> None:
    body = jsontext.dumps({"model": "m", "system": system} if system is not None else {"model": "m"})
    [asked] = askings(plan(column(cache_nonce="A·1f"), body=body, separate_caches=True))
    got = jsontext.loads(asked.body.decode())["system"]  # type: ignore[index]
    assert ([block["text"] for block in got] if isinstance(got, list) else got) == sent


def test_the_nonce_stands_in_front_of_what_changes_and_variables_made_of_the_system() -> None:
    cases = (CasePlan("one", {"who": "Bo"}),)
    mine = column(cache_nonce="A·1f", changes={"system": "For {{who}}."})
    [asked] = askings(plan(mine, cases=cases, separate_caches=True))
    assert jsontext.loads(asked.body.decode())["system"] == f"{LINE}For Bo."  # type: ignore[index]
