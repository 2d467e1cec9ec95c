"""`manage.py backup` and `manage.py restore`: beside a console that sends, and after it was cut off."""

import json
import os
import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from dataclasses import dataclass
from http.client import HTTPConnection
from pathlib import Path

import psycopg
import pytest
from django.db import connection

from tests.builders import make_comparison
from tests.console import Console, running
from tests.environment import CHECKOUT, clean_environment
from tests.migrated import lay_tables

NAME = "betaconsole.sqlite3"
# Makes the upgrade fail: what this migration adds is there.
FORGOTTEN = "DELETE FROM django_migrations WHERE app = 'runs' AND name = '0014_combination_of_a_column'"
# Commands one after the other in one process: starting Python takes longer than each of them.
SCRIPT = """
import io, json, sys, django
django.setup()
from django.core.management import call_command
from betaconsole.runs.sending import engine
told = []
for words in json.loads(sys.argv[1]):
    said, error = io.StringIO(), ""
    try:
        if words == ["start"]:
            engine.start(); engine.stop(0)
        else:
            call_command(*words, stdout=said)
    except (Exception, SystemExit) as problem:
        error = str(problem) or "stopped"
    told.append([said.getvalue(), error])
print("\\n" + json.dumps(told))
"""


@dataclass
class Told:
    said: str
    error: str


def asked(data: Path, *commands: list[str], **environment: str) -> list[Told]:
    """What each of these commands of manage.py says on a data folder."""
    own = {**clean_environment(), "DJANGO_SETTINGS_MODULE": "betaconsole.settings", "BETACONSOLE_DATA": str(data)}
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT, json.dumps(commands)],
        cwd=CHECKOUT,
        env={**own, **environment},
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr
    return [Told(*one) for one in json.loads(done.stdout.splitlines()[-1])]


def rows(path: Path, statement: str) -> list:
    with closing(sqlite3.connect(path, timeout=60)) as database:
        found = database.execute(statement).fetchall()
        database.commit()
    return [row[0] if len(row) == 1 else row for row in found]


def states(path: Path) -> list[str]:
    return rows(path, "SELECT state FROM runs_exchange ORDER BY id")


def compare(console: Console, token: str) -> None:
    """Four columns with one request each, on the simulator."""
    body = {
        "model": "claude-sonnet-5-5",
        "max_tokens": 4096,
        "messages": [{"role": "user", "content": "Tell me a story."}],
    }
    with closing(HTTPConnection("127.0.0.1", console.port, timeout=60)) as asking:
        headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
        asking.request(
            "POST", "/api/v1/comparisons", json.dumps({"body": body, "variants": [{"betas": []}] * 4}), headers
        )
        answer = asking.getresponse()
        assert answer.status == 201, answer.read()


def until_streaming(path: Path, *, expected: int) -> None:
    until = time.monotonic() + 60
    while states(path).count("streaming") < expected and time.monotonic() < until:
        time.sleep(0.1)
    assert states(path).count("streaming") == expected


def test_s15_a_backup_of_a_console_that_sends_is_whole_and_after_going_back_to_it_nothing_is_sent_again(tmp_path):
    data, file = tmp_path / "data", tmp_path / "monday.backup"
    data.mkdir(mode=0o700)
    lay_tables(data)
    token = next(word for word in asked(data, ["token", "test"])[0].said.split() if word.startswith("bc_"))
    rows(data / NAME, "UPDATE teams_connection SET max_in_flight = 2")
    with running(data, BETACONSOLE_SIMULATOR_SPEED="0.01") as console:
        compare(console, token)
        until_streaming(data / NAME, expected=2)
        made, again, refused = asked(
            data, ["backup", str(file)], ["backup", str(file)], ["restore", str(file), "--replace"]
        )
        assert states(data / NAME) == ["streaming", "streaming", "queued", "queued"]  # it sends as before
        console.kill()
    assert made.error == ""
    assert "✓ Integrity" in made.said
    assert "1 comparisons, 4 exchanges" in made.said
    assert f"Not in it: the master keys ({data / 'encryption.key'})" in made.said
    assert file.stat().st_mode & 0o777 == 0o600
    assert states(file) == ["streaming", "streaming", "queued", "queued"]
    assert (data / "encryption.key").read_bytes().strip() not in file.read_bytes()
    assert f"{file} is there already" in again.error
    assert "A console runs on this data folder" in refused.error

    rows(data / NAME, "UPDATE runs_comparison SET title = 'since then'")
    there, back, doctor, _ = asked(
        data, ["restore", str(file)], ["restore", str(file), "--replace"], ["doctor"], ["start"]
    )
    assert "There is a database already" in there.error
    assert back.error == ""
    assert "What was revoked, erased, removed or deleted since then is back: API tokens, public links" in back.said
    assert "2 requests that waited in it will not be sent" in back.said
    assert doctor.error == "", doctor.said
    assert states(data / NAME) == ["interrupted"] * 4
    assert (data / NAME).stat().st_mode & 0o777 == 0o600
    (aside,) = data.glob("betaconsole.replaced-*.sqlite3")
    assert f"is kept: {aside}" in back.said
    assert rows(aside, "SELECT title FROM runs_comparison") == ["since then"]
    assert not list(tmp_path.glob(".*"))

    # The database is in its place and what comes after that fails.
    rows(file, FORGOTTEN)
    cut, _ = asked(data, ["restore", str(file), "--replace"], ["start"])
    assert states(data / NAME) == ["interrupted"] * 4
    assert "could not be brought up to date" in cut.error
    assert "What waited in it will not be sent" in cut.error


