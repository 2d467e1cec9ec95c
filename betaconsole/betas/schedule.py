"""Checks that connections make by themselves: off by default, each slot at most once, within a budget for the day.

Slots lie every so many hours from midnight UTC on, whatever the console did meanwhile: `slot_at`. One that passed while no
console ran, or before the schedule was switched on, is not made up for. The check of a slot is a row with a unique
constraint: of several processes that look at the same moment one makes it. Whoever starts the process starts `chore`.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from functools import partial

from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models import Sum
from django.db.models.functions import Now
from django.utils import timezone

from betaconsole.availability.models import Check, Schedule
from betaconsole.runs.sending import engine
from betaconsole.storage.chores import Chore
from betaconsole.teams.models import Connection, User

from .probing import ProbingError, chosen, in_background, mark_abandoned
from .probing_plan import Ask, active_betas, most_usd
from .probing_run import LEASE, Sending

logger = logging.getLogger(__name__)

TICK_S = 15.0
GRACE = timedelta(minutes=10)  # so late a slot is still begun; past that it is missed
MOST_HOURS, MOST_REQUESTS, MOST_USD = 24 * 31, 100_000, Decimal(10_000)


def slot_at(moment: datetime, every_hours: int) -> datetime:
    """The latest slot that is not after this moment."""
    period_s = every_hours * 3600
    return datetime.fromtimestamp(int(moment.timestamp()) // period_s * period_s, tz=moment.tzinfo)


def next_slot(schedule: Schedule, now: datetime) -> datetime | None:
    """When a schedule asks next; None while it is off."""
    if not schedule.is_on:
        return None
    return slot_at(now, schedule.every_hours) + timedelta(hours=schedule.every_hours)


def save_schedule(
    connection: Connection,
    by: User,
    *,
    is_on: bool,
    every_hours: int,
    betas: Sequence[str],
    models: Sequence[str],
    daily_requests: int,
    daily_usd: Decimal,
) -> Schedule:
    """Write down when a connection is checked by itself. No betas: all active ones; no models: the default one.

    Raises `ProbingError` with the name of the argument as its field. For admins only; the caller looks at the role.
    """
    for field, value, most in (
        ("every_hours", every_hours, MOST_HOURS),
        ("daily_requests", daily_requests, MOST_REQUESTS),
        ("daily_usd", daily_usd, MOST_USD),
    ):
        least = 0 if field == "daily_usd" else 1
        if not least <= value <= most:
            raise ProbingError(field, f"Choose {least} to {most:,}.")
    chosen(betas or active_betas(), models)
    schedule, _ = Schedule.objects.update_or_create(
        connection=connection,
        defaults={
            "is_on": is_on,
            "every_hours": every_hours,
            "betas": list(dict.fromkeys(betas)),
            "models_asked": list(dict.fromkeys(models)),
            "daily_requests": daily_requests,
            "daily_usd": daily_usd,
            "changed_by": by,
            "updated_at": timezone.now(),
        },
    )
    return schedule


# What is due ---------------------------------------------------------------------------------------------------------


def run_due(now: datetime) -> list[Check]:
    """Begin the check of every schedule whose slot is here; the ones this process began. Never raises for one of them."""
    if not settings.SENDING_ENABLED:
        return []
    usable = Connection.objects.usable()
    due = Schedule.objects.filter(is_on=True, connection__in=usable).select_related("connection", "changed_by")
    begun = []
    for schedule in due:
        try:
            if check := _begun(schedule, now):
                begun.append(check)
        except Exception as error:
            # Whatever it is, it must not keep the other connections from being checked.
            logger.error("the schedule of connection %s failed: %s", schedule.connection_id, type(error).__name__)
    return begun


def _begun(schedule: Schedule, now: datetime) -> Check | None:
    slot = slot_at(now, schedule.every_hours)
    if now - slot > GRACE or slot < schedule.updated_at:
        return None
    if Check.objects.filter(connection=schedule.connection_id, slot=slot).exists():
        return None
    betas, models = chosen(schedule.betas or active_betas(), schedule.models_asked)
    try:
        with transaction.atomic():
            check = Check.objects.create(
                team_id=schedule.connection.team_id,
                connection=schedule.connection,
                betas=betas,
                models_asked=models,
                slot=slot,
                worker=engine.worker(),
                lease_until=Now() + LEASE,
            )
    except IntegrityError:
        return None  # another process was first
    in_background(check, Sending(_author(schedule), room=partial(room_in_budget, schedule, check.created_at)))
    return check


def _author(schedule: Schedule) -> User | None:
    """Who set it up, in whose name it asks; nobody once that person may not send on the connection any more."""
    by = schedule.changed_by
    may_send = by is not None and Connection.objects.filter(pk=schedule.connection_id).usable_by(by).exists()
    return by if may_send else None


def room_in_budget(schedule: Schedule, begun_at: datetime, asks: Sequence[Ask]) -> int:
    """How many of the first of these requests the budget leaves room for: that of the day (UTC) on which their check began,
    so that one that goes on past midnight has no second one."""
    midnight = begun_at.replace(hour=0, minute=0, second=0, microsecond=0)
    that_day = Check.objects.filter(
        connection=schedule.connection_id,
        slot__isnull=False,
        created_at__gte=midnight,
        created_at__lt=midnight + timedelta(days=1),
    )
    used = that_day.aggregate(requests=Sum("requests"), usd=Sum("cost_usd"))
    left = schedule.daily_requests - (used["requests"] or 0)
    left_usd = schedule.daily_usd - (used["usd"] or 0)
    room = 0
    for ask in asks[: max(0, left)]:
        left_usd -= most_usd(ask)
        if left_usd < 0:
            break
        room += 1
    return room


# The clock -----------------------------------------------------------------------------------------------------------


def look() -> None:
    """End the checks that a dead process left, then begin what is due."""
    mark_abandoned()
    run_due(timezone.now())


chore = Chore("schedules", look, every_s=TICK_S)
