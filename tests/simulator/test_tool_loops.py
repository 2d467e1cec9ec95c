"""Loops over several tools: thinking between the calls where the header allows it, and signatures that come back."""

import json
import re

import anthropic
import pytest
from anthropic import beta_tool

from betaconsole.simulator.binding import BINDING_CONTROLS
from betaconsole.simulator.effects import INTERLEAVED_THINKING
from betaconsole.simulator.signatures import BY_HAND, BadSignature, read_signature
from tests.recorded import messages

from .talk import ask, say

MODEL = "claude-sonnet-4-6"
BINDING_MODEL = "claude-opus-5-5"
ASK = "Look up order A-1043 and the refund policy for it, then tell me what I can get."
ORDER = {
    "name": "lookup_order",
    "description": "Finds an order by its number",
    "input_schema": {"type": "object", "properties": {"order_id": {"type": "string"}}, "required": ["order_id"]},
}
POLICY = {
    "name": "lookup_policy",
    "description": "Finds the policy for a refund",
    "input_schema": {"type": "object", "properties": {"topic": {"type": "string"}}, "required": ["topic"]},
}
ENABLED = {"type": "enabled", "budget_tokens": 2000}


def loop(simulator, *betas, **changes):
    """Answer every call until the model is done. Returns the body of the last request and all answers."""
    body = ask(tools=[ORDER, POLICY], messages=[{"role": "user", "content": ASK}], **changes)
    answers = []
    while not answers or answers[-1]["stop_reason"] == "tool_use":
        with simulator.dial(repeat=1) as sock:
            reply = say(sock, body, **({"anthropic_beta": ",".join(betas)} if betas else {}))
        assert reply.status == 200, reply.body
        answers.append(reply.json)
        calls = [block for block in reply.json["content"] if block["type"] == "tool_use"]
        results = [{"type": "tool_result", "tool_use_id": call["id"], "content": "Found."} for call in calls]
        body["messages"] = [
            *body["messages"],
            {"role": "assistant", "content": reply.json["content"]},
            *([{"role": "user", "content": results}] if results else []),
        ]
    return body, answers


def kinds(answers):
    return [[block["type"] for block in answer["content"] if block["type"] != "text"] for answer in answers]


def test_thinking_stands_between_the_calls_in_the_column_with_the_header_only(simulator):
    without, interleaved = (
        kinds(loop(simulator, *betas, thinking=ENABLED)[1]) for betas in ((), (INTERLEAVED_THINKING,))
    )
    assert without == [["thinking", "tool_use"], ["tool_use"], []]
    assert interleaved == [["thinking", "tool_use"], ["thinking", "tool_use"], ["thinking"]]


def test_each_turn_of_a_loop_calls_the_next_tool(simulator):
    _, answers = loop(simulator)
    called = [block["name"] for answer in answers for block in answer["content"] if block["type"] == "tool_use"]
    assert sorted(called) == ["lookup_order", "lookup_policy"]
    assert "says: Found." in answers[-1]["content"][-1]["text"]


def test_the_sdks_tool_runner_runs_the_loop(client):
    given = []

    @beta_tool
    def lookup_order(order_id: str) -> str:
        """Finds an order by its number."""
        given.append(("order", order_id))
        return "A lamp, delivered eight days ago."

    @beta_tool
    def lookup_policy(topic: str) -> str:
        """Finds the policy for a refund."""
        given.append(("policy", topic))
        return "Thirty days, full refund."

    runner = client.beta.messages.tool_runner(
        model=MODEL,
        max_tokens=4000,
        tools=[lookup_order, lookup_policy],
        thinking=ENABLED,
        messages=[{"role": "user", "content": ASK}],
        betas=[INTERLEAVED_THINKING],
    )
    messages = list(runner)
    assert sorted(name for name, _ in given) == ["order", "policy"]
    assert [message.content[0].type for message in messages] == ["thinking", "thinking", "thinking"]
    assert messages[-1].stop_reason == "end_turn"


def test_the_tool_runner_also_streams_on_a_model_that_checks_its_thinking(client):
    @beta_tool
    def lookup_order(order_id: str) -> str:
        """Finds an order by its number."""
        return f"Order {order_id}: a lamp."

    runner = client.beta.messages.tool_runner(
        model=BINDING_MODEL,
        max_tokens=4000,
        tools=[lookup_order],
        messages=[{"role": "user", "content": ASK}],
        stream=True,
    )
    assert [stream.get_final_message().stop_reason for stream in runner] == ["tool_use", "end_turn"]


def changed_thinking(body, **changes):
    first = next(message for message in body["messages"] if message["role"] == "assistant")
    thought = next(block for block in first["content"] if block["type"] == "thinking")
    thought.update(changes)
    return body


def flipped(text, place):
    return text[:place] + ("A" if text[place] != "A" else "B") + text[place + 1 :]


def asked_again(simulator, body, *betas):
    again = {**body, "messages": [*body["messages"], {"role": "user", "content": "And how long does that take?"}]}
    with simulator.dial(repeat=1) as sock:
        return say(sock, again, **({"anthropic_beta": ",".join(betas)} if betas else {}))


