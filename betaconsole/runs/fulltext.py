"""The index of words and terms, one for each kind of database, in the order of the history: newest first.

`runs_fulltext` holds one document per comparison and per exchange, its terms beside its words. `runs_terms` holds the terms
of comparisons alone: a filter without words reads an eighth of the rows, and small ones.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol

from django.db import connection as database
from django.db import transaction

SLOT_BITS = 24  # documents of one comparison: itself in slot 0, then its exchanges in the order of their ids
NEWEST = 1 << 38
WINDOW = 1_000  # comparisons that are looked through one by one, where so many may hold enough
MOST_WINDOWS = 4  # stretches that together are still sooner gone through than a list read
MIN_BEGINNING = 3  # shorter than this an unfinished word would match half of everything


class Document(NamedTuple):
    """What is indexed under `id`. `exchange` is None for a comparison's own; `text` is normalised."""

    id: int
    exchange: int | None
    terms: Sequence[str]
    text: str


class Hit(NamedTuple):
    """A document that matches, by the keys of what it is about."""

    comparison: int
    exchange: int | None
    document: int = 0


@dataclass(frozen=True)
class Wanted:
    """What a document must hold: every phrase, one term of each group in `terms`, and none of `not_terms`.

    At least one group is needed. `is_unfinished`: the last word may go on. `above` and `below` are keys of comparisons,
    neither included; `before` is a document's.
    """

    terms: Sequence[Sequence[str]]
    not_terms: Sequence[str] = ()
    phrases: Sequence[Sequence[str]] = ()
    is_unfinished: bool = True
    above: int = 0
    below: int = NEWEST
    before: int | None = None

    @property
    def documents(self) -> tuple[int, int]:
        """The first document that may match, and the one after the last."""
        last = self.below << SLOT_BITS
        return (self.above + 1) << SLOT_BITS, last if self.before is None else min(last, self.before)

    @property
    def last_may_go_on(self) -> bool:
        return self.is_unfinished and bool(self.phrases) and len(self.phrases[-1][-1]) >= MIN_BEGINNING


class Index(Protocol):
    """The index of one kind of database."""

    def hits(self, wanted: Wanted, limit: int) -> list[Hit]:
        """Documents that match, the newest comparison first."""

    def comparisons(self, wanted: Wanted, limit: int) -> list[int]:
        """Keys of comparisons whose terms match, newest first; phrases are not looked at."""

    def write(self, documents: Sequence[Document]) -> None:
        """In place of what these documents held before."""

    def write_terms(self, terms: Sequence[tuple[int, Sequence[str]]]) -> None:
        """The terms of whole comparisons, by key, in place of those they had."""

    def forget(self, comparison: int, limit: int) -> int:
        """So many documents of a comparison at most, and its terms; returns how many documents went."""


class Sqlite:
    """FTS5; see migrations 0002 and the one that adds terms. The tokenizer cuts at an underscore, so terms have none here."""

    def hits(self, wanted: Wanted, limit: int) -> list[Hit]:
        sql = (
            "SELECT rowid, exchange FROM runs_fulltext WHERE runs_fulltext MATCH %s AND rowid < %s AND rowid >= %s"
            " ORDER BY rowid DESC LIMIT %s"
        )
        above, below = wanted.documents
        return [
            Hit(pk >> SLOT_BITS, exchange, pk)
            for pk, exchange in _rows(sql, [self._match(wanted), below, above, limit])
        ]

    def comparisons(self, wanted: Wanted, limit: int) -> list[int]:
        sql = (
            "SELECT rowid FROM runs_terms WHERE runs_terms MATCH %s AND rowid < %s AND rowid > %s"
            " ORDER BY rowid DESC LIMIT %s"
        )
        return [row[0] for row in _rows(sql, [_fts_terms(wanted), wanted.below, wanted.above, limit])]

    def write(self, documents: Sequence[Document]) -> None:
        with database.cursor() as cursor:
            cursor.executemany("DELETE FROM runs_fulltext WHERE rowid = %s", [(one.id,) for one in documents])
            cursor.executemany(
                "INSERT INTO runs_fulltext (rowid, exchange, terms, text) VALUES (%s, %s, %s, %s)",
                [(one.id, one.exchange, _plain(one.terms), one.text) for one in documents],
            )

    def write_terms(self, terms: Sequence[tuple[int, Sequence[str]]]) -> None:
        with database.cursor() as cursor:
            cursor.executemany("DELETE FROM runs_terms WHERE rowid = %s", [(pk,) for pk, _ in terms])
            cursor.executemany(
                "INSERT INTO runs_terms (rowid, terms) VALUES (%s, %s)", [(pk, _plain(found)) for pk, found in terms]
            )

    def forget(self, comparison: int, limit: int) -> int:
        first, after = comparison << SLOT_BITS, (comparison + 1) << SLOT_BITS
        with database.cursor() as cursor:
            cursor.execute("DELETE FROM runs_terms WHERE rowid = %s", [comparison])
            some = "SELECT rowid FROM runs_fulltext WHERE rowid >= %s AND rowid < %s LIMIT %s"
            gone = _rows(some, [first, after, limit])
            cursor.executemany("DELETE FROM runs_fulltext WHERE rowid = %s", gone)
        return len(gone)

    @staticmethod
    def _match(wanted: Wanted) -> str:
        quoted = [f'"{" ".join(phrase)}"' for phrase in wanted.phrases]
        text = f" AND text : ({' AND '.join(quoted)}{' *' if wanted.last_may_go_on else ''})" if quoted else ""
        groups = " AND ".join(f"({' OR '.join(_plain([term]) for term in group)})" for group in wanted.terms)
        without = (
            f" NOT terms : ({' OR '.join(_plain([term]) for term in wanted.not_terms)})" if wanted.not_terms else ""
        )
        return f"(terms : ({groups}){text}){without}"


