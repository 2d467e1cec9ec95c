"""The built-in simulator of this process: the far end of the Simulator connection."""

from functools import cache

from django.conf import settings

from betaconsole.catalogue.simulation import simulator_rules
from betaconsole.simulator import Pace, Rules, Simulator


@cache
def simulator() -> Simulator:
    """One simulator per process, made on the first request that goes to it."""
    usual = Pace()
    pace = Pace(usual.ttft_ms / settings.SIMULATOR_SPEED, usual.tps * settings.SIMULATOR_SPEED, usual.jitter)
    return Simulator(Rules.from_dict(simulator_rules()), pace=pace)
