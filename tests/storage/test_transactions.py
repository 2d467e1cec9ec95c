"""How transactions begin and end: waiting for SQLite's one lock, and not waiting for the disk."""

import gc
import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import closing

import pytest
from django.db import IntegrityError, OperationalError, connection, transaction

from betaconsole.storage.unsynced import NORMAL, unsynced
from betaconsole.teams.models import Team
from tests.faults.disks import impatient

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


@pytest.fixture
def held(other: sqlite3.Connection) -> Iterator[threading.Timer]:
    """Somebody else has the lock for a moment."""
    other.execute("BEGIN IMMEDIATE")
    freed = threading.Timer(0.2, lambda: other.execute("COMMIT"))
    freed.start()
    yield freed
    freed.join()


@about_sqlite
def test_a_transaction_waits_until_the_lock_is_free(held: threading.Timer) -> None:
    with transaction.atomic():
        assert held.finished.is_set()
        Team.objects.create(name="Mine")


@about_sqlite
def test_so_does_a_statement_by_itself(held: threading.Timer) -> None:
    Team.objects.update(name="Mine")
    assert held.finished.is_set()


@about_sqlite
def test_a_lock_that_is_held_for_longer_than_it_waits_is_said(other: sqlite3.Connection) -> None:
    other.execute("BEGIN IMMEDIATE")
    with impatient(0.06):
        with pytest.raises(OperationalError, match="locked"), transaction.atomic():
            raise AssertionError("it has begun")
        with pytest.raises(OperationalError, match="locked"):
            Team.objects.update(name="Mine")
    other.execute("ROLLBACK")
    with transaction.atomic():
        Team.objects.create(name="Mine")


@about_sqlite
def test_what_waiting_cannot_help_is_said_at_once(other: sqlite3.Connection) -> None:
    """A write beside rows that are still being read, and are others by now."""
    Team.objects.bulk_create([Team(name=f"{n}") for n in range(2)])
    with connection.cursor() as reading:
        reading.execute("SELECT name FROM teams_team")
        reading.fetchone()
        other.execute("UPDATE teams_team SET name = 'Theirs'")
        began = time.monotonic()
        with pytest.raises(OperationalError, match="locked"):
            Team.objects.update(name="Mine")
    assert time.monotonic() - began < connection.settings_dict["OPTIONS"]["timeout"] / 2


@about_sqlite
def test_whoever_has_the_lock_may_collect_the_garbage_of_who_waits_for_it() -> None:
    """SQLite's own waiting would hold what the collector needs: each would wait for the other, until one gives up."""
    ended: list[str] = []
    about_to_wait = threading.Event()

    def wait() -> None:
        cursor = connection.cursor().cursor
        cursor.execute("SELECT 1 UNION SELECT 2")
        cursor.fetchone()  # and no more: the cursor is not done
        cycle: list[object] = [cursor]
        cycle.append(cycle)
        del cursor, cycle
        about_to_wait.set()
        try:
            Team.objects.update(name="Theirs")
            ended.append("written")
        except OperationalError as error:
            ended.append(str(error))
        finally:
            connection.close()

    gc.disable()
    try:
        with impatient(3):
            waiting = threading.Thread(target=wait)
            with transaction.atomic():
                Team.objects.create(name="Mine")
                waiting.start()
                assert about_to_wait.wait(60)
                time.sleep(0.1)
                gc.collect()
            waiting.join()
    finally:
        gc.enable()
    assert ended == ["written"]


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
