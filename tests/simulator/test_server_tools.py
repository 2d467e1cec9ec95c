"""Tools that run within the answer: search, fetch, code and tool search, and turns that pause at them."""

import pytest

from .talk import ask, say

MODEL = "claude-sonnet-4-6"
SEARCH = {"type": "web_search_20250305", "name": "web_search"}
FETCH = {"type": "web_fetch_20260318", "name": "web_fetch"}
CODE = {"type": "code_execution_20260521", "name": "code_execution"}
FIND_TOOLS = {"type": "tool_search_tool_bm25_20251119", "name": "tool_search_tool_bm25"}
WEATHER = {
    "name": "get_weather",
    "description": "Current weather in a city",
    "input_schema": {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]},
    "defer_loading": True,
}
CLOCK = {
    "name": "get_time",
    "description": "The time in a city",
    "input_schema": {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]},
    "defer_loading": True,
}


def asked(text, *tools, **changes):
    return ask(messages=[{"role": "user", "content": text}], tools=list(tools), **changes)


def answered(simulator, body):
    with simulator.dial(repeat=1) as sock:
        reply = say(sock, body)
    assert reply.status == 200, reply.body
    return reply.json


def kinds(message):
    return [block["type"] for block in message["content"]]


def test_each_tool_on_offer_is_run_and_read_before_the_answer(simulator):
    message = answered(simulator, asked("What do https://example.org/a and the web say on lamps?", CODE, SEARCH, FETCH))
    assert kinds(message) == [
        *("server_tool_use", "web_search_tool_result"),
        *("server_tool_use", "web_fetch_tool_result"),
        *("server_tool_use", "bash_code_execution_tool_result"),
        "text",
    ]
    calls = message["content"][0::2]
    assert [call["id"] for call in calls[:3]] == [result["tool_use_id"] for result in message["content"][1::2]]
    assert message["usage"]["server_tool_use"] == {"web_search_requests": 1, "web_fetch_requests": 1}


def test_every_result_is_read_in_a_step_of_its_own(simulator):
    plain = answered(simulator, asked("What is a lamp?", CLOCK))["usage"]["input_tokens"]
    searched = answered(simulator, asked("What is a lamp?", CLOCK, SEARCH))["usage"]["input_tokens"]
    assert searched > 2 * plain


def test_a_page_is_fetched_where_the_tool_allows_it(simulator):
    text = "Summarise https://docs.example.org/lamps."
    (call, result, answer) = answered(simulator, asked(text, {**FETCH, "citations": {"enabled": True}}))["content"]
    assert call["input"] == {"url": "https://docs.example.org/lamps"}
    page = result["content"]["content"]["source"]["data"]
    (citation,) = answer["citations"]
    assert page[citation["start_char_index"] : citation["end_char_index"]] == citation["cited_text"]
    for lists in ({"blocked_domains": ["example.org"]}, {"allowed_domains": ["example.com"]}):
        message = answered(simulator, asked(text, {**FETCH, **lists}))
        assert message["content"][1]["content"]["error_code"] == "url_not_allowed"
    allowed = answered(simulator, asked(text, {**FETCH, "allowed_domains": ["example.org"]}))
    assert allowed["content"][1]["content"]["type"] == "web_fetch_result"


def test_a_deferred_tool_is_found_before_it_is_called(simulator):
    body = asked("What is the weather in Oslo?", FIND_TOOLS, WEATHER, CLOCK)
    message = answered(simulator, body)
    search, found, *_, call = message["content"]
    assert search["name"] == "tool_search_tool_bm25"
    references = found["content"]["tool_references"]
    assert references[0] == {"type": "tool_reference", "tool_name": "get_weather"}
    assert (call["type"], call["name"], message["stop_reason"]) == ("tool_use", "get_weather", "tool_use")
    result = {"type": "tool_result", "tool_use_id": call["id"], "content": "Sleet."}
    turns = [{"role": "assistant", "content": message["content"]}, {"role": "user", "content": [result]}]
    assert answered(simulator, {**body, "messages": [*body["messages"], *turns]})["stop_reason"] in (
        "end_turn",
        "tool_use",
    )


def test_a_deferred_tool_costs_nothing_until_it_is_found_and_cannot_be_called(simulator):
    loaded = {**WEATHER, "defer_loading": False}
    deferred, present = (answered(simulator, asked("How is it in Oslo?", CODE, tool)) for tool in (WEATHER, loaded))
    assert "tool_use" not in kinds(deferred)
    assert "tool_use" in kinds(present)
    assert deferred["usage"]["input_tokens"] < present["usage"]["input_tokens"]


