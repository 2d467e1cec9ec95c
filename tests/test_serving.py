"""The console as a process: what it says, how it starts and how it stops."""

import http.client
import os
import signal
import socket
import subprocess
import sys
import time
from contextlib import closing, suppress

import pytest
from django.core.management import call_command

from tests.console import Console, free_port, running
from tests.environment import CHECKOUT, clean_environment


def get(console: Console, path: str = "/") -> http.client.HTTPResponse:
    with closing(http.client.HTTPConnection("127.0.0.1", console.port, timeout=60)) as asking:
        asking.request("GET", path)
        answer = asking.getresponse()
        answer.read()
        return answer


def test_the_console_answers_once_it_says_so_and_a_worker_that_dies_is_replaced():
    with running() as console:
        assert get(console).status == 200
        assert f"betaconsole is ready at {console.url}" in console.output
        assert "simulator" in console.output.split("is ready at")[1]
        worker = int(subprocess.check_output(["pgrep", "-P", str(console.process.pid)], text=True))
        os.kill(worker, signal.SIGKILL)
        until = time.monotonic() + 60
        while console.output.count("is ready at") < 2 and time.monotonic() < until:
            time.sleep(0.1)
        assert get(console).status == 200


def test_with_a_key_in_the_environment_it_names_the_real_api_and_never_the_key():
    key = "sk-ant-not-a-real-key-0123456789"
    with running(ANTHROPIC_API_KEY=key, ANTHROPIC_BASE_URL="http://127.0.0.1:9") as console:
        assert "Requests go to http://127.0.0.1:9 (Environment key)" in console.output
        assert key not in console.output


def test_it_stops_when_asked_and_finds_everything_again_at_the_next_start(tmp_path):
    for ask in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        with running(tmp_path) as console, socket.create_connection(("127.0.0.1", console.port)) as idle:
            idle.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
            assert b"200 OK" in idle.recv(100)
            asked = time.monotonic()
            # To every process of the group, as terminals and containers do; and not only once.
            for _ in range(40 if ask == signal.SIGTERM else 1):
                with suppress(ProcessLookupError):
                    os.killpg(console.process.pid, ask)
                time.sleep(0.0005)
            assert console.process.wait(60) == 0, ask
            assert time.monotonic() - asked < 25  # it does not wait for the idle one
            with pytest.raises(ProcessLookupError):
                os.killpg(console.process.pid, 0)
        assert "Traceback" not in console.output
    assert {path.name for path in tmp_path.glob("*.sqlite3")} == {"betaconsole.sqlite3"}
    assert (tmp_path / "betaconsole.sqlite3").stat().st_mode & 0o077 == 0


def test_a_taken_port_is_said_in_words(tmp_path):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        done = subprocess.run(
            [sys.executable, "manage.py", "serve"],
            cwd=CHECKOUT,
            env={**clean_environment(), "PORT": str(port), "BETACONSOLE_DATA": str(tmp_path)},
            capture_output=True,
            text=True,
            timeout=60,
        )
    assert done.returncode == 1
    assert f"Port {port} is in use" in done.stderr
    assert "Traceback" not in done.stderr


def test_two_consoles_started_at_once_on_one_folder_both_answer(tmp_path):
    both = [Console(tmp_path), Console(tmp_path)]
    try:
        assert [get(console.wait_until_ready()).status for console in both] == [200, 200]
    finally:
        for console in both:
            console.kill()


def test_the_simulator_serves_other_clients():
    port = free_port()
    command = [sys.executable, "manage.py", "simulator", "--port", str(port)]
    with subprocess.Popen(command, cwd=CHECKOUT, env=clean_environment(), stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            assert f"http://127.0.0.1:{port}" in process.stdout.readline()
            with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=60)) as asking:
                asking.request("GET", "/v1/models", headers={"x-api-key": "any", "anthropic-version": "2026-10-21"})
                assert asking.getresponse().status == 200
            process.send_signal(signal.SIGINT)
            assert process.wait(60) == 0
        finally:
            process.kill()


def test_the_checks_of_django_find_nothing():
    call_command("check", fail_level="WARNING")
