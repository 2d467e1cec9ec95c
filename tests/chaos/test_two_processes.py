"""Two processes that send from one database."""

import time
from pathlib import Path

import pytest

from tests.chaos.crew import crew
from tests.chaos.far_end import FarEnd
from tests.chaos.verdict import judge

pytestmark = pytest.mark.both_databases
SHORT = {"lease_s": 1.0, "renew_s": 0.3, "sweep_s": 0.3}
ALLOWANCE_S = 2.0


def test_s8_two_processes_that_take_from_one_queue_send_everything_once(tmp_path: Path) -> None:
    with FarEnd(events=(3, 10)) as far_end, crew(tmp_path, far_end.url) as hired:
        both = [hired.start(name, launch=5) for name in ("one", "two")]
        assert [sender.wait() for sender in both] == [0, 0]
        left = hired.left()
        workers = {row.worker for row in left.rows if row.was_claimed}
    assert judge(left, far_end.seen, {}, allowance_s=ALLOWANCE_S).wrong == []
    assert len(left.rows) == 2 * 5 * 16
    assert workers == {sender.worker for sender in both}


def test_what_a_killed_process_had_in_flight_is_ended_by_the_one_that_lives(tmp_path: Path) -> None:
    with FarEnd(events=(20, 60)) as far_end, crew(tmp_path, far_end.url) as hired:
        dies, lives = (hired.start(name, launch=3, **SHORT).wait_until_ready() for name in ("dies", "lives"))
        hired.wait_until(lambda: len(far_end.seen) > 10)
        dies.kill()
        assert lives.wait() == 0
        left = hired.left()
    verdict = judge(left, far_end.seen, hired.killed_at, allowance_s=ALLOWANCE_S)
    assert verdict.wrong == []
    assert verdict.states["interrupted"]


def test_s7_a_process_that_stood_still_past_its_lease_changes_nothing_when_it_wakes(tmp_path: Path) -> None:
    with FarEnd(events=(400, 400)) as far_end, crew(tmp_path, far_end.url) as hired:
        sleeper = hired.start("sleeper", launch=1, cancels=0, **SHORT).wait_until_ready()
        hired.wait_until(lambda: len(far_end.seen) == 16)
        sleeper.freeze()
        stopped_at = time.monotonic()
        assert hired.start("sweeper", **SHORT).wait() == 0
        before = hired.left()
        sleeper.thaw()
        assert sleeper.wait() == 0
        after = hired.left()
    assert after == before
    assert "interrupted" in {row.state for row in after.rows}
    assert judge(after, far_end.seen, {sleeper.worker: stopped_at}, allowance_s=ALLOWANCE_S).wrong == []
