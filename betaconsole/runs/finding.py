"""Full-text search over what was sent and what came back: one function for each database, newest comparisons first.

One document per comparison (title, labels, betas, prompt) and one per exchange (output, error, request-id), none of
errands. A document's id carries its comparison's in the high bits, so that the index itself is in the order the history
is shown in: ranking by relevance is a thousand times slower. What is to be indexed is a `ToIndex` row, written with the
final state of an exchange and deleted with the index write, which happens outside the exchange's transaction: inside,
inserts stall.
"""

import json
import logging
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, Protocol

from django.db import Error as DatabaseError
from django.db import connection as database
from django.db import transaction

from betaconsole.teams.models import Team

from .models import Comparison, Exchange, ToIndex

logger = logging.getLogger(__name__)

SLOT_BITS = 24  # documents of one comparison: itself in slot 0, then its exchanges in the order of their ids
MAX_INDEXED_CHARS = 200_000
MAX_QUERY_WORDS = 12
MAX_WORD = 60
MIN_BEGINNING = 3  # shorter than this an unfinished word would match half of everything
WORD = re.compile(r"[^\W_]+")
BATCH = 1000  # documents read at once; of a comparison with thousands that match only the first ones are


def search(team: Team, query: str, *, before: int | None = None, limit: int = 50) -> list[int]:
    """Ids of the team's comparisons that hold every word of the query, newest first; ids below `before` where given.

    All words in one place: in the comparison itself (title, prompt, labels, betas) or in one of its exchanges.
    A word with signs inside (`context-1m-2025-08-07`) must stand so in the text; the last word may be
    unfinished from its third character on.
    No syntax: whatever is typed are words. A query without a letter or digit finds nothing.
    """
    phrases = [words(part)[:MAX_QUERY_WORDS] for part in query.split()[:MAX_QUERY_WORDS]]
    phrases = [phrase for phrase in phrases if phrase]
    if not phrases:
        return []
    below = (before if before is not None else 1 << 38) << SLOT_BITS
    found: list[int] = []
    while len(found) < limit:
        documents = _VENDORS[database.vendor].matches(team.pk, phrases, below)
        found += dict.fromkeys(document >> SLOT_BITS for document in documents)
        if len(documents) < BATCH:
            break
        below = found[-1] << SLOT_BITS  # the rest of a comparison that is found already is not read
    return found[:limit]


def words(text: str) -> list[str]:
    """The words of a text as they are indexed: letters and digits, case folded, everything else stands between."""
    return [word[:MAX_WORD] for word in WORD.findall(text.casefold())]


def index_pending(limit: int = 200, *, before: Callable[[list[int]], object] | None = None) -> int:
    """Index what waits for it, in one batch; returns how many rows were done. Two processes may do this at once.

    `before` is called first, with the ids of the exchanges among them: what else is to be done once one has ended.
    """
    pending = list(ToIndex.objects.order_by("pk").values_list("pk", "comparison_id", "exchange_id")[:limit])
    if not pending:
        return 0
    if before is not None:
        before([exchange_id for _, _, exchange_id in pending if exchange_id is not None])
    try:
        documents = [*_comparison_documents(pending), *_exchange_documents(pending)]
    except DatabaseError:
        raise
    except Exception:
        # A damaged row: the others of the batch are found all the same.
        documents = [document for row in pending for document in _documents_of(row)]
    with transaction.atomic():
        _VENDORS[database.vendor].write(documents)
        ToIndex.objects.filter(pk__in=[row[0] for row in pending]).delete()
    return len(pending)


Document = tuple[int, int, str]  # id, team, normalised text
Pending = Sequence[tuple[int, int, int | None]]


def _documents_of(row: tuple[int, int, int | None]) -> "list[Document]":
    try:
        return [*_comparison_documents([row]), *_exchange_documents([row])]
    except DatabaseError:
        raise
    except Exception as error:
        logger.error("comparison %s, exchange %s cannot be indexed: %s", row[1], row[2], type(error).__name__)
        return []


def _comparison_documents(pending: Pending) -> Iterator[Document]:
    wanted = {comparison for _, comparison, exchange in pending if exchange is None}
    found = Comparison.objects.filter(pk__in=wanted, is_errand=False)
    for comparison in found.select_related("body").prefetch_related("variants"):
        parts = [comparison.title, *_labels(comparison), *_strings(_parsed(bytes(comparison.body.data)))]
        yield comparison.pk << SLOT_BITS, comparison.team_id, normalised(parts)


def _labels(comparison: Comparison) -> Iterator[str]:
    for variant in comparison.variants.all():
        yield variant.label
        yield variant.model
        yield from variant.betas


