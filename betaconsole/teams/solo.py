"""Solo mode: one local owner, no sign-in, and therefore nobody but this machine.

A request counts as local only if its peer is a loopback address, its Host names loopback and no proxy header is on
it: a tunnel or a reverse proxy forwards requests of strangers from a loopback peer, and is caught by one of the other
two. Everybody with an account on this machine can reach the console; the README says so.
"""

import ipaddress
from collections.abc import Callable

from django.conf import settings
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from .models import Connection, Membership, Role, Team, User

OWNER_EMAIL = "owner@localhost"
SIMULATOR_URL = "http://simulator.invalid"
# Besides everything that begins with X-Forwarded.
PROXY_HEADERS = (
    "Forwarded",
    "Via",
    "X-Real-Ip",
    "X-Client-Ip",
    "X-Original-Host",
    "True-Client-Ip",
    "Cf-Connecting-Ip",
)

View = Callable[[HttpRequest], HttpResponse]


class LocalOnly:
    """Refuses what does not come from this machine, before anything else looks at it, static files included."""

    def __init__(self, get_response: View) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        reason = why_not_local(request)
        if reason:
            return render(request, "403_not_local.html", {"reason": reason}, status=403)
        return self.get_response(request)


class SoloMode:
    """Makes the local owner the one who asks."""

    def __init__(self, get_response: View) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        request.membership = local_membership()  # type: ignore[attr-defined]
        request.user = request.membership.user  # type: ignore[attr-defined]
        request.team = request.membership.team  # type: ignore[attr-defined]
        return self.get_response(request)


def why_not_local(request: HttpRequest) -> str | None:
    """Why a request is refused in solo mode; None for one from this machine."""
    peer = request.META.get("REMOTE_ADDR", "")
    if not _is_loopback(peer):
        return "it came from another machine"
    host = request.META.get("HTTP_HOST", "")
    name = host.rsplit(":", 1)[0] if not host.endswith("]") else host
    if name.lower() != "localhost" and not _is_loopback(name.strip("[]")):
        return "it asked for a host name that is not this machine's loopback address"
    for header in request.headers:
        if header in PROXY_HEADERS or header.startswith("X-Forwarded"):
            return f"it came through a proxy or tunnel (header {header})"
    return None


def _is_loopback(address: str) -> bool:
    try:
        return ipaddress.ip_address(address).is_loopback
    except ValueError:
        return False


def local_membership() -> Membership:
    """The local owner's place in the one team, made on the first request."""
    found = Membership.objects.select_related("user", "team").filter(user__is_local=True).order_by("pk").first()
    return found or set_up_solo()


def set_up() -> None:
    """What a start needs: the local owner and the team, where there are none yet; the environment's connection."""
    local = Membership.objects.select_related("user", "team").filter(user__is_local=True).order_by("pk").first()
    if local is not None:
        if settings.MODE == "solo":  # where nobody could bring it back
            Team.objects.filter(pk=local.team_id).exclude(deletes_at=None).update(deletes_at=None)
        make_connections(local.team, author=local.user)
    elif settings.MODE == "solo" or not Membership.objects.exists():
        set_up_solo()


@transaction.atomic
def set_up_solo() -> Membership:
    """Make the local owner, the team, the simulator connection and, with a key in the environment, its connection."""
    user, _ = User.objects.get_or_create(is_local=True, defaults={"email": OWNER_EMAIL, "name": "You"})
    membership = Membership.objects.select_related("user", "team").filter(user=user).order_by("pk").first()
    if membership is None:
        team = Team.objects.create(name="Local")
        membership = Membership.objects.create(user=user, team=team, role=Role.OWNER)
    make_connections(membership.team, author=user)
    return membership


def make_connections(team: Team, *, author: User, environment: bool = True) -> None:
    """The connections a team begins with: the simulator, and the environment's key where one is set and wanted."""
    Connection.objects.get_or_create(
        team=team,
        kind=Connection.Kind.SIMULATOR,
        defaults={"name": "Simulator", "base_url": SIMULATOR_URL, "author": author},
    )
    if settings.ENVIRONMENT_KEY and environment:
        Connection.objects.update_or_create(
            team=team,
            kind=Connection.Kind.ENVIRONMENT,
            defaults={"base_url": settings.ENVIRONMENT_BASE_URL},
            create_defaults={"name": "Environment key", "base_url": settings.ENVIRONMENT_BASE_URL, "author": author},
        )
