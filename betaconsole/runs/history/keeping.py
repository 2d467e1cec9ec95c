"""What people do to comparisons in history: pin, name, tag, delete and take that back."""

from datetime import timedelta

from django.db import transaction
from django.utils import timezone

from betaconsole.runs.models import Comparison, ToIndex
from betaconsole.storage.fields import showable

MAX_TAGS = 20
MAX_TAG = 40
UNDO_FOR = timedelta(days=1)


class KeepingError(Exception):
    """Why nothing was changed, as a sentence."""


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
    """Take a deletion back. Raises `KeepingError` once it may be on its way out for good."""
    since = timezone.now() - UNDO_FOR
    deleted = Comparison.objects.filter(pk=comparison.pk, deleted_at__isnull=False)
    if not deleted.filter(deleted_at__gt=since).update(deleted_at=None) and deleted.exists():
        raise KeepingError("It was deleted more than a day ago: it cannot be taken back.")


def _update(comparison: Comparison, **values: object) -> None:
    for name, value in values.items():
        setattr(comparison, name, value)
    with transaction.atomic():
        comparison.save(update_fields=list(values))
        # Its exchanges are found by its tags as well.
        keys = [None, *comparison.exchanges.exclude(ended_at=None).order_by("pk").values_list("pk", flat=True)]
        ToIndex.objects.bulk_create(ToIndex(comparison=comparison, exchange_id=key) for key in keys)
