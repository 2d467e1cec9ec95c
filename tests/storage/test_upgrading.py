"""Starting on a database that is empty, current, old or newer than the code."""

import os
import sqlite3
import subprocess
import sys
from contextlib import closing

import pytest
from django.conf import settings
from django.core.management import CommandError, call_command
from django.db import connection
from django.db.migrations.recorder import MigrationRecorder

from betaconsole.runs.management.commands.serve import Command as Serve
from betaconsole.storage.upgrading import NotUpgraded, TooNew, upgrade
from tests.console import load_wsgi

CHOSEN_HERE = ("DATABASE_URL", "DJANGO_SETTINGS_MODULE")
pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def older():
    """The database without the tables of one app, and current again afterwards."""
    call_command("migrate", "availability", "zero", verbosity=0)
    yield
    call_command("migrate", verbosity=0)


@pytest.mark.skipif(connection.vendor != "sqlite", reason="only SQLite databases are copied")
def test_s9_an_old_database_is_copied_beside_itself_and_then_brought_up_to_date(older, team):
    with pytest.raises(NotUpgraded, match=r"manage\.py serve"):
        load_wsgi()
    copy = upgrade()
    load_wsgi()
    try:
        assert copy.stat().st_mode & 0o777 == 0o600
        with closing(sqlite3.connect(copy)) as kept:
            tables = {name for (name,) in kept.execute("select name from sqlite_master")}
            assert "availability_check" not in tables
            assert kept.execute("select name from teams_team").fetchall() == [(team.name,)]
        assert "availability_check" in connection.introspection.table_names()
    finally:
        copy.unlink()


@pytest.mark.both_databases
def test_a_current_database_is_left_alone():
    assert upgrade() is None


@pytest.mark.both_databases
def test_s9_a_database_of_a_newer_console_is_refused():
    MigrationRecorder(connection).record_applied("runs", "9999_from_the_future")
    try:
        with pytest.raises(TooNew, match="9999_from_the_future"):
            upgrade()
        with pytest.raises(TooNew):
            load_wsgi()
    finally:
        MigrationRecorder(connection).record_unapplied("runs", "9999_from_the_future")


@pytest.fixture
def halfway(settings):
    """A new version whose last migration fails half way."""
    settings.INSTALLED_APPS = [*settings.INSTALLED_APPS, "tests.storage.halfway"]
    yield
    call_command("migrate", "halfway", "zero", verbosity=0)
    for copy in settings.DATA_DIR.glob("*.before-*"):
        copy.unlink()


@pytest.mark.both_databases
def test_s9_of_a_migration_that_fails_half_way_nothing_is_kept_and_the_console_does_not_start(halfway, team):
    with pytest.raises(CommandError, match="LookupError: what it was to change") as refusal:
        Serve().prepare()
    tables = connection.introspection.table_names()
    assert ("halfway_before" in tables, "halfway_half" in tables) == (True, False)
    if connection.vendor == "sqlite":
        [copy] = settings.DATA_DIR.glob("*.before-*")
        assert str(copy) in str(refusal.value)
        with closing(sqlite3.connect(copy)) as kept:
            assert kept.execute("select name from teams_team").fetchall() == [(team.name,)]
            assert not kept.execute("select name from sqlite_master where name like 'halfway%'").fetchall()


def test_models_and_migrations_say_the_same():
    call_command("makemigrations", check=True, dry_run=True, verbosity=0)


def test_processes_that_start_in_the_same_moment_upgrade_once(tmp_path):
    environment = {name: value for name, value in os.environ.items() if name not in CHOSEN_HERE}
    started = [
        subprocess.Popen(
            [sys.executable, "manage.py", "token", f"number {number}"],
            cwd=settings.BASE_DIR,
            env={**environment, "BETACONSOLE_DATA": str(tmp_path)},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for number in range(3)
    ]
    said = [process.communicate(timeout=120) for process in started]
    assert [process.returncode for process in started] == [0, 0, 0], said
