import inspect
import shutil

import anthropic
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from betaconsole.claude import jsontext, sdk_methods, snippets
from tests.claude.running_code import (
    BASE,
    HOSTILE,
    KEY,
    NODE,
    assert_same,
    call_of,
    captured,
    run_python,
    run_shell,
    run_typescript,
)
from tests.recorded import messages
from tests.upstream import Received

pytestmark = pytest.mark.usefixtures("environment")

PYTHON = [snippets.python_beta, snippets.python_headers]
BODIES = {
    "plain": BASE,
    "streamed": {**BASE, "stream": True},
    "explicitly not streamed": {**BASE, "stream": False},
    "hostile strings": {
        **BASE,
        "system": HOSTILE,
        HOSTILE: HOSTILE,
        "messages": [{"role": "user", "content": [HOSTILE, {HOSTILE: None}]}],
    },
    "sampling parameters": {**BASE, "temperature": 0.5, "top_p": 1.0, "top_k": 4},
    "beta fields": {
        **BASE,
        "context_management": {"edits": [{"type": "clear_tool_uses_20250919"}]},
        "mcp_servers": [{"type": "url", "url": "https://x", "name": "n"}],
        "fallbacks": "default",
        "thread": {"type": "create"},
    },
    "fields of odd types": {
        **BASE,
        "system": 5,
        "tools": "none",
        "stream": "yes",
        "metadata": [],
        "thinking": None,
        "container": True,
    },
    "nulls and empties": {**BASE, "system": None, "stop_sequences": [], "metadata": {}, "x": {"y": [None, {}, []]}},
    "names of the SDK's own parameters": {
        **BASE,
        "betas": ["x"],
        "extra_body": {"a": 1},
        "timeout": 3,
        "user_profile_id": "u",
        "self": 1,
    },
    "long answer without a stream": {**BASE, "max_tokens": 64_000},
    "words Python writes otherwise": {**BASE, "flags": [True, False, None, "True", "None"]},
    "no messages at all": {"model": "m"},
    "required fields of odd types": {"model": 5, "max_tokens": "many", "messages": {"role": "user"}},
    "max_tokens as a word": {**BASE, "max_tokens": True},
    "a lone surrogate": {**BASE, "system": "a\ud800b"},
    "a very long integer": {**BASE, "x": jsontext.loads("9" * 5000)},
    "a list": [1, 2],
    "a proto key": {**BASE, "x": {"__proto__": {"a": 1}, "constructor": 2}},
}


@pytest.mark.parametrize("make", PYTHON)
@pytest.mark.parametrize("body", BODIES.values(), ids=BODIES.keys())
def test_the_python_code_sends_the_same_request(upstream, make, body):
    call = call_of(body, f"{upstream.url}/v1/messages", version="2023-06-01")
    if jsontext.dumps(body).count("9") > 4000:
        assert b"9" * 5000 in captured(upstream, run_python, make(call)).body
    else:
        assert_same(captured(upstream, run_python, make(call)), call, upstream.url)


@pytest.mark.parametrize("make", [*PYTHON, snippets.curl])
@pytest.mark.parametrize("betas", [(), ("one-2025-01-01",)])
@pytest.mark.parametrize(
    "path", ["/v1/messages", "/v1/messages?beta=true", "/prefix/v1/messages", "/v1/messages/count_tokens?beta=true"]
)
def test_betas_address_and_query_are_kept(upstream, make, betas, path):
    call = call_of(BASE, upstream.url + path, betas=betas)
    run = run_shell if make is snippets.curl else run_python
    assert_same(captured(upstream, run, make(call)), call, upstream.url)


@pytest.mark.parametrize("make", [*PYTHON, snippets.curl])
@pytest.mark.parametrize("method", ["GET", "DELETE"])
def test_a_request_without_a_body_is_the_same(upstream, make, method):
    call = call_of(None, f"{upstream.url}/v1/models/x?limit=2", method=method)
    run = run_shell if make is snippets.curl else run_python
    received = captured(upstream, run, make(call))
    assert_same(received, call, upstream.url)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=6),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3),
    max_leaves=6,
)
names = st.sampled_from([*sdk_methods.STABLE_FIELDS, *sdk_methods.BETA_FIELDS]) | st.text(max_size=6)


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.dictionaries(names, json_values, max_size=6), st.sampled_from(PYTHON), st.booleans())
def test_the_python_code_of_any_body_sends_that_body(upstream, fields, make, has_base):
    call = call_of({**BASE, **fields} if has_base else fields, f"{upstream.url}/v1/messages")
    assert_same(captured(upstream, run_python, make(call)), call, upstream.url)


