"""The catalogue's examples and the turns that follow them, spoilt in any place: the simulator always has an answer."""

import json
from collections.abc import Iterator
from copy import deepcopy
from dataclasses import replace
from functools import cache
from random import Random
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from betaconsole.catalogue.betas import all_betas
from betaconsole.catalogue.simulation import simulator_rules
from betaconsole.simulator import Pace, Rules
from betaconsole.simulator.endpoints import Api
from betaconsole.simulator.wire import Request

EVERY_BETA = ",".join(name for name, beta in all_betas().items() if not beta.refused)
HEADERS = (("x-api-key", "sk-test"), ("anthropic-version", "2026-10-21"), ("anthropic-beta", EVERY_BETA))
JUNK = [None, 0, -1, 3.5, True, "", "x", [], {}, [None], ["a"], [{}], {"type": "x"}, {"type": "text"}, 10**20]
WISHES = ("", "[[simulator: pause_turn]]", "[[simulator: refuse refuse_after=100]]", "[[simulator: more_input=200000]]")


@cache
def api() -> Api:
    """A simulator that does not look at what stood before a thinking block, or nothing spoilt would get further."""
    rules = Rules.from_dict(simulator_rules())
    models = {name: replace(rule, binds_thinking=False) for name, rule in rules.models.items()}
    return Api(replace(rules, models=models), Pace.at_once())


def status_of(body: dict[str, Any], path: str = "/v1/messages") -> int:
    return api().answer(Request("POST", path, HEADERS, json.dumps(body).encode()), repeat=1).status


@cache
def conversations() -> tuple[str, ...]:
    """Every example with every wish, and one turn further, as JSON; only those that are taken as they are."""
    found = []
    for beta in all_betas().values():
        body = beta.example_body
        for wish in WISHES if body and "messages" in beta.endpoints else ():
            asked = deepcopy(body or {})
            if isinstance(asked["messages"][0]["content"], str):
                asked["messages"][0]["content"] += wish
            found += [asked, further(asked)]
    return tuple(json.dumps(body) for body in found if status_of({**body, "stream": False}) == 200)


def further(body: dict[str, Any]) -> dict[str, Any]:
    data = json.dumps({**body, "stream": False}).encode()
    answer = api().answer(Request("POST", "/v1/messages", HEADERS, data), repeat=1)
    content = json.loads(answer.parts[0].data).get("content") or [{"type": "text", "text": "Hm."}]
    calls = [block for block in content if block["type"] == "tool_use"]
    results = [{"type": "tool_result", "tool_use_id": call["id"], "content": "Done."} for call in calls]
    turns = [{"role": "assistant", "content": content}, {"role": "user", "content": results or "And then?"}]
    return {**body, "messages": [*body["messages"], *turns]}


def places(node: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    inner = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ()
    for step, value in inner:
        yield (*path, step)
        yield from places(value, (*path, step))


def spoil(body: dict[str, Any], chance: Random) -> None:
    """Take one value away, put junk in its place, or junk or its double beside it."""
    deep = [path for path in places(body) if len(path) > 3 and path[-1] not in ("thinking", "signature")]
    *path, last = chance.choice(deep if deep and chance.random() < 0.8 else list(places(body)))
    node: Any = body
    for step in path:
        node = node[step]
    if isinstance(node, dict) and chance.random() < 0.3:
        del node[last]
    elif isinstance(node, list) and chance.random() < 0.3:
        node.append(deepcopy(chance.choice([*JUNK, node[last]])))
    else:
        node[last] = deepcopy(chance.choice(JUNK))


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(min_value=0, max_value=2**32))
def test_a_spoilt_conversation_is_answered_or_refused(seed: int):
    chance = Random(seed)
    for _ in range(10):
        body = json.loads(chance.choice(conversations()))
        for _ in range(chance.choice([1, 1, 2])):
            spoil(body, chance)
        assert status_of(body) in (200, 400, 404)
        counted = {name: value for name, value in body.items() if name not in ("max_tokens", "stream")}
        assert status_of(counted, "/v1/messages/count_tokens") in (200, 400, 404)


def test_there_is_a_conversation_for_every_beta_on_messages():
    assert len(conversations()) > 150
