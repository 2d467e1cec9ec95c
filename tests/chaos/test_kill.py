"""Senders killed at random moments: nothing is sent twice, nothing is left running, what had arrived is kept."""

import contextlib
import os
import socket
import time
from pathlib import Path
from statistics import median

import pytest

from tests.chaos.crew import crew
from tests.chaos.far_end import FarEnd
from tests.chaos.rounds import play
from tests.chaos.verdict import TAIL_S, judge

pytestmark = pytest.mark.both_databases
ROUNDS = 6 if os.environ.get("BETACONSOLE_TEST_DATABASE_URL") else 20
# Two cores may be shared with seven other test processes, and some moments are very busy: what is asked of each stream is
# generous, what is asked of half of them is not. `make chaos` asks it of each.
ALLOWANCE_S, USUAL_S = 2.0, 0.25


def test_s4_twenty_kills_at_random_moments_lose_and_double_nothing() -> None:
    tally = play(ROUNDS, seed="kill", allowance_s=ALLOWANCE_S)
    assert tally.wrong == []
    assert tally.kills == ROUNDS
    # The run is worth its name only where kills found something to interrupt.
    assert tally.states["interrupted"] >= ROUNDS


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
    with (
        FarEnd(events=(200, 200), pace_s=(0.02, 0.025), kinds=("steady",)) as far_end,
        crew(tmp_path, far_end.url) as hired,
    ):
        for number in range(4):
            sender = hired.start(f"round{number}", launch=1, cancels=0).wait_until_ready()
            hired.wait_until(lambda number=number: len(far_end.seen) == 16 * (number + 1))
            time.sleep(0.8 + 0.07 * number)
            sender.kill()
        assert hired.start("last").wait() == 0
        left = hired.left()
    verdict = judge(left, far_end.seen, hired.killed_at, allowance_s=ALLOWANCE_S)
    assert verdict.wrong == []
    assert len(verdict.tails_s) >= 32
    assert max(verdict.tails_s) > 0  # otherwise nothing was measured
    assert median(verdict.tails_s) <= TAIL_S + USUAL_S


def test_s5_what_was_claimed_and_killed_before_its_first_byte_is_interrupted_and_never_sent(tmp_path: Path) -> None:
    # Nobody accepts, and the queue of those who knock is full: who connects waits, with its claim committed.
    with socket.create_server(("127.0.0.1", 0), backlog=0) as nobody, contextlib.ExitStack() as stack:
        address = nobody.getsockname()
        for _ in range(2):
            knocking = stack.enter_context(socket.socket())
            knocking.setblocking(False)
            knocking.connect_ex(address)
        hired = stack.enter_context(crew(tmp_path, f"http://127.0.0.1:{address[1]}"))
        sender = hired.start("first", launch=1, cancels=0).wait_until_ready()
        hired.wait_until(lambda: [row.state for row in hired.left().rows] == ["sending"] * 16)
        sender.kill()
        nobody.listen(64)  # now whoever comes is let in
        nobody.settimeout(1)
        assert hired.start("second").wait() == 0
        left = hired.left()
        heard = b""
        with contextlib.suppress(TimeoutError):
            while True:
                peer, _ = nobody.accept()
                peer.settimeout(0.2)
                with peer, contextlib.suppress(OSError):
                    heard += peer.recv(1)
    assert {row.state for row in left.rows} == {"interrupted"}
    assert {row.worker for row in left.rows} == {sender.worker}
    assert heard == b""
