"""Turns that were ready when their process ended: not sent by themselves, they wait for a person."""

from django.db import transaction

from betaconsole.runs import finding
from betaconsole.runs.models import Exchange, Wait

from . import feed


def owners_of_turns() -> list[str]:
    """The workers that queued further turns which are not claimed yet."""
    turns = Exchange.objects.queued().filter(turn__gt=1).exclude(worker="")
    return list(turns.order_by().values_list("worker", flat=True).distinct())


def park(worker: str) -> None:
    """Put every turn that this worker queued, and that nobody claimed, back into a wait of the turn before it."""
    with transaction.atomic():
        turns = Exchange.objects.queued().filter(turn__gt=1, worker=worker).order_by("pk")
        parked = list(turns.select_for_update())
        Exchange.objects.filter(pk__in=[turn.pk for turn in parked]).delete()
        Wait.objects.bulk_create([_wait_for(turn) for turn in parked])
        comparisons = {turn.comparison_id for turn in parked}
        for comparison_id in sorted(comparisons):
            finding.index_anew(comparison_id)
    for comparison_id in comparisons:
        feed.changed(comparison_id)


def _wait_for(turn: Exchange) -> Wait:
    cell = {"variant_id": turn.variant_id, "case_id": turn.case_id, "repeat": turn.repeat}
    before = Exchange.objects.filter(comparison_id=turn.comparison_id, turn=turn.turn - 1, **cell)
    return Wait(
        comparison_id=turn.comparison_id,
        exchange_id=before.order_by("-attempt").values_list("pk", flat=True)[0],
        reason=Wait.Reason.RESTART,
        body_id=turn.request_body_id,
        added=turn.added,
        continues=turn.continues,
    )
