"""One's own bearer tokens for the JSON API, each for one team."""

from django.db import transaction
from django.db.models import QuerySet
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from betaconsole.teams.access import TeamRequest, requires
from betaconsole.teams.audit import record
from betaconsole.teams.models import ApiToken, Role
from betaconsole.web.paging import identifier

LONGEST_NAME = 120


@requires(Role.VIEWER)
@require_safe
def tokens(request: TeamRequest) -> HttpResponse:
    return _page(request)


@requires(Role.VIEWER)
@require_POST
def new_token(request: TeamRequest) -> HttpResponse:
    """Makes a token that may what its person may in this team; it is on this page and never again."""
    name = request.POST.get("name", "").strip()
    if not name or len(name) > LONGEST_NAME:
        return _page(request, problem="Say what the token is for, in at most 120 characters.", typed=name)
    with transaction.atomic():
        _, secret = ApiToken.issue(user=request.user, team=request.team, name=name)
        record(request, "token made", about=name)
    return _page(request, secret=secret, made=name)


@requires(Role.VIEWER)
@require_POST
def revoke_token(request: TeamRequest, public_id: str) -> HttpResponse:
    token = get_object_or_404(_mine(request), public_id=identifier(public_id))
    with transaction.atomic():
        ApiToken.objects.filter(pk=token.pk).update(revoked_at=timezone.now())
        record(request, "token revoked", about=token.name)
    return redirect("team:tokens")


def _mine(request: TeamRequest) -> QuerySet[ApiToken]:
    return ApiToken.objects.filter(user=request.user, team=request.team, revoked_at=None).order_by("-pk")


def _page(request: TeamRequest, **shown: str) -> HttpResponse:
    status = 422 if "problem" in shown else 200
    return render(request, "team/tokens.html", {"rows": list(_mine(request)), **shown}, status=status)
