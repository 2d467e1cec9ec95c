"""The strip of tabs below the lanes."""

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from betaconsole.teams.access import TeamRequest, requires
from betaconsole.teams.models import Role

from .pairs import own_comparison
from .tabs import strip


@requires(Role.VIEWER)
@require_GET
def tabs(request: TeamRequest, public_id: str) -> HttpResponse:
    """The strip with no part open."""
    comparison = own_comparison(request, public_id)
    context = {"comparison": comparison, "tabs": strip(comparison, query=request.GET.urlencode())}
    return render(request, "compare/_tabs.html", context)
