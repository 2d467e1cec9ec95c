"""What came of each beta in stored exchanges (catalogue.outcomes), kept in a column.

The column is a cache: the caretaker fills it soon after an ending, away from what sends and records, and whoever reads
before that computes what is missing. A verdict made without the baseline is behind as soon as the baseline has ended.

Stored: `{"baseline": key of the baseline's exchange or null, "betas": [{"beta", "outcome", "evidence", "there"?, "open"?}]}`.
"""

import logging
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

from django.db import Error as DatabaseError
from django.db import transaction
from django.db.models import Q

from betaconsole.catalogue.outcomes import TIMED, Facts, Outcome, Verdict, outcomes
from betaconsole.runs.models import Exchange, Variant
from betaconsole.runs.states import FINAL, State
from betaconsole.storage.fields import Damaged

from .exchange_facts import betas_in, facts_of_exchange

logger = logging.getLogger(__name__)

AT_ONCE = 20  # exchanges whose bodies are held in memory together
HEAVY = ("message", "added", "text", "timeline", "response_headers", "usage", "warnings")

Stored = dict[str, Any]


def outcomes_of(exchanges: Sequence[Exchange]) -> dict[int, list[Outcome]]:
    """The outcomes of those that are final, by key: as stored, computed where the column is behind.

    Nothing heavy needs to be loaded. The number of queries does not depend on how many exchanges are up to date.
    """
    final = [exchange for exchange in exchanges if exchange.is_final]
    fresh = _computed(_behind(final))
    return {exchange.pk: _read(fresh.get(exchange.pk) or exchange.outcomes) for exchange in final}


def judge_ended(exchange_ids: Collection[int]) -> None:
    """Fill the column of these, which have ended, and of those that waited for them as their baseline."""
    try:
        _judge(exchange_ids)
    except DatabaseError:
        raise
    except Exception:
        # One that cannot be judged must not keep the others from it; no traceback, its values are what a far end sent.
        for exchange_id in exchange_ids:
            try:
                _judge([exchange_id])
            except DatabaseError:
                raise
            except Exception as error:
                logger.error("exchange %s cannot be judged: %s", exchange_id, type(error).__name__)


def _judge(exchange_ids: Collection[int]) -> None:
    ended = list(_final().filter(pk__in=exchange_ids))
    compared = [exchange for exchange in _compared_with(ended) if exchange.outcomes is not None]
    _keep(_computed(_behind([*ended, *compared])))


def rebuild(exchange_ids: Collection[int]) -> set[int]:
    """Compute the column of these anew, whatever it holds; returns those for which it held something else."""
    exchanges = list(_final().filter(pk__in=exchange_ids))
    fresh = _computed(_with_baselines(exchanges))
    different = {exchange.pk: fresh[exchange.pk] for exchange in exchanges if fresh[exchange.pk] != exchange.outcomes}
    _keep(different)
    return {exchange.pk for exchange in exchanges if exchange.pk in different and exchange.outcomes is not None}


def _final() -> Any:
    return Exchange.objects.filter(state__in=FINAL).defer(*HEAVY)


def _keep(fresh: Mapping[int, Stored]) -> None:
    if fresh:
        with transaction.atomic():
            for pk, stored in fresh.items():
                Exchange.objects.filter(pk=pk).update(outcomes=stored)


# Which are behind, and beside which others they are seen ---------------------------------------------------------------


def _behind(exchanges: Sequence[Exchange]) -> dict[int, int | None]:
    """Those whose column is empty, or was made before their baseline had ended; with the key of the baseline's exchange."""
    asked = [exchange for exchange in exchanges if not exchange.outcomes or _is_open(exchange.outcomes)]
    seen_beside = {exchange.pk: exchange.outcomes["baseline"] for exchange in asked if exchange.outcomes}
    return {
        pk: baseline
        for pk, baseline in _with_baselines(asked).items()
        if pk not in seen_beside or seen_beside[pk] != baseline
    }


def _is_open(stored: Stored) -> bool:
    """Whether a baseline changes a verdict, or may."""
    return stored["baseline"] is not None or any(row.get("open") for row in stored["betas"])


