"""Columns of made-up figures, to see what is said of them."""

import random
from collections.abc import Mapping, Sequence

from betaconsole.statistics import figures
from betaconsole.statistics.figures import MEASURED, Figure
from betaconsole.statistics.inputs import Cell, Column, Inputs

THINKING = figures.block_type("thinking")
BY_KEY = {figure.key: figure for figure in (*MEASURED, figures.REFUSAL, THINKING)}


def cells(*values: float) -> dict[Cell, float]:
    return {(0, repeat): value for repeat, value in enumerate(values, start=1)}


def noisy(mean: float, repeats: int, *, spread: float = 0.05, seed: int = 0) -> dict[Cell, float]:
    rng = random.Random(seed)
    return cells(*(round(rng.gauss(mean, mean * spread), 3) for _ in range(repeats)))


def column(
    position: int,
    values: Mapping[str, Mapping[Cell, float]],
    *,
    baseline: int | None = 0,
    role: str = "",
    betas: Sequence[str] = (),
    excluded: Mapping[str, int] | None = None,
) -> Column:
    excluded = excluded or {}
    counted = len({cell for each in values.values() for cell in each})
    return Column(
        position=position,
        baseline=baseline if position else None,
        role=role,
        betas=tuple(betas),
        model="claude-sonnet-4-6",
        planned=counted + sum(excluded.values()),
        values=values,
        excluded=excluded,
        outputs={},
    )


def inputs(*columns: Column, extended: bool = False, shown: Sequence[Figure] = ()) -> Inputs:
    keys = dict.fromkeys(key for each in columns for key in each.values)
    known = {**BY_KEY, **{figure.key: figure for figure in shown}}
    return Inputs(columns=columns, figures=tuple(known[key] for key in keys), extended=extended, seed=1)
