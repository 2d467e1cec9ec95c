"""The columns of a comparison, sorted by what can be said of them. Pure."""

from dataclasses import dataclass
from functools import cached_property

from betaconsole.statistics.figures import PREFERRED, Figure
from betaconsole.statistics.inputs import Column
from betaconsole.statistics.results import Result, Results

from .sentences import Facts
from .trusting import OF_CACHES, Apart, Controls, caches_apart, controls, counting, is_refused

COST = "cost_usd"
# What is said first, by the part of a figure's key before the colon.
ORDER = (
    *("check", "preferred", "refusal", "field", "blocks", "block", "tool_calls", "output_tokens", "cost_usd"),
    *("input_tokens", "total_ms", "first_text_ms", "tokens_per_second", "stop_reason", "longest_silence_ms"),
    *("text_length", "cache_read_tokens", "cache_write_tokens"),
)


def rank(key: str) -> tuple[int, str]:
    """Where a figure stands among others."""
    kind = key.partition(":")[0]
    return (ORDER.index(kind) if kind in ORDER else len(ORDER), key)


@dataclass(frozen=True)
class Weighed:
    """Everything the sentences are made from."""

    facts: Facts
    results: Results

    @cached_property
    def figures(self) -> dict[str, Figure]:
        return {figure.key: figure for figure in self.facts.inputs.figures}

    @cached_property
    def columns(self) -> dict[int, Column]:
        return {column.position: column for column in self.facts.inputs.columns}

    @cached_property
    def controls(self) -> Controls:
        return controls(self.facts.inputs.columns, self.results.results)

    @cached_property
    def asked(self) -> list[Column]:
        """The columns that stand beside another one, controls left out."""
        return [column for column in self.columns.values() if not column.role and self.baseline_of(column)]

    @cached_property
    def refused(self) -> list[Column]:
        return [column for column in self.columns.values() if not column.role and is_refused(column)]

    @cached_property
    def compared(self) -> list[Column]:
        """Those with an answer on both sides."""
        return [column for column in self.asked if counting(column) and self._is_answered(self.baseline_of(column))]

    @cached_property
    def silent(self) -> list[Column]:
        """Those that cannot be compared and were not refused."""
        return [column for column in self.asked if column not in self.compared and column not in self.refused]

    @cached_property
    def short(self) -> list[Column]:
        """Those with so few cells that no difference could have shown."""
        return [column for column in self.compared if not _has_enough(self.of(column))]

    @cached_property
    def differing(self) -> list[Column]:
        return [column for column in self.compared if any(one.state == "differs" for one in self.of(column))]

    @cached_property
    def apart(self) -> list[Apart]:
        """Those that met other prompt caches than their baselines."""
        return caches_apart(self.columns, self.results.results)

    def baseline_of(self, column: Column) -> Column | None:
        return None if column.baseline is None else self.columns.get(column.baseline)

    def unpriced(self, column: Column) -> int:
        """Of how many of its cells that count the cost is not known."""
        return counting(column) - len(column.of(COST)) if COST in self.figures else 0

    def of(self, column: Column) -> list[Result]:
        """What can be said of a column: nothing that its caches decide, and of costs nothing where they are not all known."""
        return self._sayable[column.position]

    @cached_property
    def left_out(self) -> dict[int, frozenset[str]]:
        """By column the figures of which nothing is said."""
        caches = {one.column.position for one in self.apart}
        return {
            column.position: (OF_CACHES if column.position in caches else frozenset())
            | ({COST} if self._has_unpriced(column) else frozenset())
            for column in self.compared
        }

    @cached_property
    def _sayable(self) -> dict[int, list[Result]]:
        found: dict[int, list[Result]] = {column.position: [] for column in self.compared}
        for one in sorted(self.results.results, key=lambda one: rank(one.figure)):
            if one.variant not in found or _is_unjudged(one):
                continue
            if one.figure in self.figures.keys() - self.left_out[one.variant]:
                found[one.variant].append(one)
        return found

    def _has_unpriced(self, column: Column) -> bool:
        baseline = self.baseline_of(column)
        return bool(self.unpriced(column) or (baseline and self.unpriced(baseline)))

    def _is_answered(self, column: Column | None) -> bool:
        return column is not None and counting(column) > 0


def _is_unjudged(result: Result) -> bool:
    """Whether nobody looked at this pair blind, though at another one."""
    return result.figure.startswith(PREFERRED.key) and not min(result.n, result.n_baseline)


def _has_enough(results: list[Result]) -> bool:
    """Whether a difference, had there been one, could have shown."""
    states = {one.state for one in results}
    return bool(states & {"differs", "no_difference"}) or states == {"identical"}
