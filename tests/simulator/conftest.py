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


@pytest.fixture(scope="session")
def sdk() -> Iterator[anthropic.Anthropic]:
    """One for all tests: each new one reads the certificates of the world's authorities, which takes longer than a test."""
    with anthropic.Anthropic(api_key="sk-ant-test", base_url="http://127.0.0.1:9", max_retries=0) as sdk:
        yield sdk


@pytest.fixture
def client(sdk: anthropic.Anthropic, door: Door) -> anthropic.Anthropic:
    return sdk.with_options(base_url=door.url)
