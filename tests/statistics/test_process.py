"""Statistics are worked out apart: the process that serves pages never loads what that takes."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from betaconsole.statistics import process
from betaconsole.statistics.process import StatisticsError, work_out_apart
from betaconsole.statistics.working import work_out

from .columns import column, inputs

ROOT = Path(__file__).resolve().parents[2]
TOKENS = [250, 231, 287, 240, 262, 255, 248, 270]
QUESTION = inputs(
    column(0, {"output_tokens": TOKENS}), column(1, {"output_tokens": [tokens + 40 for tokens in TOKENS]})
)


def test_a_process_of_its_own_says_what_working_out_here_does():
    assert work_out_apart(QUESTION) == work_out(QUESTION)


def test_what_serves_pages_never_loads_scipy():
    """Every module that the console's URLs reach, and all that may be asked for while a comparison runs."""
    code = (
        "import django, importlib, sys; django.setup(); importlib.import_module('betaconsole.urls');"
        "import betaconsole.statistics.live, betaconsole.statistics.process as process;"
        "print(sorted({'scipy', 'numpy'} & set(sys.modules)))"
    )
    environment = os.environ | {"DJANGO_SETTINGS_MODULE": "tests.settings"}
    said = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, env=environment, capture_output=True, text=True, check=True
    )
    assert said.stdout.splitlines()[-1] == "[]"


def test_a_killed_process_is_replaced_at_the_next_question():
    work_out_apart(QUESTION)
    first = process._worker._process
    os.kill(first.pid, signal.SIGKILL)
    assert work_out_apart(QUESTION) == work_out(QUESTION)
    assert process._worker._process.pid != first.pid


def test_the_same_process_answers_the_next_question():
    work_out_apart(QUESTION)
    first = process._worker._process.pid
    work_out_apart(QUESTION)
    assert process._worker._process.pid == first


def test_a_question_that_takes_too_long_is_given_up_and_the_next_is_answered():
    with pytest.raises(StatisticsError, match="more than"):
        work_out_apart(QUESTION, deadline_s=0.0)
    assert work_out_apart(QUESTION).results


def test_what_is_no_number_is_refused():
    with pytest.raises(StatisticsError):
        work_out_apart(inputs(column(0, {"output_tokens": [1, float("nan")]})))
    with pytest.raises(StatisticsError):
        work_out_apart(inputs(column(0, {"output_tokens": [1, 1e300]})))


def test_the_process_ends_when_nobody_asks_any_more():
    idle = subprocess.Popen(
        [sys.executable, "-m", "betaconsole.statistics", str(os.getpid()), "0.1"], cwd=ROOT, stdin=subprocess.PIPE
    )
    assert idle.wait(timeout=60) == 0


def test_the_process_ends_with_the_one_that_started_it():
    """Its parent is killed while the pipe to it stays open elsewhere."""
    code = (
        "import os, subprocess, sys;"
        "child = subprocess.Popen([sys.executable, '-m', 'betaconsole.statistics', str(os.getpid()), '600']);"
        "print(child.pid, flush=True); child.wait()"
    )
    theirs, ours = os.pipe()
    parent = subprocess.Popen([sys.executable, "-c", code], cwd=ROOT, stdin=theirs, stdout=subprocess.PIPE)
    os.close(theirs)
    assert int(parent.stdout.readline())
    parent.kill()
    parent.wait()
    # Its output ends with the last process that holds it: the child.
    assert parent.stdout.read() == b""
    os.close(ours)
