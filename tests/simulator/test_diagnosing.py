"""Why a prompt could not be read from the cache, by comparison with an earlier request."""

import pytest

from .talk import ask, say

SYSTEM = "You answer questions about a small hotel."
ASK = [{"role": "user", "content": "Which rule covers late guests?"}]
THEN = [*ASK, {"role": "assistant", "content": "The third."}, {"role": "user", "content": "And early ones?"}]
TOOL = {"name": "find_rule", "description": "Finds a rule", "input_schema": {"type": "object", "properties": {}}}


def diagnosed(simulator, previous, **changes):
    body = ask(**{"messages": THEN, "system": SYSTEM, "diagnostics": {"previous_message_id": previous}, **changes})
    with simulator.dial(repeat=1) as sock:
        reply = say(sock, body)
    assert reply.status == 200, reply.body
    return reply.json


@pytest.fixture
def first(simulator):
    return diagnosed(simulator, None, messages=ASK)


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({}, None),
        ({"model": "claude-opus-5-5", "system": "Else."}, "model_changed"),
        ({"system": "Else.", "tools": [TOOL]}, "system_changed"),
        ({"tools": [TOOL]}, "tools_changed"),
        ({"messages": [{"role": "user", "content": "Which rule?"}, *THEN[1:]]}, "messages_changed"),
        ({"thinking": {"type": "adaptive"}}, "unavailable"),
    ],
)
def test_the_first_difference_is_named(simulator, first, changes, reason):
    found = diagnosed(simulator, first["id"], **changes)["diagnostics"]
    assert (found or {"cache_miss_reason": {"type": None}})["cache_miss_reason"]["type"] == reason
    if reason and reason != "unavailable":
        assert found["cache_miss_reason"]["cache_missed_input_tokens"] == first["usage"]["input_tokens"]


def test_a_request_that_nobody_remembers_is_not_found(simulator, first):
    assert first["diagnostics"] is None
    found = diagnosed(simulator, "msg_01ABC")["diagnostics"]
    assert found == {"cache_miss_reason": {"type": "previous_message_not_found"}}
    silent = diagnosed(simulator, None, diagnostics=None, messages=ASK)
    assert silent["diagnostics"] is None


def test_the_sdk_reads_a_streamed_diagnosis_as_the_whole_one(client):
    asked = {**ask(), "diagnostics": {"previous_message_id": "msg_01ABC"}, "extra_headers": {"x-simulator": "repeat=1"}}
    whole = client.messages.create(**asked)
    with client.messages.stream(**asked) as stream:
        assert stream.get_final_message().to_dict() == whole.to_dict()
    assert whole.diagnostics.cache_miss_reason.type == "previous_message_not_found"
