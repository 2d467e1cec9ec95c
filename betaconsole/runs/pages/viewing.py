"""What is loaded for a page of a comparison: one case and repeat, for the columns that have a lane.

The number of queries is the same for any number of columns, repeats and turns.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import BooleanField, ExpressionWrapper, F, Q

from betaconsole.runs.models import Case, Comparison, Exchange, Variant
from betaconsole.runs.states import State
from betaconsole.runs.stored import read_added, read_message

from .showing import LANES, Row, cell_in_view, is_at_rest, rows_of, shown

# Everything a card needs but the message itself, which only lanes read; a response's size without its bytes.
HEAVY = ("message", "added", "text", "timeline", "response_headers")
FIRST_LANES = tuple(range(LANES))


@dataclass(frozen=True)
class View:
    """Everything of a comparison that its page shows, loaded. `exchanges`: by column position, the latest of those in view.

    `turns`: by column position the conversation of the cell in view, of each turn its last attempt. `viewer_id`: who looks;
    `may_run`: whether that is somebody who may do more than read.
    """

    comparison: Comparison
    rows: Sequence[Row]
    cell: tuple[int, int]
    columns: tuple[int, ...]
    variants: Sequence[Variant]
    cases: list[Case]
    exchanges: Mapping[int, Exchange]
    turns: Mapping[int, Sequence[Exchange]]
    causes: Mapping[int, Exchange]  # by column position: the refused exchange for which the one in view was skipped
    sending_now: int  # requests in flight on the connection, counted where something waits
    viewer_id: int | None = None
    may_run: bool = True

    @property
    def case(self) -> int:
        return self.cell[0]

    @property
    def repeat(self) -> int:
        return self.cell[1]

    @property
    def in_view(self) -> dict[int, Row]:
        """By column position the row of the cell in view."""
        return shown(self.rows, self.cell)

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
        word = "recorded turn" if self.comparison.is_trace else "case"
        case = f"{word} {self.case + 1}" if len(self.cases) > 1 else ""
        repeat = f"repeat {self.repeat}" if len({row.repeat for row in self.rows}) > 1 else ""
        return ", ".join(filter(None, [case, repeat]))

    @property
    def is_at_rest(self) -> bool:
        """Whether nothing goes on by itself: all is final, waits for a person or is paused."""
        return is_at_rest(self.rows, is_paused=self.comparison.paused_at is not None)


def load(
    comparison: Comparison,
    *,
    case: int | None = None,
    repeat: int | None = None,
    columns: Collection[int] = FIRST_LANES,
    rows: Sequence[Row] | None = None,
    viewer_id: int | None = None,
    may_run: bool = True,
) -> View:
    """The view of one case and repeat; where none is asked for, what `showing` chooses."""
    rows = rows_of(comparison) if rows is None else rows
    cell = cell_in_view(rows, case=case, repeat=repeat)
    in_view = shown(rows, cell)
    has_own_body = ExpressionWrapper(Q(own_body__isnull=False), output_field=BooleanField())
    variants = list(comparison.variants.defer("own_body").annotate(has_own_body=has_own_body))
    chosen = tuple(variant.position for variant in variants if variant.position in columns)
    causes = _causes(rows, in_view)
    found = _exchanges(comparison, cell, [row.id for row in causes.values()])
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
        turns=_turns(exchanges, found.values()),
        causes={position: found[row.id] for position, row in causes.items() if row.id in found},
        sending_now=_sending_on(comparison.connection_id) if waits else 0,
        viewer_id=viewer_id,
        # What was brought from a file can be read and compared, and not be sent from here.
        may_run=may_run and comparison.brought is None,
    )


def _exchanges(comparison: Comparison, cell: tuple[int, int], others: Collection[int]) -> dict[int, Exchange]:
    """Every exchange of a case and repeat in the order of turns, and these others, by id, without what is heavy."""
    case, repeat = cell
    wanted = comparison.exchanges.filter(Q(case__position=case, repeat=repeat) | Q(pk__in=others))
    light = wanted.defer(*HEAVY).select_related("author").annotate(kept_bytes=F("response_body__size"))
    return {exchange.pk: exchange for exchange in light.order_by("turn", "attempt")}


def _turns(latest: Mapping[int, Exchange], exchanges: Iterable[Exchange]) -> dict[int, Sequence[Exchange]]:
    """By column position the turns of the cell in view up to the latest, in order, each by its last attempt."""
    by_cell: dict[tuple[int, int, int], dict[int, Exchange]] = defaultdict(dict)
    for exchange in exchanges:
        by_cell[_cell_of(exchange)][exchange.turn] = exchange
    # What came since the rows were read is left for the next look.
    return {
        position: [*(turn for turn in by_cell[_cell_of(last)].values() if turn.turn < last.turn), last]
        for position, last in latest.items()
    }


def _cell_of(exchange: Exchange) -> tuple[int, int, int]:
    return (exchange.variant_id, exchange.case_id, exchange.repeat)


def _causes(rows: Sequence[Row], in_view: Mapping[int, Row]) -> dict[int, Row]:
    """For columns that skip the repeat in view: the failed exchange of the same column that is the reason."""
    skipped = {position for position, row in in_view.items() if row.state == State.SKIPPED}
    return {row.position: row for row in rows if row.position in skipped and row.state == State.FAILED}


def _sending_on(connection_id: int) -> int:
    # Counted here: asked for one connection, SQLite would walk all its exchanges instead of the few in flight.
    return list(Exchange.objects.in_flight().values_list("connection_id", flat=True)).count(connection_id)


@dataclass(frozen=True)
class Words:
    """What was said in one turn: the reply, and what the request added to the conversation before it."""

    message: dict[str, Any] | None
    added: Any


def words_of(exchange_ids: Collection[int]) -> dict[int, Words]:
    """The stored messages of these exchanges, and what their requests added."""
    stored = Exchange.objects.filter(pk__in=exchange_ids).values_list("pk", "message", "added")
    return {exchange_id: Words(read_message(message), read_added(added)) for exchange_id, message, added in stored}
