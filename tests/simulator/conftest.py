from collections.abc import Iterator

import anthropic
import pytest

from betaconsole.simulator import Door, Pace, Simulator

from .rules import rules


@pytest.fixture
def simulator() -> Simulator:
    return Simulator(rules(), pace=Pace.at_once(), record=True)


@pytest.fixture
def door(simulator: Simulator) -> Iterator[Door]:
    with simulator.serve() as door:
        yield door


@pytest.fixture
def client(door: Door) -> Iterator[anthropic.Anthropic]:
    with anthropic.Anthropic(api_key="sk-ant-test", base_url=door.url, max_retries=0) as client:
        yield client
