"""Summaries on demand: the request that asks for one, its refusals, and the signed block in later requests."""

import pytest

from betaconsole.simulator.effects import COMPACTION, EFFECTS, ON_DEMAND
from betaconsole.simulator.tokens import count

from .talk import ask, say

MODEL = "claude-opus-5-5"
PLAN = [
    {"role": "user", "content": "Help me plan a week of walking."},
    {"role": "assistant", "content": "Gladly. Which region do you have in mind?"},
    {"role": "user", "content": "The Lake District, in May."},
]
SUMMARIZE = {"type": "summarize"}
CLOCK = {
    "name": "get_time",
    "description": "The time in a city",
    "input_schema": {"type": "object", "properties": {"city": {"type": "string"}}},
}


def sent(simulator, body, *betas, path="/v1/messages"):
    with simulator.dial(repeat=1) as sock:
        return say(sock, body, path=path, **({"anthropic_beta": ",".join(betas)} if betas else {}))


def plan(**changes):
    return ask(**{"messages": PLAN, "model": MODEL, "compaction": SUMMARIZE, **changes})


def summary(simulator, **changes):
    reply = sent(simulator, plan(**changes), ON_DEMAND)
    assert reply.status == 200, reply.body
    (block,) = reply.json["content"]
    return block


def test_the_answer_is_one_signed_summary_whose_cost_stands_in_the_iterations_only(simulator):
    message = sent(simulator, plan(), ON_DEMAND).json
    (block,) = message["content"]
    assert (message["stop_reason"], block["type"], block["tool_changes"]) == ("compaction", "compaction", [])
    assert "The Lake District" in block["content"]
    assert len(block["signature"]) > 100
    usage = message["usage"]
    assert (usage["input_tokens"], usage["output_tokens"]) == (0, 0)
    (step,) = usage["iterations"]
    assert (step["type"], step["input_tokens"]) == (
        "compaction",
        count(plan()) + EFFECTS[ON_DEMAND, "instruction_tokens"].size,
    )
    assert step["output_tokens"] > 0


def test_without_the_header_there_is_no_such_field(simulator):
    assert sent(simulator, plan()).message == "compaction: Extra inputs are not permitted"
    assert sent(simulator, plan(), COMPACTION).message == "compaction: Extra inputs are not permitted"


def test_a_conversation_that_ends_with_an_answer_can_be_summarised_too(simulator):
    assert sent(simulator, plan(messages=PLAN[:2]), ON_DEMAND).status == 200


def test_counting_tokens_ignores_the_parameter(simulator):
    path = "/v1/messages/count_tokens"
    plain = ask(messages=PLAN, model=MODEL, max_tokens=None)
    counted = sent(simulator, plan(max_tokens=None), ON_DEMAND, path=path)
    assert counted.json == sent(simulator, plain, path=path).json


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({"stop_sequences": ["END"]}, "`stop_sequences`"),
        ({"context_management": {"edits": [{"type": "clear_thinking_20251015"}]}}, "`context_management`"),
        ({"output_config": {"format": {"type": "json_schema", "schema": {}}}}, "`output_config.format`"),
        ({"tools": [CLOCK], "tool_choice": {"type": "any"}, "model": "claude-sonnet-4-6"}, "`tool_choice`"),
    ],
)
def test_what_makes_no_sense_with_a_summary_is_refused(simulator, changes, text):
    reply = sent(simulator, plan(**changes), ON_DEMAND, "context-management-2025-06-27")
    assert reply.status == 400
    assert reply.message.startswith("compaction: cannot be combined with")
    assert text in reply.message


CALL = {"role": "assistant", "content": [{"type": "tool_use", "id": "toolu_1", "name": "get_time", "input": {}}]}


@pytest.mark.parametrize(
    ("messages", "code"),
    [
        ([{"role": "system", "content": "Be brief."}], "compaction_nothing_to_summarize"),
        ([], "compaction_nothing_to_summarize"),
        ([*PLAN, CALL], "compaction_incomplete_turn"),
    ],
)
def test_a_conversation_that_cannot_be_summarised_is_refused_with_its_code(simulator, messages, code):
    reply = sent(simulator, plan(messages=messages, tools=[CLOCK]), ON_DEMAND)
    assert (reply.status, reply.json["error"]["details"]) == (400, {"error_code": code})


def later(block, **changes):
    messages = [{"role": "assistant", "content": [block]}, {"role": "user", "content": "And in June?"}]
    return ask(**{"messages": messages, "model": MODEL, **changes})


