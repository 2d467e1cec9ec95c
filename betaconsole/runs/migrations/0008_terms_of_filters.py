"""The index of words gets the terms that filters ask for, and names the exchange a document is about; terms of comparisons
stand once more by themselves. Everything that is stored waits to be indexed anew: the console does it while it runs."""

from django.db import migrations

CREATE = {
    # `detail` and `columnsize`: only whole terms are asked for, never where they stand.
    "sqlite": [
        "CREATE VIRTUAL TABLE runs_fulltext USING fts5("
        "exchange UNINDEXED, terms, text, tokenize = 'unicode61 remove_diacritics 2', prefix = '3 4')",
        "CREATE VIRTUAL TABLE runs_terms USING fts5(terms, detail = none, columnsize = 0)",
    ],
    "postgresql": [
        "CREATE TABLE runs_fulltext (id bigint PRIMARY KEY, exchange bigint, words tsvector NOT NULL)",
        "CREATE INDEX runs_fulltext_words ON runs_fulltext USING gin (words)",
        "CREATE TABLE runs_terms (id bigint PRIMARY KEY, terms tsvector NOT NULL)",
        "CREATE INDEX runs_terms_terms ON runs_terms USING gin (terms)",
    ],
}
OLD = {
    "sqlite": [
        "CREATE VIRTUAL TABLE runs_fulltext USING fts5("
        "team, text, tokenize = 'unicode61 remove_diacritics 2', prefix = '3 4')",
    ],
    "postgresql": [
        "CREATE TABLE runs_fulltext (id bigint PRIMARY KEY, words tsvector NOT NULL)",
        "CREATE INDEX runs_fulltext_words ON runs_fulltext USING gin (words)",
    ],
}
ENQUEUE = [
    "DELETE FROM runs_toindex",
    "INSERT INTO runs_toindex (comparison_id, exchange_id) SELECT id, NULL FROM runs_comparison WHERE NOT is_errand ORDER BY id",
    "INSERT INTO runs_toindex (comparison_id, exchange_id) SELECT exchange.comparison_id, exchange.id"
    " FROM runs_exchange exchange JOIN runs_comparison comparison ON comparison.id = exchange.comparison_id"
    " WHERE NOT comparison.is_errand AND exchange.ended_at IS NOT NULL ORDER BY exchange.id",
]


def forwards(apps, schema_editor):
    _run(schema_editor, ["DROP TABLE runs_fulltext", *CREATE[schema_editor.connection.vendor], *ENQUEUE])


def backwards(apps, schema_editor):
    _run(
        schema_editor,
        ["DROP TABLE runs_fulltext", "DROP TABLE runs_terms", *OLD[schema_editor.connection.vendor], *ENQUEUE],
    )


def _run(schema_editor, statements):
    for statement in statements:
        schema_editor.execute(statement)


class Migration(migrations.Migration):
    dependencies = [("runs", "0007_comparison_lists")]

    operations = [migrations.RunPython(forwards, backwards)]
