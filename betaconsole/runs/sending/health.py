"""Whether what sends is in order, and what it left behind: part of `manage.py doctor`."""

from collections.abc import Iterator
from datetime import timedelta
from itertools import islice

from django.conf import settings
from django.db.models import Exists, ForeignObjectRel, OuterRef
from django.db.models.functions import Now
from django.utils import timezone

from betaconsole.runs.models import Body, Comparison, Exchange, Segment
from betaconsole.runs.states import FINAL
from betaconsole.storage.health import Finding

from .locks import is_free

MOST_SHOWN = 1000
AHEAD = timedelta(minutes=1)


def look_at_sending() -> Iterator[Finding]:
    yield engines()
    yield queue()
    yield in_flight()
    yield time_of_runs()
    yield bodies()
    yield pieces()


def living() -> int:
    """How many engines of this machine run on this data folder."""
    return sum(not is_free(path) for path in (settings.DATA_DIR / "engines").glob("*.lock"))


def engines() -> Finding:
    paths = list((settings.DATA_DIR / "engines").glob("*.lock"))
    running = sum(not is_free(path) for path in paths)
    said = "No console runs on this data folder."
    if running:
        said = "One console runs." if running == 1 else f"{running} consoles run."
    if dead := len(paths) - running:
        said += (
            f" {dead} lock{'s' * (dead > 1)} of dead processes: the next start removes {'them' if dead > 1 else 'it'}."
        )
    return Finding("Engines", said)


def queue() -> Finding:
    waiting = Exchange.objects.queued().count()
    if not waiting:
        return Finding("Queue", "Nothing waits to be sent.")
    said = f"{waiting:,} request{'s' * (waiting > 1)} wait{'s' * (waiting == 1)} to be sent."
    if not settings.SENDING_ENABLED:
        return Finding("Queue", said, "BETACONSOLE_SENDING_ENABLED is off: switch it on, or stop those runs.")
    return Finding("Queue", said, "" if living() else "Start the console: it sends them.", warns=True)


def in_flight() -> Finding:
    over = Exchange.objects.in_flight().filter(lease_until__lt=Now()).count()
    if not over:
        return Finding("In flight", "Nothing is in flight without a process that sends it.")
    said = f"{over:,} request{'s' * (over > 1)} of processes that are gone."
    return Finding("In flight", said, "Start the console: it ends them as interrupted.", warns=True)


def time_of_runs() -> Finding:
    """A clock that went back shows as a run from the future."""
    newest = Comparison.objects.order_by("-pk").values_list("created_at", flat=True).first()
    if newest is None or newest < timezone.now() + AHEAD:
        return Finding("Time of runs", "No run is from the future.")
    said = f"The newest run is from {newest:%Y-%m-%d %H:%M} UTC, which is still to come."
    return Finding("Time of runs", said, "Was the clock set back? Let the machine keep time (NTP).")


def bodies() -> Finding:
    """Bodies that nothing refers to any more."""
    orphans = Body.objects.all()
    for relation in Body._meta.get_fields(include_hidden=True):
        if isinstance(relation, ForeignObjectRel):
            name = relation.field.name
            orphans = orphans.filter(~Exists(relation.related_model._default_manager.filter(**{name: OuterRef("pk")})))
    sizes = list(islice(orphans.values_list("size", flat=True).iterator(), MOST_SHOWN))
    if not sizes:
        return Finding("Bodies", "Every stored body belongs to a request or a response.")
    many = f"{MOST_SHOWN:,} or more" if len(sizes) == MOST_SHOWN else f"{len(sizes):,}"
    return Finding(
        "Bodies", f"{many} belong to nothing ({sum(sizes) / 1e6:,.1f} MB before packing). They only take room."
    )


def pieces() -> Finding:
    """Pieces of answers that were kept while they streamed, of exchanges that have ended: their end takes them away."""
    left = Segment.objects.filter(exchange__state__in=FINAL).count()
    if not left:
        return Finding("Pieces", "No piece of an answer is left of an exchange that has ended.")
    said = f"{left:,} piece{'s' * (left > 1)} of answers of exchanges that have ended."
    return Finding(
        "Pieces", said, "They only take room; tell the maintainers: an end should take them away.", warns=True
    )
