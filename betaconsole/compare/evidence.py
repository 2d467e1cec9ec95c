"""The evidence of a comparison: as kept, worked out where it is not, and a first sight of it while the comparison runs.

It is worked out once, when somebody first looks after the end, by the one process that has scipy; whoever looks meanwhile
waits for that. While a comparison runs there are medians and intervals, at most once a second, and nothing is concluded.
"""

import json
import logging
import time
from collections import OrderedDict
from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar

from django.db import DatabaseError
from django.db.models import Count, Max, Sum
from django.utils import timezone

from betaconsole.runs.models import Comparison
from betaconsole.statistics.inputs import Inputs
from betaconsole.statistics.live import summaries
from betaconsole.statistics.process import StatisticsError, work_out_apart
from betaconsole.statistics.results import Results, Summary

from .checking import digest_of
from .locking import one_at_a_time
from .models import Evidence
from .observing import inputs_of
from .sentences import Facts, Verdict
from .single import is_single, work_out_single
from .verdict import verdict
from .voting import digest_of_votes

logger = logging.getLogger(__name__)

RULES = 11  # moves with the methods and the words: what was kept under other ones is worked out anew
LIVE_S = 1.0
LIVE_SHARE = 0.1  # of the time, where looking takes long
FAILED_S = 60.0  # for so long a failure is shown to everybody who looks, unless somebody tries again
MOST_KEPT = 64
Key = TypeVar("Key")
Value = TypeVar("Value")


@dataclass(frozen=True)
class Shown:
    """`results` and `verdict` are None while it runs and where they could not be worked out; `problem` says why then."""

    inputs: Inputs
    summaries: tuple[Summary, ...]
    results: Results | None = None
    verdict: Verdict | None = None
    problem: str = ""
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
    """What can be said of it now. `again`: try again, though it failed a moment ago. Waits while it is worked out."""
    standing = standing_of(comparison)
    if not standing.is_over:
        return _live(comparison, standing.of)
    if kept := kept_evidence(comparison, standing.of):
        return kept
    with one_at_a_time(comparison.public_id):
        # Whoever asked before has worked it out meanwhile.
        return kept_evidence(comparison, standing.of) or _worked_out(comparison, standing.of, again=again)


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

_failures: OrderedDict[tuple[str, str], tuple[float, str]] = OrderedDict()


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
    Evidence.objects.update_or_create(
        comparison=comparison,
        defaults={
            "of": of,
            "inputs": json.dumps(inputs.dump()).encode(),
            "results": json.dumps(results.dump()).encode(),
            "verdict": said.dump(),
            "worked_out_at": now,
        },
    )
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
    with one_at_a_time(comparison.public_id):
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
    kept[key] = value
    kept.move_to_end(key)
    if len(kept) > MOST_KEPT:
        kept.popitem(last=False)