BY_SHAPE = {tuple(sorted(body)): body for row in messages() if isinstance(body := row["request"]["body"], dict)}


@pytest.mark.skipif(not BY_SHAPE, reason="no recorded traffic: see tests/README.md")
def test_the_python_code_of_recorded_requests_of_every_shape_sends_them(upstream):
    assert len(BY_SHAPE) > 20
    for number, body in enumerate(BY_SHAPE.values()):
        call = call_of(body, f"{upstream.url}/v1/messages")
        assert_same(captured(upstream, run_python, PYTHON[number % 2](call)), call, upstream.url)


EXACT = {
    "hostile strings": jsontext.dumps(BODIES["hostile strings"]).encode(),
    "spellings and spaces": b'{ "n" : 1.0,\r\n\t"m":1e2, "k": -0, "l": 12345678901234567890123,\n"s": "it\'s \\ud800 \\u00e9" }',
    "streamed": b'{"stream": true}',
    "very long": b'{"x": "' + b"it's $HOME `id` END_OF_BODY" * 8_000 + b'",\n"y": 1}',
}


@pytest.mark.skipif(shutil.which("curl") is None, reason="no curl here")
@pytest.mark.parametrize("body", EXACT.values(), ids=EXACT.keys())
def test_curl_sends_the_body_byte_for_byte(upstream, body):
    call = call_of(body, f"{upstream.url}/v1/messages", version="2023-06-01")
    received = captured(upstream, run_shell, snippets.curl(call))
    if len(body) > 100_000:  # a here-document ends with a line break
        assert received.body == body + b"\n"
        received = Received(received.raw[:-1], 0, 0)
    assert_same(received, call, upstream.url, exact=True)


@pytest.mark.parametrize("make", [snippets.curl, *PYTHON, snippets.typescript])
def test_the_key_is_taken_from_the_environment_and_never_written(make):
    code = make(call_of(BASE, "https://api.anthropic.com/v1/messages"))
    assert "ANTHROPIC_API_KEY" in code
    assert KEY not in code
    assert ("api.anthropic.com" in code) == (make is snippets.curl)


def test_the_two_python_forms_name_the_betas_in_their_own_ways():
    call = call_of(BASE, "https://api.anthropic.com/v1/messages")
    assert 'client.beta.messages.create(\n    model="claude-x"' in snippets.python_beta(call)
    assert "betas=[" in snippets.python_beta(call)
    assert "client.messages.create(" in snippets.python_headers(call)
    assert '"anthropic-beta": "a-1,b-2"' in snippets.python_headers(call)
    assert "anthropic-version" not in snippets.python_beta(call)


def test_the_fields_passed_by_name_are_those_the_sdk_takes():
    client = anthropic.Anthropic(api_key="k")
    own = {"extra_headers", "extra_query", "extra_body", "timeout", "user_profile_id", "workspace_id", "betas"}
    stable = set(inspect.signature(client.messages.create).parameters) - own
    beta = set(inspect.signature(client.beta.messages.create).parameters) - own
    assert set(sdk_methods.STABLE_FIELDS) == stable
    assert {*sdk_methods.STABLE_FIELDS, *sdk_methods.BETA_FIELDS} == beta


@pytest.mark.skipif(not NODE.exists(), reason="no Node.js beside Playwright here")
@pytest.mark.parametrize(
    "name", ["plain", "streamed", "hostile strings", "nulls and empties", "a proto key", "a lone surrogate", "a list"]
)
def test_the_typescript_code_runs_and_asks_for_the_same(tmp_path, name):
    body = BODIES[name]
    asked = run_typescript(
        tmp_path, snippets.typescript(call_of(body, "https://proxy.test/p/v1/messages?a=1", version="2023-06-01"))
    )
    options = {"headers": {"anthropic-beta": "a-1,b-2", "anthropic-version": "2023-06-01"}, "query": {"a": "1"}}
    assert asked["client"] == {"baseURL": "https://proxy.test/p"}
    if name == "a list":
        assert (asked["method"], asked["given"]) == ("post", ["/v1/messages", {**options, "body": body}])
    else:
        assert (asked["method"], asked["given"]) == ("stream" if name == "streamed" else "create", [body, options])


def test_the_typescript_code_keeps_hostile_strings_within_their_quotes():
    code = snippets.typescript(call_of(BODIES["hostile strings"], "https://api.anthropic.com/v1/messages"))
    assert "\u2028" not in code
    assert all(line.count('"') - line.count('\\"') in (0, 2, 4) for line in code.splitlines())
