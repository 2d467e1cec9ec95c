"""Pages of comparisons and exchanges."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from betaconsole.teams.access import requires
from betaconsole.teams.models import Role

from .models import Comparison


@requires(Role.VIEWER)
@require_GET
def compose(request: HttpRequest) -> HttpResponse:
    return render(request, "runs/compose.html")


@requires(Role.VIEWER)
@require_GET
def history(request: HttpRequest) -> HttpResponse:
    rows = Comparison.objects.visible_to(request.user).order_by("-pk")[:50]
    return render(request, "runs/history.html", {"rows": rows})
