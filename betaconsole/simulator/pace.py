"""How fast answers come."""

from __future__ import annotations

import math
from dataclasses import dataclass


@dataclass(frozen=True)
class Pace:
    """Time to the first token, speed after it, and the relative spread of both between requests.

    The default is about what a fast model does. `Pace.at_once()` answers without waiting, for tests.
    """

    ttft_ms: float = 350.0
    tps: float = 80.0
    jitter: float = 0.12

    @classmethod
    def at_once(cls) -> Pace:
        return cls(ttft_ms=0.0, tps=math.inf, jitter=0.0)
