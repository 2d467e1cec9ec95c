"""What came of a column's betas over the repeats of a case: in how many the same, and which differ."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Generic, TypeVar

from betaconsole.catalogue.outcomes import Outcome, Verdict
from betaconsole.runs.models import Exchange, Variant
from betaconsole.runs.sending.judging import outcomes_of
from betaconsole.runs.states import FINAL

from .beta_chips import TELLING, WORDS, BetaLine, Differing, Words, lines_of
from .viewing import View

NEEDED = ("public_id", "comparison", "variant", "case", "repeat", "turn", "attempt", "state", "outcomes")
MOST_UNTOLD = 20  # exchanges of other repeats that a page reads itself, before it is kept what came of them
NOT_TOLD = Words("–", "nothing told of it")
Repeat = TypeVar("Repeat", bound=Hashable)


@dataclass(frozen=True)
class Agreement(Generic[Repeat]):
    """The verdict most repeats agree on; `differing` are the others, with None where nothing is told of the beta there."""

    beta: str
    outcome: Verdict
    agreeing: int
    of: int
    differing: Mapping[Repeat, Verdict | None]


def agreements(repeats: Mapping[Repeat, Mapping[str, Verdict]]) -> list[Agreement[Repeat]]:
    """What repeats agree on, by beta in the order in which they first appear. Of two verdicts as frequent the more telling one.

    `repeats`: of each that is at rest and was sent, what came of its betas. Fewer than two agree on nothing.
    """
    if len(repeats) < 2:
        return []
    betas = dict.fromkeys(beta for told in repeats.values() for beta in told)
    return [_agreement(beta, {repeat: told.get(beta) for repeat, told in repeats.items()}) for beta in betas]


def _agreement(beta: str, found: Mapping[Repeat, Verdict | None]) -> Agreement[Repeat]:
    counts = Counter(verdict for verdict in found.values() if verdict is not None)
    best = min(counts, key=lambda verdict: (-counts[verdict], TELLING.index(verdict)))
    differing = {repeat: verdict for repeat, verdict in found.items() if verdict is not best}
    return Agreement(beta, best, counts[best], len(found), differing)


def over_repeats(exchanges: Sequence[Exchange], outcomes: Mapping[int, Sequence[Outcome]]) -> list[Agreement[str]]:
    """What the repeats of a column and case agree on, each named by the public id of its last exchange."""
    told = _told(exchanges, outcomes)
    return agreements({last.public_id: _verdicts(lines) for last, lines in told})


def with_repeats(
    view: View, variants: Sequence[Variant], lines: Mapping[int, Sequence[BetaLine]]
) -> dict[int, list[BetaLine]]:
    """The lines of the cells in view, by position, each with how many repeats of the case agree. One query, where repeats are."""
    cells = _cells(view, variants)
    outcomes = outcomes_of(_few_untold([turn for turns in cells.values() for turn in turns]))
    return {
        variant.position: _tallied(lines[variant.position], _told(cells.get(variant.position, ()), outcomes))
        for variant in variants
    }


def _cells(view: View, variants: Sequence[Variant]) -> dict[int, list[Exchange]]:
    """By position the exchanges of the columns' repeats, where there are several and the cell in view is at rest."""
    positions = {variant.pk: variant.position for variant in variants}
    repeats = Counter(row.position for row in view.rows if row.case == view.case and row.state in FINAL)
    asked = [pk for pk, position in positions.items() if repeats[position] > 1]
    if not asked:
        return {}
    found = view.comparison.exchanges.filter(variant__in=asked, case__position=view.case).only(*NEEDED)
    cells: dict[int, list[Exchange]] = defaultdict(list)
    for exchange in found.order_by("repeat", "turn", "attempt"):
        cells[positions[exchange.variant_id]].append(exchange)
    return cells


def _few_untold(exchanges: Sequence[Exchange]) -> list[Exchange]:
    """Without most of those whose outcomes are not kept yet: that is done soon, and a page has no time for many."""
    untold = [exchange for exchange in exchanges if exchange.is_final and exchange.outcomes is None]
    left_out = {exchange.pk for exchange in untold[MOST_UNTOLD:]}
    return [exchange for exchange in exchanges if exchange.pk not in left_out]


Told = tuple[Exchange, list[BetaLine]]  # the last exchange of a repeat, and what came of its betas


def _told(exchanges: Sequence[Exchange], outcomes: Mapping[int, Sequence[Outcome]]) -> list[Told]:
    """The repeats that are at rest and of which something is told; of each turn the last attempt counts."""
    by_repeat: dict[int, dict[int, Exchange]] = defaultdict(dict)
    for exchange in sorted(exchanges, key=lambda each: (each.repeat, each.turn, each.attempt)):
        by_repeat[exchange.repeat][exchange.turn] = exchange
    cells = [list(turns.values()) for turns in by_repeat.values()]
    told = [
        (turns[-1], lines_of([outcomes[turn.pk] for turn in turns]))
        for turns in cells
        if all(turn.is_final and turn.pk in outcomes for turn in turns)
    ]
    return [(last, lines) for last, lines in told if lines]


def _verdicts(lines: Sequence[BetaLine]) -> dict[str, Verdict]:
    return {line.beta: line.outcome for line in lines}


def _tallied(shown: Sequence[BetaLine], told: Sequence[Told]) -> list[BetaLine]:
    """The lines with the verdict most repeats agree on, and what bears it out where that is not the repeat in view's own."""
    agreed = agreements({last: _verdicts(lines) for last, lines in told})
    if not shown or not agreed:
        return list(shown)
    borne_out = {(line.beta, line.outcome): line for _, lines in reversed(told) for line in lines}
    borne_out |= {(line.beta, line.outcome): line for line in shown}
    return [
        replace(
            borne_out[one.beta, one.outcome],
            tally=f"in {one.agreeing} of {one.of}",
            differing=tuple(
                Differing(last.repeat, last.get_absolute_url(), WORDS[verdict] if verdict else NOT_TOLD)
                for last, verdict in one.differing.items()
            ),
        )
        for one in agreed
    ]
