"""A check over many cases says which of them failed, and why."""

import pytest

from tests.cases import hold_for


def even(number: int) -> None:
    assert number % 2 == 0, f"{number} is odd"
    assert 12 // number


def test_every_case_that_fails_is_named_with_what_it_said():
    with pytest.raises(pytest.fail.Exception) as failure:
        hold_for([2, 3, 4, 0], even, name=lambda number: f"case {number}")
    assert str(failure.value).startswith("2 of 4 cases:\n\ncase 3: AssertionError: 3 is odd")
    assert "case 0: ZeroDivisionError" in str(failure.value)


def test_many_failures_are_shown_in_part():
    with pytest.raises(pytest.fail.Exception, match="… and 20 more"):
        hold_for(range(1, 60, 2), even)


def test_where_all_hold_nothing_is_said_and_where_there_is_none_the_test_is_skipped():
    hold_for([2, 4], even)
    with pytest.raises(pytest.skip.Exception):
        hold_for([], even)
