"""Nothing that is sent to files, skills, batches or models breaks the simulator."""

import json

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from betaconsole.simulator import Pace
from betaconsole.simulator.endpoints import ROUTES, Api
from betaconsole.simulator.wire import Request

from .rules import rules

API = Api(rules(), Pace.at_once())
HEADERS = (("x-api-key", "sk-ant-test"), ("anthropic-version", "2026-10-21"))
TARGETS = sorted({path.replace("{}", "pptx") for _, path, _ in ROUTES})
QUERY = st.dictionaries(
    st.sampled_from(["limit", "page", "after_id", "before_id", "ids[]", "source", "lifecycle[]", "beta"]),
    st.text("a1_%&=\x00é", max_size=8),
    max_size=3,
)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from(["custom_id", "params", "a"]), inner),
    max_leaves=6,
)


def status(method: str, target: str, body: bytes = b"", *more: tuple[str, str]) -> int:
    answer = API.answer(Request(method, target, (*HEADERS, *more), body))
    data = b"".join(part.data for part in answer.parts)
    if answer.status != 200:
        assert json.loads(data)["type"] == "error"
    return answer.status


@settings(max_examples=200, deadline=None)
@given(st.sampled_from(TARGETS), st.sampled_from(["GET", "POST", "DELETE", "PUT"]), QUERY, st.binary(max_size=40))
def test_any_query_and_any_bytes_get_an_answer_below_500(target, method, query, body):
    asked = "&".join(f"{name}={value}" for name, value in query.items())
    assert status(method, f"{target}?{asked}", body) in (200, 400, 403, 404, 405)


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(VALUES, VALUES)
def test_any_batch_gets_an_answer_below_500(requests, params):
    whole = [{"custom_id": "a", "params": {"messages": params, "model": "claude-sonnet-4-6", "max_tokens": params}}]
    for body in ({"requests": requests}, {"requests": [requests]}, {"requests": whole}):
        assert status("POST", "/v1/messages/batches", json.dumps(body).encode()) in (200, 400)


@pytest.mark.parametrize("text", ["\ud800", "a\r\nb: c", "é" * 64, "\x00"])
def test_any_custom_id_comes_back_as_valid_json(text):
    params = {"model": "claude-sonnet-4-6", "max_tokens": 5, "messages": [{"role": "user", "content": text}]}
    body = json.dumps({"requests": [{"custom_id": text, "params": params}]}).encode()
    made = API.answer(Request("POST", "/v1/messages/batches", HEADERS, body))
    target = f"/v1/messages/batches/{json.loads(made.parts[0].data)['id']}/results"
    parts = API.answer(Request("GET", target, HEADERS)).parts
    line = json.loads(b"".join(part.data for part in parts))
    assert line["custom_id"] == text.encode("utf-8", "replace").decode()


def test_a_body_that_is_too_large_is_refused_everywhere():
    for method, path, _ in ROUTES:
        request = Request(method, path.replace("{}", "pptx"), HEADERS, too_large=True)
        assert API.answer(request).status == 413
