"""A comparison as a whole: how far it is, the table of figures, which column sent which beta."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from .figures import Figure, figures_of
from .header_line import HeaderPart, header_parts
from .models import Comparison, Exchange, Variant
from .showing import LANES, Row
from .states import IN_FLIGHT, UNFINISHED, State
from .viewing import View
from .wording import Pill, pill


@dataclass(frozen=True)
class FigureRow:
    """A column in the table of figures."""

    variant: Variant
    exchange: Exchange | None
    pill: Pill | None
    figures: list[Figure]
    baseline: Variant | None
    is_lane: bool


@dataclass(frozen=True)
class MatrixRow:
    """One beta and, per column, `sent`, `refused` or nothing."""

    beta: HeaderPart
    cells: list[str]


@dataclass(frozen=True)
class Progress:
    """How far a comparison is: `40 done, 1 refused, 19 skipped`, or `running 3 of 8`."""

    is_running: bool
    text: str


def figure_rows(view: View) -> list[FigureRow]:
    """Every column of the comparison with its figures, whether it has a lane or not."""
    rows = []
    for variant in view.variants:
        exchange = view.exchanges.get(variant.position)
        told = view.causes.get(variant.position, exchange)
        baseline = view.baseline_of(variant)
        beside = view.exchanges.get(baseline.position) if baseline else None
        rows.append(
            FigureRow(
                variant=variant,
                exchange=exchange,
                pill=pill(told, done=1, total=1) if told else None,
                figures=figures_of(exchange, beside, is_baseline=baseline is None),
                baseline=baseline,
                is_lane=variant.position in view.columns,
            )
        )
    return rows


def matrix(view: View) -> list[MatrixRow]:
    """Which column sent which beta, in the order the betas first appear."""
    betas = list(dict.fromkeys(beta for variant in view.variants for beta in variant.betas))
    refused = {variant.position: view.refused(variant) for variant in view.variants}
    return [
        MatrixRow(
            header_parts([beta])[0],
            [
                "refused" if beta in refused[variant.position] else "sent" if beta in variant.betas else ""
                for variant in view.variants
            ],
        )
        for beta in betas
    ]


def progress(rows: Sequence[Row], *, refused: int = 0) -> Progress:
    """How far a comparison is, from the states of its exchanges; `refused` of the failed ones were refused betas."""
    states = Counter(row.state for row in rows)
    unfinished = sum(states[state] for state in UNFINISHED)
    if unfinished:
        return Progress(True, f"running {len(rows) - unfinished} of {len(rows)}")
    return Progress(False, summary(states, refused=refused))


def summary(states: Mapping[str, int], *, refused: int = 0) -> str:
    """Counts of states in words, the good ones first: `40 done, 1 refused, 19 skipped`."""
    words = {
        "done": states.get(State.SUCCEEDED, 0),
        "refused": refused,
        "failed": states.get(State.FAILED, 0) - refused,
        "incomplete": states.get(State.INCOMPLETE, 0),
        "of unknown outcome": states.get(State.UNKNOWN_OUTCOME, 0),
        "interrupted": states.get(State.INTERRUPTED, 0),
        "stopped": states.get(State.CANCELLED, 0),
        "skipped": states.get(State.SKIPPED, 0),
        "in flight": sum(states.get(state, 0) for state in IN_FLIGHT),
        "waiting": states.get(State.QUEUED, 0),
    }
    return ", ".join(f"{count:,} {word}" for word, count in words.items() if count) or "nothing sent"


def refused_count(comparison: Comparison) -> int:
    """How many of the failed exchanges were refused for a beta's name."""
    return comparison.exchanges.filter(state=State.FAILED).exclude(refused_betas=[]).count()


def state_context(view: View) -> dict[str, Any]:
    """For `_comparison_state.html`."""
    refused = refused_count(view.comparison) if view.is_finished else 0
    return {"comparison": view.comparison, "progress": progress(view.rows, refused=refused)}


def figures_context(view: View) -> dict[str, Any]:
    """For `_figures.html`."""
    rows = figure_rows(view)
    return {
        "comparison": view.comparison,
        "view": view,
        "rows": rows,
        "heads": rows[0].figures if rows else [],
        "more_than_lanes": len(view.variants) > LANES,
    }