def test_a_changed_signature_is_refused(simulator):
    body, answers = loop(simulator, thinking=ENABLED)
    signature = answers[0]["content"][0]["signature"]
    assert asked_again(simulator, body).status == 200
    reply = asked_again(simulator, changed_thinking(body, signature=flipped(signature, len(signature) // 2)))
    assert reply.status == 400
    assert reply.message == "messages.1.content.0: Invalid `signature` in `thinking` block"


def test_every_changed_character_of_a_signature_shows(simulator):
    _, answers = loop(simulator, thinking=ENABLED)
    signature = answers[0]["content"][0]["signature"]
    assert read_signature(signature)
    for place in range(len(signature)):
        with pytest.raises(BadSignature):
            read_signature(flipped(signature, place))


def test_signatures_of_the_real_api_are_taken_as_they_are():
    texts = [json.dumps(row["request"]["body"]) + row["response"]["body_text"] for row in messages()]
    found = {signature for text in texts for signature in re.findall(r'"signature": ?"([^"]{80,})"', text)}
    assert len(found) > 50
    assert all(read_signature(signature) is None for signature in found)
    assert read_signature(BY_HAND) is None


def test_the_text_of_the_last_thinking_may_not_be_changed(simulator):
    body = ask(thinking=ENABLED, max_tokens=3000)
    with simulator.dial(repeat=1) as sock:
        answer = say(sock, body).json
    content = [dict(block) for block in answer["content"]]
    content[0]["thinking"] += " And so on."
    reply = asked_again(simulator, {**body, "messages": [*body["messages"], {"role": "assistant", "content": content}]})
    assert reply.status == 400
    assert "cannot be modified" in reply.message


def rewritten(simulator, model):
    """A conversation whose first message was changed after the model had thought about it."""
    body, _ = loop(simulator, model=model)
    body["messages"][0] = {"role": "user", "content": ASK + " Be brief."}
    return body


def test_a_model_with_preserved_thinking_refuses_thinking_of_another_conversation(simulator):
    body, _ = loop(simulator, model=BINDING_MODEL)
    assert asked_again(simulator, body).status == 200
    reply = asked_again(simulator, rewritten(simulator, BINDING_MODEL))
    assert reply.status == 400
    assert reply.message == (
        "messages.1.content.0: Invalid `signature` in `thinking` block. The block is bound to a different conversation. "
        'Remove the block, or set `thinking.block_binding.prefix_mismatch_behavior` to "drop_block".'
    )


def test_spelling_the_same_conversation_differently_is_no_other_conversation(simulator):
    body, _ = loop(simulator, model=BINDING_MODEL)
    marked = {"type": "text", "text": ASK, "cache_control": {"type": "ephemeral"}}
    body["messages"][0] = {"role": "user", "content": [marked]}
    assert asked_again(simulator, body).status == 200


def test_other_models_do_not_look_at_what_came_before(simulator):
    body, _ = loop(simulator, thinking=ENABLED)
    body["messages"][0] = {"role": "user", "content": ASK + " Be brief."}
    assert asked_again(simulator, body).status == 200


DROP = {"type": "adaptive", "block_binding": {"prefix_mismatch_behavior": "drop_block"}}


def test_foreign_thinking_is_dropped_where_the_request_says_so(simulator):
    body = {**rewritten(simulator, BINDING_MODEL), "thinking": DROP}
    reply = asked_again(simulator, body, BINDING_CONTROLS)
    assert reply.status == 200, reply.body
    dropped = reply.json["input_transformations"]
    assert {entry["reason"] for entry in dropped} == {"prefix_binding_mismatch"}
    assert dropped[0] == {
        "type": "thinking_dropped",
        "path": "messages.1.content.0",
        "reason": "prefix_binding_mismatch",
    }


def test_the_header_reports_that_nothing_was_dropped(simulator):
    with simulator.dial() as sock:
        assert say(sock, ask(model=BINDING_MODEL), anthropic_beta=BINDING_CONTROLS).json["input_transformations"] == []
        assert "input_transformations" not in say(sock, ask(model=BINDING_MODEL)).json


def test_a_model_does_not_see_what_one_with_preserved_thinking_thought(simulator):
    body, _ = loop(simulator, model=BINDING_MODEL)
    reply = asked_again(simulator, {**body, "model": MODEL}, BINDING_CONTROLS)
    assert {entry["reason"] for entry in reply.json["input_transformations"]} == {"model_binding_mismatch"}


def test_the_sdk_reads_what_was_dropped(client, simulator):
    body = {**rewritten(simulator, BINDING_MODEL), "thinking": DROP}
    body["messages"] = [*body["messages"], {"role": "user", "content": "And then?"}]
    asked = {**body, "betas": [BINDING_CONTROLS], "extra_headers": {"x-simulator": "repeat=1"}}
    whole = client.beta.messages.create(**asked)
    with client.beta.messages.stream(**asked) as stream:
        assert stream.get_final_message().to_dict() == whole.to_dict()
    assert whole.input_transformations[0].path == "messages.1.content.0"
    with pytest.raises(anthropic.BadRequestError, match="block_binding: Extra inputs are not permitted"):
        client.beta.messages.create(**body)
