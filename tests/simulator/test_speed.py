"""Fast mode: which models take it, what the usage says, and how much faster answers come."""

import json
from dataclasses import replace

import pytest

from betaconsole.simulator import Pace, Rules, Simulator
from betaconsole.simulator.effects import EFFECTS, FAST_MODE
from betaconsole.simulator.endpoints import Api
from betaconsole.simulator.wire import Request

from .rules import rules
from .talk import HEADERS, ask, say

FAST_MODEL, PREVIEW_MODEL, SLOW_MODEL = "claude-opus-5-5", "claude-sonnet-5", "claude-sonnet-4-6"


def with_preview() -> Rules:
    """The rules with a model that is fast with the header only."""
    known = rules()
    return replace(
        known, models={**known.models, PREVIEW_MODEL: replace(known.models[PREVIEW_MODEL], fast_mode="header")}
    )


@pytest.fixture
def simulator():
    return Simulator(with_preview(), pace=Pace.at_once())


@pytest.mark.parametrize(
    ("model", "speed", "beta", "refusal"),
    [
        (FAST_MODEL, "fast", "", None),
        (FAST_MODEL, "fast", FAST_MODE, None),
        (PREVIEW_MODEL, "fast", FAST_MODE, None),
        (PREVIEW_MODEL, "fast", "", "speed: Extra inputs are not permitted"),
        (PREVIEW_MODEL, "standard", "", "speed: Extra inputs are not permitted"),
        (SLOW_MODEL, "fast", FAST_MODE, f"'{SLOW_MODEL}' does not support the `speed` parameter."),
        (SLOW_MODEL, "standard", "", None),
        (FAST_MODEL, "faster", "", "speed: Input should be 'standard' or 'fast'"),
    ],
)
def test_some_models_are_fast_some_only_with_the_header_and_some_never(simulator, model, speed, beta, refusal):
    with simulator.dial() as sock:
        reply = say(sock, ask(model=model, speed=speed), **({"anthropic_beta": beta} if beta else {}))
    if refusal:
        assert (reply.status, reply.message) == (400, refusal)
    else:
        assert reply.json["usage"]["speed"] == speed


def pace(**changes):
    """When the stream begins, in seconds, and how many tokens a second come after the first."""
    api = Api(with_preview(), Pace(ttft_ms=400, tps=100, jitter=0))
    body = json.dumps(ask(model=FAST_MODEL, stream=True, **changes)).encode()
    parts = api.answer(Request("POST", "/v1/messages", tuple(HEADERS.items()), body), repeat=1).parts
    closing = next(part for part in parts if b'"message_delta"' in part.data)
    tokens = json.loads(closing.data.split(b"data: ")[1])["usage"]["output_tokens"]
    return parts[0].at_s, (tokens - 1) / (closing.at_s - 0.4)


def test_a_fast_answer_comes_two_and_a_half_times_as_fast_after_the_same_first_token():
    begun, standard = pace(speed="standard")
    begun_fast, fast = pace(speed="fast")
    assert begun_fast == begun
    assert fast / standard == pytest.approx(EFFECTS[FAST_MODE, "pace"].size, rel=0.001)


def test_the_sdk_sends_and_reads_the_speed(client):
    message = client.messages.create(
        model=FAST_MODEL, max_tokens=500, messages=[{"role": "user", "content": "Hello"}], speed="fast"
    )
    assert message.usage.speed == "fast"
