"""The real SDK, unchanged, against the HTTP door."""

import json

import anthropic
import pytest

MODEL = "claude-sonnet-4-6"
ASK = [{"role": "user", "content": "Plan a small garden in Bergen."}]
WEATHER = {
    "name": "get_weather",
    "description": "Current weather in a city",
    "input_schema": {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]},
}
VERSION = {"anthropic-version": "2023-06-01"}


def test_create_answers_with_a_message_that_says_it_is_simulated(client):
    raw = client.messages.with_raw_response.create(model=MODEL, max_tokens=2000, messages=ASK)
    message = raw.parse()
    assert message.stop_reason == "end_turn"
    assert "simulated" in message.content[0].text
    assert "\n\n" in message.content[0].text
    assert message.usage.output_tokens > 50
    assert raw.headers["x-simulated"] == "betaconsole"
    assert message._request_id == raw.headers["request-id"]
    assert raw.headers["anthropic-ratelimit-requests-limit"]


@pytest.mark.parametrize("space", ["messages", "beta.messages"])
def test_a_stream_accumulates_to_the_message_that_json_would_bring(client, space):
    messages = client.beta.messages if space.startswith("beta") else client.messages
    asked = {
        "model": "claude-opus-5-5",
        "max_tokens": 2000,
        "messages": ASK,
        "extra_headers": {"x-simulator": "repeat=4"},
    }
    whole = messages.create(**asked)
    with messages.stream(**asked) as stream:
        streamed = stream.get_final_message()
    assert streamed.to_dict() == whole.to_dict()
    assert [block.type for block in whole.content] == ["thinking", "text"]


def test_a_stream_comes_in_the_documented_order(client):
    kinds = [event.type for event in client.messages.create(model=MODEL, max_tokens=2000, messages=ASK, stream=True)]
    assert kinds[:2] == ["message_start", "content_block_start"]
    assert kinds[-3:] == ["content_block_stop", "message_delta", "message_stop"]
    assert set(kinds[2:-3]) == {"content_block_delta"}


def test_the_beta_namespace_sends_its_betas(client, simulator):
    client.beta.messages.create(model=MODEL, max_tokens=2000, messages=ASK, betas=["interleaved-thinking-2025-05-14"])
    assert simulator.seen[-1].value("anthropic-beta") == "interleaved-thinking-2025-05-14"


def test_the_beta_query_of_older_sdks_is_accepted(client):
    message = client.messages.create(model=MODEL, max_tokens=100, messages=ASK, extra_query={"beta": "true"})
    assert message.type == "message"


@pytest.mark.parametrize("space", ["messages", "beta.messages"])
def test_counting_tokens_agrees_with_usage(client, space):
    messages = client.beta.messages if space.startswith("beta") else client.messages
    asked = {"model": MODEL, "messages": ASK, "system": "Be brief.", "tools": [WEATHER]}
    counted = messages.count_tokens(**asked)
    message = messages.create(**asked, max_tokens=2000)
    assert counted.input_tokens == message.usage.input_tokens


def test_models_are_listed_in_pages_and_retrieved_by_alias(client):
    assert [model.id for model in client.models.list(limit=2)] == [
        "claude-opus-5-5",
        "claude-sonnet-5",
        "claude-sonnet-4-6",
        "claude-haiku-4-5-20251001",
    ]
    page = client.models.list(limit=2)
    assert (len(page.data), page.has_more) == (2, True)
    assert [model.id for model in client.models.list(before_id="claude-sonnet-4-6", limit=1).data] == [
        "claude-sonnet-5"
    ]
    model = client.models.retrieve("claude-haiku-4-5")
    assert model.id == "claude-haiku-4-5-20251001"
    assert model.capabilities.thinking.types.enabled.supported
    assert not model.capabilities.effort.supported


