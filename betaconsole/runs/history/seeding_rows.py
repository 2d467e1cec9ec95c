"""Writing many rows fast: whole tables at once, past the models, in the form their columns have at rest."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from django.core.management.color import no_style
from django.db import connection as database
from django.db import models

from betaconsole.runs.fulltext import Document, index


class Table:
    """Rows of one model. Columns that are not given take the model's defaults."""

    def __init__(self, model: type[models.Model]) -> None:
        fields = model._meta.concrete_fields
        self.model, self.columns = model, [str(field.column) for field in fields]
        self._place = {column: number for number, column in enumerate(self.columns)}
        self._defaults = [field.get_db_prep_save(_default(field), database) for field in fields]
        self.next_id: int = (model._default_manager.aggregate(last=models.Max("pk"))["last"] or 0) + 1
        self.rows: list[list[Any]] = []

    def add(self, **values: Any) -> int:
        """One row; gives its key."""
        row = self._defaults.copy()
        key, self.next_id = self.next_id, self.next_id + 1
        row[self._place["id"]] = key
        for column, value in values.items():
            row[self._place[column]] = value
        self.rows.append(row)
        return key

    def flush(self) -> None:
        insert(self.model._meta.db_table, self.columns, self.rows)
        self.rows = []


def _default(field: Any) -> Any:
    return field.get_default() if field.has_default() or not field.null else None


def insert(table: str, columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    """By COPY where there is such a thing."""
    names = ", ".join(f'"{column}"' for column in columns)
    with database.cursor() as cursor:
        if database.vendor == "postgresql":
            with cursor.copy(f'COPY "{table}" ({names}) FROM STDIN') as copy:
                for row in rows:
                    copy.write_row(row)
        else:
            marks = ", ".join(["%s"] * len(columns))
            cursor.executemany(f'INSERT INTO "{table}" ({names}) VALUES ({marks})', list(rows))  # noqa: S608 - names of our own models


def index_documents(documents: Sequence[Document], terms: Sequence[tuple[int, Sequence[str]]]) -> None:
    """Both indexes; the documents are new."""
    if database.vendor != "postgresql":
        index().write(documents)
        index().write_terms(terms)
        return
    with database.cursor() as cursor:
        cursor.execute(
            "CREATE TEMPORARY TABLE IF NOT EXISTS seeded (id bigint, exchange bigint, terms text[], body text)"
            " ON COMMIT DELETE ROWS"
        )
        insert(
            "seeded",
            ["id", "exchange", "terms", "body"],
            [(d.id, d.exchange, list(d.terms), d.text) for d in documents],
        )
        cursor.execute(
            "INSERT INTO runs_fulltext (id, exchange, words)"
            " SELECT id, exchange, to_tsvector('simple', body) || array_to_tsvector(terms) FROM seeded"
        )
        cursor.execute("DELETE FROM seeded")
        insert("seeded", ["id", "terms"], [(pk, list(found)) for pk, found in terms])
        cursor.execute("INSERT INTO runs_terms (id, terms) SELECT id, array_to_tsvector(terms) FROM seeded")
        cursor.execute("DELETE FROM seeded")


def moment(value: datetime) -> Any:
    """A moment as the database's driver takes it."""
    return database.ops.adapt_datetimefield_value(value)


def let_keys_follow(tables: Iterable[Table]) -> None:
    """PostgreSQL's sequences go on after keys that were given."""
    statements = database.ops.sequence_reset_sql(no_style(), [table.model for table in tables])
    with database.cursor() as cursor:
        for statement in statements:
            cursor.execute(statement)


def hurry() -> None:
    """No waiting for the disk while seeding: a machine that fails then has only lost made-up rows."""
    with database.cursor() as cursor:
        cursor.execute(
            "SET synchronous_commit = off" if database.vendor == "postgresql" else "PRAGMA synchronous = OFF"
        )


def size_bytes() -> int:
    """Of the whole database."""
    with database.cursor() as cursor:
        if database.vendor == "postgresql":
            cursor.execute("SELECT pg_database_size(current_database())")
            return int(cursor.fetchone()[0])
        cursor.execute("SELECT page_count * page_size FROM pragma_page_count(), pragma_page_size()")
        return int(cursor.fetchone()[0])


def analyse() -> None:
    """Let the database look at what it holds now: its plans depend on that."""
    with database.cursor() as cursor:
        cursor.execute("ANALYZE")