def _exchange_documents(pending: Pending) -> Iterator[Document]:
    wanted = {exchange for _, _, exchange in pending if exchange is not None}
    slots = _slots({comparison for _, comparison, exchange in pending if exchange is not None})
    needed = ("team_id", "comparison_id", "text", "error_type", "error_message", "request_id")
    for exchange in Exchange.objects.filter(pk__in=wanted, comparison__is_errand=False).only(*needed):
        parts = [exchange.request_id, exchange.error_type, exchange.error_message, exchange.text]
        slot = slots[exchange.pk]
        yield (exchange.comparison_id << SLOT_BITS) | slot, exchange.team_id, normalised(parts)


def _slots(comparisons: set[int]) -> dict[int, int]:
    """The place of every exchange among those of its comparison, from 1. Exchanges are only ever added at the end."""
    slots: dict[int, int] = {}
    counted: dict[int, int] = {}
    rows = Exchange.objects.filter(comparison_id__in=comparisons).order_by("pk").values_list("pk", "comparison_id")
    for exchange, comparison in rows:
        slots[exchange] = counted[comparison] = counted.get(comparison, 0) + 1
    return slots


def normalised(parts: Iterable[str]) -> str:
    """Words with single blanks between, no longer than the index should bear."""
    text = " ".join(part[:MAX_INDEXED_CHARS] for part in parts)[:MAX_INDEXED_CHARS]
    return " ".join(words(text))


def _parsed(body: bytes) -> Any:
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        return body[:MAX_INDEXED_CHARS].decode("utf-8", "replace")


def _strings(value: Any) -> Iterator[str]:
    """Every string of a document but its keys: the system text, the messages, tool descriptions."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for item in value.values():
            yield from _strings(item)
    elif isinstance(value, list):
        for item in value:
            yield from _strings(item)


class _Index(Protocol):
    """The index of one kind of database."""

    def matches(self, team: int, phrases: Sequence[Sequence[str]], below: int) -> list[int]: ...

    def write(self, documents: Sequence[Document]) -> None: ...


class _Sqlite:
    """FTS5; see migration 0002. The team is a term of its own column."""

    def matches(self, team: int, phrases: Sequence[Sequence[str]], below: int) -> list[int]:
        quoted = [f'"{" ".join(phrase)}"' for phrase in phrases]
        match = f"team : t{team} AND text : ({' AND '.join(quoted)}{' *' if _may_be_unfinished(phrases) else ''})"
        sql = "SELECT rowid FROM runs_fulltext WHERE runs_fulltext MATCH %s AND rowid < %s ORDER BY rowid DESC LIMIT %s"
        return _ids(sql, [match, below, BATCH])

    def write(self, documents: Sequence[Document]) -> None:
        with database.cursor() as cursor:
            cursor.executemany("DELETE FROM runs_fulltext WHERE rowid = %s", [(pk,) for pk, _, _ in documents])
            cursor.executemany(
                "INSERT INTO runs_fulltext (rowid, team, text) VALUES (%s, %s, %s)",
                [(pk, f"t{team}", text) for pk, team, text in documents],
            )


class _Postgres:
    """A tsvector with a GIN index; see migration 0002. The team is a lexeme no word can be: it holds an underscore."""

    def matches(self, team: int, phrases: Sequence[Sequence[str]], below: int) -> list[int]:
        joined = [" <-> ".join(f"'{word}'" for word in phrase) for phrase in phrases]
        query = f"'team_{team}' & ({') & ('.join(joined)}{':*' if _may_be_unfinished(phrases) else ''})"
        sql = "SELECT id FROM runs_fulltext WHERE words @@ %s::tsquery AND id < %s ORDER BY id DESC LIMIT %s"
        return _ids(sql, [query, below, BATCH])

    def write(self, documents: Sequence[Document]) -> None:
        with database.cursor() as cursor:
            cursor.executemany(
                "INSERT INTO runs_fulltext (id, words) VALUES (%s, to_tsvector('simple', %s) || %s::tsvector)"
                " ON CONFLICT (id) DO UPDATE SET words = excluded.words",
                [(pk, text, f"'team_{team}'") for pk, team, text in documents],
            )


def _may_be_unfinished(phrases: Sequence[Sequence[str]]) -> bool:
    return len(phrases[-1][-1]) >= MIN_BEGINNING


def _ids(sql: str, values: Sequence[Any]) -> list[int]:
    with database.cursor() as cursor:
        cursor.execute(sql, values)
        return [row[0] for row in cursor.fetchall()]


_VENDORS: dict[str, _Index] = {"sqlite": _Sqlite(), "postgresql": _Postgres()}
