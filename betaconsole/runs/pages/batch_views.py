"""How far the batches of a comparison are, as its page says it."""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils import timezone
from django.views.decorators.http import require_safe

from betaconsole.drafts.columns import letter
from betaconsole.drafts.models import Engine
from betaconsole.runs.models import Batch, Comparison, Exchange
from betaconsole.runs.sending.batching import LOOK
from betaconsole.runs.states import State
from betaconsole.teams.access import TeamRequest, requires
from betaconsole.teams.models import Role
from betaconsole.web.templatetags.figures import moment

STATUS = {"": "being made", "in_progress": "in progress", "canceling": "being cancelled", "ended": "ended"}
COUNTED = {"succeeded": "succeeded", "errored": "failed", "canceled": "cancelled", "expired": "expired"}


@dataclass(frozen=True)
class BatchLine:
    """One batch: what it is called, which columns are in it, how far it is, and where its calls are."""

    name: str
    columns: str
    said: str
    url: str


@dataclass(frozen=True)
class Batches:
    """All batches of a comparison. `is_open`: something is still to come."""

    lines: list[BatchLine]
    is_open: bool


@requires(Role.VIEWER)
@require_safe
def batches(request: TeamRequest, public_id: str) -> HttpResponse:
    """The batches as they stand; the page asks again while one is open."""
    comparison = get_object_or_404(Comparison.objects.visible_to(request.user), public_id=public_id)
    return render(request, "runs/_batches.html", {"comparison": comparison, "batches": batches_of(comparison)})


def batches_of(comparison: Comparison) -> Batches | None:
    """A line for each batch, in a number of queries that does not depend on how many there are; None where it runs live."""
    if comparison.engine != Engine.BATCH:
        return None
    found = list(comparison.batches.select_related("errand"))
    columns, sizes = _contents(comparison)
    looks = Exchange.objects.queued().filter(comparison__batch__in=found, case__name=LOOK)
    due = dict(looks.values_list("comparison_id", "send_after"))
    lines = [
        BatchLine(
            name=batch.batch_id or f"Batch {batch.position + 1}",
            columns=columns.get(batch.pk, ""),
            said=said(batch, size=sizes[batch.pk], next_look=due.get(batch.errand_id)),
            url=batch.errand.get_absolute_url(),
        )
        for batch in found
    ]
    return Batches(lines, is_open=comparison.finished_at is None)


def _contents(comparison: Comparison) -> tuple[Mapping[int, str], Mapping[int, int]]:
    """By batch: `columns A, B`, and how many requests are in it."""
    letters: dict[int, set[int]] = defaultdict(set)
    sizes: dict[int, int] = defaultdict(int)
    rows = comparison.exchanges.exclude(batch=None).values_list("batch_id", "variant__position")
    for batch_id, position in rows:
        letters[batch_id].add(position)
        sizes[batch_id] += 1
    named = {key: ", ".join(map(letter, sorted(some))) for key, some in letters.items()}
    return {key: f"column{'s' if ',' in name else ''} {name}" for key, name in named.items()}, sizes


def said(batch: Batch, *, size: int, next_look: datetime | None) -> str:
    """`in progress, 120 of 400, looked 12 s ago, next look in 8 s, expires 23 Nov 09:14 UTC`."""
    if batch.ended_at is not None:
        return _ended(batch, size)
    now = timezone.now()
    done = size - batch.counts.get("processing", size)
    parts = [STATUS.get(batch.status, batch.status.replace("_", " ")), f"{done:,} of {size:,}"]
    if batch.cancel_requested_at and batch.status != "canceling":
        parts.append("asked to stop")
    if batch.checked_at:
        parts.append(f"looked {_seconds(now, batch.checked_at)} ago")
    if next_look and next_look > now:
        parts.append(f"next look in {_seconds(next_look, now)}")
    if batch.expires_at:
        parts.append(f"expires {moment(batch.expires_at)}")
    return ", ".join(parts)


def _ended(batch: Batch, size: int) -> str:
    if batch.status == "ended":
        counts = ", ".join(f"{batch.counts[name]:,} {word}" for name, word in COUNTED.items() if batch.counts.get(name))
        return f"ended: {counts or 'nothing ran'}"
    states = set(batch.exchanges.values_list("state", flat=True))
    if states == {State.CANCELLED}:
        return f"stopped before it was made: {size:,} not sent"
    return "refused" if State.UNKNOWN_OUTCOME not in states else "given up: what became of it is not known"


def _seconds(later: datetime, earlier: datetime) -> str:
    seconds = max(0, round((later - earlier).total_seconds()))
    return f"{seconds} s" if seconds < 90 else f"{seconds // 60} min"
