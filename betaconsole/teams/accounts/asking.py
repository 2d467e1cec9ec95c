"""Team mode: who asks, and in which team.

The current team is the session's choice. A page says which team it was made in (`X-Team`, sent by htmx), so that two
tabs may stand in two teams; and an object's own team goes before both: whoever opens or changes an object does so in its
team, with the role held there. Opening a page of another of one's teams switches to it, and says so.
"""

import time
from collections.abc import Callable
from typing import Any

from allauth.usersessions.models import UserSession
from django.conf import settings
from django.contrib import messages
from django.contrib.auth import logout
from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone

from betaconsole.teams.models import Membership, Role, Team, User
from betaconsole.teams.whereabouts import team_of
from betaconsole.web.frames import OK, frame

SEEN_EVERY_S = 300  # how often at most a session notes that it is used
TEAM = "team"  # the session's word for its current team

View = Callable[[HttpRequest], HttpResponse]


class TeamMode:
    """Puts `user`, `membership` and `team` on the request, and lets nobody in where a view's rule asks for a person."""

    def __init__(self, get_response: View) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if isinstance(request.user, User) and not request.user.is_anonymous:
            _note_use(request)
        if isinstance(request.user, User) and not request.user.is_anonymous:
            stand_in(request, _wanted(request, _memberships(request.user)))
        return self.get_response(request)

    def process_view(
        self, request: HttpRequest, view: Any, args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> HttpResponseBase | None:
        rule = getattr(view, "access_rule", None)
        if rule in ("public", "token"):
            return None
        if not isinstance(request.user, User):
            return _sign_in_first(request)
        if rule == "person":
            return None
        if rule not in list(Role):
            raise PermissionDenied  # a view that says nothing about who may call it
        if "public_id" in kwargs:
            _go_where_it_is(request, str(kwargs["public_id"]))
        if getattr(request, "membership", None) is None:
            closed = Team.objects.closed_by(request.user)
            return render(request, "team/nowhere.html", {"closed": closed}, status=403)
        return None


def stand_in(request: HttpRequest, membership: Membership | None) -> None:
    """Let whoever asks stand in this team for the rest of the request."""
    if membership is None:
        return
    request.membership = membership  # type: ignore[attr-defined]
    request.team = membership.team  # type: ignore[attr-defined]
    membership.user = request.user  # type: ignore[assignment]
    request.user.asks_in, request.user.asks_as = membership.team_id, membership.role  # type: ignore[union-attr]


def switch(request: HttpRequest, membership: Membership) -> None:
    """Make this the session's team from now on."""
    request.session[TEAM] = membership.team.public_id
    stand_in(request, membership)


def _memberships(user: User) -> list[Membership]:
    return list(Membership.objects.filter(user=user, team__deletes_at=None).select_related("team").order_by("pk"))


def _wanted(request: HttpRequest, mine: list[Membership]) -> Membership | None:
    """The place in the team that the page was made in, else the session's, else the first the person ever had."""
    by_team = {membership.team.public_id: membership for membership in mine}
    request.memberships = mine  # type: ignore[attr-defined]
    asked = by_team.get(request.headers.get("X-Team", "")) or by_team.get(request.session.get(TEAM, ""))
    return asked or (mine[0] if mine else None)


def _go_where_it_is(request: HttpRequest, public_id: str) -> None:
    """Stand in the team of the object that the address names, where the person is in several and it is of another."""
    mine: list[Membership] = getattr(request, "memberships", [])
    if len(mine) < 2:
        return
    team_id = team_of(public_id, among=[membership.team_id for membership in mine])
    current: Membership = request.membership  # type: ignore[attr-defined]
    if team_id is None or team_id == current.team_id:
        return
    there = next(membership for membership in mine if membership.team_id == team_id)
    if request.method == "GET" and _is_page(request):
        switch(request, there)
        messages.info(request, f"This is {there.team.name}'s: you are in that team now.")
    else:
        stand_in(request, there)


def _is_page(request: HttpRequest) -> bool:
    """Whether a browser goes there, as opposed to a fragment or a stream that a page asks for."""
    return "HX-Request" not in request.headers and "text/html" in request.headers.get("Accept", "")


def _sign_in_first(request: HttpRequest) -> HttpResponseBase:
    """To the sign-in page: a page by redirect, a fragment by htmx's header, a stream by its last words."""
    login = reverse(settings.LOGIN_URL)
    if "text/event-stream" in request.headers.get("Accept", ""):
        # A redirect would be asked again every half second for ever.
        return ended_stream(request, "runs/_signed_out.html")
    if "HX-Request" in request.headers:
        return HttpResponse("Sign in first.", status=401, headers={"HX-Redirect": login}, content_type="text/plain")
    if request.method not in ("GET", "HEAD"):
        return redirect_to_login("/", login)
    return redirect_to_login(request.get_full_path(), login)


def ended_stream(request: HttpRequest, template: str) -> StreamingHttpResponse:
    """A stream that says why it ends and is not opened again."""
    html = render(request, template).content.decode()
    frames = [OK, frame(html), frame("finished", event="finished")]
    return StreamingHttpResponse(iter(frames), content_type="text/event-stream")


def _note_use(request: HttpRequest) -> None:
    """Ends a session that nobody used for SESSION_IDLE_S; notes now and then that one is used."""
    now = int(time.time())
    seen = request.session.get("seen", now - SEEN_EVERY_S)
    if now - seen > settings.SESSION_IDLE_S:
        logout(request)
        return
    if now - seen >= SEEN_EVERY_S:
        request.session["seen"] = now
        UserSession.objects.filter(session_key=request.session.session_key).update(last_seen_at=timezone.now())
