"""Senders killed at random moments: nothing is sent twice, nothing is left running, what had arrived is kept."""

import os
import time
from pathlib import Path

import pytest

from tests.chaos.crew import crew
from tests.chaos.far_end import FarEnd
from tests.chaos.rounds import play
from tests.chaos.verdict import judge

pytestmark = pytest.mark.both_databases
ROUNDS = 6 if os.environ.get("BETACONSOLE_TEST_DATABASE_URL") else 20
# Two cores may be shared with seven other test processes.
ALLOWANCE_S = 0.25


def test_s4_twenty_kills_at_random_moments_lose_and_double_nothing() -> None:
    tally = play(ROUNDS, seed="kill", allowance_s=ALLOWANCE_S)
    assert tally.wrong == []
    assert tally.kills == ROUNDS
    # The run is worth its name only where kills found something to interrupt and something was answered whole.
    assert tally.states["interrupted"] >= ROUNDS
    assert tally.states["succeeded"] > 0


def test_what_was_sent_and_not_answered_is_interrupted_and_never_sent_again(tmp_path: Path) -> None:
    with FarEnd(kinds=("silent",)) as far_end, crew(tmp_path, far_end.url) as hired:
        sender = hired.start("first", launch=1, cancels=0).wait_until_ready()
        hired.wait_until(lambda: len(far_end.seen) == 16)
        sender.kill()
        assert hired.start("second").wait() == 0
        left = hired.left()
    assert {row.state for row in left.rows} == {"interrupted"}
    assert judge(left, far_end.seen, hired.killed_at, allowance_s=ALLOWANCE_S).wrong == []


def test_s4_a_stream_that_is_killed_has_lost_at_most_its_last_quarter_second(tmp_path: Path) -> None:
    # Only one comparison and long answers: nothing but the clock makes the recorder write.
    with FarEnd(events=(200, 200), kinds=("steady",)) as far_end, crew(tmp_path, far_end.url) as hired:
        for number in range(4):
            sender = hired.start(f"round{number}", launch=1, cancels=0).wait_until_ready()
            hired.wait_until(lambda number=number: len(far_end.seen) == 16 * (number + 1))
            time.sleep(0.3 + 0.07 * number)
            sender.kill()
        assert hired.start("last").wait() == 0
        left = hired.left()
    verdict = judge(left, far_end.seen, hired.killed_at, allowance_s=ALLOWANCE_S)
    assert verdict.wrong == []
    assert len(verdict.tails_s) >= 32
    assert max(verdict.tails_s) > 0  # otherwise nothing was measured
