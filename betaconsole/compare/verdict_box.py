"""The box above the lanes: the verdict in plain words, and in a second line what stands behind it. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass

from betaconsole.statistics.results import Result, Results
from betaconsole.web.templatetags.figures import DASH

from .evidence import Shown
from .figure_table import FigureTable, Head

MOST_SO_FAR = 4  # columns whose medians are said while it runs
FIRST = "output_tokens"


@dataclass(frozen=True)
class Box:
    """`said`: whole sentences. `behind`: figures, then what is to be known beside them. `more`: how many further repeats
    would settle something, the more worth asking for first; empty where nobody knows or nothing is open. `problem`: why there
    is no verdict though it has ended."""

    said: str
    behind: Sequence[str]
    is_warning: bool = False
    more: tuple[int, ...] = ()
    problem: str = ""


def box_of(shown: Shown, table: FigureTable, *, simulated: bool) -> Box:
    """The box of a comparison with several runs."""
    if shown.verdict is None:
        if shown.problem:
            return Box("There is no verdict: the statistics could not be worked out.", (), True, problem=shown.problem)
        if shown.is_due:
            return Box("It has ended; the verdict is being worked out.", ())
        return _so_far(table, simulated=simulated)
    verdict = shown.verdict
    return Box(
        said=" ".join(f"{one.text}." for one in verdict.main),
        behind=[*(one.figures for one in verdict.main if one.figures), *(one.text for one in verdict.notes)],
        is_warning=not verdict.trusted,
        more=more_repeats(shown.results) if not verdict.enough and shown.results else (),
    )


def more_repeats(results: Results) -> tuple[int, ...]:
    """How many further repeats would settle what is open: the output tokens, then what takes fewest."""
    open_ones = [one for one in results.results if one.state == "not_enough" and one.needed]
    tokens = [_needed(one) for one in open_ones if one.figure == FIRST]
    return tuple(max(tokens) for _ in tokens[:1]) + tuple(min(map(_needed, open_ones)) for _ in open_ones[:1])


def _needed(one: Result) -> int:
    return one.needed or 0


def _so_far(table: FigureTable, *, simulated: bool) -> Box:
    """How far it is and the medians of the first figure: while it runs nothing is concluded."""
    heads = [head for head in table.heads if head.planned]
    planned = max((head.planned for head in heads), default=0)
    behind = ["While it runs there are medians and their 95 % intervals, no conclusion"]
    if simulated:
        behind.append("simulated answers say nothing about the API")
    return Box(f"So far, {_counts(heads)}. {_medians(table)}The conclusion comes at {planned:,}.", behind)


def _counts(heads: Sequence[Head]) -> str:
    """`14 of 20 each`, `12 to 14 of 20`."""
    counts = [head.counted for head in heads if head.counted] or [0]
    planned = max((head.planned for head in heads), default=0)
    least, most = min(counts), max(counts)
    return f"{least:,} of {planned:,} each" if least == most else f"{least:,} to {most:,} of {planned:,} each"


def _medians(table: FigureTable) -> str:
    """`Output tokens, median: A 455, B 361. `; empty before there is any."""
    row = next((row for row in table.rows if row.figure.key == FIRST), next(iter(table.rows), None))
    if row is None or row.figure.is_share:
        return ""
    known = [f"{cell.head.letter} {cell.value}" for cell in row.cells if cell.value != DASH]
    if len(known) > MOST_SO_FAR:
        known = [*known[:MOST_SO_FAR], "…"]
    return f"{row.figure.label}, median: {', '.join(known)}. " if known else ""