def _with_baselines(exchanges: Sequence[Exchange]) -> dict[int, int | None]:
    """For each the key of its baseline's final exchange of the same case, repeat and turn; of its attempts the last."""
    variants = Variant.objects.filter(pk__in={exchange.variant_id for exchange in exchanges}).exclude(baseline=None)
    baselines: dict[int, int | None] = dict(variants.values_list("pk", "baseline_id")) if exchanges else {}
    by_cell: dict[tuple[int | None, int, int, int], int] = {}
    if baselines:
        found = Exchange.objects.filter(
            variant__in=set(baselines.values()), repeat__in={exchange.repeat for exchange in exchanges}, state__in=FINAL
        )
        rows = found.order_by("attempt").values_list("variant_id", "case_id", "repeat", "turn", "pk")
        by_cell = {(variant, case, repeat, turn): pk for variant, case, repeat, turn, pk in rows}
    return {
        each.pk: by_cell.get((baselines.get(each.variant_id), each.case_id, each.repeat, each.turn))
        for each in exchanges
    }


def _compared_with(exchanges: Sequence[Exchange]) -> list[Exchange]:
    """Final exchanges whose baseline's exchange is one of these."""
    compared: dict[int | None, list[int]] = {}
    variants = Variant.objects.filter(baseline__in={exchange.variant_id for exchange in exchanges})
    for variant, baseline in variants.values_list("pk", "baseline_id"):
        compared.setdefault(baseline, []).append(variant)
    cells = Q()
    for exchange in exchanges:
        if others := compared.get(exchange.variant_id):
            cells |= Q(variant__in=others, case=exchange.case_id, repeat=exchange.repeat, turn=exchange.turn)
    return list(_final().filter(cells)) if cells else []


# Computing --------------------------------------------------------------------------------------------------------------


def _computed(wanted: Mapping[int, int | None]) -> dict[int, Stored]:
    """What is to be stored for these exchanges, each seen beside the exchange of its baseline where there is one."""
    fresh: dict[int, Stored] = {}
    keys = list(wanted)
    for start in range(0, len(keys), AT_ONCE):
        fresh |= _computed_together({pk: wanted[pk] for pk in keys[start : start + AT_ONCE]})
    return fresh


def _computed_together(wanted: Mapping[int, int | None]) -> dict[int, Stored]:
    telling = _telling(wanted)
    timed = any(TIMED in betas for betas in telling.values())
    facts = _facts(telling, timed=timed)
    found: dict[int, tuple[int | None, list[Outcome]]] = {pk: (None, []) for pk in wanted}
    found |= {pk: (None, outcomes(each)) for pk, each in facts.items()}
    beside = {
        pk: baseline
        for pk, baseline in wanted.items()
        if baseline is not None and any(each.is_open for each in found[pk][1])
    }
    facts |= _facts(set(beside.values()) - facts.keys(), timed=timed)
    found |= {pk: (baseline, outcomes(facts[pk], facts.get(baseline))) for pk, baseline in beside.items()}
    return {pk: {"baseline": baseline, "betas": [_row(one) for one in each]} for pk, (baseline, each) in found.items()}


def _telling(wanted: Collection[int]) -> dict[int, tuple[str, ...]]:
    """Those of which there is something to tell, with their betas: they were sent, and with betas, or were refused."""
    names = ("pk", "request_headers", "status", "error_type", "state", "sent_at")
    rows = Exchange.objects.filter(pk__in=wanted).values_list(*names)
    return {
        pk: betas
        for pk, headers, status, error_type, state, sent_at in rows
        if ((betas := betas_in(headers)) or (status or 0) >= 400 or error_type)
        and not (state == State.SKIPPED or (state == State.CANCELLED and sent_at is None))
    }


def _facts(keys: Iterable[int], *, timed: bool) -> dict[int, Facts]:
    found = Exchange.objects.filter(pk__in=list(keys)).select_related("request_body", "response_body")
    return {
        exchange.pk: facts_of_exchange(exchange, timed=timed)
        for exchange in found
        if not isinstance(exchange.request_headers, Damaged)
    }


# As stored ---------------------------------------------------------------------------------------------------------------


def _row(outcome: Outcome) -> Stored:
    row: Stored = {"beta": outcome.beta, "outcome": outcome.outcome.value, "evidence": outcome.evidence}
    return row | ({"there": outcome.there} if outcome.there else {}) | ({"open": True} if outcome.is_open else {})


def _read(stored: Stored | None) -> list[Outcome]:
    return [
        Outcome(row["beta"], Verdict(row["outcome"]), row["evidence"], row.get("there", ""), row.get("open", False))
        for row in (stored["betas"] if stored else ())
    ]