def test_the_block_takes_the_place_of_the_history(simulator):
    block = summary(simulator)
    reply = sent(simulator, later(block), ON_DEMAND)
    assert reply.status == 200, reply.body
    assert reply.json["stop_reason"] == "end_turn"
    assert sent(simulator, later(block)).message.startswith("messages.0.content.0: Input tag 'compaction'")


def code_of(reply):
    assert reply.status == 400, reply.body
    return reply.json["error"]["details"]["error_code"]


REMOVAL = {"type": "tool_removal", "tool": {"type": "tool_reference", "name": "get_time"}}


def test_a_block_that_was_changed_is_refused_by_what_was_changed(simulator):
    block = summary(simulator)
    signature = block["signature"]
    changed = {
        "compaction_content_mismatch": {"content": block["content"] + " And more."},
        "compaction_tool_changes_mismatch": {"tool_changes": [REMOVAL]},
        "compaction_signature_invalid": {"signature": signature[:40] + "AAAA" + signature[44:]},
    }
    for code, changes in changed.items():
        assert code_of(sent(simulator, later({**block, **changes}), ON_DEMAND)) == code


def test_a_block_stands_first_and_alone(simulator):
    block = summary(simulator)
    turn = {"role": "assistant", "content": [block]}
    misplaced = [PLAN[0], turn, PLAN[2]]
    assert code_of(sent(simulator, later(block, messages=misplaced), ON_DEMAND)) == "compaction_block_misplaced"
    twice = [turn, PLAN[0], turn, PLAN[2]]
    assert code_of(sent(simulator, later(block, messages=twice), ON_DEMAND)) == "compaction_block_ambiguous"
    system = [{"role": "system", "content": [block]}, PLAN[0]]
    assert code_of(sent(simulator, later(block, messages=system), ON_DEMAND)) == "compaction_block_misplaced"
    edit = {"edits": [{"type": "compact_20260112"}]}
    reply = sent(simulator, later(block, context_management=edit), ON_DEMAND, COMPACTION)
    assert "cannot be combined" in reply.message


def test_the_block_records_which_tools_were_added_and_removed(simulator):
    definition = {**CLOCK, "name": "get_date", "description": "The date in a city"}
    inline = {"type": "tool_addition", "tool": {"type": "tool_definition", "definition": definition}}
    messages = [*PLAN, {"role": "system", "content": [inline, REMOVAL]}]
    reply = sent(simulator, plan(messages=messages, tools=[CLOCK]), ON_DEMAND, "inline-tools-2026-09-15")
    (block,) = reply.json["content"]
    assert block["tool_changes"] == [inline, REMOVAL]
    asked = [
        {"role": "assistant", "content": [block]},
        {"role": "user", "content": "Which date and time is it in Oslo?"},
    ]
    answer = sent(simulator, later(block, messages=asked, tools=[CLOCK]), ON_DEMAND, "inline-tools-2026-09-15").json
    assert [use["name"] for use in answer["content"] if use["type"] == "tool_use"] == ["get_date"]


def test_thinking_that_followed_what_was_summarised_stays_valid(simulator):
    answer = sent(simulator, ask(messages=PLAN, model=MODEL)).json
    block = summary(simulator)
    messages = [
        {"role": "assistant", "content": [block, *answer["content"]]},
        {"role": "user", "content": "And in June?"},
    ]
    assert sent(simulator, later(block, messages=messages), ON_DEMAND).status == 200


def test_instructions_replace_the_usual_prompt(simulator):
    block = summary(simulator, compaction={**SUMMARIZE, "instructions": "Keep every place name."})
    assert "Keep every place name." in block["content"]
    reply = sent(simulator, plan(compaction={"type": "shorten"}), ON_DEMAND)
    assert reply.message.startswith("compaction: Input tag 'shorten' found using 'type' does not match any of")


def test_the_sdk_reads_a_streamed_summary_as_the_whole_one(client):
    asked = {**plan(), "betas": [ON_DEMAND], "extra_headers": {"x-simulator": "repeat=1"}}
    whole = client.beta.messages.create(**asked)
    with client.beta.messages.stream(**asked) as stream:
        assert stream.get_final_message().to_dict() == whole.to_dict()
    follow = {**later(whole.content[0].to_dict()), "betas": [ON_DEMAND]}
    assert client.beta.messages.create(**follow).stop_reason == "end_turn"


def test_the_sdks_runner_compacts_on_request_and_goes_on(client):
    runner = client.beta.messages.tool_runner(
        model=MODEL, max_tokens=2000, tools=[], messages=[PLAN[0]], betas=[ON_DEMAND]
    )
    reasons = []
    for message in runner:
        reasons.append(message.stop_reason)
        if len(reasons) == 1:
            runner.compact_before_next_turn()
    assert reasons[:2] == ["end_turn", "compaction"]
