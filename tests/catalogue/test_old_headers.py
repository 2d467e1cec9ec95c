"""Headers that have lost their use: taken, and without effect on the simulator too."""

from copy import deepcopy

import pytest

from betaconsole.simulator import Simulator

from .asking import Answer, ask, simulator

ASK = {"messages": [{"role": "user", "content": "What time is it in Oslo?"}], "max_tokens": 1024}
CLOCK = {
    "name": "get_time",
    "description": "The time in a city",
    "input_schema": {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]},
}


@pytest.fixture(scope="module")
def far_end() -> Simulator:
    return simulator()


def both(far_end: Simulator, beta: str, **changes: object) -> tuple[Answer, Answer]:
    body = {**deepcopy(ASK), **changes}
    return ask(far_end, body), ask(far_end, body, betas=[beta])


def test_tools_are_as_efficient_without_the_header(far_end: Simulator):
    plain, efficient = both(far_end, "token-efficient-tools-2025-02-19", model="claude-opus-5-5", tools=[CLOCK])
    calls = [
        [block for block in answer.message["content"] if block["type"] == "tool_use"] for answer in (plain, efficient)
    ]
    assert [call["input"] for call in calls[0]] == [call["input"] for call in calls[1]] == [{"city": "Oslo"}]
    assert plain.message["usage"]["input_tokens"] == efficient.message["usage"]["input_tokens"]


def test_the_million_tokens_header_lifts_no_limit_any_more(far_end: Simulator):
    long = [{"role": "user", "content": "Summarise. " * 80_000}]
    for answer in both(far_end, "context-1m-2025-08-07", model="claude-sonnet-4-5", messages=long):
        assert answer.status == 400
        assert answer.error.startswith("prompt is too long: ")
        assert answer.error.endswith(" tokens > 200000 maximum")
    for answer in both(far_end, "context-1m-2025-08-07", model="claude-sonnet-4-6", messages=long):
        assert answer.status == 200


@pytest.mark.parametrize("beta", ["output-128k-2025-02-19", "output-300k-2026-03-24"])
def test_output_limits_are_the_models_own_outside_batches(far_end: Simulator, beta: str):
    for answer in both(far_end, beta, model="claude-sonnet-4-6", max_tokens=128_000):
        assert answer.status == 200
    for answer in both(far_end, beta, model="claude-opus-5-5", max_tokens=128_001):
        assert answer.error == (
            "max_tokens: 128001 > 128000, which is the maximum allowed number of output tokens for claude-opus-5-5"
        )
    for answer in both(far_end, beta, model="claude-sonnet-4-5", max_tokens=64_001):
        assert answer.status == 400


def test_the_first_field_of_structured_outputs_needs_its_header_and_works_with_it(far_end: Simulator):
    schema = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}
    wanted = {"type": "json_schema", "schema": schema}
    plain, typed = both(far_end, "structured-outputs-2025-11-13", model="claude-opus-5-5", output_format=wanted)
    assert plain.error.startswith("output_format: This field is deprecated. Use 'output_config.format' instead.")
    assert typed.message["content"][-1]["text"].startswith('{"city": ')
