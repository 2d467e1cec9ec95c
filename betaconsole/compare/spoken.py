"""What two sides said, turn by turn: the words that differ, for the page."""

from dataclasses import dataclass
from typing import Literal

from django.utils.safestring import SafeString

from betaconsole.diffing.rows import Row, around_changes, rows_of
from betaconsole.diffing.words import ADDED, REMOVED, Budget, Level, TextDiff, text_diff
from betaconsole.storage.fields import showable

from .options import Options
from .rendering import rendered
from .sides import MAX_CHARACTERS, Sides, Told, TurnPair, said, told

MAX_ROWS = 3_000
Outcome = Literal["same", "differs", "nothing", "one_side"]


@dataclass(frozen=True)
class SpokenTurn:
    """One turn. `outcome`: both say the same, or nothing, or only one of them says anything; `ignoring`: the same but for
    what is ignored. `is_cut`: not all of it was compared, or is shown."""

    number: int
    left_told: Told | None
    right_told: Told | None
    outcome: Outcome
    ignoring: bool
    level: Level
    added: int
    removed: int
    rows: list[Row]
    html: tuple[SafeString, SafeString] | None
    is_cut: bool


def spoken(sides: Sides, options: Options) -> list[SpokenTurn]:
    """Every turn of both sides; the words of all share one budget."""
    budget = Budget()
    return [_turn(pair, options, budget) for pair in sides.turns]


def _turn(pair: TurnPair, options: Options, budget: Budget) -> SpokenTurn:
    whole = [showable(said(side)) for side in (pair.left, pair.right)]
    texts = [text[:MAX_CHARACTERS] for text in whole]
    diff = text_diff(*texts, ignore_space=options.ignores_space, ignore_case=options.ignores_case, budget=budget)
    rows = around_changes(rows_of(diff.pieces))
    return SpokenTurn(
        number=pair.number,
        left_told=told(pair.left),
        right_told=told(pair.right),
        outcome=_outcome(texts, diff),
        ignoring=diff.is_same and texts[0] != texts[1],
        level=diff.level,
        added=diff.words(ADDED),
        removed=diff.words(REMOVED),
        rows=rows[:MAX_ROWS],
        html=rendered(texts[0], texts[1], options) if options.is_rendered else None,
        is_cut=len(rows) > MAX_ROWS or max(map(len, whole)) > MAX_CHARACTERS,
    )


def _outcome(texts: list[str], diff: TextDiff) -> Outcome:
    if not any(texts):
        return "nothing"
    if not all(texts):
        return "one_side"
    return "same" if diff.is_same else "differs"
