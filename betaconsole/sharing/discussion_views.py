"""What people say about a comparison."""

from django.http import HttpResponse
from django.views.decorators.http import require_GET

from betaconsole.teams.access import TeamRequest, requires
from betaconsole.teams.models import Role

from .panel import own_comparison, shown


@requires(Role.VIEWER)
@require_GET
def discussion(request: TeamRequest, public_id: str) -> HttpResponse:
    return shown(request, own_comparison(request, public_id))
