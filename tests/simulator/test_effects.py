"""Each beta's effect: there in the column with the header only, and as large as the table says."""

import json
import statistics
from itertools import pairwise

import pytest

from betaconsole.simulator import Pace
from betaconsole.simulator.effects import (
    CONTEXT_MANAGEMENT,
    EFFECTS,
    FINE_GRAINED_TOOLS,
    INTERLEAVED_THINKING,
    TABLE,
    THINKING_TOKEN_COUNT,
)
from betaconsole.simulator.endpoints import Api
from betaconsole.simulator.signatures import BY_HAND
from betaconsole.simulator.wire import Request

from .rules import DATA, rules
from .talk import HEADERS, ask, say

TOOL = {
    "name": "read_log",
    "description": "Read a log file",
    "input_schema": {
        "type": "object",
        "properties": {"path": {"type": "string"}, "reason": {"type": "string"}},
        "required": ["path", "reason"],
    },
}
ENABLED = {"type": "enabled", "budget_tokens": 2000}
COLUMNS = ("", INTERLEAVED_THINKING)


def second_turn(results=1, size=40, **changes):
    """A request that carries the results of so many calls made one after the other."""
    messages = [{"role": "user", "content": "Read the log and say what went wrong."}]
    for number in range(results):
        use = {"type": "tool_use", "id": f"toolu_{number}", "name": "read_log", "input": {"path": f"{number}.log"}}
        result = {"type": "tool_result", "tool_use_id": use["id"], "content": f"line {number} " * (size // 8)}
        messages += [{"role": "assistant", "content": [use]}, {"role": "user", "content": [result]}]
    return ask(tools=[TOOL], messages=messages, **changes)


def sampled(simulator, body, beta, repeats=60):
    for repeat in range(repeats):
        with simulator.dial(repeat=repeat) as sock:
            yield say(sock, body, **({"anthropic_beta": beta} if beta else {}))


def thinking_blocks(message):
    return [block for block in message["content"] if block["type"] == "thinking"]


def test_the_table_names_only_betas_the_rules_know_and_no_figure_twice():
    assert {effect.beta for effect in TABLE} <= set(DATA["betas"])
    assert len(EFFECTS) == len(TABLE)


def test_interleaved_thinking_thinks_between_tools_in_one_column_only(simulator):
    without, with_beta = (
        [reply.json for reply in sampled(simulator, second_turn(thinking=ENABLED), beta)] for beta in COLUMNS
    )
    assert not any(thinking_blocks(message) for message in without)
    size = EFFECTS[INTERLEAVED_THINKING, "thinking_blocks"].size
    assert all(len(thinking_blocks(message)) == size for message in with_beta)
    effect = EFFECTS[INTERLEAVED_THINKING, "thinking_tokens"]
    tokens = [message["usage"]["output_tokens_details"]["thinking_tokens"] for message in with_beta]
    assert abs(statistics.mean(tokens) - effect.size) < 4 * effect.spread / len(tokens) ** 0.5
    assert 0.6 * effect.spread < statistics.stdev(tokens) < 1.5 * effect.spread
    difference = statistics.mean(message["usage"]["output_tokens"] for message in with_beta) - statistics.mean(
        message["usage"]["output_tokens"] for message in without
    )
    assert abs(difference - effect.size) < effect.size * 0.25


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(ask(thinking=ENABLED), id="first turn"),
        pytest.param(second_turn(thinking={"type": "adaptive"}), id="adaptive thinks between tools by itself"),
        pytest.param(second_turn(thinking={"type": "disabled"}), id="thinking disabled"),
        pytest.param(second_turn(), id="no thinking asked for"),
        pytest.param(second_turn(model="claude-opus-5-5"), id="a model that takes no manual thinking"),
    ],
)
def test_interleaved_thinking_changes_nothing_elsewhere(simulator, body):
    counts = [
        {len(thinking_blocks(reply.json)) for reply in sampled(simulator, body, beta, repeats=6)} for beta in COLUMNS
    ]
    assert counts[0] == counts[1]


def test_thinking_interleaves_in_a_stream_as_in_json(simulator):
    body = second_turn(thinking=ENABLED, stream=True)
    (reply,) = sampled(simulator, body, INTERLEAVED_THINKING, repeats=1)
    started = [event["content_block"]["type"] for event in reply.events if event["type"] == "content_block_start"]
    assert started[0] == "thinking"


