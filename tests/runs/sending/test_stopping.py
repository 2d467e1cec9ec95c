"""All steps of a stop share one budget, and the process is gone when it is used up."""

import subprocess
import sys

from betaconsole.runs.sending.stopping import Budget
from tests.environment import CHECKOUT

HANGS = """
import threading
from betaconsole.runs.sending import stopping
stopping.start(0.05)
stopping.begin_stopping()
stuck = threading.Thread(target=threading.Event().wait)  # no daemon: Python waits for it on the way out
stuck.start()
threading.Event().wait()
"""


def test_s6_what_one_step_of_a_stop_took_is_not_given_to_the_next() -> None:
    now, left = [100.0], []
    budget = Budget(30, clock=lambda: now[0], leave=left.append)
    assert budget.left_s(of_s=25) == 25
    budget.begin()
    now[0] += 4
    budget.begin()  # the arbiter's signal after the terminal's
    assert budget.left_s(of_s=25) == 21
    now[0] += 30
    assert budget.left_s(of_s=25) == 0


def test_s6_a_process_that_hangs_while_it_stops_is_gone_in_time() -> None:
    ended = subprocess.run([sys.executable, "-c", HANGS], cwd=CHECKOUT, timeout=60, check=False)
    assert ended.returncode == 0
