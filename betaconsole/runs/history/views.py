"""The pages under /history/."""

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from betaconsole.runs.pages.views import by_htmx
from betaconsole.teams.access import TeamRequest, requires
from betaconsole.teams.models import Role
from betaconsole.web.paging import number

from .listing import history as history_of


@requires(Role.VIEWER)
@require_GET
def history(request: TeamRequest) -> HttpResponse:
    query, before = request.GET.get("q", "").strip(), number(request.GET.get("before"))
    found = history_of(request.user, request.team, query=query, before=before)
    template = "runs/_history_rows.html" if by_htmx(request) else "runs/history.html"
    return render(request, template, {"page": found, "query": query, "before": before})
