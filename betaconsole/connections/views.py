"""Pages of connections: paste a key, see which there are, remove one."""

from django.conf import settings
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from betaconsole.teams.access import TeamRequest, requires
from betaconsole.teams.keys import keep_key, remove_key
from betaconsole.teams.models import Connection, Role

from .forms import KeyForm


@requires(Role.VIEWER)
@require_GET
def connections(request: TeamRequest) -> HttpResponse:
    rows = list(Connection.objects.visible_to(request.user).filter(team=request.team).usable().order_by("pk"))
    added = next((row for row in rows if row.public_id == request.GET.get("added")), None)
    context = {"rows": rows, "added": added, "default": Connection.objects.default_for(request.team)}
    return render(request, "connections/connections.html", context)


@requires(Role.ADMIN)
@require_http_methods(["GET", "POST"])
def new(request: TeamRequest) -> HttpResponse:
    """Paste a key. It is sealed before anything is answered; only its last four characters are ever shown."""
    form = KeyForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        made = keep_key(
            form.cleaned_data["key"],
            team=request.team,
            author=request.user,
            name=form.cleaned_data["name"],
            base_url=form.cleaned_data["base_url"],
        )
        return redirect(f"{reverse('connections:connections')}?added={made.public_id}")
    context = {"form": form, "official": settings.OFFICIAL_API}
    return render(request, "connections/new.html", context, status=422 if form.errors else 200)


@requires(Role.ADMIN)
@require_POST
def remove(request: TeamRequest, public_id: str) -> HttpResponse:
    """Remove a pasted key; the simulator and the environment's key are not the console's to remove."""
    rows = Connection.objects.visible_to(request.user).filter(kind=Connection.Kind.KEY, archived_at=None)
    remove_key(get_object_or_404(rows, public_id=public_id))
    return redirect("connections:connections")
