"""Each column by itself, while the comparison runs: no p-value, no conclusion, and nothing but Python."""

import math
from collections import Counter
from collections.abc import Iterable, Mapping

from .figures import Figure
from .inputs import Column, Inputs
from .medians import median_interval, quantile
from .results import Summary
from .shares import wilson


def summaries(inputs: Inputs) -> tuple[Summary, ...]:
    """One for each column and figure, in their order; those without a value have n = 0."""
    return tuple(
        summary(figure, column.position, column.of(figure.key).values(), alpha=inputs.alpha)
        for column in inputs.columns
        for figure in inputs.figures
    )


def summary(figure: Figure, variant: int, values: Iterable[float], *, alpha: float = 0.05) -> Summary:
    """Median and quartiles of a figure (Hyndman & Fan 1996, type 7) with an interval at 1 − `alpha`: of the median by its order
    statistics, of a share by Wilson's score; all None without values."""
    ordered = sorted(values)
    n = len(ordered)
    if not n:
        return Summary(figure.key, variant, 0, None, None, None, None, None, None, None, None)
    if figure.is_share:
        interval: tuple[float, float] | None = wilson(round(sum(ordered)), n, alpha=alpha)
    else:
        interval = median_interval(ordered, alpha=alpha)
    low, high = interval or (None, None)
    return Summary(
        figure=figure.key,
        variant=variant,
        n=n,
        mean=math.fsum(ordered) / n,
        median=quantile(ordered, 0.5),
        q1=quantile(ordered, 0.25),
        q3=quantile(ordered, 0.75),
        low=low,
        high=high,
        minimum=ordered[0],
        maximum=ordered[-1],
    )


def identical_outputs(columns: Iterable[Column]) -> Mapping[int, tuple[int, ...]]:
    """Of each column how many cells said the very same, largest group first."""
    return {
        column.position: tuple(sorted(Counter(column.outputs.values()).values(), reverse=True)) for column in columns
    }
