"""Pausing: what is in flight ends, and nothing more of the comparison is claimed until somebody resumes it.

It is kept with the comparison, so a restart and another process keep to it; the claim looks at it last, in its own
transaction. It ends when the comparison does.
"""

from django.db import transaction
from django.utils import timezone

from betaconsole.drafts.models import Engine
from betaconsole.runs.models import Comparison

from . import engine, feed


class CannotPause(Exception):
    """This comparison cannot be paused; its text says why."""


def can_pause(comparison: Comparison) -> bool:
    """Whether pausing it means something: a batch is the API's once it is made, and an errand is a step of something else."""
    return comparison.engine == Engine.LIVE and not comparison.is_errand


def pause(comparison: Comparison) -> None:
    """Claim nothing more of it; of one that has finished, or is paused, nothing changes. Raises `CannotPause`."""
    if not can_pause(comparison):
        raise CannotPause("This runs as a batch or on the way to something else: it can be stopped, not paused.")
    Comparison.objects.unfinished().filter(pk=comparison.pk, paused_at=None).update(paused_at=timezone.now())
    feed.changed(comparison.pk)


def resume(comparison: Comparison) -> None:
    """Go on with what is queued; of one that is not paused nothing changes."""
    Comparison.objects.filter(pk=comparison.pk).update(paused_at=None)

    def tell() -> None:
        feed.changed(comparison.pk)
        engine.poke()

    transaction.on_commit(tell)
