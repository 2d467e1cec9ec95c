"""What is loaded for a page of a comparison: one case and repeat, for the columns that have a lane.

The number of queries is the same for any number of columns and repeats.
"""

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import BooleanField, ExpressionWrapper, F, Q

from .models import Case, Comparison, Exchange, Variant
from .showing import LANES, Row, cell_in_view, rows_of, shown
from .states import UNFINISHED, State

# Everything a card needs but the message itself, which only lanes read; a response's size without its bytes.
HEAVY = ("message", "text", "timeline", "response_headers")
FIRST_LANES = tuple(range(LANES))


@dataclass(frozen=True)
class View:
    """Everything of a comparison that its page shows, loaded. `exchanges`: by column position, those in view."""

    comparison: Comparison
    rows: Sequence[Row]
    cell: tuple[int, int]
    columns: tuple[int, ...]
    variants: Sequence[Variant]
    cases: list[Case]
    exchanges: Mapping[int, Exchange]
    causes: Mapping[int, Exchange]  # by column position: the refused exchange for which the one in view was skipped
    sending_now: int  # requests in flight on the connection, counted where something waits

    @property
    def case(self) -> int:
        return self.cell[0]

    @property
    def repeat(self) -> int:
        return self.cell[1]

    @property
    def asked_columns(self) -> str:
        """The positions of the lanes as an address names them; empty where they are the first ones."""
        is_usual = self.columns == FIRST_LANES[: len(self.columns)]
        return "" if is_usual else ",".join(map(str, self.columns))

    def baseline_of(self, variant: Variant) -> Variant | None:
        """The column this one is compared with."""
        return next((other for other in self.variants if other.pk == variant.baseline_id), None)

    def compared_with(self, positions: Collection[int]) -> set[int]:
        """The positions of the ended columns in view whose baseline is one of these."""
        baselines = {variant.pk for variant in self.variants if variant.position in positions}
        return {
            variant.position
            for variant in self.variants
            if variant.baseline_id in baselines
            and variant.position in self.exchanges
            and self.exchanges[variant.position].is_final
        }

    def refused(self, variant: Variant) -> list[str]:
        """The names the column's exchange in view was refused for, in the column's order."""
        exchange = self.causes.get(variant.position) or self.exchanges.get(variant.position)
        refused = set(exchange.refused_betas) if exchange else set()
        return [beta for beta in variant.betas if beta in refused]

    @property
    def name(self) -> str:
        """Which part of the comparison this is; empty where it has one only."""
        case = f"case {self.case + 1}, " if len(self.cases) > 1 else ""
        return f"{case}repeat {self.repeat}" if case or len({row.repeat for row in self.rows}) > 1 else ""

    @property
    def is_finished(self) -> bool:
        return not any(row.state in UNFINISHED for row in self.rows)


def load(
    comparison: Comparison,
    *,
    case: int | None = None,
    repeat: int | None = None,
    columns: Collection[int] = FIRST_LANES,
    rows: Sequence[Row] | None = None,
) -> View:
    """The view of one case and repeat; where none is asked for, what `showing` chooses."""
    rows = rows_of(comparison) if rows is None else rows
    cell = cell_in_view(rows, case=case, repeat=repeat)
    in_view = shown(rows, cell)
    has_own_body = ExpressionWrapper(Q(own_body__isnull=False), output_field=BooleanField())
    variants = list(comparison.variants.defer("own_body").annotate(has_own_body=has_own_body))
    chosen = tuple(variant.position for variant in variants if variant.position in columns)
    causes = _causes(rows, in_view)
    wanted = [row.id for chosen in (in_view, causes) for row in chosen.values()]
    light = Exchange.objects.filter(pk__in=wanted).defer(*HEAVY).annotate(kept_bytes=F("response_body__size"))
    found = {exchange.pk: exchange for exchange in light}
    exchanges = {position: found[row.id] for position, row in in_view.items() if row.id in found}
    waits = any(exchange.state == State.QUEUED for exchange in exchanges.values())
    return View(
        comparison=comparison,
        rows=rows,
        cell=cell,
        columns=chosen or FIRST_LANES,
        variants=variants,
        cases=list(comparison.cases.only("position", "name", "comparison")),
        exchanges=exchanges,
        causes={position: found[row.id] for position, row in causes.items() if row.id in found},
        sending_now=_sending_on(comparison.connection_id) if waits else 0,
    )


def _causes(rows: Sequence[Row], in_view: Mapping[int, Row]) -> dict[int, Row]:
    """For columns that skip the repeat in view: the failed exchange of the same column that is the reason."""
    skipped = {position for position, row in in_view.items() if row.state == State.SKIPPED}
    return {row.position: row for row in rows if row.position in skipped and row.state == State.FAILED}


def _sending_on(connection_id: int) -> int:
    # Counted here: asked for one connection, SQLite would walk all its exchanges instead of the few in flight.
    return list(Exchange.objects.in_flight().values_list("connection_id", flat=True)).count(connection_id)


def messages_of(exchange_ids: Collection[int]) -> dict[int, dict[str, Any] | None]:
    """The stored messages of these exchanges."""
    stored = Exchange.objects.filter(pk__in=exchange_ids).values_list("pk", "message")
    return {exchange_id: read_message(message) for exchange_id, message in stored}


def read_message(stored: bytes | None) -> dict[str, Any] | None:
    """The stored message; None where there is none or its row is damaged (the raw bytes are shown elsewhere)."""
    try:
        message = json.loads(stored) if stored else None
    except (ValueError, RecursionError):
        return None
    return message if isinstance(message, dict) else None
