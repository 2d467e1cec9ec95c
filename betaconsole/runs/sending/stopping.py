"""The time that stopping a process may take as a whole, whatever each step of it waits for."""

import os
import threading
import time
from collections.abc import Callable


class Budget:
    """`total_s` from the moment of `begin`. Then the process leaves, whatever it is at: what was not ended by then is found
    by the next start, as after a crash. `clock` as `time.monotonic`, `leave` is called with the exit code.
    """

    def __init__(
        self,
        total_s: float,
        *,
        clock: Callable[[], float] = time.monotonic,
        leave: Callable[[int], object] = os._exit,
    ) -> None:
        self._total_s, self._clock, self._leave = total_s, clock, leave
        self._begun_at: float | None = None
        self._begun = threading.Event()
        # Started now: a signal handler must start no thread.
        threading.Thread(target=self._watch, name="stopping", daemon=True).start()

    def begin(self) -> None:
        """The stop has begun, or had already. Safe in a signal handler."""
        if self._begun_at is None:
            self._begun_at = self._clock()
        self._begun.set()

    def left_s(self, *, of_s: float) -> float:
        """What is left of the first `of_s` seconds; all of them before it began."""
        begun_at = self._clock() if self._begun_at is None else self._begun_at
        return max(0.0, begun_at + of_s - self._clock())

    def _watch(self) -> None:
        self._begun.wait()
        while (left_s := self.left_s(of_s=self._total_s)) > 0:
            time.sleep(left_s)
        self._leave(0)


# The budget of this process -------------------------------------------------------------------------------------------

_budget: Budget | None = None


def start(total_s: float) -> None:
    """From the stop on this process has so long."""
    global _budget
    _budget = Budget(total_s)


def begin_stopping() -> None:
    if _budget:
        _budget.begin()


def left_s(*, of_s: float) -> float:
    return _budget.left_s(of_s=of_s) if _budget else of_s
