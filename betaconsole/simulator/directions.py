"""What a request asks of the simulator itself: pace, repeat and faults, in a header or in its text.

Header `x-simulator: ttft_ms=50; tps=200; repeat=3`, or in the system text or the last user message
`[[simulator: fault=cut after_ms=300]]`; some words need no value: `[[simulator: refuse]]`. The header wins where both name the same thing. What cannot be read is left out:
directions never make a request fail.

    ttft_ms, tps, jitter        pace of this answer (`tps=inf`: at once)
    tokens                      about how long a text answer is to be
    more_input                  so many input tokens are counted that the prompt does not have, until a compaction drops them
    repeat                      which repeat of this request it is, from 1
    fault                       an error status, or a name of faults.FAULTS
    chance                      how likely the fault strikes this repeat, 0 to 1
    after_ms, after_events      when it strikes within a stream (else in the middle)
    stall_ms, retry_after       details of the faults `stall` and 429
    refuse, refuse_after        the model declines (`refuse=cyber`: for that reason), after so many tokens (else before the first)
    declines                    how many models decline in turn, where fallbacks are named (else only the first)
    pause_turn                  a turn pauses so many times at a server tool (else once)
    batch                       `expire`: a message batch runs out of time when half of it has run
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from dataclasses import dataclass, fields, replace
from typing import Any

from .pace import Pace

DIRECTIVE = re.compile(r"\[\[\s*simulator:([^\[\]]{0,500})\]\]")
WORD = re.compile(r"([a-z_]+)(?:\s*=\s*([A-Za-z0-9_.+-]+))?")
ALONE = {"refuse": "for no reason", "pause_turn": "1"}


@dataclass(frozen=True)
class Directions:
    """The parsed wishes; None where nothing was asked."""

    ttft_ms: float | None = None
    tps: float | None = None
    jitter: float | None = None
    tokens: int | None = None
    more_input: int = 0
    repeat: int | None = None
    fault: str | None = None
    chance: float = 1.0
    after_ms: float | None = None
    after_events: int | None = None
    stall_ms: float = 3_600_000.0
    retry_after: int = 3
    refuse: str | None = None
    refuse_after: int = 0
    declines: int = 1
    pause_turn: int = 0
    batch: str | None = None

    def pace(self, default: Pace) -> Pace:
        asked = {name: getattr(self, name) for name in ("ttft_ms", "tps", "jitter")}
        return replace(default, **{name: value for name, value in asked.items() if value is not None})


def _number(text: str, *, least: float, most: float) -> float:
    value = float(text)
    if math.isnan(value):
        raise ValueError("not a number")
    return min(max(value, least), most)


READERS: dict[str, Callable[[str], Any]] = {
    "ttft_ms": lambda text: _number(text, least=0, most=3_600_000),
    "tps": lambda text: _number(text, least=0.1, most=math.inf),
    "jitter": lambda text: _number(text, least=0, most=0.5),
    "tokens": lambda text: int(_number(text, least=1, most=200_000)),
    "more_input": lambda text: int(_number(text, least=0, most=2e6)),
    "repeat": int,
    "fault": str.lower,
    "chance": lambda text: _number(text, least=0, most=1),
    "after_ms": lambda text: _number(text, least=0, most=3_600_000),
    "after_events": lambda text: int(_number(text, least=0, most=1e6)),
    "stall_ms": lambda text: _number(text, least=0, most=3_600_000),
    "retry_after": lambda text: int(_number(text, least=0, most=1e6)),
    "refuse": str.lower,
    "refuse_after": lambda text: int(_number(text, least=0, most=1e6)),
    "declines": lambda text: int(_number(text, least=1, most=9)),
    "pause_turn": lambda text: int(_number(text, least=0, most=9)),
    "batch": lambda text: {"expire": "expire"}[text.lower()],
}
assert set(READERS) == {each.name for each in fields(Directions)}


def read_directions(*sources: str) -> Directions:
    """Read the wishes of all sources, a later source over an earlier one."""
    asked: dict[str, Any] = {}
    for source in sources:
        for name, text in WORD.findall(source):
            try:
                asked[name] = READERS[name](text or ALONE[name])
            except (KeyError, ValueError, OverflowError):
                continue
    return Directions(**asked)


def directives_in(text: str) -> str:
    """The directives that stand in a text, joined."""
    return " ".join(DIRECTIVE.findall(text))


def without_directives(text: str) -> str:
    return DIRECTIVE.sub("", text).strip()
