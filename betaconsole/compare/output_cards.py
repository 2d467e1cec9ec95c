"""What columns said, one card for each: one of its different outputs, with how many runs had it and the ways to the others."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from betaconsole.runs.models import Comparison, Variant
from betaconsole.runs.pages.block_views import BlockView, final_views
from betaconsole.runs.pages.showing import Row
from betaconsole.runs.pages.viewing import words_of
from betaconsole.statistics.inputs import Inputs

from .same_outputs import Said, said_by

MOST_CARDS = 8
MOST_BLOCKS = 12


@dataclass(frozen=True)
class Run:
    """One run that had the output that is shown."""

    repeat: int
    exchange: str  # public id


@dataclass(frozen=True)
class Card:
    """`index` counts the outputs of `said` from 0. No blocks: nothing came that has a message."""

    comparison: Comparison
    variant: Variant
    said: Said
    index: int
    runs: tuple[Run, ...]
    blocks: Sequence[BlockView]
    turns: int

    @property
    def at(self) -> int:
        return self.index + 1

    @property
    def previous(self) -> int | None:
        return self.index - 1 if self.index else None

    @property
    def next(self) -> int | None:
        return self.index + 1 if self.at < len(self.said.outputs) else None

    @property
    def exchange(self) -> str:
        """Where the output that is shown can be read in full: the public id of its first run."""
        return self.runs[0].exchange if self.runs else ""


def cards_of(
    comparison: Comparison,
    variants: Sequence[Variant],
    rows: Sequence[Row],
    inputs: Inputs,
    *,
    case: int,
    index: int = 0,
) -> list[Card]:
    """One for each of these columns that said something in this case, `MOST_CARDS` at most. One query."""
    by_cell = {(row.position, row.repeat): row for row in rows if row.case == case}
    columns = {column.position: column for column in inputs.columns}
    # A column that joined since the last look at a running comparison has no place in it yet.
    known = [(variant, columns[variant.position]) for variant in variants if variant.position in columns]
    found = [(variant, said) for variant, one in known if (said := said_by(one, case=case)).outputs][:MOST_CARDS]
    chosen = {variant.position: min(index, len(said.outputs) - 1) for variant, said in found}
    first = {
        variant.position: by_cell[variant.position, said.outputs[chosen[variant.position]].repeats[0]]
        for variant, said in found
    }
    words = words_of([row.id for row in first.values()])
    return [
        _card(comparison, variant, said, chosen[variant.position], by_cell, words[first[variant.position].id].message)
        for variant, said in found
    ]


def _card(
    comparison: Comparison,
    variant: Variant,
    said: Said,
    index: int,
    by_cell: Mapping[tuple[int, int], Row],
    message: dict[str, Any] | None,
) -> Card:
    rows = [by_cell[variant.position, repeat] for repeat in said.outputs[index].repeats]
    # The lane may show the same exchange: its blocks are named after it, these are not.
    blocks = final_views(message, f"said-{variant.position}")
    runs = tuple(Run(row.repeat, row.public_id) for row in rows)
    return Card(comparison, variant, said, index, runs, blocks[:MOST_BLOCKS], rows[0].turn)
