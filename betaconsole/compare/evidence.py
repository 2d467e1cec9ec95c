"""The evidence of a comparison: as kept, worked out where it is not, and a first sight of it while the comparison runs.

It is worked out once, when the comparison ends (`concluding`) or somebody looks before that, by the one process that has scipy. Of
those who look meanwhile a few wait for it; the others see medians and intervals, as while a comparison runs: at most once a second,
and nothing is concluded.
"""

import json
import logging
import time
from collections import OrderedDict
from dataclasses import dataclass, replace
from datetime import datetime
from threading import Semaphore
from typing import TypeVar

from django.db import DatabaseError, transaction
from django.db.models import Count, Max, Sum
from django.utils import timezone

from betaconsole.runs.models import Comparison
from betaconsole.statistics.inputs import Inputs
from betaconsole.statistics.live import summaries
from betaconsole.statistics.process import StatisticsError, work_out_apart
from betaconsole.statistics.results import Results, Summary

from .checking import digest_of
from .locking import if_there_is_room, one_at_a_time
from .models import Evidence
from .observing import forget, inputs_of
from .sentences import Facts, Verdict
from .single import is_single, work_out_single
from .verdict import verdict
from .voting import digest_of_votes

logger = logging.getLogger(__name__)

RULES = 14  # moves with the methods and the words: what was kept under other ones is worked out anew
LIVE_S = 1.0
LIVE_SHARE = 0.1  # of the time, where looking takes long
FAILED_S = 60.0  # for so long a failure is shown to everybody who looks, unless somebody tries again
MOST_KEPT = 64
# Threads that serve pages and may wait for a verdict at the same time, and for how long; the others are told to ask again.
MOST_WAITING, WAIT_S = 4, 10.0
Key = TypeVar("Key")
Value = TypeVar("Value")


@dataclass(frozen=True)
class Shown:
    """`results` and `verdict` are None while it runs and where they could not be worked out; `problem` says why then.
    `is_due`: it has ended, and they are being worked out."""

    inputs: Inputs
    summaries: tuple[Summary, ...]
    results: Results | None = None
    verdict: Verdict | None = None
    problem: str = ""
    is_due: bool = False
    worked_out_at: datetime | None = None

    @property
    def is_final(self) -> bool:
        return self.results is not None


@dataclass(frozen=True)
class Standing:
    """In which state its exchanges are, as a text, and whether all is over."""

    of: str
    is_over: bool


def evidence_of(comparison: Comparison, *, again: bool = False) -> Shown:
    """What can be said of it now. `again`: try again, though it failed a moment ago.

    Where it is to be worked out this waits for that, but `MOST_WAITING` callers at most, and `WAIT_S` for somebody else.
    """
    standing = standing_of(comparison)
    if not standing.is_over:
        return _live(comparison, standing.of)
    if kept := kept_evidence(comparison, standing.of):
        return kept
    with if_there_is_room(_rooms) as is_in:
        if is_in and (shown := _concluded(comparison, standing.of, again=again, wait_s=WAIT_S)):
            return shown
    return replace(_live(comparison, standing.of), is_due=True)


def conclude(comparison: Comparison) -> Shown:
    """The same for who has the time: waits as long as it takes."""
    standing = standing_of(comparison)
    concluded = standing.is_over and (
        kept_evidence(comparison, standing.of) or _concluded(comparison, standing.of, again=False, wait_s=-1)
    )
    return concluded or _live(comparison, standing.of)


def standing_of(comparison: Comparison) -> Standing:
    """Three queries. The text is another one whenever an exchange was added, moved or read anew, somebody judged, or the
    checks are others."""
    rows = comparison.exchanges.aggregate(
        *(Count("pk"), Sum("version"), Sum("input_tokens"), Sum("output_tokens"), Count("wait"), Max("wait__id")),
    )
    now = Comparison.objects.filter(pk=comparison.pk).values_list("finished_at", "planned_repeats", "checks").first()
    finished_at, planned, checks = now or (None, None, [])
    told = [RULES, *rows.values(), planned, digest_of(checks), digest_of_votes(comparison)]
    return Standing("-".join(str(value or 0) for value in told), finished_at is not None)


