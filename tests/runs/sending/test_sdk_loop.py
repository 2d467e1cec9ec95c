"""The same stubs in the console and in a loop written with the official SDK: the same requests, the same messages."""

import json
from collections.abc import Iterator
from typing import Any

import anthropic
import pytest
from anthropic.lib.tools import BetaFunctionTool, ToolError

from betaconsole.catalogue.examples import find_example
from betaconsole.catalogue.simulation import simulator_rules
from betaconsole.claude import jsontext
from betaconsole.claude.headers import DEFAULT_VERSION
from betaconsole.library.stubs import read_stubs
from betaconsole.runs.launching.planning import Plan, VariantPlan
from betaconsole.runs.models import Exchange
from betaconsole.simulator import Door, Pace, Rules, Simulator
from betaconsole.teams.models import Membership
from betaconsole.teams.solo import set_up_solo
from tests.runs.engines import connection_to, run, running, wait_until_finished

pytestmark = pytest.mark.django_db(transaction=True)

INTERLEAVED = "interleaved-thinking-2025-05-14"
COLUMNS = [(), (INTERLEAVED,)]


@pytest.fixture
def ann(transactional_db: None) -> Membership:
    return set_up_solo()


@pytest.fixture
def simulator() -> Simulator:
    return Simulator(Rules.from_dict(simulator_rules()), pace=Pace.at_once(), record=True)


@pytest.fixture
def door(simulator: Simulator) -> Iterator[Door]:
    with simulator.serve() as door:
        yield door


@pytest.fixture
def client(door: Door) -> Iterator[anthropic.Anthropic]:
    with anthropic.Anthropic(api_key="sk-ant-test", base_url=door.url, max_retries=0) as client:
        yield client


def question() -> dict[str, Any]:
    """The catalogue's two-tool prompt, its answers made the same for whoever asks."""
    example = find_example("thinking-between-tools")
    assert example
    return {**example.body, "system": f"{example.body['system']} [[simulator: repeat=1]]", "stream": False}


def stubs(*, is_error: bool = False) -> list[dict[str, Any]]:
    example = find_example("thinking-between-tools")
    assert example
    [order, policy] = example.tool_stubs
    return [dict(order), {"tool": policy["tool"], "error": "no such topic"} if is_error else dict(policy)]


def asked_by_the_console(ann: Membership, door: Door, *, is_error: bool, stream: bool) -> list[list[Exchange]]:
    """The exchanges of each column, turn by turn."""
    columns = [VariantPlan(",".join(betas) or "none", betas, DEFAULT_VERSION) for betas in COLUMNS]
    body = jsontext.loads(jsontext.dumps({**question(), "stream": stream}))
    plan = Plan(body, columns, DEFAULT_VERSION, tool_stubs=stubs(is_error=is_error))
    with running():
        comparison = run(ann, connection_to(ann, door.url), plan)
        wait_until_finished(comparison)
    return [list(variant.exchanges.order_by("turn")) for variant in comparison.variants.all()]


def contents(exchanges: list[Exchange]) -> list[Any]:
    return [json.loads(exchange.message)["content"] for exchange in exchanges]


def bodies(exchanges: list[Exchange]) -> list[Any]:
    return [json.loads(exchange.request_body.data) for exchange in exchanges]


def without_stream(body: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in body.items() if name != "stream"}


@pytest.mark.parametrize("stream", [True, False])
@pytest.mark.parametrize("is_error", [False, True])
def test_a_loop_written_with_the_sdk_asks_and_gets_the_same(
    ann: Membership, simulator: Simulator, door: Door, client: anthropic.Anthropic, is_error: bool, stream: bool
) -> None:
    ours = asked_by_the_console(ann, door, is_error=is_error, stream=stream)
    answers = read_stubs(stubs(is_error=is_error))
    for betas, exchanges in zip(COLUMNS, ours, strict=True):
        simulator.seen.clear()
        messages, said = list(question()["messages"]), []
        while True:
            asked = {**without_stream(question()), "messages": messages}
            headers = {"anthropic-beta": ",".join(betas)} if betas else {}
            message = client.messages.create(**asked, extra_headers=headers)
            said.append(message.to_dict()["content"])
            calls = [block for block in message.content if block.type == "tool_use"]
            if message.stop_reason != "tool_use":
                break
            found = [next(stub for stub in answers if stub.answers(call.name, call.input)) for call in calls]
            results = [
                {"type": "tool_result", "tool_use_id": call.id, "content": stub.content}
                | ({"is_error": True} if stub.is_error else {})
                for call, stub in zip(calls, found, strict=True)
            ]
            messages += [{"role": "assistant", "content": message.content}, {"role": "user", "content": results}]
        assert len(exchanges) >= 3
        assert contents(exchanges) == said
        assert [without_stream(body) for body in bodies(exchanges)] == [json.loads(one.body) for one in simulator.seen]


@pytest.mark.parametrize("is_error", [False, True])
def test_the_sdks_own_tool_runner_gets_the_same(
    ann: Membership, simulator: Simulator, door: Door, client: anthropic.Anthropic, is_error: bool
) -> None:
    ours = asked_by_the_console(ann, door, is_error=is_error, stream=True)
    answers = read_stubs(stubs(is_error=is_error))

    def tool(definition: dict[str, Any]) -> Any:
        def looked_up(**given: Any) -> str:
            stub = next(stub for stub in answers if stub.answers(definition["name"], given))
            if stub.is_error:
                raise ToolError(stub.content)
            return str(stub.content)

        return BetaFunctionTool(looked_up, **definition)

    for betas, exchanges in zip(COLUMNS, ours, strict=True):
        simulator.seen.clear()
        asked = without_stream(question())
        tools = [tool(definition) for definition in asked.pop("tools")]
        runner = client.beta.messages.tool_runner(
            **asked, tools=tools, thread=False, **({"betas": list(betas)} if betas else {})
        )
        assert [message.to_dict()["content"] for message in runner] == contents(exchanges)
        sent = [json.loads(one.body) for one in simulator.seen]
        assert [without_stream(body) for body in bodies(exchanges)] == sent


def test_only_the_column_with_interleaved_thinking_thinks_between_its_calls(ann: Membership, door: Door) -> None:
    plain, interleaved = (
        [[block["type"] for block in content] for content in contents(exchanges)]
        for exchanges in asked_by_the_console(ann, door, is_error=False, stream=True)
    )
    assert len(plain) == len(interleaved) == 3
    assert plain[0][0] == interleaved[0][0] == "thinking"
    assert [types.count("thinking") for types in plain[1:]] == [0, 0]
    assert [types.count("thinking") for types in interleaved[1:]] == [1, 1]


def test_thinking_that_was_changed_on_its_way_back_would_be_noticed(
    ann: Membership, client: anthropic.Anthropic
) -> None:
    asked = without_stream(question())
    message = client.messages.create(**asked)
    [thought, *rest] = message.to_dict()["content"]
    results = [{"type": "tool_result", "tool_use_id": block["id"], "content": "x"} for block in rest if "id" in block]
    changed = [{**thought, "thinking": thought["thinking"] + " "}, *rest]
    turns = [*asked["messages"], {"role": "assistant", "content": changed}, {"role": "user", "content": results}]
    with pytest.raises(anthropic.BadRequestError, match="thinking"):
        client.messages.create(**{**asked, "messages": turns})
