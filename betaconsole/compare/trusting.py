"""Whether a comparison can be trusted: its controls, and caches that one column met and another did not. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from betaconsole.drafts.columns import letter
from betaconsole.runs.models import ColumnRole
from betaconsole.runs.tallying import REFUSED
from betaconsole.statistics.inputs import Column
from betaconsole.statistics.results import Result

from .wording import counted, listed

MOST_APART = 0.05  # of cache reads, before costs are no longer comparable
# Figures that a prompt cache changes by itself.
OF_CACHES = frozenset({"cost_usd", "input_tokens", "cache_read_tokens", "cache_write_tokens", "first_text_ms"})


@dataclass(frozen=True)
class Controls:
    """What the controls say: sentences without a full stop. One that failed, or could not tell, is among `failed`."""

    held: tuple[str, ...]
    failed: tuple[str, ...]
    open: tuple[str, ...] = ()


def counting(column: Column) -> int:
    """How many of its cells count."""
    return len({cell for cells in column.values.values() for cell in cells})


def is_refused(column: Column) -> bool:
    """Whether every answer was that a beta is not accepted. What was skipped after that, or stopped, was no answer."""
    return not counting(column) and bool(column.excluded.get(REFUSED))


def controls(columns: Sequence[Column], results: Sequence[Result]) -> Controls:
    """A made-up beta must be refused, and a twin must show no difference."""
    held: list[str] = []
    failed: list[str] = []
    unsure: list[str] = []
    for column in columns:
        name = letter(column.position)
        if column.role == ColumnRole.MADE_UP:
            if accepted := counting(column):
                failed.append(
                    f"{name}, whose beta is made up and must be refused, was answered in {counted(accepted, 'cell')}"
                )
            elif column.excluded.get(REFUSED):
                held.append(f"the made-up beta of {name} was refused")
            else:
                failed.append(f"{name}, whose beta is made up, was neither refused nor accepted")
        elif column.role == ColumnRole.TWIN:
            _judge_twin(column, [one for one in results if one.variant == column.position], held, failed, unsure)
    return Controls(tuple(held), tuple(failed), tuple(unsure))


def _judge_twin(
    column: Column, results: Sequence[Result], held: list[str], failed: list[str], unsure: list[str]
) -> None:
    name, other = letter(column.position), letter(column.baseline or 0)
    if not counting(column):
        failed.append(f"{name}, the twin of {other}, has no answer")
    elif differing := [one.figure for one in results if one.state == "differs"]:
        failed.append(
            f"{name}, the twin of {other}, differs from it in {counted(len(differing), 'figure')}, though it was asked the same"
        )
    elif any(one.state == "no_difference" for one in results):
        held.append(f"{name}, the twin of {other}, shows no difference from it")
    else:
        unsure.append(f"the twin {name} has too few answers to tell")


@dataclass(frozen=True)
class Apart:
    """A column that read another amount from prompt caches than its baseline: tokens a cell, on average."""

    column: Column
    baseline: Column
    read: float
    baseline_read: float


def caches_apart(columns: Mapping[int, Column], results: Sequence[Result]) -> list[Apart]:
    apart = []
    for variant in dict.fromkeys(one.variant for one in results):
        column = columns[variant]
        baseline = columns.get(-1 if column.baseline is None else column.baseline)
        mine, theirs = _mean_read(column), _mean_read(baseline) if baseline else None
        if baseline and mine is not None and theirs is not None and abs(mine - theirs) > MOST_APART * max(mine, theirs):
            apart.append(Apart(column, baseline, mine, theirs))
    return apart


def _mean_read(column: Column) -> float | None:
    read = column.of("cache_read_tokens")
    return sum(read.values()) / len(read) if read else None


def caches_said(apart: Sequence[Apart]) -> str:
    """`B read 12,000 tokens from caches where A read none`."""
    return listed(
        [
            f"{letter(one.column.position)} read {_tokens(one.read)} from caches where "
            f"{letter(one.baseline.position)} read {_tokens(one.baseline_read)}"
            for one in apart
        ]
    )


def _tokens(mean: float) -> str:
    return counted(round(mean), "token") if round(mean) else "none"
