"""What is shown of thinking: summaries, short updates, or nothing."""

import pytest

from betaconsole.simulator.effects import DISPLAY_UPDATES, EFFECTS
from betaconsole.simulator.tokens import pieces

from .talk import ask, say

MODEL = "claude-opus-5-5"


def thought(simulator, display, beta=DISPLAY_UPDATES, **changes):
    body = ask(
        model=MODEL, thinking={"type": "adaptive", "display": display}, output_config={"effort": "max"}, **changes
    )
    with simulator.dial(repeat=1) as sock:
        return say(sock, body, **({"anthropic_beta": beta} if beta else {}))


def shown_share(message):
    thinking = message["content"][0]
    assert thinking["type"] == "thinking"
    return len(pieces(thinking["thinking"])) / message["usage"]["output_tokens_details"]["thinking_tokens"]


def test_updates_are_short_notes_in_place_of_a_summary(simulator):
    updates, summary = (thought(simulator, display).json for display in ("updates", "summarized"))
    assert shown_share(updates) == pytest.approx(EFFECTS[DISPLAY_UPDATES, "shown_share"].size, abs=0.04)
    assert shown_share(summary) > 0.3
    assert all(line.endswith(".") for line in updates["content"][0]["thinking"].split("\n"))


def test_updates_cost_as_much_as_other_thinking(simulator):
    updates, summary = (thought(simulator, display).json["usage"] for display in ("updates", "summarized"))
    assert updates["output_tokens_details"]["thinking_tokens"] > 50
    assert summary["output_tokens_details"]["thinking_tokens"] > 50


def test_without_the_header_updates_is_no_value(simulator):
    reply = thought(simulator, "updates", beta="")
    assert reply.message == "thinking.adaptive.display: Input should be 'summarized' or 'omitted'"
    assert thought(simulator, "summarized", beta="").status == 200


def test_the_sdk_reads_streamed_updates_as_the_whole_ones(client):
    asked = {
        **ask(model=MODEL, thinking={"type": "adaptive", "display": "updates"}),
        "betas": [DISPLAY_UPDATES],
        "extra_headers": {"x-simulator": "repeat=1"},
    }
    whole = client.beta.messages.create(**asked)
    with client.beta.messages.stream(**asked) as stream:
        assert stream.get_final_message().to_dict() == whole.to_dict()
    assert whole.content[0].thinking
