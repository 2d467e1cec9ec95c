"""The evidence of a comparison as its Figures tab shows it: the table, the drawings, what was said how often, each beta's part."""

from collections.abc import Sequence
from dataclasses import dataclass

from betaconsole.runs.models import Comparison, Variant
from betaconsole.runs.pages.showing import Row, rows_of

from .contributions import Contributions, contributions_of
from .drawings import Drawings, Ways, drawings_of
from .evidence import Shown, evidence_of
from .figure_table import FigureTable, table_of, uncounted
from .output_cards import Card, cards_of
from .verdict_box import Box, box_of


@dataclass(frozen=True)
class Evidence:
    """Everything the tab says of all runs together. `uncounted`: why cells do not count, a sentence for each column."""

    shown: Shown
    table: FigureTable
    drawings: Drawings
    uncounted: Sequence[str]
    cards: Sequence[Card]
    contributions: Contributions | None
    method: str
    box: Box

    @property
    def has_said_the_same(self) -> bool:
        """Whether two runs of a column said the very same."""
        return any(card.said.outputs[0].count > 1 for card in self.cards)

    @property
    def is_settled(self) -> bool:
        """Whether there is nothing more to come of what there is: it runs, or the conclusion is drawn, or could not be."""
        return self.table.is_final or bool(self.shown.problem) or not self.shown.inputs.finished


def has_several(rows: Sequence[Row]) -> bool:
    """Whether a column has more than one cell: then there is more to say than what one run was like."""
    return len({(row.case, row.repeat) for row in rows}) > 1


def evidence_for(
    comparison: Comparison,
    variants: Sequence[Variant],
    rows: Sequence[Row] | None = None,
    *,
    figure: str = "",
    case: int = 0,
    again: bool = False,
    is_print: bool = False,
) -> Evidence:
    """`again`: work out once more what could not be worked out. `figure`: the key of the one to draw where they are not all drawn; `case`: whose outputs are set side by side."""
    rows = rows_of(comparison) if rows is None else rows
    shown = evidence_of(comparison, again=again)
    inputs, results = shown.inputs, shown.results
    names = {variant.position: (variant.letter, variant.label) for variant in variants}
    table = table_of(inputs, names, shown.summaries, results)
    drawings = drawings_of(
        inputs, table, shown.summaries, ways_of(comparison, rows), asked=figure, results=results, all_of_them=is_print
    )
    return Evidence(
        shown=shown,
        table=table,
        drawings=drawings,
        uncounted=uncounted(inputs, names),
        cards=cards_of(comparison, variants, rows, inputs, case=case) if results else (),
        contributions=contributions_of(results, table) if results else None,
        method=results.method_note if results else "",
        box=box_of(shown, table, simulated=comparison.simulated),
    )


def ways_of(comparison: Comparison, rows: Sequence[Row]) -> Ways:
    cases = {case.position: str(case) for case in comparison.cases.only("position", "name", "comparison")}
    exchanges = {(row.position, (row.case, row.repeat)): row.public_id for row in rows}
    return Ways(exchanges, cases if len(cases) > 1 else {})
