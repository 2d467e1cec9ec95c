"""What there is to say where each column has one answer at most: differences, and that they say nothing of chance.

Most comparisons are asked once, and need no process with scipy to be told that.
"""

import math

from betaconsole.statistics.anylook import critical_t
from betaconsole.statistics.correction import KEPT_FOR_LATER
from betaconsole.statistics.figures import Figure
from betaconsole.statistics.inputs import Column, Inputs
from betaconsole.statistics.live import identical_outputs, summaries
from betaconsole.statistics.results import Result, Results

NOTE = "One answer a column says nothing of chance: there is no interval and no p-value."


def is_single(inputs: Inputs) -> bool:
    """Whether no column has two cells that count."""
    return all(len(column.of(figure.key)) < 2 for column in inputs.columns for figure in inputs.figures)


def work_out_single(inputs: Inputs) -> Results:
    """The same form as of many answers; everything is `not_enough`."""
    columns = {column.position: column for column in inputs.columns}
    needed = _fewest(inputs.alpha * KEPT_FOR_LATER / max(1, _questions(inputs))) - 1
    results = [
        _result(figure, column, columns[column.baseline], needed)
        for column in inputs.columns
        if column.baseline in columns and column.baseline != column.position
        for figure in inputs.figures
    ]
    return Results(tuple(results), summaries(inputs), identical_outputs(inputs.columns), (), {}, (), NOTE)


def _result(figure: Figure, column: Column, baseline: Column, needed: int) -> Result:
    mine, theirs = column.of(figure.key), baseline.of(figure.key)
    both = mine.keys() & theirs.keys()
    value, base = (next(iter(cells.values()), None) for cells in (mine, theirs))
    difference = None if value is None or base is None else value - base
    return Result(
        figure=figure.key,
        variant=column.position,
        baseline=baseline.position,
        n=len(mine),
        n_baseline=len(theirs),
        paired=bool(both),
        excluded=max(0, column.planned - len(mine)),
        method="one cell" if difference is not None else "no cell to compare",
        baseline_value=base,
        value=value,
        difference=difference,
        relative=difference / abs(base) if difference is not None and base else None,
        **dict.fromkeys(
            ("low", "high", "relative_low", "relative_high", "shift", "shift_low", "shift_high", "p", "p_corrected")
        ),
        state="not_enough",
        needed=None if difference is None else needed,
    )


def _questions(inputs: Inputs) -> int:
    """How many quantities share the error."""
    asked = sum(column.baseline is not None for column in inputs.columns)
    return asked * sum(not figure.is_share for figure in inputs.figures)


def _fewest(alpha: float) -> int:
    """How many pairs can show anything at all, however often somebody looks."""
    n = 2
    while math.isinf(critical_t(n - 1, alpha)):
        n += 1
    return n
