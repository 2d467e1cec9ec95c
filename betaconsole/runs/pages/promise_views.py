"""What the console promises, and what it does not: `docs/promises.md` as a page."""

from django.conf import settings
from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from betaconsole.teams.access import TeamRequest, requires
from betaconsole.teams.models import Role
from betaconsole.web import markdown

DOCUMENT = settings.BASE_DIR / "docs" / "promises.md"


@requires(Role.VIEWER)
@require_safe
def promises(request: TeamRequest) -> HttpResponse:
    return render(request, "runs/promises.html", {"text": markdown.render(DOCUMENT.read_text())})
