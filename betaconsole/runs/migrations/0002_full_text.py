"""The full-text index of `runs.finding`: FTS5 on SQLite, a tsvector with a GIN index on PostgreSQL."""

from django.db import migrations

CREATE = {
    # Letters with marks are found without them; `finding.words` has already taken everything but letters and digits out.
    # The indexes of beginnings keep an unfinished word from merging the lists of every word that begins so: all request
    # ids begin alike.
    "sqlite": [
        "CREATE VIRTUAL TABLE runs_fulltext USING fts5("
        "team, text, tokenize = 'unicode61 remove_diacritics 2', prefix = '3 4')",
    ],
    "postgresql": [
        "CREATE TABLE runs_fulltext (id bigint PRIMARY KEY, words tsvector NOT NULL)",
        "CREATE INDEX runs_fulltext_words ON runs_fulltext USING gin (words)",
    ],
}


def create(apps, schema_editor):
    for statement in CREATE[schema_editor.connection.vendor]:
        schema_editor.execute(statement)


def drop(apps, schema_editor):
    schema_editor.execute("DROP TABLE runs_fulltext")


class Migration(migrations.Migration):
    dependencies = [("runs", "0001_initial")]

    operations = [migrations.RunPython(create, drop)]
