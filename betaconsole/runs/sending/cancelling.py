"""Stopping: what is queued will never be sent, what is in flight is cut now, and nothing goes on or waits any more."""

from typing import Any

from django.db import transaction
from django.db.models import F
from django.utils import timezone

from betaconsole.runs.models import Batch, Comparison, Exchange, Variant, Wait
from betaconsole.runs.states import IN_FLIGHT, State

from . import batching, engine, feed, recording


def cancel(comparison: Comparison, *, variant: Variant | None = None, exchange: Exchange | None = None) -> int:
    """Stop the comparison, or only one column of it, or only the cell of one exchange; returns how many unfinished
    exchanges were asked to stop.

    The API may still bill what it had generated. An exchange that ended meanwhile stays as it ended. What went out in a
    batch is stopped with all of it or not at all; of a batch's own calls (its errand) the batch is what is stopped.
    """
    if batch := Batch.objects.filter(errand=comparison).select_related("comparison").first():
        comparison, cells = batch.comparison, {"batch_id": batch.pk}
    else:
        cells = _cells(variant, exchange)
    chosen = comparison.exchanges.unfinished().filter(**cells)
    now, asked = timezone.now(), 0
    with transaction.atomic():
        # Once more while there is something new: a turn may end and be followed by the next one before it is marked.
        while chosen.filter(cancel_requested_at=None).exists():
            asked += chosen.filter(cancel_requested_at=None).update(cancel_requested_at=now)
        # Claiming asks for state = queued, so what is moved here can no longer be sent.
        unsent = chosen.filter(state=State.QUEUED, batch=None)
        unsent.update(state=State.CANCELLED, worker="", ended_at=now, version=F("version") + 1)
        batching.cancel_wished(comparison)
        Wait.objects.filter(exchange__in=comparison.exchanges.filter(**cells)).delete()
        recording.close_if_finished(comparison.pk)
    feed.changed(comparison.pk)
    in_flight = chosen.filter(state__in=IN_FLIGHT).values_list("pk", flat=True)
    engine.cancel(list(in_flight))
    return asked


def _cells(variant: Variant | None, exchange: Exchange | None) -> dict[str, Any]:
    """Which cells are meant, as a filter of their exchanges."""
    if exchange is not None:
        return {"variant_id": exchange.variant_id, "case_id": exchange.case_id, "repeat": exchange.repeat}
    return {} if variant is None else {"variant_id": variant.pk}
