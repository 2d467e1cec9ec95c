"""The blind view: two answers side by side, which of them is whose hidden until all are judged."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import urlencode

from django.core.exceptions import BadRequest
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_POST, require_safe

from betaconsole.runs.models import Comparison
from betaconsole.runs.pages.showing import Row, rows_of
from betaconsole.runs.pages.views import visible_comparison
from betaconsole.teams.access import TeamRequest, requires
from betaconsole.teams.models import Role
from betaconsole.web.paging import number

from .blind import Judging, answers_in, cast, judgeable, judging_of, take_back, votes_of
from .evidence_views import variants_of
from .models import Choice
from .voting import agreed


@dataclass(frozen=True)
class Count:
    """Who preferred what how often."""

    who: str
    variant: int
    baseline: int
    neither: int


@requires(Role.VIEWER)
@require_safe
def blind(request: TeamRequest, public_id: str) -> HttpResponse:
    """The next cell to judge, `?column=B` against its baseline; how it came out once all are judged, with `?outcome=1`
    before, and for whoever may not vote."""
    comparison = visible_comparison(request, public_id)
    judging, rows = _judging(request, comparison, request.GET.get("column", ""))
    if judging is None:
        return render(request, "compare/blind_nothing.html", {"comparison": comparison})
    context = {"comparison": judging.comparison, "judging": judging, "column": request.GET.get("column", "")}
    cell = judging.next
    if cell is None or "outcome" in request.GET or not request.user.may_run:
        pairs = judgeable(judging.comparison, variants_of(judging.comparison), rows)
        others = [pair for pair in pairs if pair[0].pk != judging.variant.pk]
        return render(request, "compare/blind_outcome.html", {**context, "counts": _counts(judging), "others": others})
    context |= {"case": cell[0], "repeat": cell[1], "answers": answers_in(judging, cell, rows)}
    return render(request, "compare/blind.html", context)


@requires(Role.MEMBER)
@require_POST
def vote(request: TeamRequest, public_id: str) -> HttpResponse:
    """A vote on the cell `case`, `repeat`: `choice` is 1 for the left answer, 2 for the right one, 0 for neither."""
    judging, _ = _judging(request, visible_comparison(request, public_id), request.POST.get("column", ""))
    cell = (number(request.POST.get("case")) or 0, number(request.POST.get("repeat")) or 0)
    choice = judging.choice(cell, request.POST.get("choice", "")) if judging else None
    if judging is None or cell not in judging.cells or choice is None:
        raise BadRequest("choice: 1, 2 or 0, for a cell that both columns answered")
    cast(judging, cell, choice)
    return _next(request, public_id)


@requires(Role.MEMBER)
@require_POST
def undo(request: TeamRequest, public_id: str) -> HttpResponse:
    """The last vote is taken back, and its cell asked again."""
    judging, _ = _judging(request, visible_comparison(request, public_id), request.POST.get("column", ""))
    if judging is not None:
        take_back(judging)
    return _next(request, public_id)


def _next(request: TeamRequest, public_id: str) -> HttpResponse:
    column = request.POST.get("column", "")
    address = reverse("compare:blind", args=[public_id])
    return redirect(f"{address}?{urlencode({'column': column})}" if column else address)


def _judging(request: TeamRequest, comparison: Comparison, column: str) -> tuple[Judging | None, Sequence[Row]]:
    """The pair that is asked for by the letter of its column, else the first; None where there is none to judge."""
    rows = rows_of(comparison)
    pairs = judgeable(comparison, variants_of(comparison), rows)
    pair = next((pair for pair in pairs if not column or pair[0].letter == column), None)
    return (judging_of(comparison, *pair, request.user, rows) if pair else None), rows


def _counts(judging: Judging) -> list[Count]:
    """Each person's votes; with several people also what most of them said of each cell."""
    by_person: dict[str, Counter[str]] = {}
    by_cell: dict[tuple[int, int], list[str]] = {}
    votes = votes_of(judging.comparison, judging.variant, judging.baseline).select_related("author")
    for one in votes:
        if (one.case_position, one.repeat) in judging.cells:
            by_person.setdefault(str(one.author or "somebody who left"), Counter())[one.choice] += 1
            by_cell.setdefault((one.case_position, one.repeat), []).append(one.choice)
    found = [_count(who, choices) for who, choices in by_person.items()]
    return found if len(found) < 2 else [*found, _count("Most of them", Counter(map(agreed, by_cell.values())))]


def _count(who: str, choices: Counter[str]) -> Count:
    return Count(who, choices[Choice.VARIANT], choices[Choice.BASELINE], choices[Choice.NEITHER])
