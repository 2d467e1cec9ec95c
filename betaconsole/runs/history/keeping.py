"""What people do to comparisons in history: pin, name, tag, delete and take that back."""

from collections.abc import Iterable
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import ManyToOneRel
from django.utils import timezone

from betaconsole.runs.fulltext import index
from betaconsole.runs.models import Body, Case, Comparison, Exchange, ToIndex
from betaconsole.storage.fields import showable
from betaconsole.teams.models import Membership, Role

MAX_TAGS = 20
MAX_TAG = 40
UNDO_FOR = timedelta(days=1)
AT_ONCE = 200  # bodies looked at together


class KeepingError(Exception):
    """Why nothing was changed, as a sentence."""


def may_change(membership: Membership, comparison: Comparison) -> bool:
    """Members change their own, admins all."""
    role = Role(membership.role)
    is_own = comparison.author_id == membership.user_id and role.includes(Role.MEMBER)
    return is_own or role.includes(Role.ADMIN)


def pin(comparison: Comparison, *, is_pinned: bool) -> None:
    """Above the list for the whole team, or no more."""
    _update(comparison, pinned_at=timezone.now() if is_pinned else None)


def rename(comparison: Comparison, title: str) -> None:
    _update(comparison, title=showable(" ".join(title.split()))[:200])


def tag(comparison: Comparison, typed: str) -> None:
    """Its tags as typed, with commas between. Raises `KeepingError`."""
    tags = list(
        dict.fromkeys(found for part in typed.split(",") if (found := showable(" ".join(part.split())).lower()))
    )
    if len(tags) > MAX_TAGS or any(len(one) > MAX_TAG for one in tags):
        raise KeepingError(f"At most {MAX_TAGS} tags of at most {MAX_TAG} characters.")
    _update(comparison, tags=tags)


def delete(comparison: Comparison) -> None:
    """Hidden at once for everybody, gone for good after `UNDO_FOR`. Raises `KeepingError` while it runs."""
    if comparison.finished_at is None:
        raise KeepingError("This comparison still runs or waits: stop it first.")
    Comparison.objects.filter(pk=comparison.pk).update(deleted_at=timezone.now())


def restore(comparison: Comparison) -> None:
    Comparison.objects.filter(pk=comparison.pk).update(deleted_at=None)


def _update(comparison: Comparison, **values: object) -> None:
    for name, value in values.items():
        setattr(comparison, name, value)
    with transaction.atomic():
        comparison.save(update_fields=list(values))
        # Its exchanges are found by its tags as well.
        keys = [None, *comparison.exchanges.exclude(ended_at=None).order_by("pk").values_list("pk", flat=True)]
        ToIndex.objects.bulk_create(ToIndex(comparison=comparison, exchange_id=key) for key in keys)


# For good -----------------------------------------------------------------------------------------------------------------


def purge(*, now: datetime, limit: int = 20) -> int:
    """Remove what was deleted long enough ago, at most so many comparisons; returns how many."""
    due = Comparison.objects.filter(deleted_at__lt=now - UNDO_FOR).order_by("deleted_at")[:limit]
    comparisons = list(due)
    for comparison in comparisons:
        purge_one(comparison)
    return len(comparisons)


def purge_one(comparison: Comparison) -> None:
    """The comparison, its exchanges, what finds them, and the bodies that nothing else has."""
    with transaction.atomic():
        bodies = {comparison.body_id, *Case.objects.filter(comparison=comparison).values_list("body", flat=True)}
        for pair in Exchange.objects.filter(comparison=comparison).values_list("request_body", "response_body"):
            bodies.update(pair)
        index().forget(comparison.pk)
        comparison.delete()
        _sweep(sorted(pk for pk in bodies if pk is not None))


def _sweep(bodies: list[int]) -> None:
    """Delete those of the bodies that no row names any more."""
    for start in range(0, len(bodies), AT_ONCE):
        batch = bodies[start : start + AT_ONCE]
        Body.objects.filter(pk__in=set(batch) - set(_named(batch))).delete()


def _named(batch: list[int]) -> Iterable[int]:
    # Every foreign key to it, those of later migrations too: none has a name to come back by.
    for field in Body._meta.get_fields(include_hidden=True):
        if isinstance(field, ManyToOneRel):
            rows = field.related_model._default_manager.filter(**{f"{field.field.name}__in": batch})
            yield from rows.values_list(field.field.name, flat=True)
