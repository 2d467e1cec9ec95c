"""Pages of a team's people."""

from typing import Any

from django.conf import settings
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from betaconsole.teams.access import TeamRequest, requires, signed_in
from betaconsole.teams.accounts.asking import switch as stand_in
from betaconsole.teams.models import Membership, OneTimeLink, Role
from betaconsole.web.paging import identifier

from . import members as rules
from .forms import InvitationForm, RoleForm, TeamForm
from .switching import came_from, same_place


@requires(Role.VIEWER)
@require_safe
def members(request: TeamRequest) -> HttpResponse:
    """Who is in the team, and for admins the invitations that are still open."""
    return _page(request)


@requires(Role.ADMIN)
@require_POST
def change_role(request: TeamRequest, public_id: str) -> HttpResponse:
    other = _member(request, public_id)
    form = RoleForm(request.POST, actor=request.membership)
    if not form.is_valid():
        return _page(request, problem="Choose one of the roles you may give.")
    try:
        rules.change_role(request.membership, other, Role(form.cleaned_data["role"]))
    except rules.Refused as refused:
        return _page(request, problem=str(refused))
    return redirect("people:members")


@requires(Role.ADMIN)
@require_POST
def remove(request: TeamRequest, public_id: str) -> HttpResponse:
    other = _member(request, public_id)
    try:
        rules.remove(request.membership, other)
    except rules.Refused as refused:
        return _page(request, problem=str(refused))
    messages.success(request, f"{other.user} is not in the team any more.")
    return redirect("people:members")


@requires(Role.VIEWER)
@require_POST
def leave(request: TeamRequest) -> HttpResponse:
    try:
        rules.leave(request.membership)
    except rules.Refused as refused:
        return _page(request, problem=str(refused))
    messages.success(request, f"You have left {request.team}.")
    return redirect("/")


@requires(Role.ADMIN)
@require_POST
def invite(request: TeamRequest) -> HttpResponse:
    """Makes an invitation; its link is on this page and never again."""
    form = InvitationForm(request.POST, actor=request.membership)
    if not form.is_valid():
        return _page(request, form=form, status=422)
    try:
        secret = rules.invite(request.membership, role=Role(form.cleaned_data["role"]), note=form.cleaned_data["note"])
    except rules.Refused as refused:
        return _page(request, problem=str(refused))
    return _page(request, link=_address("entering:invited", secret), link_for=form.cleaned_data["note"])


@requires(Role.ADMIN)
@require_POST
def revoke(request: TeamRequest, public_id: str) -> HttpResponse:
    """Takes an invitation back."""
    links = OneTimeLink.objects.visible_to(request.user).filter(team=request.team)
    rules.revoke(request.membership, get_object_or_404(links, public_id=identifier(public_id)))
    return redirect("people:members")


@requires(Role.ADMIN)
@require_POST
def new_password(request: TeamRequest, public_id: str) -> HttpResponse:
    """Makes a link to a new password for somebody who forgot theirs; shown on this page and never again."""
    other = _member(request, public_id)
    try:
        secret = rules.offer_new_password(request.membership, other)
    except rules.Refused as refused:
        return _page(request, problem=str(refused))
    return _page(request, password_link=_address("entering:new_password", secret), link_for=str(other.user))


@signed_in
@require_POST
def switch(request: TeamRequest) -> HttpResponse:
    """To another of one's teams, on the same kind of page."""
    mine = Membership.objects.filter(user=request.user, team__deletes_at=None).select_related("team")
    there = get_object_or_404(mine, team__public_id=identifier(request.POST.get("team")))
    stand_in(request, there)
    here = came_from(request.headers.get("Referer", ""), host=request.get_host()) or request.POST.get("next", "/")
    return redirect(same_place(here))


@requires(Role.ADMIN)
@require_http_methods(["GET", "HEAD", "POST"])
def new_team(request: TeamRequest) -> HttpResponse:
    """A further team; for those who manage one already."""
    form = TeamForm(request.POST or None, label_suffix="")
    if request.method == "POST" and form.is_valid():
        stand_in(request, rules.make_team(request.user, form.cleaned_data["name"]))
        return redirect("people:members")
    return render(request, "team/new_team.html", {"form": form}, status=422 if form.errors else 200)


@requires(Role.OWNER)
@require_POST
def rename(request: TeamRequest) -> HttpResponse:
    form = TeamForm(request.POST)
    if not form.is_valid():
        return _page(request, problem="A team needs a name of at most 120 characters.")
    rules.rename_team(request.membership, form.cleaned_data["name"])
    return redirect("people:members")


def _member(request: TeamRequest, public_id: str) -> Membership:
    ours = Membership.objects.filter(team=request.team).select_related("user", "team")
    return get_object_or_404(ours, public_id=identifier(public_id))


def _address(name: str, secret: str) -> str:
    return f"{settings.PUBLIC_URL}{reverse(name, args=[secret])}"


def _page(
    request: TeamRequest, *, form: InvitationForm | None = None, problem: str = "", status: int = 200, **shown: Any
) -> HttpResponse:
    """The members page; 409 with `problem`: why something was not done."""
    actor = request.membership
    people = Membership.objects.filter(team=request.team).select_related("user").order_by("joined_at", "pk")
    rows = [(one, one.pk != actor.pk and rules.may_act_on(actor, one)) for one in people]
    invitations = OneTimeLink.objects.visible_to(request.user).open().filter(kind=OneTimeLink.Kind.INVITATION)
    context = {
        "rows": rows,
        "roles": rules.roles_to_give(actor),
        "invitations": invitations.select_related("author").order_by("-pk") if rules.roles_to_give(actor) else [],
        "form": form or InvitationForm(actor=actor),
        "problem": problem,
        **shown,
    }
    return render(request, "team/members.html", context, status=409 if problem else status)
