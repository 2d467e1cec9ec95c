"""An empty database after each test with real transactions.

Django empties every table, one by one, and then writes the names of all models and permissions anew: hundreds of statements,
which take longer than most of these tests. Here only what has rows is emptied, and those names stay. The rows of the full
text, which is no model's, go too.
"""

from functools import cache

from django.db import connection, transaction
from django.test import TransactionTestCase

KEPT = ("django_migrations", "django_content_type", "auth_permission")
TABLES = {
    # What a virtual table keeps its rows in are shadows: they empty with it.
    "sqlite": "SELECT name FROM pragma_table_list WHERE schema = 'main' AND type IN ('table', 'virtual')",
    "postgresql": "SELECT tablename FROM pg_tables WHERE schemaname = 'public'",
}


def empty_tables() -> None:
    """Delete every row but those of KEPT."""
    with transaction.atomic(), connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            # No trigger: neither those that look after foreign keys, nor the one that keeps the audit log.
            cursor.execute("SET LOCAL session_replication_role = replica")
        cursor.execute(_which_have_rows())
        for (table,) in cursor.fetchall():
            cursor.execute(f"DELETE FROM {connection.ops.quote_name(table)}")


@cache
def _which_have_rows() -> str:
    with connection.cursor() as cursor:
        cursor.execute(TABLES[connection.vendor])
        names = sorted(name for (name,) in cursor.fetchall() if name not in KEPT and not name.startswith("sqlite_"))
    quoted = connection.ops.quote_name
    return " UNION ALL ".join(f"SELECT '{name}' WHERE EXISTS (SELECT 1 FROM {quoted(name)})" for name in names)


def empty_after_real_transactions() -> None:
    """From here on every test with real transactions ends so."""
    TransactionTestCase._fixture_teardown = lambda self: empty_tables()  # type: ignore[method-assign]