def thinking_deltas(reply):
    deltas = [event["delta"] for event in reply.events if event["type"] == "content_block_delta"]
    return [delta for delta in deltas if delta["type"] == "thinking_delta"]


OMITTED = ask(stream=True, thinking={"type": "adaptive", "display": "omitted"})


def test_omitted_thinking_is_counted_in_one_column_only(simulator):
    effect = EFFECTS[THINKING_TOKEN_COUNT, "estimated_share"]
    quantum = EFFECTS[THINKING_TOKEN_COUNT, "estimate_quantum"].size
    assert all(thinking_deltas(reply) == [] for reply in sampled(simulator, OMITTED, "", repeats=5))
    shares = []
    for reply in sampled(simulator, OMITTED, THINKING_TOKEN_COUNT):
        estimates = [delta["estimated_tokens"] for delta in thinking_deltas(reply)]
        assert all(estimate % quantum == 0 for estimate in estimates)
        usage = next(event["usage"] for event in reply.events if event["type"] == "message_delta")
        shares.append(sum(estimates) / usage["output_tokens_details"]["thinking_tokens"])
    assert abs(statistics.mean(shares) - effect.size) < 0.02
    assert statistics.stdev(shares) < 1.6 * effect.spread


def test_shown_thinking_carries_a_null_count(simulator):
    body = ask(stream=True, thinking={"type": "adaptive", "display": "summarized"})
    (reply,) = sampled(simulator, body, THINKING_TOKEN_COUNT, repeats=1)
    assert {delta["estimated_tokens"] for delta in thinking_deltas(reply)} == {None}
    (plain,) = sampled(simulator, body, "", repeats=1)
    assert all("estimated_tokens" not in delta for delta in thinking_deltas(plain))


def test_omitted_thinking_still_has_its_signature_and_is_billed(simulator):
    (reply,) = sampled(simulator, {**OMITTED, "stream": False}, "", repeats=1)
    block = reply.json["content"][0]
    assert block["thinking"] == ""
    assert len(block["signature"]) > 100
    assert reply.json["usage"]["output_tokens_details"]["thinking_tokens"] > 0


EDIT = {
    "type": "clear_tool_uses_20250919",
    "trigger": {"type": "input_tokens", "value": 3000},
    "keep": {"type": "tool_uses", "value": 2},
}


def edited(**edit):
    return second_turn(results=6, size=4000, context_management={"edits": [{**EDIT, **edit}]})


def tokens_of(simulator, body, beta=CONTEXT_MANAGEMENT):
    (reply,) = sampled(simulator, body, beta, repeats=1)
    assert reply.status == 200, reply.body
    return reply.json["usage"]["input_tokens"], reply.json.get("context_management")


def test_clearing_tool_results_saves_exactly_what_was_cleared(simulator):
    whole, report = tokens_of(simulator, second_turn(results=6, size=4000), "")
    assert report is None
    shortened, report = tokens_of(simulator, edited())
    result_tokens = len("line 0 " * 500) // 4 + 1
    placeholder = EFFECTS[CONTEXT_MANAGEMENT, "placeholder_tokens"].size
    saved = 4 * (result_tokens - placeholder)
    assert whole - shortened == saved
    assert report == {
        "applied_edits": [{"type": "clear_tool_uses_20250919", "cleared_tool_uses": 4, "cleared_input_tokens": saved}]
    }


def test_the_header_alone_reports_that_nothing_was_edited(simulator):
    whole, _ = tokens_of(simulator, second_turn(results=6, size=4000), "")
    assert tokens_of(simulator, second_turn(results=6, size=4000)) == (whole, {"applied_edits": []})


def test_a_stream_reports_the_edits_beside_its_message_delta(simulator):
    (reply,) = sampled(simulator, {**edited(), "stream": True}, CONTEXT_MANAGEMENT, repeats=1)
    closing = next(event for event in reply.events if event["type"] == "message_delta")
    assert closing["context_management"]["applied_edits"][0]["cleared_tool_uses"] == 4
    assert closing["usage"]["input_tokens"] == reply.events[0]["message"]["usage"]["input_tokens"]


