"""What every page knows about who is looking at it."""

from typing import Any

from django.conf import settings
from django.http import HttpRequest

from .access import May
from .models import Connection, Membership, Team


def who(request: HttpRequest) -> dict[str, Any]:
    """Who looks at the page: `membership`, `may` (`may.run`, `may.manage`, `may.own`), `team`, `default_connection`;
    `is_team_mode`, and `other_memberships`: the person's places in other teams."""
    team: Team | None = getattr(request, "team", None)
    membership: Membership | None = getattr(request, "membership", None)
    known: dict[str, Any] = {"is_team_mode": settings.MODE == "team", "may": May.of(membership)}
    known["sign_in_service"] = settings.OIDC_NAME
    if team is None or membership is None:
        return known
    others = [one for one in getattr(request, "memberships", []) if one.team_id != team.pk]
    return known | {
        "team": team,
        "membership": membership,
        "default_connection": _Lazily(lambda: Connection.objects.default_for(team, membership.user)),
        "other_memberships": sorted(others, key=lambda one: one.team.name),
    }


class _Lazily:
    """Templates call callables: the query runs only where a template asks for it."""

    def __init__(self, find: Any) -> None:
        self.find = find
        self.found: Any = None

    def __call__(self) -> Any:
        if self.found is None:
            self.found = self.find()
        return self.found
