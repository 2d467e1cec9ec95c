"""Search over what was sent and what came back, newest comparisons first, and keeping its index.

One document per comparison (title, labels, betas, prompt) and one per exchange (output, error, request-id), none of
errands, each with the terms that filters ask for. A document's id carries its comparison's in the high bits, so that the
index itself is in the order the history is shown in: ranking by relevance is a thousand times slower. What is to be
indexed is a `ToIndex` row, written with the final state of an exchange and deleted with the index write, which happens
outside the exchange's transaction: inside, inserts stall.
"""

import logging
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace

from django.db import Error as DatabaseError
from django.db import transaction

from betaconsole.teams.models import Team

from . import documents
from .documents import Offers, words
from .fulltext import NEWEST, Document, Wanted, index
from .models import Comparison, ComparisonBeta, Exchange, ExchangeBeta, ToIndex
from .summaries import Summary, summaries_of
from .terms import Facts, team_term

__all__ = ["index_pending", "phrases_of", "search", "team_wants", "words"]
logger = logging.getLogger(__name__)

MAX_QUERY_WORDS = 12
FORGOTTEN_AT_ONCE = 1000
BATCH = 200  # documents read at once; of a comparison with thousands that match only the first ones are


# Searching --------------------------------------------------------------------------------------------------------------


def search(team: Team, query: str, *, before: int | None = None, limit: int = 50) -> list[int]:
    """Ids of the team's comparisons that hold every word of the query, newest first; ids below `before` where given.

    All words in one place: in the comparison itself (title, prompt, labels, betas) or in one of its exchanges.
    A word with signs inside (`context-1m-2025-08-07`) must stand so in the text; the last word may be
    unfinished from its third character on, where the query finds nothing as it stands.
    No syntax: whatever is typed are words. A query without a letter or digit finds nothing.
    """
    phrases = phrases_of(query.split())
    if not phrases:
        return []
    wanted = replace(team_wants(team), phrases=phrases)
    return comparisons_found(replace(finished(wanted), below=NEWEST if before is None else before), limit)


def team_wants(team: Team) -> Wanted:
    """Anything of the team's."""
    return Wanted([[team_term(team.pk)]])


def phrases_of(parts: Iterable[str]) -> list[list[str]]:
    """Each part as the words that must follow each other; parts without a letter or digit are left out."""
    found = [words(part)[:MAX_QUERY_WORDS] for part in list(parts)[:MAX_QUERY_WORDS]]
    return [phrase for phrase in found if phrase]


def finished(wanted: Wanted) -> Wanted:
    """The same with its last word whole, where that finds anything: all beginnings of a common word are slow to read."""
    whole = replace(wanted, is_unfinished=False)
    return whole if wanted.last_may_go_on and index().hits(whole, 1) else wanted


def comparisons_found(wanted: Wanted, limit: int) -> list[int]:
    """Keys of the comparisons that match, newest first; with phrases also by one of their exchanges."""
    if not wanted.phrases:
        return index().comparisons(wanted, limit)
    found: list[int] = []
    while len(found) < limit:
        hits = index().hits(wanted, BATCH)
        found += dict.fromkeys(hit.comparison for hit in hits)
        if len(hits) < BATCH:
            break
        wanted = replace(wanted, below=found[-1])  # the rest of a comparison that is found already is not read
    return found[:limit]


# Indexing ---------------------------------------------------------------------------------------------------------------

Pending = Sequence[tuple[int, int, int | None]]


def index_pending(limit: int = 200, *, before: Callable[[list[int]], object] | None = None) -> int:
    """Index what waits for it, in one batch; returns how many rows were done. Two processes may do this at once.

    `before` is called first, with the ids of the exchanges among them: what else is to be done once one has ended.
    What the list says of a comparison is written with it.
    """
    pending = list(ToIndex.objects.order_by("pk").values_list("pk", "comparison_id", "exchange_id")[:limit])
    if not pending:
        return 0
    if before is not None:
        before([exchange_id for _, _, exchange_id in pending if exchange_id is not None])
    try:
        made = _made(pending)
    except DatabaseError:
        raise
    except Exception:
        # A damaged row: the others of the batch are found all the same.
        made = _Made()
        for row in pending:
            made.add(_made_alone(row))
    with transaction.atomic():
        made.write()
        ToIndex.objects.filter(pk__in=[row[0] for row in pending]).delete()
    return len(pending)