@pytest.mark.parametrize(
    ("edit", "cleared"),
    [
        ({"trigger": {"type": "input_tokens", "value": 50_000}}, 0),
        ({"trigger": {"type": "tool_uses", "value": 5}}, 4),
        ({"trigger": {"type": "tool_uses", "value": 6}}, 0),
        ({"keep": {"type": "tool_uses", "value": 5}}, 1),
        ({"exclude_tools": ["read_log"]}, 0),
        ({"clear_at_least": {"type": "input_tokens", "value": 50_000}}, 0),
    ],
)
def test_an_edit_applies_as_far_as_it_says(simulator, edit, cleared):
    _, report = tokens_of(simulator, edited(**edit))
    assert sum(edit["cleared_tool_uses"] for edit in report["applied_edits"]) == cleared


def test_another_beta_that_opens_the_field_does_not_open_this_edit(simulator):
    (reply,) = sampled(simulator, edited(), "compact-2026-01-12", repeats=1)
    assert reply.status == 400
    assert reply.message.startswith(
        "context_management.edits.0: Input tag 'clear_tool_uses_20250919' found using 'type'"
    )


def test_clearing_inputs_too_saves_more(simulator):
    assert tokens_of(simulator, edited(clear_tool_inputs=True))[0] < tokens_of(simulator, edited())[0]


def test_old_thinking_is_cleared_but_for_the_turns_kept(simulator):
    thought = {"type": "thinking", "thinking": "Hm. " * 400, "signature": BY_HAND}
    messages = []
    for number in range(3):
        messages.append({"role": "user", "content": f"Question {number}"})
        messages.append({"role": "assistant", "content": [thought, {"type": "text", "text": "Answer."}]})
    body = ask(messages=[*messages, {"role": "user", "content": "And now?"}])
    whole, _ = tokens_of(simulator, body)
    edits = {"edits": [{"type": "clear_thinking_20251015", "keep": {"type": "thinking_turns", "value": 1}}]}
    shortened, report = tokens_of(simulator, {**body, "context_management": edits})
    assert report["applied_edits"] == [
        {"type": "clear_thinking_20251015", "cleared_thinking_turns": 2, "cleared_input_tokens": whole - shortened}
    ]
    edits["edits"][0]["keep"] = "all"
    assert tokens_of(simulator, {**body, "context_management": edits}) == (whole, {"applied_edits": []})


def test_counting_tokens_reports_the_original_count(simulator):
    path = "/v1/messages/count_tokens"
    with simulator.dial() as sock:
        plain = say(sock, second_turn(results=6, size=4000, max_tokens=None), path=path).json
        body = {name: value for name, value in edited().items() if name != "max_tokens"}
        counted = say(sock, body, path=path, anthropic_beta=CONTEXT_MANAGEMENT).json
    assert set(plain) == {"input_tokens"}
    assert counted["context_management"] == {"original_input_tokens": plain["input_tokens"]}
    assert counted["input_tokens"] < plain["input_tokens"]


def input_schedule(beta, **tool):
    """When each piece of a call's input is due, in seconds from the start of its block."""
    api = Api(rules(), Pace(ttft_ms=100, tps=100, jitter=0))
    headers = {**HEADERS, **({"anthropic-beta": beta} if beta else {})}
    body = ask(
        stream=True,
        tools=[{**TOOL, **tool}],
        messages=[{"role": "user", "content": "Read the log " + "of the very long story " * 9}],
    )
    answer = api.answer(Request("POST", "/v1/messages", tuple(headers.items()), json.dumps(body).encode()), repeat=1)
    start_s = next(part.at_s for part in answer.parts if b'"tool_use"' in part.data)
    return [part.at_s - start_s for part in answer.parts if b"input_json_delta" in part.data][1:]


def test_fine_grained_tool_streaming_sends_input_as_it_is_written():
    held, flowing = input_schedule(""), input_schedule(FINE_GRAINED_TOOLS)
    bursts = [sum(later == earlier for earlier, later in pairwise(times)) for times in (held, flowing)]
    assert EFFECTS[FINE_GRAINED_TOOLS, "buffered_share"].size == -1
    assert bursts[0] >= len(held) - 2
    assert bursts[1] == 0
    assert flowing[0] < held[0]


def test_a_tool_that_streams_eagerly_needs_no_beta():
    times = input_schedule("", eager_input_streaming=True)
    assert all(later > earlier for earlier, later in pairwise(times))