class Postgres:
    """Tsvectors with GIN indexes.

    What is common is found soonest by going through the newest documents, what is rare by its own list. The planner cannot
    know which it is of words together, and guesses wrong by seconds: so a stretch is gone through first, then
    as much as it would take to find the rest, and where that is too much the list is read.
    """

    def hits(self, wanted: Wanted, limit: int) -> list[Hit]:
        above, below = wanted.documents
        query = self._match(wanted)
        newest = _rows("SELECT id FROM runs_fulltext WHERE id < %s ORDER BY id DESC LIMIT 1", [below])
        if not newest:
            return []
        found: list[Hit] = []
        end, window = below, WINDOW
        for _ in range(2):
            start = max(above, ((min(end, newest[0][0] + 1) >> SLOT_BITS) - window) << SLOT_BITS)
            with _without("bitmapscan"):
                found += self._between(query, start, end, limit - len(found))
            if len(found) >= limit or start <= above:
                return found
            end, window = start, window * (limit - len(found)) // max(1, len(found)) + 1
            if window > MOST_WINDOWS * WINDOW:
                break
        with _without("indexscan", "seqscan"):
            return found + self._between(query, above, end, limit - len(found))

    @staticmethod
    def _between(query: str, above: int, below: int, limit: int) -> list[Hit]:
        sql = (
            "SELECT id, exchange FROM runs_fulltext WHERE words @@ %s::tsquery AND id < %s AND id >= %s"
            " ORDER BY id DESC LIMIT %s"
        )
        return [Hit(pk >> SLOT_BITS, exchange, pk) for pk, exchange in _rows(sql, [query, below, above, limit])]

    def comparisons(self, wanted: Wanted, limit: int) -> list[int]:
        sql = "SELECT id FROM runs_terms WHERE terms @@ %s::tsquery AND id < %s AND id > %s ORDER BY id DESC LIMIT %s"
        return [row[0] for row in _rows(sql, [_ts_terms(wanted), wanted.below, wanted.above, limit])]

    def write(self, documents: Sequence[Document]) -> None:
        with database.cursor() as cursor:
            cursor.executemany(
                "INSERT INTO runs_fulltext (id, exchange, words)"
                " VALUES (%s, %s, to_tsvector('simple', %s) || array_to_tsvector(%s))"
                " ON CONFLICT (id) DO UPDATE SET exchange = excluded.exchange, words = excluded.words",
                [(one.id, one.exchange, one.text, list(one.terms)) for one in documents],
            )

    def write_terms(self, terms: Sequence[tuple[int, Sequence[str]]]) -> None:
        with database.cursor() as cursor:
            cursor.executemany(
                "INSERT INTO runs_terms (id, terms) VALUES (%s, array_to_tsvector(%s))"
                " ON CONFLICT (id) DO UPDATE SET terms = excluded.terms",
                [(pk, list(found)) for pk, found in terms],
            )

    def forget(self, comparison: int, limit: int) -> int:
        first, after = comparison << SLOT_BITS, (comparison + 1) << SLOT_BITS
        with database.cursor() as cursor:
            cursor.execute("DELETE FROM runs_terms WHERE id = %s", [comparison])
            some = "SELECT id FROM runs_fulltext WHERE id >= %s AND id < %s ORDER BY id LIMIT %s"
            gone = [row[0] for row in _rows(some, [first, after, limit])]
            cursor.execute("DELETE FROM runs_fulltext WHERE id = ANY(%s)", [gone])
        return len(gone)

    @staticmethod
    def _match(wanted: Wanted) -> str:
        joined = [" <-> ".join(f"'{word}'" for word in phrase) for phrase in wanted.phrases]
        if wanted.last_may_go_on:
            joined[-1] += ":*"
        return " & ".join([_ts_terms(wanted), *(f"({phrase})" for phrase in joined)])


@contextmanager
def _without(*ways: str) -> Iterator[None]:
    """What is read here is not read in these ways, whatever the planner thinks of them."""
    with transaction.atomic():
        for way in ways:
            _rows("SELECT set_config(%s, 'off', true)", [f"enable_{way}"])
        yield
        for way in ways:
            _rows("SELECT set_config(%s, 'on', true)", [f"enable_{way}"])


def _plain(terms: Sequence[str]) -> str:
    return " ".join(terms).replace("_", "")


def _fts_terms(wanted: Wanted) -> str:
    groups = " AND ".join(f"({' OR '.join(_plain([term]) for term in group)})" for group in wanted.terms)
    return (
        f"({groups}) NOT ({' OR '.join(_plain([term]) for term in wanted.not_terms)})" if wanted.not_terms else groups
    )


def _ts_terms(wanted: Wanted) -> str:
    groups = [f"({' | '.join(repr(term) for term in group)})" for group in wanted.terms]
    return " & ".join([*groups, *(f"!{term!r}" for term in wanted.not_terms)])


def _rows(sql: str, values: Sequence[Any]) -> list[tuple[Any, ...]]:
    with database.cursor() as cursor:
        cursor.execute(sql, values)
        return cursor.fetchall()


_INDEXES: dict[str, Index] = {"sqlite": Sqlite(), "postgresql": Postgres()}


def index() -> Index:
    """The index of the database in use."""
    return _INDEXES[database.vendor]
