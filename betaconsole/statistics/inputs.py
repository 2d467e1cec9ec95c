"""What is compared: columns with their values, cell by cell."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from .figures import Figure

Cell = tuple[int, int]  # (position of the case, repeat)

# Far beyond any quantity of a comparison, and far below where squares and sums overflow.
MOST = 1e15
MOST_VALUES = 2_000_000


@dataclass(frozen=True)
class Column:
    """One column. `values`: of each figure's key the value of every cell that counts. A cell that is absent does not count;
    `excluded` says why, and how many. `planned`: how many cells the column has. `outputs`: a digest of what each said."""

    position: int
    baseline: int | None
    role: str
    betas: tuple[str, ...]
    model: str
    planned: int
    values: Mapping[str, Mapping[Cell, float]]
    excluded: Mapping[str, int]
    outputs: Mapping[Cell, str]

    def of(self, key: str) -> Mapping[Cell, float]:
        """The values of a figure by cell; empty where no cell has one."""
        return self.values.get(key, {})

    def dump(self) -> dict[str, Any]:
        """As JSON; cells as [case, repeat, value]."""
        return {
            "position": self.position,
            "baseline": self.baseline,
            "role": self.role,
            "betas": list(self.betas),
            "model": self.model,
            "planned": self.planned,
            "values": {key: _listed(cells) for key, cells in self.values.items()},
            "excluded": dict(self.excluded),
            "outputs": _listed(self.outputs),
        }

    @classmethod
    def load(cls, data: Mapping[str, Any]) -> "Column":
        """What `dump` wrote; raises KeyError, TypeError or ValueError for anything else."""
        values = {
            str(key): {(int(case), int(repeat)): _number(value) for case, repeat, value in cells}
            for key, cells in data["values"].items()
        }
        return cls(
            position=int(data["position"]),
            baseline=None if data["baseline"] is None else int(data["baseline"]),
            role=str(data["role"]),
            betas=tuple(map(str, data["betas"])),
            model=str(data["model"]),
            planned=int(data["planned"]),
            values=values,
            excluded={str(why): int(count) for why, count in data["excluded"].items()},
            outputs={(int(case), int(repeat)): str(digest) for case, repeat, digest in data["outputs"]},
        )


@dataclass(frozen=True)
class Inputs:
    """A whole comparison. `extended`: repeats were added after somebody had looked at the results. `finished`: every
    planned cell has ended; before that there is no p-value and no conclusion. `seed`: of all that is drawn by chance."""

    columns: tuple[Column, ...]
    figures: tuple[Figure, ...]
    alpha: float = 0.05
    extended: bool = False
    finished: bool = True
    seed: int = 0

    def dump(self) -> dict[str, Any]:
        """As JSON: the question that `python -m betaconsole.statistics` is asked."""
        return {
            "columns": [column.dump() for column in self.columns],
            "figures": [[figure.key, figure.label, figure.unit] for figure in self.figures],
            "alpha": self.alpha,
            "extended": self.extended,
            "finished": self.finished,
            "seed": self.seed,
        }

    @classmethod
    def load(cls, data: Mapping[str, Any]) -> "Inputs":
        """Raises ValueError, KeyError or TypeError for what is no inputs: a number that is not finite or beyond `MOST`, an
        alpha outside (0, 0.5], more than `MOST_VALUES` values."""
        loaded = cls(
            columns=tuple(Column.load(column) for column in data["columns"]),
            figures=tuple(Figure(*figure) for figure in data["figures"]),
            alpha=float(data["alpha"]),
            extended=bool(data["extended"]),
            finished=bool(data["finished"]),
            seed=int(data["seed"]),
        )
        if not 0 < loaded.alpha <= 0.5:
            raise ValueError("alpha lies above 0 and is at most 0.5")
        if loaded.size > MOST_VALUES:
            raise ValueError(f"{loaded.size:,} values are too many: at most {MOST_VALUES:,}")
        return loaded

    @property
    def size(self) -> int:
        return sum(len(cells) for column in self.columns for cells in column.values.values())


def _listed(cells: Mapping[Cell, Any]) -> list[list[Any]]:
    return [[case, repeat, value] for (case, repeat), value in cells.items()]


def _number(value: Any) -> float:
    number = float(value)
    if not math.isfinite(number) or abs(number) > MOST:
        raise ValueError("every value is a finite number")
    return number
