"""Judging a pair of columns without knowing which is which: the order of the cells, who stands on the left, what is shown.

Order and sides are drawn by the console's secret for each person and pair: the same at every look, and nobody can tell
them from an address. What is shown is what a reader would get: texts, tool calls and their results. Thinking, fields of the message,
ids, figures and headers stay away, because a beta can be told by them.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import zip_longest

from django.db import IntegrityError, transaction
from django.db.models import QuerySet
from django.utils.crypto import salted_hmac

from betaconsole.runs.models import Comparison, Variant, VerdictDue
from betaconsole.runs.pages.block_views import BlockView, ResultView, final_views
from betaconsole.runs.pages.conversation import results_in
from betaconsole.runs.pages.showing import Row
from betaconsole.runs.pages.viewing import View, load, words_of
from betaconsole.runs.states import State
from betaconsole.statistics.inputs import Cell
from betaconsole.teams.models import User

from .models import Choice, Vote
from .reading_answers import CALLS

SHOWN = CALLS | {"text"}


@dataclass(frozen=True)
class Judging:
    """One person before one pair. `cells` in the order drawn; `done`: those this person has judged."""

    comparison: Comparison
    variant: Variant
    baseline: Variant
    person: User
    cells: Sequence[Cell]
    done: frozenset[Cell]

    @property
    def next(self) -> Cell | None:
        """The cell to be judged; None where all are."""
        return next((cell for cell in self.cells if cell not in self.done), None)

    @property
    def count(self) -> int:
        return len(self.cells)

    @property
    def judged(self) -> int:
        return len(self.done)

    def is_turned(self, cell: Cell) -> bool:
        """Whether the baseline stands on the right."""
        return int(_drawn(self.variant, self.person, f"side {cell}")[:2], 16) % 2 == 1

    def choice(self, cell: Cell, pressed: str) -> Choice | None:
        """What is meant by `1` (left), `2` (right) or `0`; None for anything else."""
        sides = (Choice.VARIANT, Choice.BASELINE) if self.is_turned(cell) else (Choice.BASELINE, Choice.VARIANT)
        return {"0": Choice.NEITHER, "1": sides[0], "2": sides[1]}.get(pressed)


@dataclass(frozen=True)
class BlindTurn:
    """One turn: what was answered, and what its tool calls were answered with."""

    blocks: Sequence[BlockView]
    results: Sequence[ResultView] = ()


@dataclass(frozen=True)
class Answer:
    """What stands on one side. `turns`: those of the cell, in order."""

    side: str
    turns: Sequence[BlindTurn]


def judging_of(
    comparison: Comparison, variant: Variant, baseline: Variant, person: User, rows: Sequence[Row]
) -> Judging:
    """Where this person stands with this pair. One query."""
    cells = sorted(answered_cells(rows, variant, baseline), key=lambda cell: _drawn(variant, person, f"order {cell}"))
    mine = votes_of(comparison, variant, baseline).filter(author=person).values_list("case_position", "repeat")
    return Judging(comparison, variant, baseline, person, cells, frozenset(mine) & frozenset(cells))


def answered_cells(rows: Sequence[Row], variant: Variant, baseline: Variant) -> set[Cell]:
    """The cells that both columns answered to the end."""
    ended = [row for row in rows if row.state == State.SUCCEEDED and not row.wait]
    mine, theirs = (
        {(row.case, row.repeat) for row in ended if row.position == one.position} for one in (variant, baseline)
    )
    return mine & theirs


def judgeable(
    comparison: Comparison, variants: Sequence[Variant], rows: Sequence[Row]
) -> list[tuple[Variant, Variant]]:
    """The columns that can be judged, each with its baseline."""
    if not comparison.endpoint.is_messages:
        return []
    by_key = {variant.pk: variant for variant in variants}
    pairs = [(one, by_key[one.baseline_id]) for one in variants if one.baseline_id in by_key.keys() - {one.pk}]
    return [(one, baseline) for one, baseline in pairs if answered_cells(rows, one, baseline)]


def votes_of(comparison: Comparison, variant: Variant, baseline: Variant) -> "QuerySet[Vote]":
    """All votes on a pair, in the order in which they were given."""
    return Vote.objects.filter(comparison=comparison, variant=variant, baseline=baseline).order_by("pk")


def answers_in(judging: Judging, cell: Cell, rows: Sequence[Row]) -> list[Answer]:
    """The two answers of a cell, the left one first."""
    view = load(judging.comparison, case=cell[0], repeat=cell[1], rows=rows)
    sides = (judging.variant, judging.baseline) if judging.is_turned(cell) else (judging.baseline, judging.variant)
    return [Answer(name, _turns(view, variant)) for name, variant in zip(("Left", "Right"), sides, strict=True)]


def cast(judging: Judging, cell: Cell, choice: Choice) -> None:
    """This person's vote on a cell; one given before is replaced, as a new vote."""
    mine = votes_of(judging.comparison, judging.variant, judging.baseline).filter(author=judging.person)
    try:
        with transaction.atomic():
            mine.filter(case_position=cell[0], repeat=cell[1]).delete()
            Vote.objects.create(
                comparison=judging.comparison,
                variant=judging.variant,
                baseline=judging.baseline,
                author=judging.person,
                case_position=cell[0],
                repeat=cell[1],
                choice=choice,
            )
            VerdictDue.objects.create(comparison=judging.comparison)
    except IntegrityError:
        return  # the same key in two windows at once: the other one was first


def take_back(judging: Judging) -> None:
    """Without this person's last vote on the pair."""
    last = votes_of(judging.comparison, judging.variant, judging.baseline).filter(author=judging.person).last()
    if last is not None:
        with transaction.atomic():
            last.delete()
            VerdictDue.objects.create(comparison=judging.comparison)


def _turns(view: View, variant: Variant) -> list[BlindTurn]:
    turns = view.turns.get(variant.position, ())
    words = words_of([turn.pk for turn in turns])
    said = [(turn, words[turn.pk]) for turn in turns if turn.pk in words]
    found = []
    for (_, mine), then in zip_longest(said, said[1:]):
        blocks = [block for block in final_views(mine.message, "") if block.type in SHOWN]
        given = results_in(then[1].added, mine.message, then[0], stubs=(), viewer_id=None) if then else {}
        found.append(BlindTurn(blocks, list(given.values())))
    return found


def _drawn(variant: Variant, person: User, what: str) -> str:
    """Hexadecimal digits that only this console can work out."""
    return salted_hmac("betaconsole.compare.blind", f"{variant.pk} {person.pk} {what}", algorithm="sha256").hexdigest()