def test_a_regex_search_names_a_pattern(simulator):
    finder = {"type": "tool_search_tool_regex_20251119", "name": "tool_search_tool_regex"}
    message = answered(simulator, asked("What is the weather in Oslo?", finder, WEATHER))
    assert "weather" in message["content"][0]["input"]["pattern"]


def paused(simulator, wish="pause_turn", *tools):
    body = asked(f"What do people say on brass lamps? [[simulator: {wish}]]", *(tools or (SEARCH,)))
    return body, answered(simulator, body)


def resumed(simulator, body, message):
    body = {**body, "messages": [*body["messages"], {"role": "assistant", "content": message["content"]}]}
    return body, answered(simulator, body)


def test_a_paused_turn_ends_at_a_call_and_goes_on_when_sent_back(simulator):
    body, first = paused(simulator)
    assert (first["stop_reason"], kinds(first)) == ("pause_turn", ["server_tool_use"])
    _, second = resumed(simulator, body, first)
    assert (second["stop_reason"], kinds(second)) == ("end_turn", ["web_search_tool_result", "text"])
    assert second["content"][0]["tool_use_id"] == first["content"][0]["id"]


def test_a_turn_may_pause_more_than_once(simulator):
    body, message = paused(simulator, "pause_turn=3")
    reasons = [message["stop_reason"]]
    while message["stop_reason"] == "pause_turn":
        body, message = resumed(simulator, body, message)
        reasons.append(message["stop_reason"])
    assert reasons == ["pause_turn"] * 3 + ["end_turn"]
    ids = [block["id"] for turn in body["messages"][1:] for block in turn["content"] if "id" in block]
    assert len(set(ids)) == len(ids) == 3


def test_a_turn_without_server_tools_does_not_pause(simulator):
    message = answered(
        simulator, asked("Hello there, lamp. [[simulator: pause_turn]]", {**CLOCK, "defer_loading": False})
    )
    assert message["stop_reason"] == "tool_use"


def test_a_thinking_model_that_checks_its_thinking_takes_up_a_paused_turn(simulator):
    body = asked("What do people say on brass lamps? [[simulator: pause_turn]]", SEARCH, model="claude-opus-5-5")
    first = answered(simulator, body)
    body, second = resumed(simulator, body, first)
    assert kinds(first) == ["thinking", "server_tool_use"]
    assert kinds(second) == ["web_search_tool_result", "thinking", "text"]
    turn = {"role": "assistant", "content": [*first["content"], *second["content"]]}
    messages = [body["messages"][0], turn, {"role": "user", "content": "And on glass?"}]
    assert answered(simulator, {**body, "messages": messages})["stop_reason"] == "end_turn"


def test_a_result_without_its_call_is_refused(simulator):
    _, first = paused(simulator)
    result = {"type": "web_search_tool_result", "tool_use_id": first["content"][0]["id"], "content": []}
    turns = [*ask()["messages"], {"role": "assistant", "content": [result]}, *ask()["messages"]]
    with simulator.dial() as sock:
        reply = say(sock, ask(messages=turns, tools=[SEARCH]))
    assert reply.message == (
        f"messages.1.content.0: unexpected `tool_use_id` found in `web_search_tool_result` blocks: "
        f"{result['tool_use_id']}. Each `web_search_tool_result` block must have a corresponding `server_tool_use` block "
        "before it."
    )


@pytest.mark.parametrize("tools", [(SEARCH,), (FETCH,), (CODE,), (FIND_TOOLS, WEATHER)])
@pytest.mark.parametrize("space", ["messages", "beta.messages"])
def test_the_sdk_reads_a_streamed_answer_with_server_tools_as_the_whole_one(client, tools, space):
    messages = client.beta.messages if space.startswith("beta") else client.messages
    body = asked("What is the weather in Oslo?", *tools)
    sent = {**body, "extra_headers": {"x-simulator": "repeat=1"}}
    whole = messages.create(**sent)
    with messages.stream(**sent) as stream:
        streamed = stream.get_final_message()
    assert {**streamed.to_dict(), "container": None} == {**whole.to_dict(), "container": None}
    assert bool(streamed.container) == bool(whole.container) == (CODE in tools)
    assert whole.content[1].type.endswith("_tool_result")


def test_the_sdks_runner_sends_a_paused_turn_back(client):
    runner = client.beta.messages.tool_runner(**paused_body(), tools=[SEARCH])
    assert [message.stop_reason for message in runner] == ["pause_turn", "end_turn"]


def paused_body():
    messages = [{"role": "user", "content": "What do people say on brass lamps? [[simulator: pause_turn]]"}]
    return {"model": MODEL, "max_tokens": 2000, "messages": messages}
