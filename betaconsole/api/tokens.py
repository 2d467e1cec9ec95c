"""Bearer tokens: the only way in. A cookie opens nothing here, so there is nothing a foreign page could forge."""

from datetime import timedelta

from django.http import HttpRequest
from django.utils import timezone
from ninja.security import HttpBearer

from betaconsole.teams.access import TeamRequest
from betaconsole.teams.models import ApiToken, Membership, Role

from .problems import Problem

USE_NOTED_EVERY = timedelta(minutes=1)


class Token(HttpBearer):
    """`Authorization: Bearer bc_…`: who asks is the token's user, in the token's team."""

    def authenticate(self, request: HttpRequest, token: str) -> ApiToken | None:
        accepted = ApiToken.accepted(token)
        if accepted is None:
            return None
        note_use(accepted)
        membership = Membership.objects.get(user=accepted.user, team=accepted.team)
        request.user = accepted.user
        request.user.asks_in, request.user.asks_as = membership.team_id, membership.role
        request.team = accepted.team  # type: ignore[attr-defined]
        request.membership = membership  # type: ignore[attr-defined]
        return accepted


def note_use(token: ApiToken) -> None:
    """Remember that the token was used now, at most once a minute."""
    now = timezone.now()
    if token.last_used_at is None or token.last_used_at < now - USE_NOTED_EVERY:
        ApiToken.objects.filter(pk=token.pk).update(last_used_at=now)


def check_still_accepted(request: HttpRequest) -> None:
    """Raises the 401 where the token was revoked, or its person removed, while the answer was held."""
    if ApiToken.accepted(request.headers.get("Authorization", "").partition(" ")[2].strip()) is None:
        raise Problem(401, "This token is not accepted any more.")


def check_role(request: TeamRequest, needed: Role) -> None:
    """Raises the 403 where whoever asks may not do this in the team."""
    if not Role(request.membership.role).includes(needed):
        raise Problem(403, f"This needs the role {needed.label.lower()} in the team.")
