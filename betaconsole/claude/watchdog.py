"""One thread that ends what takes too long: the deadlines of all calls in one heap.

A read timeout of a socket counts from each `recv`, so a server that trickles bytes never trips it. A deadline needs
someone outside the reading thread who shuts the socket down; one thread for all calls is enough.
"""

import heapq
import itertools
import math
import threading
import time
from collections.abc import Callable


class Timer:
    """Calls `expire` once, from the watchdog's thread, when `limit` or the idle limit has passed.

    `limit` is a `time.monotonic()`; the idle limit is `idle_s` after the last `alive()`. Both may move to a later
    moment freely (the watchdog looks again when the old moment comes); after moving one to an earlier moment, call
    `watch`. `stop` ends it.
    """

    __slots__ = ("_alive_at", "expire", "idle_s", "limit", "scheduled")

    def __init__(self, expire: Callable[[], None]) -> None:
        self.expire = expire
        self.limit = math.inf
        self.idle_s = math.inf
        self.scheduled = math.inf  # when the watchdog looks next; the watchdog's own
        self._alive_at = 0.0

    def alive(self) -> None:
        """Something came: the idle time starts anew. Cheap enough for every event."""
        self._alive_at = time.monotonic()

    def due(self) -> float:
        """When it expires, by `time.monotonic()`: the fixed limit or the idle one, whichever comes first."""
        return min(self.limit, self._alive_at + self.idle_s)

    def is_idle(self) -> bool:
        """Whether it is the idle limit that has passed, not the fixed one."""
        return self._alive_at + self.idle_s < self.limit

    def stop(self) -> None:
        """Nothing expires any more, and nothing of the call is held until the watchdog looks again."""
        self.limit = self.idle_s = math.inf
        self.expire = _nothing


def _nothing() -> None:
    pass


class Watchdog:
    """Looks after any number of deadlines with one daemon thread, started at the first."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._heap: list[tuple[float, int, Timer]] = []
        self._numbers = itertools.count()
        self._thread: threading.Thread | None = None

    def watch(self, timer: Timer) -> None:
        """From now on look at this timer no later than at its `due()`."""
        due = timer.due()
        if due >= timer.scheduled:
            return
        with self._changed:
            self._push(timer, due)
            if self._thread is None or not self._thread.is_alive():  # first use, or after a fork
                self._thread = threading.Thread(target=self._run, name="claude-watchdog", daemon=True)
                self._thread.start()
            elif self._heap[0][2] is timer:
                self._changed.notify()

    def _push(self, timer: Timer, due: float) -> None:
        timer.scheduled = due
        heapq.heappush(self._heap, (due, next(self._numbers), timer))

    def _run(self) -> None:
        while True:
            timer = self._next_expired()
            timer.expire()
            timer.stop()

    def _next_expired(self) -> Timer:
        with self._changed:
            while True:
                while not self._heap or self._heap[0][0] > time.monotonic():
                    self._changed.wait(self._heap[0][0] - time.monotonic() if self._heap else None)
                scheduled, _, timer = heapq.heappop(self._heap)
                if scheduled != timer.scheduled:
                    continue  # replaced by an earlier look
                timer.scheduled = math.inf
                due = timer.due()
                if due <= time.monotonic():
                    return timer
                if due < math.inf:
                    self._push(timer, due)


WATCHDOG = Watchdog()