def index_anew(comparison_id: int) -> None:
    """Let all of a comparison be indexed again; for who took an exchange out of it, since documents go by place. Call inside
    a transaction."""
    while index().forget(comparison_id, FORGOTTEN_AT_ONCE):
        pass
    ended = Exchange.objects.filter(comparison=comparison_id).exclude(ended_at=None).order_by("pk")
    keys = [None, *ended.values_list("pk", flat=True)]
    ToIndex.objects.bulk_create(ToIndex(comparison_id=comparison_id, exchange_id=key) for key in keys)


class _Made:
    """What a batch brings: documents, terms of comparisons, their summaries, and new values for the menus."""

    def __init__(self) -> None:
        self.documents: list[Document] = []
        self.terms: dict[int, list[str]] = {}
        self.summaries: dict[int, Summary] = {}
        self.offers = Offers()

    def add(self, other: "_Made") -> None:
        self.documents += other.documents
        self.terms |= other.terms
        self.summaries |= other.summaries
        self.offers.values |= other.offers.values

    def write(self) -> None:
        index().write(self.documents)
        index().write_terms(list(self.terms.items()))
        for pk, summary in self.summaries.items():
            values = {"cost_usd": summary.cost_usd, "slowest_ms": summary.slowest_ms}
            Comparison.objects.filter(pk=pk).update(summary=summary.dump(), **values)
        self.offers.keep()


def _made_alone(row: tuple[int, int, int | None]) -> _Made:
    try:
        return _made([row])
    except DatabaseError:
        raise
    except Exception as error:
        logger.error("comparison %s, exchange %s cannot be indexed: %s", row[1], row[2], type(error).__name__)
        return _Made()


def _made(pending: Pending) -> _Made:
    made = _Made()
    touched = {comparison for _, comparison, _ in pending}
    named = {comparison for _, comparison, exchange in pending if exchange is None}
    _add_exchanges(made, pending)
    comparisons = {one.pk: one for one in Comparison.objects.filter(pk__in=touched, is_errand=False)}
    summaries = summaries_of(list(comparisons))
    facts = _facts(comparisons, summaries)
    for pk, found in facts.items():
        made.terms[pk] = list(found.terms())
        made.offers.add(found)
    # The whole prompt is read anew only where the comparison itself is new, finished or was changed.
    whole = Comparison.objects.filter(pk__in=named & comparisons.keys())
    for comparison in whole.select_related("body").prefetch_related("variants"):
        made.documents.append(documents.comparison_document(comparison, facts[comparison.pk]))
    made.summaries = {pk: summaries[pk] for pk, one in comparisons.items() if one.finished_at}
    return made


def _facts(comparisons: Mapping[int, Comparison], summaries: Mapping[int, Summary]) -> dict[int, Facts]:
    """What is true of each comparison as it stands."""
    exchanges: dict[int, list[Exchange]] = {pk: [] for pk in comparisons}
    for exchange in Exchange.objects.filter(comparison__in=comparisons).only(*documents.OF_EXCHANGES):
        exchanges[exchange.comparison_id].append(exchange)
    pairs = ComparisonBeta.objects.filter(comparison__in=comparisons).values_list("comparison", "beta")
    betas = documents.by_comparison(pairs)
    return {
        pk: documents.comparison_facts(one, exchanges[pk], betas.get(pk, ()), summaries[pk])
        for pk, one in comparisons.items()
    }


def _add_exchanges(made: _Made, pending: Pending) -> None:
    wanted = {exchange for _, _, exchange in pending if exchange is not None}
    slots = _slots({comparison for _, comparison, exchange in pending if exchange is not None})
    betas = documents.by_comparison(ExchangeBeta.objects.filter(exchange__in=wanted).values_list("exchange", "beta"))
    said = (f"comparison__{name}" for name in documents.SAID_OF_COMPARISONS)
    needed = (*documents.OF_EXCHANGES, *documents.WORDS_OF_EXCHANGES, *said)
    own = Exchange.objects.filter(comparison__is_errand=False, pk__in=wanted)
    for exchange in own.select_related("comparison").only(*needed):
        facts = documents.exchange_facts(exchange, exchange.comparison, betas.get(exchange.pk, ()))
        made.documents.append(documents.exchange_document(exchange, facts, slot=slots[exchange.pk]))


def _slots(comparisons: set[int]) -> dict[int, int]:
    """The place of every exchange among those of its comparison, from 1. They are added at the end; who takes one out calls
    `index_anew`."""
    slots: dict[int, int] = {}
    counted: dict[int, int] = {}
    rows: Iterator[tuple[int, int]] = iter(
        Exchange.objects.filter(comparison_id__in=comparisons).order_by("pk").values_list("pk", "comparison_id")
    )
    for exchange, comparison in rows:
        slots[exchange] = counted[comparison] = counted.get(comparison, 0) + 1
    return slots
