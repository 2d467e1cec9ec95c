"""What is measured of a cell over all of its turns, and how it differs from the cell it is compared with. Pure.

Differences are said without judgement: fewer is not better until somebody says so. A figure that one turn lacks makes the
sum unknown, never too small.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal

from betaconsole.catalogue.pricing import cost_of, cost_without_caching_usd
from betaconsole.drafts.models import Engine
from betaconsole.runs.models import Comparison, Exchange
from betaconsole.runs.states import State
from betaconsole.web.templatetags.figures import DASH, count, ms, rate, usd

BASELINE = "baseline"
Turns = Sequence[Exchange]


@dataclass(frozen=True)
class Cell:
    """The turns of one cell in order. `waits`: it has not come to its end, so its sums are compared with none."""

    turns: Turns = ()
    waits: bool = False

    @property
    def counts(self) -> bool:
        """Whether it is compared: what did not succeed is no faster and no cheaper answer."""
        return bool(self.turns) and self.turns[-1].state == State.SUCCEEDED and not self.waits


@dataclass(frozen=True)
class Kind:
    """One figure: how it is read from the turns of a cell and written down. `is_main`: shown where there is little room."""

    key: str
    label: str
    read: Callable[[Turns], float | None]
    write: Callable[..., str]
    is_main: bool = False


@dataclass(frozen=True)
class Figure:
    """One figure of one column. `difference` is `+2 %`, `baseline` for a column compared with none, a dash where the
    other one has no such figure, and empty where this one has none or did not succeed: a refusal is no faster answer.
    `turns` says of how many turns it is the sum; empty for one turn. `title` says what is not plain, and `why_unknown` why an
    answer that came has no cost."""

    key: str
    label: str
    text: str
    difference: str
    is_main: bool
    turns: str = ""
    title: str = ""
    why_unknown: str = ""


def tokens_per_second(turns: Turns) -> float | None:
    """Output tokens by the time they took: from the first byte where they were streamed, else from the request."""
    tokens, spent_ms = _sum(turn.output_tokens for turn in turns), _sum(_spent_ms(turn) for turn in turns)
    return tokens * 1000 / spent_ms if tokens and spent_ms and spent_ms > 0 else None


def _spent_ms(turn: Exchange) -> float | None:
    if not turn.total_ms:
        return None
    return turn.total_ms - (turn.first_byte_ms or 0.0) if turn.stream else turn.total_ms


def _sum(values: Iterable[float | None]) -> float | None:
    """The sum; None where there is nothing or a part is missing."""
    known = list(values)
    return None if not known or None in known else sum(value for value in known if value is not None)


def _all(name: str) -> Callable[[Turns], float | None]:
    """The sum of a column over all turns."""
    return lambda turns: _sum(getattr(turn, name) for turn in turns)


def _first(name: str) -> Callable[[Turns], float | None]:
    """A column of the first turn."""
    return lambda turns: getattr(turns[0], name) if turns else None


def _cost(turns: Turns) -> float | None:
    return _dollars(turn.cost_usd for turn in turns)


def _uncached_cost(turns: Turns) -> float | None:
    return _dollars(_uncached_cost_usd(turn) for turn in turns)


def _dollars(costs: Iterable[Decimal | None]) -> float | None:
    """The sum, added up exactly."""
    known = list(costs)
    return None if not known or None in known else float(sum(cost for cost in known if cost is not None))


def _uncached_cost_usd(turn: Exchange) -> Decimal | None:
    is_batch = turn.batch_id is not None
    return cost_without_caching_usd(turn.usage, model=turn.model_used or turn.model, batch=is_batch)


def why_no_cost(turns: Turns) -> str:
    """Why answers that came have no cost, in a sentence; empty where they have one, or none came."""
    unpriced = (turn for turn in turns if turn.state == State.SUCCEEDED and turn.usage and turn.cost_usd is None)
    whys = (
        cost_of(turn.usage, model=turn.model_used or turn.model, batch=turn.batch_id is not None).why_unknown
        for turn in unpriced
    )
    return next(whys, "")


KINDS = (
    Kind("first_text", "First text", _first("first_text_ms"), ms),
    Kind("total", "Total", _all("total_ms"), ms, is_main=True),
    Kind("speed", "Speed", tokens_per_second, rate),
    Kind("input", "Input", _all("input_tokens"), count),
    Kind("output", "Output", _all("output_tokens"), count, is_main=True),
    Kind("cost", "Cost", _cost, usd, is_main=True),
    Kind("first_byte", "First byte", _first("first_byte_ms"), ms),
    Kind("cache_read", "Cache read", _all("cache_read_tokens"), count),
    Kind("cache_write", "Cache write", _all("cache_write_tokens"), count),
)
UNCACHED = Kind("uncached_cost", "Cost without caching", _uncached_cost, usd)
OF_THE_FIRST_TURN = ("first_text", "first_byte")
TITLES = {
    UNCACHED.key: "All input at base price: what was written to a prompt cache or read from one counts as plain input."
}


OF_TIME = ("first_text", "total", "speed", "first_byte")
OF_ANY_ANSWER = ("total", "first_byte")
OF_A_COUNT = ("input", *OF_ANY_ANSWER)


def kinds_for(comparison: Comparison, turns: Iterable[Exchange]) -> tuple[Kind, ...]:
    """The figures there are of these: times alone where no message answers, and none where a batch answers."""
    turns = list(turns)
    if not comparison.endpoint.is_messages:
        counted = any(turn.input_tokens is not None for turn in turns)
        return tuple(kind for kind in KINDS if kind.key in (OF_A_COUNT if counted else OF_ANY_ANSWER))
    every = kinds(cached=met_a_cache(turns))
    return tuple(kind for kind in every if kind.key not in OF_TIME) if comparison.engine == Engine.BATCH else every


def kinds(*, cached: bool) -> tuple[Kind, ...]:
    """The figures to show. `cached`: prompt caches were written or read, so there is a cost without them."""
    return (*KINDS, UNCACHED) if cached else KINDS


def met_a_cache(turns: Iterable[Exchange]) -> bool:
    """Whether any of these wrote to a prompt cache or read from one."""
    return any(turn.cache_read_tokens or turn.cache_write_tokens for turn in turns)


def figures_of(cell: Cell, beside: Cell | None, *, is_baseline: bool, chosen: Sequence[Kind] = KINDS) -> list[Figure]:
    """The chosen figures of a cell beside its baseline's; dashes where there is no exchange or nothing was measured."""
    return [_figure(kind, cell, beside or Cell(), is_baseline=is_baseline) for kind in chosen]


