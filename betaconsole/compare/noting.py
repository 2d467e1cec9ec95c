"""What is to be known beside a verdict: controls, caches, costs, how many cells count, and whose answers they are. Pure."""

from collections import Counter
from collections.abc import Iterator

from betaconsole.drafts.columns import letter
from betaconsole.runs.tallying import Tally

from .sentences import Sentence
from .trusting import caches_said, counting
from .weighing import COST, Weighed
from .wording import counted, in_figures, listed, percent

OF_QUALITY = ("check:", "preferred")


def notes(weighed: Weighed) -> Iterator[Sentence]:
    """In the order in which they are read."""
    yield from _controls(weighed)
    if weighed.apart:
        # Apart already: then a repeat found what the one before it had written, and how many did so is chance.
        advice = "" if weighed.facts.separate_caches else " (run it with separate caches to compare them)"
        said = f"No conclusion on cost, input tokens or first text: {caches_said(weighed.apart)}{advice}"
        yield Sentence("caches", said)
    yield from _unpriced(weighed)
    yield from _partly(weighed)
    yield Sentence("counted", _how_many_count(weighed))
    yield _quality(weighed)
    if weighed.facts.simulated:
        yield Sentence("simulated", "The answers are simulated: they say nothing about the API")


def _controls(weighed: Weighed) -> Iterator[Sentence]:
    found = weighed.controls
    if found.failed or not (found.held or found.open):
        return
    told = "Of the controls" if found.open else "The controls held"
    yield Sentence("controls", f"{told}: {listed([*found.held, *found.open])}")


def _unpriced(weighed: Weighed) -> Iterator[Sentence]:
    missing = [(column, count) for column in weighed.columns.values() if (count := weighed.unpriced(column))]
    if missing:
        said = listed([f"{counted(count, 'cell')} of {letter(column.position)}" for column, count in missing])
        yield Sentence("cost", f"No conclusion on cost: it is not known of {said}")


def _partly(weighed: Weighed) -> Iterator[Sentence]:
    """Figures that too few cells have, where the others are enough."""
    scarce = {
        one.figure: min(one.n, one.n_baseline)
        for column in weighed.compared
        if column not in weighed.short
        for one in weighed.of(column)
        if one.state == "not_enough" and one.figure != COST
    }
    if scarce:
        said = [f"{in_figures(weighed.figures[key])} (n = {n:,})" for key, n in scarce.items()]
        yield Sentence("scarce", f"Not enough data for {listed(said)}")


def _quality(weighed: Weighed) -> Sentence:
    """What was looked at in the answers, column by column, with the interval of each share."""
    told: dict[str, list[str]] = {key: [] for key in weighed.figures if key.startswith(OF_QUALITY)}
    for one in weighed.results.summaries:
        if one.figure in told and one.n and one.mean is not None:
            limits = "" if one.low is None or one.high is None else f", {percent(one.low)} to {percent(one.high)}"
            told[one.figure].append(f"{letter(one.variant)} {round(one.mean * one.n):,} of {one.n:,}{limits}")
    if not any(told.values()):
        return Sentence("quality", "Answer quality: not checked")
    names = listed([in_figures(weighed.figures[key]) for key in told])
    figures = [f"{in_figures(weighed.figures[key])}: {'; '.join(columns)}" for key, columns in told.items() if columns]
    return Sentence("quality", f"Of the answers was looked at: {names}", ". ".join(figures))


def _how_many_count(weighed: Weighed) -> str:
    columns = weighed.columns.values()
    excluded: Counter[str] = Counter()
    for column in columns:
        excluded.update(column.excluded)
    told = Tally(sum(column.planned for column in columns), sum(map(counting, columns)), left_out=excluded)
    every = "The one cell counts" if told.planned == 1 else f"All {told.planned:,} cells count"
    return told.sentence.removesuffix(".") or every
