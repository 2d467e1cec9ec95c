"""What a thread's connection to SQLite holds on to does not grow with what it is asked."""

import gc
from collections.abc import Iterator

import pytest
from django.db import connection, connections
from django.db.backends.base.base import BaseDatabaseWrapper

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.skipif(connection.vendor != "sqlite", reason="about SQLite's connections"),
]
MOST_STATEMENTS, MOST_CACHE_KB = 64, 1000


@pytest.fixture
def own() -> Iterator[BaseDatabaseWrapper]:
    """A connection as another thread would have."""
    made = connections.create_connection("default")
    yield made
    made.close()


def statements() -> int:
    return sum(type(one).__name__ == "Statement" and type(one).__module__ == "sqlite3" for one in gc.get_objects())


def test_it_keeps_few_statements_ready(own):
    own.ensure_connection()
    before = statements()
    for number in range(3 * MOST_STATEMENTS):
        with own.cursor() as cursor:
            cursor.execute(f"SELECT {number}")
    assert 0 < statements() - before <= MOST_STATEMENTS


def test_it_keeps_few_pages_of_the_file(own):
    with own.cursor() as cursor:
        assert cursor.execute("PRAGMA cache_size").fetchone() == (-MOST_CACHE_KB,)
