"""Deleting a team: closed at once, gone for good some days later, and until then an owner takes it back.

While it is closed nobody stands in it, its tokens and links open nothing, what it sent is stopped and nothing goes out. Then
its history goes as old history does, a little at a time, and at last the team with all else it has. People keep their
accounts, and the audit log keeps every line.
"""

import logging
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.db import Error, transaction
from django.utils import timezone

from betaconsole.library.models import Combination, Prompt
from betaconsole.runs.models import Body, Comparison, Exchange
from betaconsole.runs.sending.cancelling import cancel
from betaconsole.teams.audit import record, record_by
from betaconsole.teams.models import ApiToken, Connection, Membership, Team, User

from .keeping import UNDO_FOR

logger = logging.getLogger(__name__)

GRACE = timedelta(days=7)
HIDDEN_AT_ONCE = 50


@dataclass(frozen=True)
class Contents:
    """What would go with a team."""

    comparisons: int
    exchanges: int
    prompts: int
    combinations: int
    keys: int
    tokens: int
    members: int  # who lose it, the one who looks among them


def contents(team: Team) -> Contents:
    """In as many queries as it has fields."""
    return Contents(
        comparisons=Comparison.objects.filter(team=team, deleted_at=None, is_errand=False).count(),
        exchanges=Exchange.objects.filter(team=team).count(),
        prompts=Prompt.objects.filter(team=team).count(),
        combinations=Combination.objects.filter(team=team).count(),
        keys=Connection.objects.filter(team=team).exclude(sealed_key="").count(),
        tokens=ApiToken.objects.filter(team=team, revoked_at=None).count(),
        members=Membership.objects.filter(team=team).count(),
    )


def close(by: Membership) -> Team:
    """Delete the team of this owner: from now on it is closed, and it goes after `GRACE`."""
    with transaction.atomic():
        team = Team.objects.select_for_update().get(pk=by.team_id)
        team.deletes_at = timezone.now() + GRACE
        team.save(update_fields=["deletes_at"])
        record(by, "team deleted", about=team.name, detail={"goes for good": team.deletes_at.isoformat()})
    # Marked first: what somebody starts in this moment is stopped here, or was refused.
    stop_what_is_left()
    return team


def stop_what_is_left() -> None:
    """Cancel what has not ended of teams that are closed; what the database keeps from it now, the next look cancels."""
    for comparison in Comparison.objects.unfinished().exclude(team__deletes_at=None):
        try:
            cancel(comparison)
        except Error as error:
            # The others must not go on for it, and its own team stays closed: nothing more of it is sent.
            logger.error("comparison %s of a deleted team is not stopped: %s", comparison.pk, type(error).__name__)


def reopen(user: User, team: Team) -> bool:
    """Take the deletion back; False where it is too late, or the person does not own the team."""
    mine = Team.objects.closed_by(user).filter(pk=team.pk)
    if mine.exists():
        # Nothing that was stopped by the deletion, or should have been, goes out after it.
        for comparison in Comparison.objects.unfinished().filter(team=team):
            cancel(comparison)
    with transaction.atomic():
        found = mine.select_for_update().first()
        if found is None:
            return False
        found.deletes_at = None
        found.save(update_fields=["deletes_at"])
        record_by(user, found.pk, "team brought back", about=found.name)
    return True


def go_on(now: datetime) -> bool:
    """The next few comparisons of teams that are due are hidden for good, or such a team goes; False where none is due.

    Only in team mode: in solo mode there is one team, whoever deleted it before.
    """
    if settings.MODE != "team":
        return False
    team = Team.objects.filter(deletes_at__lte=now).order_by("deletes_at").first()
    if team is None:
        return False
    rows = Comparison.objects.filter(team=team)
    keys = list(rows.filter(deleted_at=None).order_by("pk").values_list("pk", flat=True)[:HIDDEN_AT_ONCE])
    if rows.filter(pk__in=keys).update(deleted_at=now - UNDO_FOR):
        return True
    # Deleted by somebody a moment before: no day is left to take that back.
    if rows.filter(deleted_at__gt=now - UNDO_FOR).update(deleted_at=now - UNDO_FOR):
        return True
    if rows.exists():
        return False  # they go first, step by step
    _remove(team)
    return True


@transaction.atomic
def _remove(team: Team) -> None:
    """All else it has, and the team."""
    Body.objects.filter(team=team).delete()
    team.delete()
