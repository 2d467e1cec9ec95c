"""Which two columns a tab is about, from what its address asks for."""

from collections.abc import Sequence
from dataclasses import dataclass

from betaconsole.runs.models import Comparison, Exchange, Variant
from betaconsole.runs.pages.viewing import View, load
from betaconsole.teams.access import TeamRequest
from betaconsole.web.paging import number


@dataclass(frozen=True)
class Pair:
    """Two columns of one case and repeat: the left one is what the right one is compared with.

    `left_turns` and `right_turns`: the turns of their cells in order, each by its last attempt; empty where nothing was
    sent or the comparison has no such column. Their large fields are read when they are first asked for.
    """

    view: View
    left: Variant | None
    right: Variant | None

    @property
    def left_turns(self) -> Sequence[Exchange]:
        return self._turns(self.left)

    @property
    def right_turns(self) -> Sequence[Exchange]:
        return self._turns(self.right)

    def _turns(self, variant: Variant | None) -> Sequence[Exchange]:
        return self.view.turns.get(variant.position, ()) if variant else ()


def pair_of(request: TeamRequest, comparison: Comparison) -> Pair:
    """The pair that an address names: `?column=B&against=A&case=0&repeat=1`.

    Where it leaves the choice: the first column that is compared with another one, its baseline, and the case and repeat
    that the comparison's page shows. Letters of no column count as left out.
    """
    view = load(
        comparison,
        case=number(request.GET.get("case")),
        repeat=number(request.GET.get("repeat")),
        viewer_id=request.user.pk,
        may_run=request.user.may_run,
    )
    right = _named(view, request.GET.get("column")) or _first_compared(view)
    left = _named(view, request.GET.get("against")) or (view.baseline_of(right) if right else None)
    if left is None and right is not None:
        left = next((variant for variant in view.variants if variant.pk != right.pk), None)
    return Pair(view, left, right)


def _named(view: View, letter: str | None) -> Variant | None:
    return next((variant for variant in view.variants if variant.letter == (letter or "").upper()), None)


def _first_compared(view: View) -> Variant | None:
    compared = [variant for variant in view.variants if variant.baseline_id is not None]
    return next(iter(compared or view.variants), None)
