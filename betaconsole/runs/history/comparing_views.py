"""What was chosen in the history, compared: side by side as it was answered, or as the columns of a new draft."""

from collections.abc import Sequence

from django.http import Http404, HttpResponse, QueryDict
from django.shortcuts import render
from django.views.decorators.http import require_POST, require_safe

from betaconsole.runs.models import Exchange, ExchangeQuerySet
from betaconsole.runs.pages.views import go
from betaconsole.teams.access import TeamRequest, requires
from betaconsole.teams.models import Role
from betaconsole.web.paging import identifier

from . import columns
from . import side_by_side as sides


@requires(Role.VIEWER)
@require_safe
def side_by_side(request: TeamRequest) -> HttpResponse:
    """The chosen exchanges (`exchange`, several times) as columns, in the order they were chosen: as they were answered."""
    asked = _chosen(request.GET)
    chosen = asked[: sides.MOST]
    found = _exchanges(request, chosen, "comparison__connection", "case", "author").defer("timeline", "added")
    if len(found) < len(chosen):
        raise Http404
    if len(chosen) < 2:
        message = "Choose two or more in the history: open its rows and tick the exchanges you want to see together."
        return render(request, "runs/history_refused.html", {"message": message}, status=422)
    by_id = {one.public_id: one for one in found}
    shown = sides.side_by_side([by_id[one] for one in chosen])
    return render(request, "runs/side_by_side.html", {"sides": shown, "more": len(asked) - len(chosen)})


@requires(Role.MEMBER)
@require_POST
def compare_exchanges(request: TeamRequest) -> HttpResponse:
    """A draft with the chosen exchanges as its columns, in the order they were chosen."""
    chosen = _chosen(request.POST)
    found = _exchanges(request, chosen, "request_body", "comparison__connection", "comparison__team")
    by_id = {one.public_id: one for one in found}
    try:
        draft = columns.draft_of([by_id[one] for one in chosen if one in by_id], request.user)
    except columns.CannotCompareError as error:
        return render(request, "runs/history_refused.html", {"message": str(error)}, status=422)
    return go(request, f"/?draft={draft.public_id}")


def _chosen(asked: QueryDict) -> list[str]:
    """The ids of the exchanges, each once."""
    return list(dict.fromkeys(identifier(one) for one in asked.getlist("exchange")))[:64]


def _exchanges(request: TeamRequest, chosen: Sequence[str], *related: str) -> ExchangeQuerySet:
    """Those of them that are the team's."""
    found = Exchange.objects.visible_to(request.user).filter(team=request.team, public_id__in=chosen)
    return found.select_related("variant", *related)
