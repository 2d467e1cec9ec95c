"""The pages under /betas/."""

from typing import Any

from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_POST, require_safe

from betaconsole.catalogue.betas import AREAS, Status, all_betas, catalogue_date, find
from betaconsole.claude.headers import HeaderError, check_beta
from betaconsole.runs.standpoints import standpoints, superseded
from betaconsole.teams.access import TeamRequest, requires
from betaconsole.teams.models import Connection, Role
from betaconsole.web.htmx import by_htmx
from betaconsole.web.paging import number

from .asked_before import asked_before
from .beta_page import beta_page
from .listing import ANSWERS, Wanted, can_try, endpoints, rows, used_rows
from .news import news_for
from .place import place_for
from .spelling import spelt
from .suggesting import suggested
from .support import beta_support
from .trying import told_of_try, try_draft
from .using import comparisons_with, used_counts
from .visiting import visit

MOST_TYPED = 400


@requires(Role.VIEWER)
@require_safe
def betas(request: TeamRequest) -> HttpResponse:
    wanted = _wanted(request)
    used, stands = used_counts(request.user, request.team), standpoints(request.user, request.team)
    asked = request.GET
    place = place_for(
        request.user, request.team, connection_id=asked.get("connection", ""), model=asked.get("model", "")
    )
    found = rows(wanted, used, place.stood, stands)
    context: dict[str, Any] = {
        "wanted": wanted,
        "place": place,
        "rows": found,
        "suggested": [] if found or not wanted.query else suggested(wanted.query),
        "used_rows": used_rows(wanted, used, place.stood, stands),
        "known": len(all_betas()),
        "catalogue_date": catalogue_date(),
    }
    if by_htmx(request):
        return render(request, "betas/_rows.html", context)
    choices = {
        "statuses": list(Status),
        "endpoints": endpoints(),
        "areas": AREAS.items(),
        "answers": ANSWERS.items(),
        "news": news_for(request.user, request.team, visit(request.user, request.team)),
    }
    return render(request, "betas/betas.html", {**context, **choices})


def _wanted(request: TeamRequest) -> Wanted:
    asked = request.GET
    return Wanted(
        query=asked.get("q", "").strip()[:MOST_TYPED],
        status=asked.get("status", ""),
        endpoint=asked.get("endpoint", ""),
        area=asked.get("area", ""),
        needs_header="needs_header" in asked,
        answer=asked.get("answer", ""),
    )


@requires(Role.VIEWER)
@require_safe
def beta(request: TeamRequest, name: str) -> HttpResponse:
    _check(name)
    before = number(request.GET.get("before"))
    stands = standpoints(request.user, request.team)
    context = {
        "name": name,
        "page": beta_page(name),
        "support": beta_support(request.user, request.team, name),
        "asked": asked_before(request.user, request.team, name),
        "place": place_for(request.user, request.team),
        "sending_on": Connection.objects.usable_by(request.user).filter(team=request.team).order_by("pk"),
        "used": comparisons_with(request.user, request.team, name, before=before),
        "before": before,
        "points": sorted(
            (point for point in stands.values() if name in point.decision.betas),
            key=lambda point: point.decision.is_combination,
        ),
        "superseded": superseded(request.user, request.team, [name]),
        "catalogue_date": catalogue_date(),
    }
    return render(request, "betas/beta.html", context)


@requires(Role.MEMBER)
@require_POST
def try_it(request: TeamRequest, name: str) -> HttpResponse:
    """A draft in the composer: the beta's example, without it and with it."""
    _check(name)
    known = find(name)
    if known is None or not can_try(known):
        raise Http404
    draft = try_draft(request.team, request.user, known)
    return redirect(f"{reverse('runs:compose')}?draft={draft.public_id}&tried={name}")


@requires(Role.VIEWER)
@require_safe
def tried(request: TeamRequest) -> HttpResponse:
    """What a try of the beta is about to show: the composer asks for it beside the draft that `try_it` made."""
    known = find(request.GET.get("name", ""))
    if known is None or not can_try(known):
        raise Http404
    return render(request, "betas/_tried.html", {"name": spelt(known.name), "said": told_of_try(known)})


def _check(name: str) -> None:
    """404 for what no header could hold."""
    try:
        check_beta(name)
    except HeaderError as error:
        raise Http404 from error
