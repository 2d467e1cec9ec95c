"""Whatever is posted: an answer that is not our mistake."""

import json
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from betaconsole.claude import jsontext
from tests.api.calling import Caller, request

pytestmark = pytest.mark.django_db
# The caller and its rows are there once for all examples.
quickly = settings(deadline=None, max_examples=50, suppress_health_check=[HealthCheck.function_scoped_fixture])

TRICKY = ["", "\x00", "\ud800", "a\r\nb", "{{n}}", "A", "claude-sonnet-4-6", "add", "/model", "1e999", "é\u2028"]
SPELLED = ["1e999", "-1e999", "9" * 5000, "-0", "1.50", "NaN", "01", '"\\ud800"', '"\\u0000"', "[" * 70 + "]" * 70]
words = st.sampled_from(TRICKY) | st.text(st.characters(codec=None), max_size=8)
scalars = st.none() | st.booleans() | st.integers(-5, 10**25) | st.floats(allow_nan=False, allow_infinity=False) | words
keys = st.sampled_from([*request(), "label", "patch", "cases", "op", "path", "value", "model", "stream", "n"]) | words
values = st.recursive(scalars, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(keys, inner, max_size=3))

VALID = request(
    title="t",
    variants=[{"betas": ["a-2025-01-01"], "label": "one", "patch": {"x": 1}}, {"betas": [], "baseline": "one"}],
    cases=[{"name": "n", "variables": {"n": "1"}, "body": None}],
    repeats=1,
    tool_stubs=[{"tool": "t", "match": {"x": 1}, "match_exactly": True, "result": "r", "delay_ms": 1}],
    max_turns=2,
    stream=True,
    client_token="once",
)
PLACES = [
    ("title",), ("connection",), ("body",), ("body", "model"), ("body", "stream"), ("body", "messages"), ("variants",),
    ("variants", 0), ("variants", 0, "betas"), ("variants", 0, "betas", 0), ("variants", 0, "label"),
    ("variants", 0, "patch"), ("variants", 0, "body"), ("variants", 0, "anthropic_version"), ("variants", 1, "baseline"),
    ("cases",), ("cases", 0), ("cases", 0, "name"), ("cases", 0, "variables"), ("cases", 0, "variables", "n"),
    ("cases", 0, "body"), ("repeats",), ("tool_stubs",), ("tool_stubs", 0),
    ("tool_stubs", 0, "tool"), ("tool_stubs", 0, "match"), ("tool_stubs", 0, "result"), ("tool_stubs", 0, "delay_ms"),
    ("max_turns",), ("stream",), ("client_token",), ("more",),
]  # fmt: skip
MARK = "\ue000here"


def answered(caller: Caller, text: str | bytes) -> None:
    """Post it, and read back what it made: each answer is JSON and not a 500."""
    response = caller.post("/comparisons", text)
    assert response.status_code in (200, 201, 409, 413, 422), response.content
    answer = response.json()
    if response.status_code == 201:
        for path in (f"/comparisons/{answer['id']}", f"/exchanges/{answer['exchanges'][0]}"):
            read = caller.get(path)
            assert read.status_code == 200, read.content
            # Not json.loads, which stops at integers of 4,300 digits.
            assert jsontext.loads(read.content.decode())


def with_at(place: tuple[Any, ...], value: object) -> dict[str, Any]:
    """The valid request with something else in one place."""
    asked = json.loads(json.dumps(VALID))
    holder = asked
    for step in place[:-1]:
        holder = holder[step]
    holder[place[-1]] = value
    return asked


@pytest.mark.both_databases
@quickly
@given(st.sampled_from(PLACES), values)
def test_a_request_with_junk_in_one_place(caller, place, value):
    answered(caller, json.dumps(with_at(place, value)))


@pytest.mark.both_databases
@pytest.mark.parametrize("spelled", SPELLED, ids=lambda text: text[:8])
def test_a_request_with_a_strange_spelling_anywhere(caller, spelled):
    for place in PLACES:
        answered(caller, json.dumps(with_at(place, MARK)).replace(json.dumps(MARK), spelled))


@quickly
@given(values)
def test_any_json(caller, value):
    answered(caller, jsontext.dumps(value))


@quickly
@given(st.binary(max_size=60) | st.text(max_size=60))
def test_any_bytes(caller, data):
    answered(caller, data if isinstance(data, bytes) else data.encode())
