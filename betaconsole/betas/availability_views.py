"""Checking availability: the form that begins a check, its page while it runs and after, what is checked by itself."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from django.db import transaction
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_POST, require_safe

from betaconsole.availability.models import Check, Schedule
from betaconsole.teams.access import TeamRequest, requires
from betaconsole.teams.audit import record
from betaconsole.teams.models import Connection, Role
from betaconsole.web.htmx import by_htmx
from betaconsole.web.paging import identifier, number, page

from . import probing
from .check_form import CHOICES, CheckForm, size_of
from .place import Place, place_for, served_models
from .results import results_of
from .schedule_form import ScheduleForm
from .using import used_counts

PAST_CHECKS = 20


@requires(Role.VIEWER)
@require_safe
def availability(request: TeamRequest) -> HttpResponse:
    """The form, the checks there were, and the schedules."""
    place = _place(request)
    return _page(request, place, CheckForm.read(request.GET, place))


@requires(Role.VIEWER)
@require_safe
def check_size(request: TeamRequest) -> HttpResponse:
    """How much the form as it stands would ask."""
    place = _place(request)
    form = CheckForm.read(request.GET, place)
    return render(request, "betas/_size.html", _size(request, form))


@requires(Role.MEMBER)
@require_POST
def start_check(request: TeamRequest) -> HttpResponse:
    """Begin a check, and lead to its page."""
    usable = Connection.objects.usable_by(request.user).filter(team=request.team)
    connection = get_object_or_404(usable, public_id=identifier(request.POST.get("connection")))
    place = place_for(request.user, request.team, connection_id=connection.public_id)
    form = CheckForm.read(request.POST, place)
    betas = form.betas(used_counts(request.user, request.team))
    try:
        if not betas:
            raise probing.ProbingError("betas", "There is no name to ask about.")
        check = probing.start(request.team, request.user, connection, betas, form.models)
    except probing.ProbingError as error:
        return _page(request, place, form, problem=error, status=422)
    return redirect("betas:check_progress", check.public_id)


@requires(Role.VIEWER)
@require_safe
def check_progress(request: TeamRequest, public_id: str) -> HttpResponse:
    """A check: how far it has come, what it found. htmx asks for its changing part alone, and no more once it has ended."""
    check = _check(request, public_id)
    template = "betas/_check.html" if by_htmx(request) else "betas/check_progress.html"
    return render(request, template, {"results": results_of(check), "check": check})


@requires(Role.MEMBER)
@require_POST
def stop_check(request: TeamRequest, public_id: str) -> HttpResponse:
    check = _check(request, public_id)
    probing.stop(check)
    return redirect("betas:check_progress", public_id)


@requires(Role.ADMIN)
@require_POST
def set_schedule(request: TeamRequest) -> HttpResponse:
    """Switch a connection's schedule on or off, or change it."""
    usable = Connection.objects.visible_to(request.user).filter(team=request.team).usable()
    connection = get_object_or_404(usable, public_id=identifier(request.POST.get("connection")))
    form = ScheduleForm.read(connection, request.POST)
    with transaction.atomic():
        problems = form.save(request.user)
        if not problems:
            detail = {"on": form.is_on, "every_hours": form.every_hours, "daily_usd": form.daily_usd}
            record(request, "schedule changed", about=connection.name, detail=detail)
    if problems:
        place = _place(request)
        refused = replace(form, problems=problems)
        return _page(request, place, CheckForm.read(request.GET, place), refused=refused, status=422)
    return redirect(f"{reverse('betas:availability')}?scheduled={connection.public_id}#schedules")


def _page(
    request: TeamRequest,
    place: Place,
    form: CheckForm,
    *,
    problem: probing.ProbingError | None = None,
    refused: ScheduleForm | None = None,
    status: int = 200,
) -> HttpResponse:
    checks = Check.objects.visible_to(request.user).filter(team=request.team).select_related("connection", "author")
    before = number(request.GET.get("before"))
    context: dict[str, Any] = {
        "place": place,
        "form": form,
        "choices": CHOICES.items(),
        "models": list(dict.fromkeys([*served_models(), *form.models])),
        "problem": problem,
        "page": page(checks, key="pk", before=before, size=PAST_CHECKS),
        "before": before,
        "schedules": _schedules(place, refused),
        "scheduled": identifier(request.GET.get("scheduled")),
        "sending_on": set(Connection.objects.usable_by(request.user).filter(team=request.team)),
        **_size(request, form),
    }
    return render(request, "betas/availability.html", context, status=status)


def _size(request: TeamRequest, form: CheckForm) -> dict[str, Any]:
    used = used_counts(request.user, request.team)
    betas = form.betas(used)
    return {"size": size_of(betas, form.models), "used_number": len(used)}


def _schedules(place: Place, refused: ScheduleForm | None) -> list[ScheduleForm]:
    """A form for each connection; the one that was refused as it was typed."""
    rows = {row.connection_id: row for row in Schedule.objects.filter(connection__in=place.connections)}
    forms = [ScheduleForm.of(one, rows.get(one.pk)) for one in place.connections]
    return [refused if refused and form.connection == refused.connection else form for form in forms]


def _place(request: TeamRequest) -> Place:
    asked = request.GET
    return place_for(request.user, request.team, connection_id=asked.get("connection", ""))


def _check(request: TeamRequest, public_id: str) -> Check:
    """The check, where it is the team's."""
    found = Check.objects.visible_to(request.user).filter(team=request.team).select_related("connection", "author")
    return get_object_or_404(found, public_id=identifier(public_id))
