"""Task budgets: advice to a model that keeps it short."""

import statistics

import pytest

from betaconsole.simulator.effects import EFFECTS, TASK_BUDGETS

from .talk import ask, say

CLOCK = {
    "name": "get_time",
    "description": "The time in a city",
    "input_schema": {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]},
}


def budget(total=20_000, **more):
    return {"task_budget": {"type": "tokens", "total": total, **more}}


def answers(simulator, repeats, beta=TASK_BUDGETS, **changes):
    for repeat in range(repeats):
        with simulator.dial(repeat=repeat) as sock:
            reply = say(sock, ask(**changes), **({"anthropic_beta": beta} if beta else {}))
        assert reply.status == 200, reply.body
        yield reply.json


def test_a_budget_is_told_to_the_model_and_lists_the_one_iteration(simulator):
    (plain,) = answers(simulator, 1, beta="")
    (told,) = answers(simulator, 1, output_config=budget())
    tokens = EFFECTS[TASK_BUDGETS, "prompt_tokens"].size
    assert told["usage"]["input_tokens"] == plain["usage"]["input_tokens"] + tokens
    assert [entry["type"] for entry in told["usage"]["iterations"]] == ["message"]
    assert "iterations" not in plain["usage"]


def test_a_scarce_budget_makes_answers_shorter_as_the_table_says(simulator):
    def length(**more):
        found = answers(simulator, 40, model="claude-opus-5-5", output_config=budget(**more))
        return statistics.mean(answer["usage"]["output_tokens"] for answer in found)

    ample, scarce = length(total=400_000), length(total=400_000, remaining=0)
    assert scarce / ample == pytest.approx(1 + EFFECTS[TASK_BUDGETS, "output_share"].size, rel=0.1)


def test_at_the_end_of_its_budget_a_model_calls_no_tools(simulator):
    asked = {"messages": [{"role": "user", "content": "What time is it in Oslo?"}], "tools": [CLOCK]}
    (early,) = answers(simulator, 1, output_config=budget(), **asked)
    (late,) = answers(simulator, 1, output_config=budget(remaining=500), **asked)
    assert (early["stop_reason"], late["stop_reason"]) == ("tool_use", "end_turn")


@pytest.mark.parametrize(
    ("budget", "text"),
    [
        ({"type": "tokens", "total": 19_999}, "total: Input should be greater than or equal to 20000"),
        ({"type": "tokens"}, "total: Field required"),
        ({"type": "hours", "total": 20_000}, "type: Input should be 'tokens'"),
        ({"type": "tokens", "total": 20_000, "left": 1}, "left: Extra inputs are not permitted"),
    ],
)
def test_a_budget_that_does_not_fit_is_refused(simulator, budget, text):
    with simulator.dial() as sock:
        reply = say(sock, ask(output_config={"task_budget": budget}), anthropic_beta=TASK_BUDGETS)
    assert reply.message == f"output_config.task_budget.{text}"


def test_without_the_header_there_is_no_budget(simulator):
    with simulator.dial() as sock:
        reply = say(sock, ask(output_config=budget()))
    assert reply.message == "output_config.task_budget: Extra inputs are not permitted"


def test_the_sdk_sends_a_budget(client):
    message = client.beta.messages.create(**ask(output_config=budget()), betas=[TASK_BUDGETS])
    assert message.usage.iterations[0].output_tokens == message.usage.output_tokens
