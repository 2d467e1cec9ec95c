"""`manage.py doctor`, asked as an operator asks it: in a process of its own, beside a console that runs and after it."""

import json
import os
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from tests.console import Console, running
from tests.environment import CHECKOUT, clean_environment

KEY = "sk-ant-doctor-0123456789abcdefgh"


def asked(data: Path, *words: str, **environment: str) -> subprocess.CompletedProcess:
    own = {**clean_environment(), "BETACONSOLE_DATA": str(data), **environment}
    command = [sys.executable, "manage.py", "doctor", *words]
    return subprocess.run(command, cwd=CHECKOUT, env=own, capture_output=True, text=True, timeout=120)


def changed(data: Path, statement: str) -> None:
    with closing(sqlite3.connect(data / "betaconsole.sqlite3")) as database:
        database.execute(statement)
        database.commit()


@pytest.fixture(scope="module")
def console(tmp_path_factory):
    with running(tmp_path_factory.mktemp("doctor")) as console:
        yield console


def test_all_is_well_beside_a_console_that_runs(console: Console):
    told = asked(console.data)
    assert told.returncode == 0, told.stdout + told.stderr
    assert "✕" not in told.stdout
    for line in (
        "✓ Database: SQLite",
        "journal mode wal",
        "✓ Migrations: All are applied.",
        "✓ Engines: One console runs.",
    ):
        assert line in told.stdout


def test_each_thing_that_is_wrong_is_a_line_that_says_what_to_do(console: Console):
    data = console.data
    (data / "encryption.key").touch(mode=0o644)
    (data / "encryption.key").write_text("A" * 43 + "=")
    os.chmod(data / "encryption.key", 0o644)
    changed(
        data,
        "INSERT INTO teams_connection (team_id, public_id, name, kind, base_url, sealed_key, key_last4, key_fingerprint,"
        " anthropic_version, max_in_flight, lowest_role, created_at) SELECT team_id, 'x', 'Sealed elsewhere', 'key', "
        "base_url, 'v1:00000000:none', 'abcd', '', anthropic_version, 1, 'member', created_at FROM teams_connection",
    )
    changed(data, "INSERT INTO runs_body (team_id, sha256, size, data) SELECT id, 'x', 3000000, x'00' FROM teams_team")
    told = asked(data)
    assert told.returncode == 1
    assert f"✕ Master key file: Others may enter or read {data / 'encryption.key'} (mode 644)." in told.stdout
    assert f"  → chmod 600 {data / 'encryption.key'}" in told.stdout
    assert "✕ Seal: Sealed elsewhere (Local): The key was sealed under master key 00000000" in told.stdout
    assert "✓ Bodies: 1 belong to nothing (3.0 MB" in told.stdout
    assert told.stdout.rstrip().endswith("2 things to look at.")
    for_programs = asked(data, "--json")
    assert for_programs.returncode == 1
    found = json.loads(for_programs.stdout)
    assert found["level"] == "fail"
    by_subject = {one["subject"]: one for one in found["findings"]}
    assert by_subject["Master key file"]["todo"] == f"chmod 600 {data / 'encryption.key'}"
    assert by_subject["Migrations"] == {
        "subject": "Migrations",
        "level": "ok",
        "said": "All are applied.",
        "todo": None,
    }
    assert by_subject["Pieces"]["level"] == "ok"


def test_a_database_of_an_older_console_is_told_apart_from_a_damaged_one(tmp_path):
    assert "There is none at" in asked(tmp_path).stdout
    with closing(sqlite3.connect(tmp_path / "betaconsole.sqlite3")) as database:
        database.execute("PRAGMA journal_mode=WAL")
    told = asked(tmp_path)
    assert told.returncode == 1
    assert "are not applied.\n  → Start the console: it applies them." in told.stdout
    assert "Traceback" not in told.stderr
    (tmp_path / "betaconsole.sqlite3").write_bytes(b"SQLite format 3\x00" + b"\xff" * 5000)
    told = asked(tmp_path)
    assert told.returncode == 1
    assert "Traceback" not in told.stderr
    assert "go back to a copy" in told.stdout
