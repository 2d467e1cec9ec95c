"""Fair timing: the columns of a round connect first, wait here, and write at the same moment."""

import threading


class StartLine:
    """Where the columns of one round wait, connected, until all of them are: then all write at the same moment.

    A column that fails before it gets here drops out and holds nobody back.
    """

    def __init__(self, runners: int, *, timeout_s: float = 6.0) -> None:
        self._missing = runners
        self._timeout_s = timeout_s
        self._changed = threading.Condition()

    def wait(self, cancelled: threading.Event) -> None:
        """Arrive and wait for the others, at most `timeout_s`, or until this column is cancelled."""
        with self._changed:
            self._count()
            self._changed.wait_for(lambda: self._missing <= 0 or cancelled.is_set(), self._timeout_s)

    def drop(self) -> None:
        """A column will not arrive."""
        with self._changed:
            self._count()

    def recheck(self) -> None:
        """A column was cancelled: let it notice."""
        with self._changed:
            self._changed.notify_all()

    def _count(self) -> None:
        self._missing -= 1
        if self._missing <= 0:  # nobody is woken before: that would only hold up who still connects
            self._changed.notify_all()
