"""Pausing a comparison, resuming it, and running more repeats of it."""

from typing import Any

from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST

from betaconsole.runs.launching import more_repeats
from betaconsole.runs.launching.budgeting import OverBudget
from betaconsole.runs.launching.launching import SendingDisabled, TokenReused
from betaconsole.runs.launching.planning import PlanError
from betaconsole.runs.models import Comparison
from betaconsole.runs.sending import pausing
from betaconsole.teams.access import TeamRequest, requires
from betaconsole.teams.models import Role
from betaconsole.web.htmx import by_htmx
from betaconsole.web.paging import identifier, number

from . import comparison_page
from .comparison_page import Asked
from .overview import state_context
from .views import added, passes_budget, visible_comparison


@requires(Role.MEMBER)
@require_POST
def pause(request: TeamRequest, public_id: str) -> HttpResponse:
    found = visible_comparison(request, public_id)
    try:
        pausing.pause(found)
    except pausing.CannotPause as error:
        return render(request, "runs/not_sent.html", {"comparison": found, "message": str(error)}, status=409)
    if not by_htmx(request):
        return redirect(found)
    found.refresh_from_db(fields=["paused_at", "finished_at"])
    view = Asked.of(request.POST).load(found, request.user)
    return render(request, "runs/_state_answer.html", state_context(view))


@requires(Role.MEMBER)
@require_POST
def resume(request: TeamRequest, public_id: str) -> HttpResponse:
    found = visible_comparison(request, public_id)
    pausing.resume(found)
    if not by_htmx(request):
        return redirect(found)
    return render(request, "runs/_lanes_answer.html", area_now(request, found))


@requires(Role.MEMBER)
@require_POST
def more(request: TeamRequest, public_id: str) -> HttpResponse:
    """So many more repeats; a press of a form that htmx does not send is answered with a page."""
    found, token = visible_comparison(request, public_id), identifier(request.POST.get("client_token")) or None
    repeats, over = number(request.POST.get("repeats")) or 0, passes_budget(request)

    def add() -> Any:
        return more_repeats.add_repeats(found, repeats, author=request.user, client_token=token, over_budget=over)

    if not by_htmx(request):
        return added(request, found, add)
    try:
        add()
    except (PlanError, TokenReused, SendingDisabled) as error:
        return not_added(request, found, error)
    context = area_now(request, found)
    return render(request, "runs/_more_answer.html", {**context, **comparison_page.more_context(context["view"])})


def not_added(request: TeamRequest, found: Comparison, error: Exception) -> HttpResponse:
    """The form with what was typed and why nothing was sent."""
    match error:
        case PlanError():
            said = error.message
        case TokenReused():
            said = "This page has added other repeats already: press once more."
        case _:
            said = str(error)
    view = Asked.of(request.POST).load(found, request.user)
    may_pass = isinstance(error, OverBudget) and error.may_pass
    context = {**comparison_page.more_context(view), "comparison": found, "problem": said, "may_pass": may_pass}
    return render(
        request, "runs/_more_repeats.html", {**context, "typed": number(request.POST.get("repeats"))}, status=409
    )


def area_now(request: TeamRequest, found: Comparison) -> dict[str, Any]:
    """The lanes as they stand, for the part of the comparison that the page shows."""
    found.refresh_from_db(fields=["paused_at", "finished_at", "repeats", "planned_repeats"])
    return comparison_page.area(found, Asked.of(request.POST), request.user)
