"""Whatever JSON comes, the answer is an answer."""

import json

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from betaconsole.simulator import Pace
from betaconsole.simulator.endpoints import Api
from betaconsole.simulator.wire import Request

from .rules import rules
from .talk import HEADERS, ask

API = Api(rules(), Pace.at_once())
SCALARS = (
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=20)
)
WORDS = st.sampled_from(
    [
        "type",
        "text",
        "content",
        "role",
        "name",
        "id",
        "input",
        "tool_use_id",
        "cache_control",
        "edits",
        "keep",
        "value",
        "schema",
    ]
)
TAGS = st.sampled_from(
    ["text", "tool_use", "tool_result", "thinking", "image", "document", "custom", "enabled", "adaptive", "any"]
)
VALUES = st.recursive(
    SCALARS | TAGS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(WORDS | st.text(max_size=5), inner, max_size=5),
    max_leaves=20,
)
FIELDS = st.sampled_from(
    [*ask(), "system", "tools", "tool_choice", "thinking", "context_management", "output_config"]
) | (st.sampled_from(["output_format", "cache_control", "stop_sequences", "stream", "metadata", "fallbacks", "thread"]))
BETAS = ",".join(
    ["context-management-2025-06-27", "structured-outputs-2025-11-13", "thinking-display-updates-2026-08-18"]
)


def answered(body, *, path="/v1/messages", betas=""):
    headers = {**HEADERS, **({"anthropic-beta": betas} if betas else {})}
    request = Request("POST", path, tuple(headers.items()), json.dumps(body).encode())
    answer = API.answer(request)
    data = b"".join(part.data for part in answer.parts)
    assert answer.length is None or answer.length == len(data)
    return answer.status, data


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.dictionaries(FIELDS, VALUES, max_size=4), st.booleans())
def test_any_body_gets_an_answer_below_500(changes, with_betas):
    status, data = answered({**ask(max_tokens=50), **changes}, betas=BETAS if with_betas else "")
    assert status in (200, 400, 404)
    data.decode()


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(VALUES)
def test_any_tool_schema_and_any_output_schema_get_an_answer(schema):
    tools = [{"name": "t", "input_schema": {"type": "object", "properties": {"a": schema}, "required": ["a"]}}]
    assert answered(ask(tools=tools))[0] in (200, 400)
    wanted = {
        "format": {"type": "json_schema", "schema": {"type": "object", "properties": {"a": schema}, "required": ["a"]}}
    }
    assert answered(ask(output_config=wanted))[0] in (200, 400)


@settings(max_examples=200, deadline=None)
@given(st.text(max_size=60))
def test_any_prompt_text_gets_an_answer(text):
    said = [{"role": "user", "content": f"a{text}"}]
    assert answered(ask(messages=said))[0] == 200
    assert answered(ask(messages=said, max_tokens=None, metadata=None), path="/v1/messages/count_tokens")[0] in (
        200,
        400,
    )


def test_lone_surrogates_are_answered_in_valid_utf8():
    status, data = answered(ask(messages=[{"role": "user", "content": "What is \ud800 about \udfff things"}]))
    assert status == 200
    data.decode()


def test_a_schema_that_refers_to_itself_for_ever_is_refused():
    schema = {"$defs": {"a": {"$ref": "#/$defs/a"}}, "$ref": "#/$defs/a"}
    assert answered(ask(output_config={"format": {"type": "json_schema", "schema": schema}}))[0] == 400


def test_a_pattern_that_would_backtrack_for_ever_costs_nothing():
    schema = {
        "type": "object",
        "properties": {"a": {"type": "string", "pattern": "(a+)+(b*)*c{3}$"}},
        "required": ["a"],
    }
    assert answered(ask(output_config={"format": {"type": "json_schema", "schema": schema}}))[0] == 200
