"""`/healthz` and `/readyz`, as load balancers and monitors ask them."""

import json
import sqlite3
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from http.client import HTTPConnection
from pathlib import Path

import pytest
from django.db import connection
from django.test import Client

from betaconsole.runs.pages.vital_views import Readiness, look
from tests.console import Console


def asked(console: Console, path: str) -> tuple[int, dict]:
    with closing(HTTPConnection("127.0.0.1", console.port, timeout=60)) as asking:
        asking.request("GET", path)
        answer = asking.getresponse()
        return answer.status, json.loads(answer.read())


def until_ready_is(console: Console, expected: int) -> dict:
    until = time.monotonic() + 60
    while (answered := asked(console, "/readyz"))[0] != expected and time.monotonic() < until:
        time.sleep(0.1)
    assert answered[0] == expected, answered
    return answered[1]


def changed(data: Path, statement: str) -> None:
    with closing(sqlite3.connect(data / "betaconsole.sqlite3", timeout=60)) as database:
        database.execute(statement)
        database.commit()


def test_a_console_that_runs_is_ready_until_its_database_is_another_versions(live_console):
    assert asked(live_console, "/healthz") == (200, {"alive": True})
    all_ok = {
        "database": "ok",
        "migrations": "ok",
        "engine": "ok",
        "storage": "ok",
        "background": "ok",
        "process": "ok",
    }
    assert until_ready_is(live_console, 200) == {"ready": True, **all_ok}
    changed(live_console.data, "INSERT INTO django_migrations (app, name, applied) VALUES ('runs', '9999_later', '')")
    told = until_ready_is(live_console, 503)
    assert told == {"ready": False, **all_ok, "migrations": told["migrations"]}
    assert "newer betaconsole (runs.9999_later)" in told["migrations"]
    assert asked(live_console, "/healthz")[0] == 200
    changed(live_console.data, "DELETE FROM django_migrations WHERE name = '9999_later'")
    until_ready_is(live_console, 200)


@pytest.mark.django_db
def test_it_is_alive_without_asking_the_database_for_anything(client, django_assert_num_queries):
    with django_assert_num_queries(0):
        answer = client.get("/healthz")
    assert (answer.status_code, answer.headers["Cache-Control"]) == (200, "no-store")
    assert client.post("/healthz").status_code == 405


@pytest.mark.django_db
def test_a_process_that_does_not_send_is_not_ready(client):
    answer = client.get("/readyz")
    assert answer.status_code == 503
    assert answer.json()["engine"] == "not running"


@pytest.mark.django_db
def test_a_balancer_may_ask_by_the_address_of_a_container_and_over_plain_http(team_mode, settings):
    settings.SECURE_SSL_REDIRECT = settings.IS_HTTPS = True
    balancer = Client(headers={"host": "10.1.2.3:8000", "x-forwarded-proto": "http"}, REMOTE_ADDR="10.9.9.9")
    assert balancer.get("/healthz").status_code == 200
    assert balancer.get("/history/").status_code in (400, 403)


@pytest.mark.django_db
def test_a_database_that_does_not_answer_is_said_and_its_password_is_not():
    def in_a_thread_of_its_own() -> dict[str, str]:
        secret = "/nowhere/hunter2/nothing.sqlite3" if connection.vendor == "sqlite" else "hunter2"
        connection.settings_dict = {**connection.settings_dict, "NAME": secret, "USER": secret, "PASSWORD": secret}
        return look()

    with ThreadPoolExecutor(1) as one:
        told = one.submit(in_a_thread_of_its_own).result(60)
    assert told["database"] == "does not answer (OperationalError)"
    assert told["migrations"] == "unknown"
    assert "hunter2" not in str(told)


def test_however_many_ask_one_looks_at_a_time_and_nobody_waits_for_ever():
    looks, go_on = [], threading.Event()

    def slow() -> dict[str, str]:
        looks.append(1)
        go_on.wait(60)
        return {"database": "ok"}

    kept = Readiness(slow, kept_s=3600, wait_s=0.01)
    with ThreadPoolExecutor(1) as first:
        looking = first.submit(kept.parts)
        while not looks:
            time.sleep(0.001)
        assert kept.parts() == {"database": "still being asked"}
        go_on.set()
        assert looking.result(60) == {"database": "ok"}
    assert kept.parts() == {"database": "ok"}
    assert len(looks) == 1
