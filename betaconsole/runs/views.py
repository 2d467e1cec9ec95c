"""Pages of comparisons and exchanges."""

from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_GET

from betaconsole.teams.access import requires
from betaconsole.teams.models import Role


@requires(Role.VIEWER)
@require_GET
def compose(request: HttpRequest) -> HttpResponse:
    return HttpResponse("betaconsole")