def test_what_is_not_a_good_backup_is_refused_and_nothing_is_changed(tmp_path):
    lay_tables(tmp_path)
    good, damaged, newer, other = (tmp_path / name for name in ("good", "damaged", "newer", "other"))
    asked(tmp_path, ["backup", str(good)])
    whole = good.read_bytes()
    damaged.write_bytes(whole[: len(whole) // 2] + b"\xff" * 9000 + whole[len(whole) // 2 + 9000 :])
    newer.write_bytes(whole)
    rows(newer, "INSERT INTO django_migrations (app, name, applied) VALUES ('runs', '9999_later', '')")
    other.write_bytes(b"PGDMP and so on")
    before = (tmp_path / NAME).read_bytes()
    files = [damaged, newer, other, tmp_path / "nowhere"]
    told = asked(tmp_path, *(["restore", str(file), "--replace"] for file in files))
    assert "✕ Integrity: Damaged" in told[0].said
    assert "✕ Migrations: It is of a newer betaconsole (runs.9999_later)" in told[1].said
    assert "is not a backup of SQLite" in told[2].error
    assert "cannot be read" in told[3].error
    assert all(one.error for one in told)
    assert (tmp_path / NAME).read_bytes() == before
    assert not list(tmp_path.glob("*.replaced-*"))


def test_a_key_that_the_master_keys_of_now_do_not_open_is_named_and_no_master_key_is_made_for_it(tmp_path):
    lay_tables(tmp_path)
    asked(tmp_path, ["token", "test"])
    rows(
        tmp_path / NAME,
        "INSERT INTO teams_connection (team_id, public_id, name, kind, base_url, sealed_key, key_last4, key_fingerprint,"
        " anthropic_version, max_in_flight, lowest_role, created_at) SELECT team_id, 'x', 'Sealed elsewhere', 'key',"
        " base_url, 'v1:00000000:none', 'abcd', '', anthropic_version, 1, 'member', created_at FROM teams_connection",
    )
    (tmp_path / "encryption.key").unlink(missing_ok=True)
    keyless, doctor, stopped = asked(
        tmp_path, ["backup", str(tmp_path / "keyless")], ["doctor"], ["restore", str(tmp_path / "keyless"), "--replace"]
    )
    assert "There is no master key at" in stopped.error
    assert "Nothing was changed" in stopped.error
    assert not list(tmp_path.glob("*.replaced-*"))
    assert "! Seals: 1 stored keys, and no master key at" in keyless.said
    assert "is not there" in doctor.said
    assert not (tmp_path / "encryption.key").exists()
    master = "A" * 43 + "="
    wrong = asked(tmp_path, ["restore", str(tmp_path / "keyless"), "--replace"], BETACONSOLE_ENCRYPTION_KEYS=master)[0]
    assert "! Seal: Sealed elsewhere: The key was sealed under master key 00000000" in wrong.said
    assert wrong.error == ""


@pytest.mark.both_databases
@pytest.mark.django_db(transaction=True)
@pytest.mark.skipif(connection.vendor != "postgresql", reason="the ones above are for SQLite")
def test_a_backup_of_postgresql_is_gone_back_to_and_the_database_that_was_there_is_kept(tmp_path, team, ann):
    make_comparison(team, ann, title="\\N and\ttabs\nand lines")
    here, file = os.environ["DATABASE_URL"], tmp_path / "monday.backup"
    name = connection.settings_dict["NAME"]
    with connection.cursor() as cursor:
        cursor.execute("CREATE DATABASE restored")
    try:
        of_the_suite, there = (here.rpartition("/")[0] + f"/{one}" for one in (name, "restored"))
        made = asked(tmp_path, ["backup", str(file)], DATABASE_URL=of_the_suite)[0]
        assert made.error == ""
        assert "1 comparisons" in made.said
        commands = [["restore", str(file)], ["restore", str(file)], ["restore", str(file), "--replace"]]
        first, unasked, again = asked(tmp_path, *commands, DATABASE_URL=there)
        assert (first.error, again.error) == ("", "")
        assert "There is a database already" in unasked.error
        (aside,) = tmp_path.glob("betaconsole.replaced-*.pgdump")
        assert f"is kept: {aside}" in again.said

        # What the archive does not name goes too, and where the upgrade fails afterwards the queue is held already.
        unfit = tmp_path / "unfit.backup"
        with psycopg.connect(there, autocommit=True) as restored:
            restored.execute("UPDATE runs_exchange SET state = 'queued'")
            restored.execute(FORGOTTEN)
            asked(tmp_path, ["backup", str(unfit)], DATABASE_URL=there)
            restored.execute("CREATE TABLE teams_later (team_id bigint REFERENCES teams_team, one text)")
        failed = asked(tmp_path, ["restore", str(unfit), "--replace"], DATABASE_URL=there)[0]
        assert "could not be brought up to date" in failed.error
        with psycopg.connect(there) as restored:
            assert restored.execute("SELECT to_regclass('public.teams_later')").fetchone() == (None,)
            assert {state for (state,) in restored.execute("SELECT state FROM runs_exchange")} == {"sending"}

        file.write_bytes(file.read_bytes()[:-3000])
        cut = asked(tmp_path, ["restore", str(file), "--replace"], DATABASE_URL=there)[0]
        assert "✕ Integrity: Damaged: pg_restore says" in cut.said
        assert cut.error == "Nothing was changed."
    finally:
        with connection.cursor() as cursor:
            cursor.execute("DROP DATABASE restored WITH (FORCE)")