def kept_evidence(comparison: Comparison, of: str) -> Shown | None:
    """What is kept, where it is up to date."""
    row = Evidence.objects.filter(comparison=comparison, of=of).first()
    if row is None:
        return None
    results = Results.load(json.loads(row.results))
    inputs = Inputs.load(json.loads(row.inputs))
    return Shown(inputs, results.summaries, results, Verdict.load(row.verdict), worked_out_at=row.worked_out_at)


def work_out(inputs: Inputs) -> Results:
    """Raises StatisticsError."""
    return work_out_single(inputs) if is_single(inputs) else work_out_apart(inputs)


# Working out ------------------------------------------------------------------------------------------------------------

_rooms = Semaphore(MOST_WAITING)
_failures: OrderedDict[tuple[str, str], tuple[float, str]] = OrderedDict()


def _concluded(comparison: Comparison, of: str, *, again: bool, wait_s: float) -> Shown | None:
    """None where somebody else was at it for all of that time."""
    with one_at_a_time(comparison.public_id, wait_s=wait_s) as is_mine:
        if not is_mine:
            return None
        # Whoever asked before has worked it out meanwhile.
        return kept_evidence(comparison, of) or _worked_out(comparison, of, again=again)


def _worked_out(comparison: Comparison, of: str, *, again: bool) -> Shown:
    inputs = inputs_of(comparison)
    at, problem = _failures.get((comparison.public_id, of), (0.0, ""))
    if again or time.monotonic() - at >= FAILED_S:
        problem = ""
    if not problem:
        try:
            return _keep(comparison, of, inputs, work_out(inputs))
        except StatisticsError as error:
            problem = str(error)
        except DatabaseError:
            raise
        except Exception as error:
            # Whatever it is, it must not take the comparison's page away, or its place in the API.
            problem = f"the console made a mistake ({type(error).__name__})"
        logger.error("the evidence of comparison %s could not be worked out: %s", comparison.pk, problem)
        _remember(_failures, (comparison.public_id, of), (time.monotonic(), problem))
    return Shown(inputs, summaries(inputs), problem=problem)


def _keep(comparison: Comparison, of: str, inputs: Inputs, results: Results) -> Shown:
    facts = Facts(inputs, simulated=comparison.simulated, separate_caches=comparison.separate_caches)
    said, now = verdict(facts, results), timezone.now()
    kept = {
        "of": of,
        "inputs": json.dumps(inputs.dump()).encode(),
        "results": json.dumps(results.dump()).encode(),
        "verdict": said.dump(),
        "worked_out_at": now,
    }
    # Of one answer a column the list says what differs: that it says nothing of chance goes without saying there.
    first = None if is_single(inputs) else said.main[0].in_a_list
    with transaction.atomic():
        Evidence.objects.update_or_create(comparison=comparison, defaults=kept)
        Comparison.objects.filter(pk=comparison.pk).update(verdict=first)
    # From here on it is looked up: what was held for looks while it ran would only gather.
    forget(comparison)
    _sights.pop(comparison.public_id, None)
    return Shown(inputs, results.summaries, results, said, worked_out_at=now)


# While it runs ----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Sight:
    """What was seen of a running comparison; `until`: so long nobody looks again, by time.monotonic()."""

    of: str
    until: float
    shown: Shown


_sights: OrderedDict[str, Sight] = OrderedDict()


def _live(comparison: Comparison, of: str) -> Shown:
    """At most once a second anew, for however many look."""
    with one_at_a_time(f"{comparison.public_id} so far"):
        sight = _sights.get(comparison.public_id)
        began = time.monotonic()
        if sight is None or (sight.of != of and began >= sight.until):
            inputs = inputs_of(comparison)
            shown = Shown(inputs, summaries(inputs))
            took_s = time.monotonic() - began
            sight = Sight(of, began + max(LIVE_S, took_s / LIVE_SHARE), shown)
            _remember(_sights, comparison.public_id, sight)
        return sight.shown


def _remember(kept: OrderedDict[Key, Value], key: Key, value: Value) -> None:
    kept.pop(key, None)
    kept[key] = value
    if len(kept) > MOST_KEPT:
        kept.popitem(last=False)
