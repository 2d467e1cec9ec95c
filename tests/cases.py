"""Many small cases in one test: hundreds of tests of a millisecond each cost seconds of being set up and counted."""

from collections.abc import Callable, Iterable
from typing import TypeVar

import pytest

Case = TypeVar("Case")
MOST_SHOWN = 10


def hold_for(cases: Iterable[Case], check: Callable[[Case], None], *, name: Callable[[Case], object] = str) -> None:
    """Check every case; the failure names each that failed, with what it said. No case at all (there is no recorded
    traffic here): the test is skipped."""
    failed: list[str] = []
    every = list(cases)
    for case in every:
        try:
            check(case)
        except Exception as problem:
            failed.append(f"{name(case)}: {type(problem).__name__}: {problem}")
    if not every:
        pytest.skip("there are no cases")
    if failed:
        more = len(failed) - MOST_SHOWN
        said = "\n\n".join(failed[:MOST_SHOWN])
        pytest.fail(f"{len(failed)} of {len(every)} cases:\n\n{said}" + (f"\n\n… and {more} more" if more > 0 else ""))
