"""Columns to compare, from plain lists."""

from collections.abc import Mapping, Sequence

from betaconsole.statistics.figures import MEASURED, REFUSAL, Figure
from betaconsole.statistics.inputs import Column, Inputs

OUTPUT_TOKENS = MEASURED[0]
TOTAL_MS = next(figure for figure in MEASURED if figure.key == "total_ms")
Values = Mapping[str, Sequence[float]]

__all__ = ["MEASURED", "OUTPUT_TOKENS", "REFUSAL", "TOTAL_MS", "column", "inputs"]


def column(
    position: int, values: Values, *, baseline: int | None = 0, betas: tuple[str, ...] = (), role: str = ""
) -> Column:
    """A column of one case; value number n is that of repeat n + 1."""
    cells = {key: {(0, repeat): float(value) for repeat, value in enumerate(row, 1)} for key, row in values.items()}
    return Column(
        position=position,
        baseline=None if position == baseline else baseline,
        role=role,
        betas=betas,
        model="model",
        planned=max((len(row) for row in values.values()), default=0),
        values=cells,
        excluded={},
        outputs={},
    )


def inputs(*columns: Column, figures: tuple[Figure, ...] = (OUTPUT_TOKENS,), **others: object) -> Inputs:
    return Inputs(columns=columns, figures=figures, **others)  # type: ignore[arg-type]
