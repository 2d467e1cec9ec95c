"""Making and ending public links, noted in the audit log."""

from collections.abc import Collection

from django.conf import settings
from django.db import transaction
from django.db.models import QuerySet
from django.urls import reverse

from betaconsole.runs.models import Comparison
from betaconsole.teams.access import TeamRequest
from betaconsole.teams.audit import record

from .models import PublicLink

MOST_DAYS = 90
CHOICES = ("prompt", "headers", "costs", "names")


def make_link(
    request: TeamRequest, comparison: Comparison, *, days: int, shows: Collection[str]
) -> tuple[PublicLink, str]:
    """A link that works for so many days (1 to `MOST_DAYS`; the caller looks) and its address, which nothing tells again."""
    chosen = {f"shows_{word}": word in shows for word in CHOICES}
    with transaction.atomic():
        link, secret = PublicLink.issue(comparison, author=request.user, days=days, **chosen)
        record(request, "share made", about=str(comparison), detail={"days": days, "shows": ", ".join(link.shows)})
    return link, settings.PUBLIC_URL + reverse("sharing:shared", args=[secret])


def revoke_link(request: TeamRequest, link: PublicLink) -> None:
    """It opens nothing any more."""
    with transaction.atomic():
        link.revoke()
        record(request, "share revoked", about=str(link.comparison))


def links_of(request: TeamRequest) -> QuerySet[PublicLink]:
    """The team's links, ended ones too, the newest first."""
    rows = PublicLink.objects.visible_to(request.user).filter(team=request.team)
    return rows.select_related("author", "comparison__connection").order_by("-pk")
