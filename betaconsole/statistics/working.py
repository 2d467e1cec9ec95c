"""The whole evaluation of a comparison. Needs scipy: only the process of `__main__` imports it."""

from dataclasses import dataclass

from . import contributions as betas
from .comparing import Found, compare
from .comparing_shares import compare_shares
from .correction import Level, corrected
from .figures import Figure
from .inputs import Column, Inputs
from .live import identical_outputs, summaries
from .results import Contribution, Interaction, Result, Results
from .settling import Judge
from .sides import sides
from .tested import Chance, Question, Terms

FIRST_LOOK = (
    "Pairs: the same case and repeat. Intervals hold with {share}. p-values are corrected after Holm for everything shown, and "
    "a fifth of the error is kept for looking again after more repeats."
)
LATER_LOOK = (
    "Pairs: the same case and repeat. Somebody may have looked before the last of these was asked for, so intervals ({share}) and "
    "p-values are by methods that hold at any look; p-values are corrected after Holm for everything shown."
)


@dataclass(frozen=True)
class Compared:
    """One figure of two columns; `found` is None where one of them has no cell that counts."""

    figure: Figure
    column: Column
    baseline: Column
    found: Found | None
    n: int
    n_baseline: int
    paired: bool

    @property
    def question(self) -> Question:
        """The same whichever of the two is the baseline."""
        low, high = sorted((self.column.position, self.baseline.position))
        return self.figure.key, f"{low} {high}"


def work_out(inputs: Inputs) -> Results:
    """Everything there is to say of a comparison. Before it has finished there is no p-value and nothing is concluded."""
    terms = terms_of(inputs)
    compared = _against_baselines(inputs, terms)
    left_out = _left_out(inputs, terms)
    crossed = _crossed(inputs, terms)
    level = Level(inputs.alpha, inputs.extended)
    chances = _family(compared, left_out, crossed) if inputs.finished else {}
    stands = corrected(chances, level)
    judge = Judge(chances, stands, level, finished=inputs.finished)
    return Results(
        results=tuple(_result(one, judge) for one in compared),
        summaries=summaries(inputs),
        identical=identical_outputs(inputs.columns),
        contributions=tuple(found for beta, one in left_out if (found := _contribution(beta, one, stands))),
        non_additivity=_non_additivity(inputs),
        interactions=tuple(_interaction(question, found, stands) for question, found in crossed.items()),
        method_note=(LATER_LOOK if inputs.extended else FIRST_LOOK).format(share=f"{1 - inputs.alpha:.0%}"),
    )


def terms_of(inputs: Inputs) -> Terms:
    """So many draws that the least p-value of a drawn test can stand after correction, with room to spare."""
    tests = len(inputs.columns) * len(inputs.figures)
    draws = max(99_999, min(999_999, round(5 * tests / inputs.alpha)))
    return Terms(alpha=inputs.alpha, extended=inputs.extended, draws=draws, seed=inputs.seed % 2**63)


def _against_baselines(inputs: Inputs, terms: Terms) -> list[Compared]:
    by_position = {column.position: column for column in inputs.columns}
    return [
        _compared(figure, column, by_position[column.baseline], terms)
        for column in inputs.columns
        if column.baseline in by_position and column.baseline != column.position
        for figure in inputs.figures
    ]


def _compared(figure: Figure, column: Column, baseline: Column, terms: Terms) -> Compared:
    mine, theirs = column.of(figure.key), baseline.of(figure.key)
    if not mine or not theirs:
        return Compared(figure, column, baseline, None, len(mine), len(theirs), paired=False)
    both = sides(mine, theirs)
    found = (compare_shares if figure.is_share else compare)(both, terms)
    n, m = (len(both.upper), len(both.lower)) if both.sign == 1 else (len(both.lower), len(both.upper))
    return Compared(figure, column, baseline, found, n, m, both.paired)


def _left_out(inputs: Inputs, terms: Terms) -> list[tuple[str, Compared]]:
    """For each beta that is left out once: all the betas, against all without it."""
    return [
        (beta, _compared(figure, design.all_on, without, terms))
        for design in betas.designs(inputs.columns)
        if design.leaves_one_out and design.all_on
        for beta in sorted(design.maybe)
        if (without := design.without(beta))
        for figure in inputs.figures
    ]


def _crossed(inputs: Inputs, terms: Terms) -> dict[Question, betas.Contrast]:
    """Of every figure and pair of betas, where all subsets were tried."""
    found = {
        (figure.key, " ".join(pair)): betas.interaction(design, figure.key, pair, terms)
        for design in betas.designs(inputs.columns)
        if design.has_all_subsets
        for pair in betas.two_by_two(design)
        for figure in inputs.figures
    }
    return {question: contrast for question, contrast in found.items() if contrast}


def _family(
    compared: list[Compared], left_out: list[tuple[str, Compared]], crossed: dict[Question, betas.Contrast]
) -> dict[Question, Chance]:
    """Every question that is answered on the page, once."""
    asked = [*compared, *(one for _, one in left_out)]
    chances = {one.question: one.found.chance for one in asked if one.found and one.found.chance}
    return chances | {question: found.chance for question, found in crossed.items() if found.chance}


def _result(one: Compared, judge: Judge) -> Result:
    found = one.found
    low, high = (found and found.interval) or (None, None)
    relative_low, relative_high = (found and found.relative) or (None, None)
    shift = found.shift if found else None
    shift_low, shift_high = (shift and shift.interval) or (None, None)
    chance = judge.chances.get(one.question)
    cases = len({case for case, _ in one.column.of(one.figure.key)})
    state = judge.state(one.question, found)
    return Result(
        figure=one.figure.key,
        variant=one.column.position,
        baseline=one.baseline.position,
        n=one.n,
        n_baseline=one.n_baseline,
        paired=one.paired,
        excluded=max(0, one.column.planned - one.n),
        method=found.method if found else "no cell to compare",
        baseline_value=found.baseline_value if found else None,
        value=found.column_value if found else None,
        difference=found.difference if found else None,
        relative=found.ratio if found else None,
        low=low,
        high=high,
        relative_low=relative_low,
        relative_high=relative_high,
        shift=shift.value if shift else None,
        shift_low=shift_low,
        shift_high=shift_high,
        p=chance.p if chance else None,
        p_corrected=judge.stands.get(one.question),
        state=state,
        needed=judge.needed(
            found, state, n=min(one.n, one.n_baseline), cases=cases, figure=one.figure, paired=one.paired
        ),
    )


def _contribution(beta: str, one: Compared, stands: dict[Question, float]) -> Contribution | None:
    if one.found is None:
        return None
    low, high = one.found.interval or (None, None)
    relative_low, relative_high = one.found.relative or (None, None)
    return Contribution(
        figure=one.figure.key,
        beta=beta,
        difference=one.found.difference,
        low=low,
        high=high,
        p_corrected=stands.get(one.question),
        relative_low=relative_low,
        relative_high=relative_high,
    )


def _interaction(question: Question, found: betas.Contrast, stands: dict[Question, float]) -> Interaction:
    figure, pair = question
    first, second = pair.split(" ")
    low, high = found.interval or (None, None)
    return Interaction(figure, first, second, found.difference, low, high, stands.get(question))


def _non_additivity(inputs: Inputs) -> dict[str, float]:
    """By figure; of the first model where the columns are asked of several."""
    found: dict[str, float] = {}
    for design in betas.designs(inputs.columns):
        for figure in inputs.figures:
            value = design.beyond_the_sum(figure.key)
            if value is not None:
                found.setdefault(figure.key, value)
    return found
