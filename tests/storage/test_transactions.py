"""How transactions begin and end: waiting for SQLite's one lock, and not waiting for the disk."""

import sqlite3
import threading
from collections.abc import Iterator
from contextlib import closing

import pytest
from django.db import IntegrityError, OperationalError, connection, transaction

from betaconsole.storage.unsynced import NORMAL, unsynced
from betaconsole.teams.models import Team

pytestmark = pytest.mark.django_db(transaction=True)
about_sqlite = pytest.mark.skipif(connection.vendor != "sqlite", reason="about SQLite's lock")


@pytest.fixture
def other() -> Iterator[sqlite3.Connection]:
    """Somebody else at the same database."""
    name = connection.settings_dict["NAME"]
    with closing(sqlite3.connect(name, isolation_level=None, check_same_thread=False)) as opened:
        yield opened


def asked(what: str) -> object:
    with connection.cursor() as cursor:
        cursor.execute(what)
        return cursor.fetchone()[0]


@about_sqlite
def test_a_transaction_waits_until_the_lock_is_free(other: sqlite3.Connection) -> None:
    patience = asked("PRAGMA busy_timeout")
    other.execute("BEGIN IMMEDIATE")
    freed = threading.Timer(0.2, lambda: other.execute("COMMIT"))
    freed.start()
    with transaction.atomic():
        assert freed.finished.is_set()
        Team.objects.create(name="Mine")
    freed.join()
    assert asked("PRAGMA busy_timeout") == patience


@about_sqlite
def test_a_lock_that_is_held_for_longer_than_it_waits_is_said(other: sqlite3.Connection) -> None:
    asked("PRAGMA busy_timeout = 60")
    other.execute("BEGIN IMMEDIATE")
    try:
        with pytest.raises(OperationalError, match="locked"), transaction.atomic():
            raise AssertionError("it has begun")
        assert asked("PRAGMA busy_timeout") == 60
    finally:
        other.execute("ROLLBACK")
        connection.close()
    with transaction.atomic():
        Team.objects.create(name="Mine")


@pytest.mark.both_databases
def test_what_need_not_survive_a_power_cut_does_not_wait_for_the_disk() -> None:
    setting = "SHOW synchronous_commit" if connection.vendor == "postgresql" else "PRAGMA synchronous"
    if connection.vendor == "sqlite":
        with connection.cursor() as cursor:
            cursor.execute("PRAGMA synchronous = FULL")  # as in production
    usual = asked(setting)
    with unsynced():
        assert asked(setting) in (NORMAL, "off")
        team = Team.objects.create(name="Mine")
    assert asked(setting) == usual
    with pytest.raises(IntegrityError), unsynced():
        Team.objects.bulk_create([Team(name="Not mine", pk=team.pk)])
    assert asked(setting) == usual
    assert Team.objects.get(pk=team.pk).name == "Mine"
    connection.close()
