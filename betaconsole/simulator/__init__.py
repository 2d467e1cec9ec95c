"""A stand-in for the Claude API: the same wire, rules handed in as plain data, deterministic answers.

simulator = Simulator(Rules.from_dict(data), pace=Pace.at_once())
with simulator.serve() as door: ...        # door.url for any HTTP client
sock = simulator.dial(repeat=1)            # a socket that speaks HTTP/1.1, without a port
"""

from .doors import Door, Simulator
from .effects import NOISE, TABLE, Effect, Noise
from .pace import Pace
from .rules import Rules

__all__ = ["NOISE", "TABLE", "Door", "Effect", "Noise", "Pace", "Rules", "Simulator"]
