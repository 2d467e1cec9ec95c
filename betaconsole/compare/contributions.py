"""What each beta does where several are compared, written down: given all the others, beyond their sum, two by two. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from betaconsole.statistics.results import Contribution, Interaction, Results
from betaconsole.web.templatetags.figures import DASH

from .figure_table import FigureRow, FigureTable
from .quantities import chance, finer


@dataclass(frozen=True)
class Part:
    """One figure of one beta, or of two together: a dash where nothing is known. `p` is corrected."""

    text: str = DASH
    interval: str = ""
    p: str = ""


@dataclass(frozen=True)
class PartRow:
    betas: tuple[str, ...]
    parts: tuple[Part, ...]


@dataclass(frozen=True)
class PartTable:
    """`heads`: the figures."""

    heads: tuple[str, ...]
    rows: tuple[PartRow, ...]


@dataclass(frozen=True)
class Contributions:
    """`alone`: of each beta given all the others. `beyond`: in the same figures what all of them change together beyond the
    sum of that; empty where nobody knows. `pairs`: by how much two together change more than one and the other alone."""

    alone: PartTable
    beyond: tuple[str, ...]
    pairs: PartTable


Found = Mapping[tuple[tuple[str, ...], str], Contribution | Interaction]


def contributions_of(results: Results, table: FigureTable) -> Contributions | None:
    """None where the columns neither leave one out nor are all subsets."""
    if not results.contributions and not results.interactions:
        return None
    alone: Found = {((one.beta,), one.figure): one for one in results.contributions}
    pairs: Found = {((one.first, one.second), one.figure): one for one in results.interactions}
    shown = _shown(alone, table)
    return Contributions(
        alone=_part_table(alone, shown),
        beyond=tuple(_beyond(results.non_additivity, row) for row in shown) if results.non_additivity else (),
        pairs=_part_table(pairs, _shown(pairs, table)),
    )


def _shown(found: Found, table: FigureTable) -> Sequence[FigureRow]:
    """The figures of the table that something is known of."""
    known = {figure for _, figure in found}
    return [row for row in table.rows if row.figure.key in known]


def _part_table(found: Found, shown: Sequence[FigureRow]) -> PartTable:
    betas = dict.fromkeys(betas for betas, _ in found)
    return PartTable(
        heads=tuple(row.figure.label for row in shown),
        rows=tuple(
            PartRow(each, tuple(_part(found.get((each, row.figure.key)), row) for row in shown)) for each in betas
        ),
    )


def _part(one: Contribution | Interaction | None, row: FigureRow) -> Part:
    if one is None:
        return Part()
    hand = finer(row.hand, [one.difference, one.low, one.high])
    interval = hand.interval(one.low, one.high) if one.low is not None else ""
    return Part(hand.difference(one.difference), interval, "" if one.p_corrected is None else chance(one.p_corrected))


def _beyond(known: Mapping[str, float], row: FigureRow) -> str:
    value = known.get(row.figure.key)
    return finer(row.hand, [value]).difference(value)
