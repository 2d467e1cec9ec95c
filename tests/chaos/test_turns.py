"""Senders killed between the turns of conversations: nothing is sent twice, and what was not sent waits for a person."""

import os
from collections import Counter
from pathlib import Path

from tests.chaos.crew import crew
from tests.chaos.far_end import FarEnd
from tests.chaos.rounds import play
from tests.chaos.verdict import judge

ROUNDS = 4 if os.environ.get("BETACONSOLE_TEST_DATABASE_URL") else 6
ALLOWANCE_S = 2.0


def test_s4_kills_at_random_moments_double_no_turn_and_lose_none() -> None:
    tally = play(ROUNDS, seed="turns", turns=3, stops=0.2, allowance_s=ALLOWANCE_S)
    assert tally.wrong == []
    # Whether a kill finds turns that are ready and not sent is luck; the next test leaves nothing to it.
    assert tally.states["succeeded"] > 0


def test_a_turn_that_was_ready_at_a_kill_is_sent_once_and_only_when_a_person_says_so(tmp_path: Path) -> None:
    with FarEnd(events=(2, 4), kinds=("steady",), turns=2) as far_end, crew(tmp_path, far_end.url) as hired:
        first = hired.start("first", launch=1, cancels=0, delay_ms=60_000).wait_until_ready()
        hired.wait_until(lambda: len(far_end.seen) == 16)
        hired.wait_until(lambda: sum(row.state == "queued" for row in hired.left().rows) == 16)
        first.kill()
        assert hired.start("second").wait() == 0
        left = hired.left()
        assert judge(left, far_end.seen, hired.killed_at, allowance_s=ALLOWANCE_S).wrong == []
        assert (len(left.rows), len(left.waiting), len(far_end.seen)) == (16, 16, 16)
        assert hired.start("third", go_on=True).wait() == 0
        left = hired.left()
        assert judge(left, far_end.seen, hired.killed_at, allowance_s=ALLOWANCE_S).wrong == []
    assert left.waiting == []
    assert Counter(row.state for row in left.rows) == {"succeeded": 32}
    assert {len(answers) for answers in far_end.seen.values()} == {1}
    assert len(far_end.seen) == 32
