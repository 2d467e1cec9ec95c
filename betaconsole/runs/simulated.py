"""The built-in simulator of this process: the far end of the Simulator connection."""

from functools import cache

from betaconsole.catalogue.simulation import simulator_rules
from betaconsole.simulator import Rules, Simulator


@cache
def simulator() -> Simulator:
    """One simulator per process, made on the first request that goes to it."""
    return Simulator(Rules.from_dict(simulator_rules()))
