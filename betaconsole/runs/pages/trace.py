"""A trace: the turns of a recorded conversation as cases, and what all of them together took in each column."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from betaconsole.runs.models import Exchange, Variant
from betaconsole.runs.states import FINAL, State

from .cache_bias import cache_bias
from .figures import Cell, Figure, figures_of, kinds, met_a_cache
from .viewing import View

SUMMED = ("cost", "uncached_cost", "input", "output", "cache_read", "cache_write")
WHICH = (
    "comparison_id",
    "variant_id",
    "case_id",
    "repeat",
    "turn",
    "attempt",
    "state",
    "status",
    "sent_at",
    "batch_id",
)
MEASURED = ("stream", "model", "model_used", "usage", "first_text_ms", "first_byte_ms", "total_ms", "cost_usd")
TOKENS = ("input_tokens", "output_tokens", "cache_read_tokens", "cache_write_tokens")


@dataclass(frozen=True)
class TraceRow:
    """One column over the whole trace. `ended` of `turns` recorded turns have ended; the sums are over those.

    Not among them: what was refused (4xx) or never sent. It cost nothing and used nothing.
    """

    variant: Variant
    baseline: Variant | None
    ended: int
    turns: int
    figures: list[Figure]

    @property
    def is_whole(self) -> bool:
        return self.ended == self.turns


def trace_context(view: View) -> dict[str, Any]:
    """The sums for the repeat in view: rows of columns, the heads of their figures, and what caches did to them."""
    columns = _sent(view)
    ended = _ended(view, columns)
    chosen = [kind for kind in kinds(cached=any(map(met_a_cache, columns.values()))) if kind.key in SUMMED]
    rows = []
    for variant in view.variants:
        baseline = view.baseline_of(variant)
        is_in_step = baseline is not None and ended[baseline.position] == ended[variant.position]
        rows.append(
            TraceRow(
                variant=variant,
                baseline=baseline,
                ended=len(ended[variant.position]),
                turns=len(view.cases),
                figures=figures_of(
                    Cell(columns[variant.position]),
                    Cell(columns[baseline.position]) if baseline and is_in_step else None,
                    is_baseline=baseline is None,
                    chosen=chosen,
                ),
            )
        )
    bias = cache_bias(columns, separate=view.comparison.separate_caches)
    return {"rows": rows, "heads": rows[0].figures if rows else [], "cache_bias": bias}


def _ended(view: View, columns: Mapping[int, Sequence[Exchange]]) -> dict[int, set[int]]:
    """By column position the recorded turns (cases) that have ended in the repeat in view and are in the sums."""
    billed = {exchange.pk for of_column in columns.values() for exchange in of_column}
    ended: dict[int, set[int]] = defaultdict(set)
    for row in view.rows:
        if row.id in billed:
            ended[row.position].add(row.case)
    return ended


def _sent(view: View) -> dict[int, list[Exchange]]:
    """By column position what was sent and has ended in the repeat in view, in order, of each request its last attempt."""
    positions = {variant.pk: variant.position for variant in view.variants}
    found = view.comparison.exchanges.filter(repeat=view.repeat, state__in=FINAL).only(*WHICH, *MEASURED, *TOKENS)
    last: dict[tuple[int, int, int], Exchange] = {}
    for exchange in found.order_by("case__position", "turn", "attempt"):
        last[exchange.variant_id, exchange.case_id, exchange.turn] = exchange
    by_column: dict[int, list[Exchange]] = defaultdict(list)
    for exchange in last.values():
        if not _used_nothing(exchange):
            by_column[positions[exchange.variant_id]].append(exchange)
    return by_column


def _used_nothing(exchange: Exchange) -> bool:
    """Whether it was refused or never sent. What came of anything else without figures is not known, nor is a sum with it."""
    is_refused = exchange.state == State.FAILED and 400 <= (exchange.status or 0) < 500
    return is_refused or (exchange.state in (State.CANCELLED, State.SKIPPED) and exchange.sent_at is None)
