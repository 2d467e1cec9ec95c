"""Files on the API, from the composer: list them, upload one, and show how that goes until it has ended."""

from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode

from django.core.exceptions import BadRequest
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.views.decorators.http import require_POST, require_safe

from betaconsole.claude.endpoints import MAX_BODY_BYTES
from betaconsole.drafts.apart import own_bytes
from betaconsole.drafts.file_kinds import kind_of, safe_name
from betaconsole.drafts.form_view import place_of
from betaconsole.drafts.models import Draft, Upload
from betaconsole.runs.launching import errands
from betaconsole.runs.launching.launching import SendingDisabled
from betaconsole.runs.launching.planning import PlanError
from betaconsole.runs.models import Comparison
from betaconsole.teams.access import TeamRequest, requires
from betaconsole.teams.models import Role
from betaconsole.web.incoming import takes_files, too_much
from betaconsole.web.paging import identifier

from .wording import error_of, pill

TOO_MUCH = "That file has more than 32 MB, the most that the console sends at once. It was not uploaded."
NOTHING = "No file came along: choose one first."
CARRIED = ("draft", "digest", "path")  # what an answer that is asked for again needs to know


@requires(Role.MEMBER)
@require_POST
def list_files(request: TeamRequest) -> HttpResponse:
    """The files on the draft's connection; asks the API, unless it was asked a moment ago and nobody says `refresh`."""
    draft = _asked_draft(request)
    recent = None if "refresh" in request.POST else errands.latest_listing(draft, request.user)
    with_beta = "with_beta" in request.POST
    return _sent(
        request, draft, lambda: recent or errands.list_files(draft, request.user, with_beta=with_beta), "files"
    )


@requires(Role.MEMBER)
@require_POST
@takes_files(MAX_BODY_BYTES)
def upload_file(request: TeamRequest) -> HttpResponse:
    """Upload a `file` that comes along, or the one of the draft that `digest` names, attached at `path`."""
    draft = _asked_draft(request)
    digest = identifier(request.POST.get("digest"))
    where = "uploaded"
    if too_much(request):
        return _refused(request, draft, TOO_MUCH, where)
    if digest:
        kept = get_object_or_404(Upload, draft=draft, digest=digest)
        name, data = (
            safe_name(request.POST.get("name", "")),
            own_bytes(request.POST.get("encoding", ""), bytes(kept.data)),
        )
    elif sent := request.FILES.get("file"):
        name, data = safe_name(sent.name or ""), sent.read()
    else:
        return _refused(request, draft, NOTHING, where)
    media_type, with_beta = kind_of(data).media_type, "with_beta" in request.POST
    return _sent(
        request,
        draft,
        lambda: errands.upload(draft, request.user, name=name, data=data, media_type=media_type, with_beta=with_beta),
        where,
    )


@requires(Role.MEMBER)
@require_safe
def errand(request: TeamRequest, public_id: str) -> HttpResponse:
    """How an errand stands: asked for again until it has ended."""
    asked = get_object_or_404(Comparison.objects.visible_to(request.user), public_id=public_id)
    if not asked.is_errand:
        raise BadRequest("A comparison, not an errand.")
    _asked_draft(request)
    return _shown(request, asked, "files" if asked.method == "GET" else "uploaded")


def _asked_draft(request: TeamRequest) -> Draft:
    drafts = Draft.objects.visible_to(request.user).filter(team=request.team).light()
    asked = request.POST if request.method == "POST" else request.GET
    return get_object_or_404(drafts, public_id=identifier(asked.get("draft")))


def _sent(request: TeamRequest, draft: Draft, send: Callable[[], Comparison], where: str) -> HttpResponse:
    try:
        made = send()
    except PlanError as error:
        return _refused(request, draft, error.message, where)
    except SendingDisabled as error:
        return _refused(request, draft, str(error), where, status=503)
    return _shown(request, made, where)


def _shown(request: TeamRequest, made: Comparison, where: str) -> HttpResponse:
    """The list or the file, the API's error, or that it is still on its way."""
    exchange = errands.exchange_of(made)
    carried = _carried(request)
    context: dict[str, Any] = {
        "errand": made,
        "exchange": exchange,
        "ended": exchange.is_final,
        "again_url": f"{reverse('runs:errand', args=[made.public_id])}?{urlencode(carried)}",
        "pill": pill(exchange, done=1, total=1),
        "error": error_of(exchange),
        "listing": errands.listing_of(exchange) if where == "files" else None,
        "file": errands.uploaded_of(exchange) if where == "uploaded" else None,
        **carried,
    }
    return render(request, f"runs/_{where}.html", context)


def _refused(request: TeamRequest, draft: Draft, message: str, where: str, *, status: int = 422) -> HttpResponse:
    return render(request, f"runs/_{where}.html", {"refusal": message, **_carried(request)}, status=status)


def _carried(request: TeamRequest) -> dict[str, str]:
    asked = request.POST if request.method == "POST" else request.GET
    carried = {name: asked.get(name, "")[:200] for name in CARRIED}
    return {**carried, "place": identifier(place_of(carried["path"]))}
