"""A second model that is asked in the middle of an answer."""

import pytest

from betaconsole.simulator.effects import ADVISOR_TOOL, EFFECTS

from .talk import ask, say

ADVISOR = {"type": "advisor_20260301", "name": "advisor", "model": "claude-opus-5-5"}


def answered(simulator, beta=ADVISOR_TOOL, advisor=ADVISOR, **changes):
    with simulator.dial(repeat=1) as sock:
        body = ask(tools=[advisor] if advisor else None, **changes)
        return say(sock, body, **({"anthropic_beta": beta} if beta else {}))


def test_the_advice_stands_in_the_answer_and_is_counted_apart(simulator):
    message = answered(simulator).json
    call, result, text = message["content"]
    assert (call["type"], call["name"], call["input"]) == ("server_tool_use", "advisor", {})
    assert (result["tool_use_id"], result["content"]["type"]) == (call["id"], "advisor_result")
    assert text["type"] == "text"
    first, advice, last = message["usage"]["iterations"]
    assert [entry["type"] for entry in (first, advice, last)] == ["message", "advisor_message", "message"]
    assert advice["model"] == ADVISOR["model"]
    read = first["input_tokens"] + first["output_tokens"]
    assert advice["input_tokens"] == read + EFFECTS[ADVISOR_TOOL, "prompt_tokens"].size
    assert message["usage"]["input_tokens"] == first["input_tokens"] + last["input_tokens"]
    assert message["usage"]["output_tokens"] == first["output_tokens"] + last["output_tokens"]
    assert last["input_tokens"] > read


def test_without_the_header_the_tool_is_no_tool(simulator):
    reply = answered(simulator, beta="")
    assert reply.message.startswith("tools.0: Input tag 'advisor_20260301' found using 'type' does not match any of")


@pytest.mark.parametrize(
    ("advisor", "text"),
    [
        ({**ADVISOR, "model": None}, "tools.0.advisor_20260301.model: Field required"),
        ({**ADVISOR, "max_uses": 0}, "tools.0.advisor_20260301.max_uses: Input should be greater than or equal to 1"),
        ({**ADVISOR, "temper": 1}, "tools.0.advisor_20260301.temper: Extra inputs are not permitted"),
    ],
)
def test_an_advisor_that_is_not_described_well_is_refused(simulator, advisor, text):
    assert answered(simulator, advisor=advisor).message == text


def test_some_models_do_not_take_some_advisors(simulator):
    reply = answered(simulator, advisor={**ADVISOR, "model": "claude-haiku-4-5"}, model="claude-sonnet-5")
    assert reply.message == "tools: claude-haiku-4-5 cannot be the advisor of claude-sonnet-5"


def test_an_unknown_advisor_is_an_error_in_the_result(simulator):
    message = answered(simulator, advisor={**ADVISOR, "model": "claude-opus-99"}).json
    assert message["content"][1]["content"] == {
        "type": "advisor_tool_result_error",
        "error_code": "model_not_found",
    }
    assert [entry["type"] for entry in message["usage"]["iterations"]] == ["message", "message"]


def test_advice_is_cut_at_its_own_limit(simulator):
    message = answered(simulator, advisor={**ADVISOR, "max_tokens": 12}).json
    assert message["content"][1]["content"]["stop_reason"] == "max_tokens"
    assert message["usage"]["iterations"][1]["output_tokens"] == 12


def test_the_tool_stays_as_long_as_its_results_do(simulator):
    content = answered(simulator).json["content"]
    later = [*ask()["messages"], {"role": "assistant", "content": content}, {"role": "user", "content": "And then?"}]
    assert answered(simulator, messages=later).status == 200
    reply = answered(simulator, advisor=None, messages=later)
    assert (reply.status, "advisor_20260301` must be provided" in reply.message) == (400, True)
    orphan = [*ask()["messages"], {"role": "assistant", "content": content[1:]}, {"role": "user", "content": "Well?"}]
    reply = answered(simulator, messages=orphan)
    assert reply.message.startswith(
        "messages.1.content.0: unexpected `tool_use_id` found in `advisor_tool_result` blocks: srvtoolu_"
    )


def test_the_sdk_reads_streamed_advice_as_the_whole_one(client):
    asked = {**ask(tools=[ADVISOR]), "betas": [ADVISOR_TOOL], "extra_headers": {"x-simulator": "repeat=1"}}
    whole = client.beta.messages.create(**asked)
    with client.beta.messages.stream(**asked) as stream:
        assert stream.get_final_message().to_dict() == whole.to_dict()
    assert whole.content[1].content.text
    assert whole.usage.iterations[1].model == ADVISOR["model"]
