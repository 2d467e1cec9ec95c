"""Work that a thread of this process looks for every so often: what is due, what to follow, what to tidy away.

A look that fails ends nothing: it is made again. The log says so once for each kind of error, not at every look, and
`trouble` says what has failed for a while, or has ended.
"""

import logging
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime

from django.db import connection as database

logger = logging.getLogger(__name__)

RETRY_S = 10.0
PATIENCE_S = 30.0  # a database that is away for a moment is no trouble of a chore's own
KEPT_S = 5.0  # a connection to the database that is used again so soon stays open

_started: set["Chore"] = set()


class Chore:
    """`look`, called on one daemon thread: at once, then `every_s` after it has returned, and sooner when poked.

    After an exception the next look comes in `retry_s`. Between the steps of a long look, ask `is_stopping` or `rest`.
    """

    def __init__(
        self,
        name: str,
        look: Callable[[], object],
        *,
        every_s: float | Callable[[], float],
        retry_s: float = RETRY_S,
        patience_s: float = PATIENCE_S,
    ) -> None:
        self.name = name
        self._look, self._every_s, self._retry_s, self._patience_s = look, every_s, retry_s, patience_s
        self._stopping, self._wake = threading.Event(), threading.Event()
        self._thread: threading.Thread | None = None
        self._error = ""  # the class of the last failure, while no look since has come to its end
        self._fails_since = 0.0  # time.monotonic()

    def start(self) -> None:
        """Look from now on."""
        self._stopping.clear()
        self._error = ""
        self._thread = threading.Thread(target=self._run, name=self.name, daemon=True)
        _started.add(self)
        self._thread.start()

    def poke(self) -> None:
        """There is something: look now."""
        self._wake.set()

    def begin_stopping(self) -> None:
        """Begin no further look. Safe in a signal handler."""
        self._stopping.set()
        self._wake.set()

    def stop(self, timeout_s: float) -> None:
        """Let it come to the end of the look it is at; longer than this it is not waited for."""
        self.begin_stopping()
        if self.is_alive:
            self._thread.join(timeout_s)  # type: ignore[union-attr]

    @property
    def is_alive(self) -> bool:
        return self._thread is not None and self._thread.is_alive()

    @property
    def is_stopping(self) -> bool:
        return self._stopping.is_set()

    def rest(self, pause_s: float) -> None:
        """Let others go first for a moment; a stop ends it."""
        self._stopping.wait(pause_s)

    @property
    def trouble(self) -> str:
        """What keeps it from its work: for how long it has failed now, or that its thread is gone; empty while all is well."""
        if not self.is_alive:
            return f"{self.name} has ended"
        fails_s = time.monotonic() - self._fails_since
        if not self._error or fails_s < self._patience_s:
            return ""
        since = datetime.fromtimestamp(time.time() - fails_s, tz=UTC)
        return f"{self.name} fails since {since:%Y-%m-%d %H:%M:%S} UTC ({self._error})"

    def _run(self) -> None:
        while not self.is_stopping:
            rest_s = self._one_look()
            if rest_s > KEPT_S:
                database.close()
            self._wake.wait(rest_s)
            self._wake.clear()
        database.close()
        _started.discard(self)

    def _one_look(self) -> float:
        """Look once; for how long to rest then."""
        try:
            self._look()
        except Exception as error:
            # Whatever it is, it must not end this thread.
            self._note(type(error).__name__)
            database.close()
            return self._retry_s
        if self._error:
            logger.warning("%s goes on again", self.name)
            self._error = ""
        return self._every_s() if callable(self._every_s) else self._every_s

    def _note(self, error: str) -> None:
        if not self._error:
            self._fails_since = time.monotonic()
        if error != self._error:
            logger.error("%s failed, trying again every %g s: %s", self.name, self._retry_s, error)
        self._error = error


def trouble() -> str:
    """What keeps chores of this process from their work; empty while all is well."""
    return "; ".join(sorted(filter(None, (chore.trouble for chore in list(_started)))))
