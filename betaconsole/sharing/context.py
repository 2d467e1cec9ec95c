"""What the bar on top of every page says of mentions."""

from collections.abc import Callable
from typing import Any

from django.http import HttpRequest

from betaconsole.teams.models import Membership

from .models import Mention

MOST_COUNTED = 99


def mentions(request: HttpRequest) -> dict[str, Any]:
    """`unread_mentions`: how many, where somebody asks in a team; the query runs only where a template asks for it."""
    membership: Membership | None = getattr(request, "membership", None)
    return {} if membership is None else {"unread_mentions": counted(membership)}


def counted(membership: Membership) -> Callable[[], int]:
    """Counts this person's unread mentions in the team, up to `MOST_COUNTED`."""

    def count() -> int:
        # Put together only here: a page of many fragments asks for its context many times.
        unread = Mention.objects.filter(person=membership.user_id, team=membership.team_id).unread().readable()
        return unread.order_by()[:MOST_COUNTED].count()

    return count
