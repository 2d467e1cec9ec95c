"""How the recorder rests between two writes."""

import pytest

from betaconsole.runs.sending.recording import LONGEST_PAUSE_S, STORED_WITHIN_S, rest_after


@pytest.mark.parametrize("took_s", [0.0, 0.003, 0.03, 0.06, 0.2, 3.0])
def test_s4_a_byte_that_missed_a_write_is_stored_in_time_with_the_next_however_long_they_take(took_s: float) -> None:
    pause_s, wait_s = rest_after(took_s)
    assert pause_s == min(took_s, LONGEST_PAUSE_S)  # in which others may write
    waits_s = took_s + pause_s + wait_s + took_s
    assert waits_s == pytest.approx(max(STORED_WITHIN_S, 2 * took_s + pause_s))
