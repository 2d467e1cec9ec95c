"""Stopping: what is queued will never be sent, what is in flight is cut now."""

from django.db import transaction
from django.db.models import F
from django.utils import timezone

from . import engine, feed, recording
from .models import Comparison, Exchange, Variant
from .states import IN_FLIGHT, State


def cancel(comparison: Comparison, *, variant: Variant | None = None, exchange: Exchange | None = None) -> int:
    """Stop the comparison's unfinished exchanges, or only one column's, or only one; returns how many were asked to stop.

    The API may still bill what it had generated. An exchange that ended meanwhile stays as it ended.
    """
    chosen = comparison.exchanges.unfinished()
    if variant is not None:
        chosen = chosen.filter(variant=variant)
    if exchange is not None:
        chosen = chosen.filter(pk=exchange.pk)
    now = timezone.now()
    with transaction.atomic():
        asked = chosen.filter(cancel_requested_at=None).update(cancel_requested_at=now)
        # Claiming asks for state = queued, so what is moved here can no longer be sent.
        chosen.filter(state=State.QUEUED).update(state=State.CANCELLED, ended_at=now, version=F("version") + 1)
        recording.close_if_finished(comparison.pk)
    feed.changed(comparison.pk)
    in_flight = chosen.filter(state__in=IN_FLIGHT).values_list("pk", flat=True)
    engine.cancel(list(in_flight))
    return asked
