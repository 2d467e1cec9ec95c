"""The page that checks a header line, and the comparison it leads to. What is pasted is not kept until one asks for that."""

from collections.abc import Sequence

from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST

from betaconsole.availability.standings import standings
from betaconsole.availability.wording import Stood, stood
from betaconsole.catalogue.betas import catalogue_date
from betaconsole.catalogue.help import BETA_HEADERS, CHANGELOG
from betaconsole.catalogue.model_specs import all_models, default_model, known_versions
from betaconsole.claude.headers import DEFAULT_VERSION
from betaconsole.runs.standpoints import standpoints
from betaconsole.teams.access import TeamRequest, requires
from betaconsole.teams.models import Connection, Role

from .checking import check as checked
from .checking import read_names, without_keys
from .leaving_out import draft_leaving_out, sendable
from .support import check_support

EXAMPLE = (
    "anthropic-beta: context-1m-2025-08-07,interleaved-thinking-2025-05-14,prompt-caching-2024-07-31,"
    "token-efficient-tools-2025-02-19,context-managment-2025-06-27"
)


@requires(Role.VIEWER)
@require_http_methods(["GET", "HEAD", "POST"])
def check(request: TeamRequest) -> HttpResponse:
    text = request.POST.get("header", "")
    read = read_names(text) if text.strip() else None
    model = read.model if read and read.model else request.POST.get("model", "").strip()[:100] or default_model()
    version = read.version if read and read.version else request.POST.get("version", "").strip()[:20] or DEFAULT_VERSION
    names = read.names if read else ()
    verdicts = checked(names, model=model, version=version, today=timezone.now().date())
    connection = Connection.objects.default_for(request.team, request.user)
    probed = _probed(request, connection, model, names)
    context = {
        "text": without_keys(text) if text else "",
        "is_asked": request.method == "POST",
        "model": model,
        "version": version,
        "models": list(all_models()),
        "versions": known_versions(),
        "checked": verdicts,
        "connection": connection,
        "probed": probed,
        "links": [BETA_HEADERS, CHANGELOG],
        "support": check_support(verdicts, probed, model=model, version=version, now=timezone.now()),
        "stands": standpoints(request.user, request.team, subjects=names) if names else {},
        "sendable": sendable(names),
        "example": EXAMPLE,
        "catalogue_date": catalogue_date(),
    }
    return render(request, "betas/check.html", context)


def _probed(request: TeamRequest, connection: Connection, model: str, names: Sequence[str]) -> dict[str, Stood]:
    """How the connection answered each name on that model. One query."""
    found = standings(request.user, team=request.team, connection=connection, model=model, betas=names)
    rows = {beta: row for (_, _, beta), row in found.items()}
    return {name: stood(rows.get(name)) for name in names}


@requires(Role.MEMBER)
@require_POST
def leave_out(request: TeamRequest) -> HttpResponse:
    """A draft: all names, all but each, none."""
    read = read_names(request.POST.get("header", ""))
    if not sendable(read.names):
        return redirect("betas:check")
    model = read.model or request.POST.get("model", "").strip()[:100] or default_model()
    version = read.version or request.POST.get("version", "").strip()[:20]
    draft = draft_leaving_out(request.team, request.user, read, model=model, version=version)
    return redirect(f"{reverse('runs:compose')}?draft={draft.public_id}")
