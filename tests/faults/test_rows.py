"""Every fault has a test of its name, and tests/README.md says which."""

import re

from .rows import NOT_SHOWN, README, ROWS, shown_by, written


def test_there_are_a_hundred_rows():
    numbers = {kind: [int(row[1:]) for row in ROWS if row[0] == kind] for kind in "USB"}
    assert numbers == {"U": [*range(1, 41)], "S": [*range(1, 21)], "B": [*range(1, 41)]}


def test_every_row_is_shown_by_a_test_or_named_as_one_that_cannot_be():
    shown = shown_by()
    assert [row for row in ROWS if row not in shown and row not in NOT_SHOWN] == []
    assert [row for row in NOT_SHOWN if row in shown] == []


def test_no_test_is_named_after_a_row_that_is_not():
    named = {row for tests in shown_by().values() for _, name in tests for row in _named(name)}
    assert named <= set(ROWS)


def test_the_readme_names_the_tests_of_every_row():
    assert README.read_text() == written(), "python -m tests.faults.rows writes it"


def _named(name: str) -> list[str]:
    return re.findall(r"(?<=_)[USB]\d+(?=_)", name.upper())
