"""The evidence of a comparison as its pages show it: the box, the table, the drawings, the outputs, each beta's part."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from betaconsole.runs.models import Comparison, Variant
from betaconsole.runs.pages.showing import Row

from .contributions import Contributions, contributions_of
from .drawings import Drawings, Ways, drawings_of
from .evidence import Shown, evidence_of
from .figure_table import FigureTable, counted, table_of, uncounted
from .output_cards import Card, cards_of
from .verdict_box import Box, box_of


@dataclass(frozen=True)
class Evidence:
    """Everything that is said of all runs together, each part worked out when it is asked for.

    `figure`: the key of the one to draw where they are not all drawn. `case`: whose outputs are set side by side.
    """

    comparison: Comparison
    variants: Sequence[Variant]
    rows: Sequence[Row]
    shown: Shown
    figure: str = ""
    case: int = 0
    is_print: bool = False

    @cached_property
    def table(self) -> FigureTable:
        return table_of(self.shown.inputs, self.names, self.shown.summaries, self.shown.results)

    @property
    def names(self) -> dict[int, tuple[str, str]]:
        return {variant.position: (variant.letter, variant.label) for variant in self.variants}

    @cached_property
    def box(self) -> Box:
        return box_of(self.shown, self.table, simulated=self.comparison.simulated)

    @cached_property
    def uncounted(self) -> Sequence[str]:
        """Why cells do not count, a sentence for each column."""
        return uncounted(self.shown.inputs, self.names)

    @cached_property
    def drawings(self) -> Drawings:
        return drawings_of(
            self.shown.inputs,
            self.table,
            self.shown.summaries,
            self._ways(),
            asked=self.figure,
            results=self.shown.results,
            is_print=self.is_print,
        )

    @cached_property
    def cards(self) -> Sequence[Card]:
        """What was said, once nothing more is being said."""
        if not self.shown.is_final:
            return ()
        return cards_of(self.comparison, self.variants, self.rows, self.shown.inputs, case=self.case)

    @property
    def has_said_the_same(self) -> bool:
        """Whether two runs of a column said the very same."""
        return any(card.said.outputs[0].count > 1 for card in self.cards)

    @cached_property
    def contributions(self) -> Contributions | None:
        return contributions_of(self.shown.results, self.table) if self.shown.results else None

    @property
    def method(self) -> str:
        return self.shown.results.method_note if self.shown.results else ""

    @property
    def is_current(self) -> bool:
        """Whether there is nothing more to say of what there is now: the conclusion is drawn, or could not be, or every cell
        that has ended so far is told of."""
        inputs = self.shown.inputs
        if self.shown.is_final or self.shown.problem or inputs.finished:
            return self.shown.is_final or bool(self.shown.problem)
        told = sum(counted(column) + sum(column.excluded.values()) for column in inputs.columns)
        return told == sum(not row.is_unfinished for row in self.rows)

    def _ways(self) -> Ways:
        cases = {case.position: str(case) for case in self.comparison.cases.only("position", "name", "comparison")}
        exchanges = {(row.position, (row.case, row.repeat)): row.public_id for row in self.rows}
        return Ways(exchanges, cases if len(cases) > 1 else {})


def has_several(rows: Sequence[Row]) -> bool:
    """Whether a column has more than one cell: then there is more to say than what one run was like."""
    return len({(row.case, row.repeat) for row in rows}) > 1


def evidence_for(
    comparison: Comparison,
    variants: Sequence[Variant],
    rows: Sequence[Row],
    *,
    figure: str = "",
    case: int = 0,
    again: bool = False,
    is_print: bool = False,
) -> Evidence:
    """`again`: work out once more what could not be worked out."""
    shown = evidence_of(comparison, again=again)
    return Evidence(comparison, variants, rows, shown, figure=figure, case=case, is_print=is_print)
