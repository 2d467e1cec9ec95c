"""What was found. Every number is finite; one that cannot be had is None."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Literal, Self

State = Literal["differs", "no_difference", "identical", "not_enough"]


class Finding:
    """One row of what was found: a dataclass of plain values, written down as it stands."""

    def dump(self) -> dict[str, Any]:
        """As JSON, field by field."""
        return asdict(self)  # type: ignore[call-overload]  # every subclass is a dataclass

    @classmethod
    def load(cls, data: Mapping[str, Any]) -> Self:
        """What `dump` wrote."""
        return cls(**data)


@dataclass(frozen=True)
class Result(Finding):
    """One figure of one column against its baseline.

    `n`: cells of the column that count here, `n_baseline` the baseline's; where `paired` both are the number of pairs.
    `excluded`: planned cells of the column that do not count. `difference` is that of the means (shares: of the shares),
    column minus baseline, and `low`, `high` its interval; equal to it where every pair differs by exactly as much.
    `relative` is the difference as a share of the baseline. `shift`: Hodges-Lehmann. `p_corrected`: after Holm over all
    that is shown, and for looking again after more repeats. `needed`: further repeats of the comparison that would settle it,
    None where it is settled or nobody can say.
    """

    figure: str
    variant: int
    baseline: int
    n: int
    n_baseline: int
    paired: bool
    excluded: int
    method: str
    baseline_value: float | None
    value: float | None
    difference: float | None
    relative: float | None
    low: float | None
    high: float | None
    relative_low: float | None
    relative_high: float | None
    shift: float | None
    shift_low: float | None
    shift_high: float | None
    p: float | None
    p_corrected: float | None
    state: State
    needed: int | None


@dataclass(frozen=True)
class Summary(Finding):
    """One figure of one column by itself. `low`, `high`: 95 % interval of the median, whatever the distribution; None with
    fewer than 6 values. Of a share, `mean` is the share and the interval is the share's (Wilson)."""

    figure: str
    variant: int
    n: int
    mean: float | None
    median: float | None
    q1: float | None
    q3: float | None
    low: float | None
    high: float | None
    minimum: float | None
    maximum: float | None


@dataclass(frozen=True)
class Contribution(Finding):
    """What one beta changes where all the others are on: all, minus all without it; `relative_low`, `relative_high` as a share
    of all without it."""

    figure: str
    beta: str
    difference: float
    low: float | None
    high: float | None
    p_corrected: float | None
    relative_low: float | None = None
    relative_high: float | None = None


@dataclass(frozen=True)
class Interaction(Finding):
    """By how much two betas together change more than one and the other alone; from all subsets only."""

    figure: str
    first: str
    second: str
    difference: float
    low: float | None
    high: float | None
    p_corrected: float | None


@dataclass(frozen=True)
class Results:
    """Everything. `identical`: of each column, by its position, how many cells said the very same, largest group first.
    `non_additivity`: by figure, what all the betas change together beyond the sum of their contributions."""

    results: tuple[Result, ...]
    summaries: tuple[Summary, ...]
    identical: Mapping[int, tuple[int, ...]]
    contributions: tuple[Contribution, ...]
    non_additivity: Mapping[str, float]
    interactions: tuple[Interaction, ...]
    method_note: str

    def dump(self) -> dict[str, Any]:
        """As JSON, and as it is kept with a comparison."""
        return {
            "results": [one.dump() for one in self.results],
            "summaries": [one.dump() for one in self.summaries],
            "identical": {str(column): list(sizes) for column, sizes in self.identical.items()},
            "contributions": [one.dump() for one in self.contributions],
            "non_additivity": dict(self.non_additivity),
            "interactions": [one.dump() for one in self.interactions],
            "method_note": self.method_note,
        }

    @classmethod
    def load(cls, data: Mapping[str, Any]) -> "Results":
        """What `dump` wrote; raises KeyError or TypeError for what another version wrote."""
        return cls(
            results=tuple(map(Result.load, data["results"])),
            summaries=tuple(map(Summary.load, data["summaries"])),
            identical={int(column): tuple(sizes) for column, sizes in data["identical"].items()},
            contributions=tuple(map(Contribution.load, data["contributions"])),
            non_additivity=dict(data["non_additivity"]),
            interactions=tuple(map(Interaction.load, data["interactions"])),
            method_note=data["method_note"],
        )
