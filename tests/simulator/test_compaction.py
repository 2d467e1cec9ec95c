"""Summaries in place of the conversation: past a threshold, and on demand."""

import anthropic
import pytest

from betaconsole.simulator.compaction import DEFAULT_TRIGGER_TOKENS
from betaconsole.simulator.effects import COMPACTION, EFFECTS
from betaconsole.simulator.tokens import count

from .talk import ask, say

LONG = "The lamp on the third desk flickers. " * 6000  # about 55,000 tokens
EDIT = {"type": "compact_20260112", "trigger": {"type": "input_tokens", "value": 50_000}}


def long_ask(edit=EDIT, **changes):
    messages = [{"role": "user", "content": f"{LONG}\nWhich lamp flickers?"}]
    return ask(messages=messages, context_management={"edits": [edit]}, **changes)


def answered(simulator, body, beta=COMPACTION):
    with simulator.dial(repeat=1) as sock:
        return say(sock, body, **({"anthropic_beta": beta} if beta else {}))


def test_a_long_prompt_is_summarised_and_answered_from_the_summary(simulator):
    body = long_ask()
    message = answered(simulator, body).json
    summary, text = message["content"]
    assert (summary["type"], text["type"], message["stop_reason"]) == ("compaction", "text", "end_turn")
    assert "Which lamp flickers?" in summary["content"]
    assert message["context_management"] == {"applied_edits": []}
    compaction, sampling = message["usage"]["iterations"]
    asked = EFFECTS[COMPACTION, "instruction_tokens"].size
    assert (compaction["type"], compaction["input_tokens"]) == ("compaction", count(body) + asked)
    assert (sampling["type"], sampling["model"]) == ("message", body["model"])
    assert sampling["input_tokens"] == message["usage"]["input_tokens"] < 300
    assert sampling["output_tokens"] == message["usage"]["output_tokens"]


def test_without_the_header_the_edit_is_refused_and_without_the_edit_nothing_is_summarised(simulator):
    reply = answered(simulator, long_ask(), beta="")
    assert (reply.status, reply.message) == (400, "context_management: Extra inputs are not permitted")
    message = answered(simulator, ask(long_ask(), context_management=None)).json
    assert [block["type"] for block in message["content"]] == ["text"]
    assert "iterations" not in message["usage"]


def test_a_short_prompt_is_left_alone_and_says_so_in_one_iteration(simulator):
    message = answered(simulator, ask(context_management={"edits": [EDIT]})).json
    assert [block["type"] for block in message["content"]] == ["text"]
    assert [entry["type"] for entry in message["usage"]["iterations"]] == ["message"]


def test_the_trigger_is_150_000_tokens_unless_set_otherwise_and_50_000_at_the_least(simulator):
    message = answered(simulator, long_ask({"type": "compact_20260112"})).json
    assert [block["type"] for block in message["content"]] == ["text"]
    assert DEFAULT_TRIGGER_TOKENS == 150_000
    low = {**EDIT, "trigger": {"type": "input_tokens", "value": 49_999}}
    reply = answered(simulator, long_ask(low))
    assert reply.message == (
        "context_management.edits.0.compact_20260112.trigger.value: Input should be greater than or equal to 50000"
    )


def test_a_paused_compaction_ends_the_turn_and_goes_on_when_sent_back(simulator):
    body = long_ask({**EDIT, "pause_after_compaction": True})
    paused = answered(simulator, body).json
    assert (paused["stop_reason"], [block["type"] for block in paused["content"]]) == ("compaction", ["compaction"])
    assert (paused["usage"]["input_tokens"], paused["usage"]["output_tokens"]) == (0, 0)
    assert [entry["type"] for entry in paused["usage"]["iterations"]] == ["compaction"]
    body["messages"].append({"role": "assistant", "content": paused["content"]})
    resumed = answered(simulator, body)
    assert resumed.status == 200, resumed.body
    assert resumed.json["stop_reason"] == "end_turn"
    assert resumed.json["usage"]["input_tokens"] < 300


def test_a_summary_sent_back_takes_the_place_of_all_before_it(simulator):
    body = long_ask()
    answer = answered(simulator, body).json
    again = {**body, "messages": [*body["messages"], {"role": "assistant", "content": answer["content"]}]}
    again["messages"].append({"role": "user", "content": "And on which desk?"})
    whole = answered(simulator, again).json
    assert whole["usage"]["input_tokens"] < 1000
    assert [block["type"] for block in whole["content"]] == ["text"]
    shortened = {**again, "messages": again["messages"][1:]}
    assert answered(simulator, shortened).json["usage"]["input_tokens"] == whole["usage"]["input_tokens"]
    reply = answered(simulator, ask(shortened, context_management=None), beta="")
    assert reply.message.startswith("messages.0.content.0: Input tag 'compaction' found using 'type' does not match")


def test_thinking_after_a_summary_stays_bound_also_when_what_was_summarised_is_left_out(simulator):
    body = long_ask(model="claude-opus-5-5")
    answer = answered(simulator, body).json
    assert [block["type"] for block in answer["content"]] == ["compaction", "thinking", "text"]
    later = [{"role": "assistant", "content": answer["content"]}, {"role": "user", "content": "And why?"}]
    for messages in ([*body["messages"], *later], later):
        assert answered(simulator, {**body, "messages": messages}).status == 200


def test_a_wish_for_more_input_shows_compaction_without_a_long_prompt(simulator):
    content = "Which lamp flickers? [[simulator: more_input=60000]]"
    body = ask(messages=[{"role": "user", "content": content}], context_management={"edits": [EDIT]})
    message = answered(simulator, body).json
    assert message["usage"]["iterations"][0]["input_tokens"] > 60_000
    assert message["usage"]["input_tokens"] < 300
    plain = answered(simulator, ask(body, context_management=None), beta="").json
    assert plain["usage"]["input_tokens"] > 60_000


def test_instructions_reach_the_summary(simulator):
    message = answered(simulator, long_ask({**EDIT, "instructions": "Name every desk."})).json
    assert "Name every desk." in message["content"][0]["content"]


@pytest.mark.parametrize("pause", [False, True])
def test_the_sdk_reads_a_streamed_compaction_as_the_whole_one(client, pause):
    asked = {
        "model": "claude-sonnet-4-6",
        "max_tokens": 2000,
        "messages": long_ask()["messages"],
        "context_management": {"edits": [{**EDIT, "pause_after_compaction": pause}]},
        "betas": [COMPACTION],
        "extra_headers": {"x-simulator": "repeat=2"},
    }
    whole = client.beta.messages.create(**asked)
    with client.beta.messages.stream(**asked) as stream:
        deltas = [event.delta.type for event in stream if event.type == "content_block_delta"]
        streamed = stream.get_final_message()
    assert deltas[0] == "compaction_delta"
    assert streamed.to_dict() == whole.to_dict()
    assert isinstance(whole.content[0], anthropic.types.beta.BetaCompactionBlock)
    assert whole.content[0].encrypted_content
    assert whole.usage.iterations[0].type == "compaction"


def test_counted_tokens_agree_with_the_usage_also_where_more_are_wished(simulator):
    body = ask(messages=[{"role": "user", "content": "Which lamp flickers? [[simulator: more_input=5000]]"}])
    counted = {name: value for name, value in body.items() if name != "max_tokens"}
    with simulator.dial() as sock:
        tokens = say(sock, counted, path="/v1/messages/count_tokens").json["input_tokens"]
        assert say(sock, body).json["usage"]["input_tokens"] == tokens > 5000