def _figure(kind: Kind, cell: Cell, beside: Cell, *, is_baseline: bool) -> Figure:
    value = kind.read(cell.turns)
    base = kind.read(beside.turns) if beside.counts else None
    counts = value is not None and cell.counts
    said = (BASELINE if is_baseline else difference(value, base)) if counts else ""
    is_sum = len(cell.turns) > 1
    title = "Of the first turn" if is_sum and kind.key in OF_THE_FIRST_TURN else TITLES.get(kind.key, "")
    turns = f"{len(cell.turns):,} turns" if is_sum and kind.key == "total" else ""
    why_unknown = why_no_cost(cell.turns) if kind.read is _cost and value is None else ""
    return Figure(kind.key, kind.label, kind.write(value), said, kind.is_main, turns, title, why_unknown)


def difference(value: float | None, base: float | None) -> str:
    """How far a value lies from its baseline's: `+2 %`, `same`, `× 12`; a dash where one of them is missing."""
    if value is None or base is None:
        return DASH
    if value == base:
        return "same"
    if base <= 0 or value < 0:
        return _signed(value - base, f"{abs(value - base):,.4g}")
    percent = (value - base) / base * 100
    if abs(percent) < 0.05:
        return "±0 %"
    if percent >= 1000:
        return f"× {value / base:,.0f}"
    return _signed(percent, f"{abs(percent):.0f} %" if abs(percent) >= 0.95 else f"{abs(percent):.1f} %")


def _signed(value: float, written: str) -> str:
    return ("+" if value > 0 else "−") + written
