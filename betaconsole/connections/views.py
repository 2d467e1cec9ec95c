"""Pages of connections: which there are, one of them, its form, its test, and taking it out of use."""

from typing import Any

from django.conf import settings
from django.db import transaction
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from betaconsole.runs.launching.launching import SendingDisabled
from betaconsole.runs.launching.planning import PlanError
from betaconsole.teams import audit, keys
from betaconsole.teams.access import TeamRequest, requires
from betaconsole.teams.models import Connection, ConnectionQuerySet, Role
from betaconsole.teams.origins import is_allowed

from . import testing
from .forms import ConnectionForm
from .limits import latest_limits
from .refusals import refused_keys
from .spending import shown


@requires(Role.VIEWER)
@require_safe
def connections(request: TeamRequest) -> HttpResponse:
    rows = list(ours(request).usable().order_by("pk"))
    added = next((row for row in rows if row.public_id == request.GET.get("added")), None)
    context = {
        "rows": rows,
        "spending": shown(rows),
        "refused": refused_keys(rows),
        "archived": list(ours(request).exclude(archived_at=None).order_by("-archived_at")),
        "added": added,
        "default": Connection.objects.default_for(request.team, request.user),
        "manages": manages(request),
    }
    return render(request, "connections/connections.html", context)


@requires(Role.VIEWER)
@require_safe
def connection(request: TeamRequest, public_id: str) -> HttpResponse:
    row = get_object_or_404(ours(request).select_related("author"), public_id=public_id)
    context = {
        "row": row,
        "is_default": row == Connection.objects.default_for(request.team, request.user),
        "is_allowed": is_allowed(row),
        "people": list(row.people.order_by("name", "email")),
        "manages": manages(request),
        "spending": shown([row]).get(row.pk),
        "limits": latest_limits(row),
        "refused": refused_keys([row]),
        **context_of_test(request, row),
    }
    return render(request, "connections/connection.html", context)


@requires(Role.MEMBER)
@require_http_methods(["GET", "HEAD", "POST"])
def test(request: TeamRequest, public_id: str) -> HttpResponse:
    """POST asks for the models of the connection; GET is how the last test stands."""
    row = get_object_or_404(ours(request).select_related("team"), public_id=public_id)
    refusal, status = "", 200
    if request.method == "POST":
        try:
            testing.start(row, author=request.user)
        except PlanError as error:
            refusal, status = error.message, 422
        except SendingDisabled as error:
            refusal, status = str(error), 503
    if not request.htmx:  # type: ignore[attr-defined]
        return redirect("connections:connection", public_id)
    context = context_of_test(request, row, refusal=refusal)
    limits = latest_limits(row) if context["verdict"] else []
    return render(request, "connections/_test_answer.html", {**context, "limits": limits}, status=status)


def context_of_test(request: TeamRequest, row: Connection, *, refusal: str = "") -> dict[str, Any]:
    """Context of `_test.html`."""
    exchange = testing.latest(row)
    return {
        "row": row,
        "refusal": refusal,
        "exchange": exchange,
        "verdict": exchange and testing.verdict(exchange),
        "may_test": Connection.objects.usable_by(request.user).filter(pk=row.pk).exists(),
    }


@requires(Role.ADMIN)
@require_http_methods(["GET", "HEAD", "POST"])
def new(request: TeamRequest) -> HttpResponse:
    """Paste a key. It is sealed before anything is answered; only its last four characters are ever shown."""
    form = ConnectionForm(request.POST or None, team=request.team)
    if request.method == "POST" and form.is_valid():
        with transaction.atomic():
            made = form.keep(request.user)
            noted(request, "key added", made)
        return redirect(f"{reverse('connections:connections')}?added={made.public_id}")
    context = {"form": form, "official": settings.OFFICIAL_API}
    return render(request, "connections/new.html", context, status=422 if form.errors else 200)


@requires(Role.ADMIN)
@require_http_methods(["GET", "HEAD", "POST"])
def edit(request: TeamRequest, public_id: str) -> HttpResponse:
    row = get_object_or_404(ours(request), public_id=public_id)
    form = ConnectionForm(request.POST or None, team=request.team, instance=row)
    name = row.name
    if request.method == "POST" and form.is_valid():
        with transaction.atomic():
            form.keep(request.user)
            action = "connection budget changed" if form.changes_budget else "connection changed"
            noted(request, action, row, changed=form.changes)
        return redirect("connections:connection", public_id)
    context = {"form": form, "row": row, "name": name}
    return render(request, "connections/edit.html", context, status=422 if form.errors else 200)


@requires(Role.ADMIN)
@require_POST
@transaction.atomic
def archive(request: TeamRequest, public_id: str) -> HttpResponse:
    """Out of use, with its key; the simulator and the environment's key are not the console's to put away."""
    row = get_object_or_404(pasted(request), public_id=public_id)
    if not row.archived_at:
        keys.archive(row)
        noted(request, "connection archived", row)
    return redirect("connections:connection", public_id)


@requires(Role.ADMIN)
@require_POST
@transaction.atomic
def restore(request: TeamRequest, public_id: str) -> HttpResponse:
    """In use again, where it still has a key; without one its form asks for it."""
    row = get_object_or_404(pasted(request), public_id=public_id)
    if not row.sealed_key:
        return redirect("connections:edit", public_id)
    if row.archived_at:
        keys.restore(row)
        noted(request, "connection restored", row)
    return redirect("connections:connection", public_id)


@requires(Role.ADMIN)
@require_POST
@transaction.atomic
def remove(request: TeamRequest, public_id: str) -> HttpResponse:
    """Erase a pasted key."""
    row = get_object_or_404(pasted(request), public_id=public_id)
    noted(request, "key erased", row)
    keys.remove_key(row)
    return redirect("connections:connections")


def ours(request: TeamRequest) -> ConnectionQuerySet:
    """The connections of the team that is looked at."""
    return Connection.objects.visible_to(request.user).filter(team=request.team)


def pasted(request: TeamRequest) -> ConnectionQuerySet:
    return ours(request).filter(kind=Connection.Kind.KEY)


def noted(request: TeamRequest, action: str, row: Connection, **detail: Any) -> None:
    """In the audit log: what was done to a connection. Of its key the fingerprint, never more."""
    audit.record(request, action, about=row.name, detail={"id": row.public_id, "key": row.fingerprint, **detail})


def manages(request: TeamRequest) -> bool:
    """Whether this person changes connections, so that a page shows the buttons for it."""
    return Role(request.membership.role).includes(Role.ADMIN)
