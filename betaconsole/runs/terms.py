"""The words by which filters find comparisons and exchanges in the index: one for each fact, `s_1f3a…` for a state.

Pure. A term has an underscore, which no word of a text has; SQLite's tokenizer would cut there, so it is left out there.
Costs and times are kept as steps of half a power of two: a bound means some whole steps and one to be looked at exactly.
"""

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from functools import lru_cache
from hashlib import blake2s

# kind → letter. What a filter of typed_query asks for is found under the letter of its name.
LETTERS = {
    "team": "t",
    "beta": "b",
    "model": "m",
    "state": "s",
    "outcome": "o",
    "status": "h",
    "error": "e",
    "connection": "n",
    "by": "u",
    "tag": "g",
    "is": "i",
    "cost": "c",
    "latency": "l",
}
EXCHANGE, COMPARISON = ("is", "an exchange"), ("is", "a comparison")
LAST_STEP = 70
MICRO = Decimal(1_000_000)


@lru_cache(maxsize=20_000)
def term(kind: str, value: str) -> str:
    """The term of one fact."""
    return f"{LETTERS[kind]}_{blake2s(value.encode('utf-8', 'surrogatepass'), digest_size=5).hexdigest()}"


def team_term(team_id: int) -> str:
    """The term that every row of a team has."""
    return term("team", str(team_id))


def step(value: float | Decimal) -> int:
    """The step a cost (in millionths of a dollar) or time (in ms) lies on, from 0."""
    return 0 if value < 1 else min(LAST_STEP, 1 + int(math.log2(float(value)) * 2))


def cost_step(cost_usd: Decimal) -> int:
    """The step of a cost in US dollars."""
    return step(cost_usd * MICRO)


def steps_within(bounds: Iterable[tuple[str, Decimal]], *, unit: Decimal = Decimal(1)) -> range:
    """The steps on which a value inside the bounds may lie; `unit` makes of a bound what `step` takes."""
    first, last = 0, LAST_STEP
    for lookup, value in bounds:
        here = step(value * unit)
        if lookup in ("gt", "gte"):
            first = max(first, here)
        else:
            last = min(last, here)
    return range(first, last + 1)


@dataclass
class Facts:
    """What is true of one exchange or one comparison as a whole, to become terms."""

    team_id: int
    values: set[tuple[str, str]] = field(default_factory=set)

    def add(self, kind: str, *values: str | int | None) -> None:
        """These values of a kind; what is None or empty is left out."""
        self.values.update((kind, str(value)) for value in values if value not in (None, ""))

    def add_status(self, status: int | None) -> None:
        """An HTTP status, its class (4xx) and whether it is an error."""
        if status is not None:
            self.add("status", status, f"{status // 100}xx", "error" if status >= 400 else "ok")

    def add_cost(self, cost_usd: Decimal | None) -> None:
        """The step of a cost in US dollars; nothing where it is not known."""
        if cost_usd is not None:
            self.add("cost", cost_step(cost_usd))

    def add_latency(self, total_ms: float | None) -> None:
        """The step of a time in milliseconds; nothing where it is not known."""
        if total_ms is not None:
            self.add("latency", step(total_ms))

    def terms(self) -> Iterator[str]:
        """The team's term first, then one for each fact, in a fixed order."""
        yield team_term(self.team_id)
        for kind, value in sorted(self.values):
            yield term(kind, value)
