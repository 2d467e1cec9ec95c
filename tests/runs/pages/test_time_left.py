"""How long a comparison takes yet."""

import pytest

from betaconsole.runs.pages.time_left import said, time_left_s

HALF_WAY = {"ended": 30, "busy_ms": 60_000, "in_flight": 6, "queued": 24, "together": 3, "free": 6}  # 2 s each


def test_it_is_told_from_what_has_ended_and_how_many_go_side_by_side() -> None:
    assert time_left_s(**HALF_WAY) == pytest.approx(4 * 2 + 1)
    assert time_left_s(**{**HALF_WAY, "free": 64}) == pytest.approx(2 + 1)
    # Seven at once hold two whole rounds of three; of a trace one round goes at a time.
    assert time_left_s(**{**HALF_WAY, "free": 7}) == time_left_s(**HALF_WAY)
    assert time_left_s(**HALF_WAY, one_by_one=True) == pytest.approx(8 * 2 + 1)


def test_a_limit_below_the_columns_sends_in_parts() -> None:
    assert time_left_s(**{**HALF_WAY, "free": 2, "in_flight": 2}) == pytest.approx(12 * 2 + 1)


def test_it_is_a_dash_until_a_round_has_ended() -> None:
    assert time_left_s(**{**HALF_WAY, "ended": 2}) is None
    assert time_left_s(**{**HALF_WAY, "busy_ms": 0}) is None
    assert said(None) == "time left: —"


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (3, "a few seconds left"),
        (42, "about 40 s left"),
        (200, "about 3 min left"),
        (9000, "about 2.5 h left"),
    ],
)
def test_it_is_said_no_more_exactly_than_it_is_known(seconds: float, text: str) -> None:
    assert said(seconds) == text
