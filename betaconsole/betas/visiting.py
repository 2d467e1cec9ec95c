"""When a person last looked at a team's betas: news is what changed since."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.utils import timezone

from betaconsole.availability.models import Visit
from betaconsole.teams.models import Team, User

ENDS_AFTER = timedelta(minutes=30)  # without a look
NOTED_EVERY = timedelta(minutes=1)


def visit(user: User, team: Team) -> datetime | None:
    """Note that this person looks now; from when on changes are news to them, None on their first visit.

    Looks less than half an hour apart are one visit: loading the page again does not take the news away.
    """
    now = timezone.now()
    seen, is_new = Visit.objects.get_or_create(user=user, team=team, defaults={"seen_at": now})
    if is_new:
        return None
    away = now - seen.seen_at
    if away > ENDS_AFTER:
        seen.news_from = seen.seen_at
    if away > NOTED_EVERY:
        seen.seen_at = now
        seen.save(update_fields=["seen_at", "news_from"])
    return seen.news_from
