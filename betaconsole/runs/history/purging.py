"""Removing comparisons for good, a little at a time: no transaction is long, and one that was cut short goes on later.

What goes is hidden first, then loses its documents, then its exchanges with the bodies that nothing else has, then itself.
"""

from collections.abc import Iterable
from datetime import datetime

from django.db import transaction
from django.db.models import ManyToOneRel

from betaconsole.runs.fulltext import index
from betaconsole.runs.models import Body, Case, Comparison, Exchange, ToIndex
from betaconsole.runs.states import FINAL

from . import closing, retention
from .keeping import UNDO_FOR

DOCUMENTS, EXCHANGES, BODIES = 200, 50, 200  # of these at most in one transaction
LOOKED_AT = 100


def step(now: datetime) -> bool:
    """One short transaction's worth of what is due; False once nothing is."""
    gone = Comparison.objects.filter(deleted_at__lte=now - UNDO_FOR).order_by("deleted_at", "pk")
    for comparison in gone[:LOOKED_AT]:
        if purge_some(comparison):
            return True
    return retention.hide_some(now) > 0 or closing.go_on(now)


def purge(now: datetime) -> int:
    """Everything that is due; returns how many comparisons are gone."""
    before = Comparison.objects.count()
    while step(now):
        pass
    return before - Comparison.objects.count()


def purge_some(comparison: Comparison) -> bool:
    """A part of what is left of it, or itself; False where a request of it is still on its way."""
    with transaction.atomic():
        ToIndex.objects.filter(comparison=comparison).delete()
        if index().forget(comparison.pk, limit=DOCUMENTS) or _some_exchanges(comparison):
            return True
        if Exchange.objects.filter(comparison=comparison).exists():
            return False
        bodies = {comparison.body_id, *Case.objects.filter(comparison=comparison).values_list("body", flat=True)}
        comparison.delete()
        _sweep(bodies)
    return True


def _some_exchanges(comparison: Comparison) -> int:
    """How many of its exchanges went, with the bodies that nothing else has."""
    ended = Exchange.objects.filter(comparison=comparison, state__in=FINAL)
    rows = list(ended.order_by("pk").values_list("pk", "request_body", "response_body")[:EXCHANGES])
    Exchange.objects.filter(pk__in=[pk for pk, *_ in rows]).delete()
    _sweep({body for _, *pair in rows for body in pair})
    return len(rows)


def _sweep(bodies: Iterable[int | None]) -> None:
    """Delete those of the bodies that no row names any more."""
    keys = sorted({pk for pk in bodies if pk is not None})
    for start in range(0, len(keys), BODIES):
        batch = keys[start : start + BODIES]
        Body.objects.filter(pk__in=set(batch) - set(_named(batch))).delete()


def _named(batch: list[int]) -> Iterable[int]:
    # Every foreign key to it, those of later migrations too: none has a name to come back by.
    for field in Body._meta.get_fields(include_hidden=True):
        if isinstance(field, ManyToOneRel):
            rows = field.related_model._default_manager.filter(**{f"{field.field.name}__in": batch})
            yield from rows.values_list(field.field.name, flat=True)