def test_a_tool_is_called_and_its_result_is_taken_up(client):
    ask = [{"role": "user", "content": "What is the weather in Oslo?"}]
    called = client.messages.create(model=MODEL, max_tokens=2000, messages=ask, tools=[WEATHER])
    use = called.content[-1]
    assert (called.stop_reason, use.name, use.input) == ("tool_use", "get_weather", {"city": "Oslo"})
    result = {"type": "tool_result", "tool_use_id": use.id, "content": "4 degrees, sleet"}
    history = [*ask, {"role": "assistant", "content": called.content}, {"role": "user", "content": [result]}]
    final = client.messages.create(model=MODEL, max_tokens=2000, messages=history, tools=[WEATHER])
    assert final.stop_reason == "end_turn"
    assert "4 degrees, sleet" in final.content[0].text


def test_a_prompt_with_two_cities_is_answered_with_two_calls_unless_parallel_calls_are_off(client):
    asked = {
        "model": MODEL,
        "max_tokens": 2000,
        "tools": [WEATHER],
        "messages": [{"role": "user", "content": "Compare the weather in Oslo and Lima."}],
    }
    together = client.messages.create(**asked)
    assert [block.input for block in together.content if block.type == "tool_use"] == [
        {"city": "Oslo"},
        {"city": "Lima"},
    ]
    alone = client.messages.create(**asked, tool_choice={"type": "auto", "disable_parallel_tool_use": True})
    assert len([block for block in alone.content if block.type == "tool_use"]) == 1


def test_structured_output_is_parsed_by_the_sdk(client):
    schema = {
        "type": "object",
        "properties": {"city": {"type": "string"}, "people": {"type": "integer", "minimum": 1}},
        "required": ["city", "people"],
        "additionalProperties": False,
    }
    message = client.messages.create(
        model=MODEL, max_tokens=500, messages=ASK, output_config={"format": {"type": "json_schema", "schema": schema}}
    )
    found = json.loads(message.content[0].text)
    assert set(found) == {"city", "people"}
    assert found["people"] >= 1


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        ("401", anthropic.AuthenticationError),
        ("402", anthropic.APIStatusError),
        ("403", anthropic.PermissionDeniedError),
        ("404", anthropic.NotFoundError),
        ("413", anthropic.APIStatusError),
        ("429", anthropic.RateLimitError),
        ("500", anthropic.InternalServerError),
        ("503", anthropic.InternalServerError),
        ("504", anthropic.InternalServerError),
        ("529", anthropic.InternalServerError),
    ],
)
def test_each_error_status_becomes_the_sdks_own_error(client, fault, error):
    with pytest.raises(error) as raised:
        client.messages.create(
            model=MODEL, max_tokens=100, messages=ASK, extra_headers={"x-simulator": f"fault={fault}"}
        )
    assert raised.value.status_code == int(fault)


def test_an_error_event_within_a_stream_is_raised_by_the_sdk(client):
    with (
        pytest.raises(anthropic.APIStatusError, match="Overloaded"),
        client.messages.stream(
            model=MODEL, max_tokens=2000, messages=ASK, extra_headers={"x-simulator": "fault=error_event"}
        ) as stream,
    ):
        stream.until_done()


def test_a_bad_key_is_refused(client):
    stranger = client.with_options(api_key="sk-ant-bad-key")
    with pytest.raises(anthropic.AuthenticationError, match="invalid x-api-key"):
        stranger.messages.create(model=MODEL, max_tokens=100, messages=ASK)


def test_version_2023_06_01_still_takes_a_temperature(client):
    extra = {"extra_body": {"temperature": 0.2}}
    assert client.messages.create(model=MODEL, max_tokens=50, messages=ASK, extra_headers=VERSION, **extra).content
    with pytest.raises(anthropic.BadRequestError, match="temperature: Extra inputs are not permitted"):
        client.messages.create(model=MODEL, max_tokens=50, messages=ASK, **extra)


def test_web_search_is_run_by_the_server_and_cited(client):
    message = client.messages.create(
        model=MODEL, max_tokens=2000, messages=ASK, tools=[{"type": "web_search_20250305", "name": "web_search"}]
    )
    assert [block.type for block in message.content] == ["server_tool_use", "web_search_tool_result", "text"]
    assert message.content[2].citations[0].url == message.content[1].content[0].url
    assert message.usage.server_tool_use.web_search_requests == 1
