"""What each beta does where several are compared: given all the others, beyond their sum, and two by two."""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np

from . import anylook, means
from .inputs import Cell, Column
from .sides import Floats
from .tested import Chance, Interval, Terms

Betas = frozenset[str]


@dataclass(frozen=True)
class Design:
    """The columns of one model by what is on in them beyond what is on in all: `maybe` are the betas that vary."""

    columns: Mapping[Betas, Column]
    maybe: Betas

    @property
    def all_on(self) -> Column | None:
        return self.columns.get(self.maybe)

    @property
    def all_off(self) -> Column | None:
        return self.columns.get(frozenset())

    def without(self, beta: str) -> Column | None:
        """The column in which all but this beta are on; None where there is none."""
        return self.columns.get(self.maybe - {beta})

    @property
    def leaves_one_out(self) -> bool:
        """At least two betas, all of them on in one column, and each of them off by itself in one."""
        return len(self.maybe) >= 2 and self.all_on is not None and all(self.without(beta) for beta in self.maybe)

    @property
    def has_all_subsets(self) -> bool:
        return len(self.maybe) >= 2 and len(self.columns) == 2 ** len(self.maybe)

    def beyond_the_sum(self, key: str) -> float | None:
        """What all the betas change together, less what each of them contributes given the others: 0 where they only add up.
        None where a column is missing, or empty."""
        if not self.leaves_one_out:
            return None
        columns = [self.all_on, self.all_off, *(self.without(beta) for beta in self.maybe)]
        means = [_mean(column.of(key)) if column else None for column in columns]
        if any(mean is None for mean in means):
            return None
        all_on, all_off, *without = (mean for mean in means if mean is not None)
        return all_on - all_off - math.fsum(all_on - mean for mean in without)


def designs(columns: Iterable[Column]) -> list[Design]:
    """One for each model; controls are no part of it, and of equal columns the first is."""
    by_model: dict[str, dict[Betas, Column]] = {}
    for column in columns:
        if not column.role:
            by_model.setdefault(column.model, {}).setdefault(frozenset(column.betas), column)
    return [_design(found) for found in by_model.values()]


def _design(columns: dict[Betas, Column]) -> Design:
    always = frozenset.intersection(*columns)
    maybe = frozenset.union(*columns) - always
    return Design({betas - always: column for betas, column in columns.items()}, maybe)


@dataclass(frozen=True)
class Contrast:
    """A sum of means, each with its sign."""

    difference: float
    interval: Interval | None
    chance: Chance | None


def interaction(design: Design, key: str, pair: tuple[str, str], terms: Terms) -> Contrast | None:
    """By how much two betas together change more than one and the other alone, on average over whatever else is on; None where
    a column has too few cells. In pairs where every column has the cell, else from the columns' means.

    F. Yates 1937, The Design and Analysis of Factorial Experiments; Imperial Bureau of Soil Science, Technical Communication
    35, section 3; as a difference of differences, without his division by two.
    """
    first, second = pair
    signed = [
        (column.of(key), 1 if (first in betas) == (second in betas) else -1) for betas, column in design.columns.items()
    ]
    share = 1 / 2 ** (len(design.maybe) - 2)
    return _contrast([(values, sign * share) for values, sign in signed], terms)


def _contrast(weighted: Sequence[tuple[Mapping[Cell, float], float]], terms: Terms) -> Contrast | None:
    if min(len(values) for values, _ in weighted) < 2:
        return None
    common = sorted(set.intersection(*(set(values) for values, _ in weighted)))
    if len(common) >= 2 and 2 * len(common) >= min(len(values) for values, _ in weighted):
        gaps = np.array([math.fsum(weight * values[cell] for values, weight in weighted) for cell in common])
        return _judged(float(gaps.mean()), [(float(gaps.var(ddof=1)) / len(gaps), len(gaps) - 1)], terms)
    samples = [(np.array(sorted(values.values())), weight) for values, weight in weighted]
    difference = math.fsum(weight * float(sample.mean()) for sample, weight in samples)
    return _judged(difference, [_part(sample, weight) for sample, weight in samples], terms)


def _part(sample: Floats, weight: float) -> tuple[float, int]:
    return weight * weight * float(sample.var(ddof=1)) / len(sample), len(sample) - 1


def _judged(difference: float, parts: list[tuple[float, int]], terms: Terms) -> Contrast:
    if math.sqrt(sum(square for square, _ in parts)) <= 1e-12 * max(1e-12, abs(difference)):
        return Contrast(difference, (difference, difference), None)
    spread = means.combined(parts)
    t = difference / spread.error
    if terms.extended:
        critical, p = anylook.critical_t(spread.df, terms.alpha), anylook.p_of_t(t, spread.df)
    else:
        critical, p = means.quantile_t(spread.df, terms.alpha), means.p_of_t(t, spread.df)
    reach = critical * spread.error
    interval = (difference - reach, difference + reach) if math.isfinite(reach) else None
    return Contrast(difference, interval, Chance(p, 0.0))


def two_by_two(design: Design) -> list[tuple[str, str]]:
    """Every pair of betas whose interaction can be asked for, in alphabetical order."""
    return list(combinations(sorted(design.maybe), 2))


def _mean(values: Mapping[Cell, float]) -> float | None:
    return math.fsum(values.values()) / len(values) if values else None
