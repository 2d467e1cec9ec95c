"""What a comparison amounts to, as the API answers it."""

from collections.abc import Mapping
from typing import Annotated

from pydantic import Field
from typing_extensions import TypedDict

from betaconsole.compare.evidence import Shown, evidence_of
from betaconsole.compare.trusting import is_refused
from betaconsole.drafts.columns import letter
from betaconsole.runs.models import Comparison
from betaconsole.statistics.results import Result

from .conditions import ColumnTold, Told

Number = Annotated[float | None, Field(description="null where it is not known.")]


class FigureAnswer(TypedDict):
    figure: Annotated[str, Field(description="output_tokens, cost_usd, total_ms, block:thinking, …")]
    variant: Annotated[str, Field(description="The variant's label.")]
    n: Annotated[int, Field(description="Cells that count; where cells are paired, pairs.")]
    excluded: Annotated[int, Field(description="Planned cells of the variant that do not count.")]
    baseline: Annotated[float | None, Field(description="The baseline's mean; of a share its share.")]
    value: Annotated[float | None, Field(description="The variant's.")]
    difference: Annotated[float | None, Field(description="value minus baseline, in the figure's unit.")]
    relative: Annotated[
        float | None, Field(description="The difference as a share of the baseline: -0.2 is a fifth less.")
    ]
    low: Annotated[float | None, Field(description="Lower end of the 95 % interval of the difference.")]
    high: Number
    p: Annotated[float | None, Field(description="Of a permutation test; null before the planned repeats are done.")]
    p_corrected: Annotated[float | None, Field(description="After Holm over all figures; it differs at 0.05 or less.")]


class VerdictAnswer(TypedDict):
    sentences: Annotated[list[str], Field(description="In plain words, the figures in brackets.")]
    trusted: Annotated[bool, Field(description="Whether no control failed.")]
    enough: Annotated[bool, Field(description="Whether there were repeats enough for a difference to show.")]
    figures: list[FigureAnswer]


def verdict_of(comparison: Comparison, labels: Mapping[int, str]) -> VerdictAnswer | None:
    """None while it runs or waits, and while many wait for it to be worked out. `labels`: of the variants, by position."""
    return None if comparison.finished_at is None else as_answer(evidence_of(comparison), labels)


def as_answer(shown: Shown, labels: Mapping[int, str]) -> VerdictAnswer | None:
    if shown.problem:
        return {
            "sentences": [f"Could not be worked out: {shown.problem}."],
            "trusted": False,
            "enough": False,
            "figures": [],
        }
    if shown.verdict is None or shown.results is None:
        return None
    return {
        "sentences": [one.whole for one in shown.verdict.sentences],
        "trusted": shown.verdict.trusted,
        "enough": shown.verdict.enough,
        "figures": [_figure(one, labels) for one in shown.results.results],
    }


def told_of(shown: Shown, labels: Mapping[int, str]) -> Told | None:
    """What conditions are about; None where there is no verdict. Controls are no part of it."""
    if shown.verdict is None or shown.results is None:
        return None
    columns = [
        ColumnTold(
            letter=letter(column.position),
            label=labels[column.position],
            is_refused=is_refused(column),
            results={one.figure: one for one in shown.results.results if one.variant == column.position},
        )
        for column in shown.inputs.columns
        if column.baseline is not None and not column.role
    ]
    return Told(shown.verdict.trusted, shown.verdict.enough, columns)


def _figure(one: Result, labels: Mapping[int, str]) -> FigureAnswer:
    return {
        "figure": one.figure,
        "variant": labels[one.variant],
        "n": one.n,
        "excluded": one.excluded,
        "baseline": one.baseline_value,
        "value": one.value,
        "difference": one.difference,
        "relative": one.relative,
        "low": one.low,
        "high": one.high,
        "p": one.p,
        "p_corrected": one.p_corrected,
    }
