"""Work that a thread looks for every so often: it outlives what goes wrong, and says so."""

import threading
from collections.abc import Iterator

import pytest
from django.db import DatabaseError, OperationalError, connection

from betaconsole.runs.pages.vital_views import look
from betaconsole.storage import chores
from betaconsole.storage.chores import Chore

HANG_S = 60.0
pytestmark = pytest.mark.django_db


class Script:
    """A look whose every round waits for the test, and then does what the test said."""

    def __init__(self) -> None:
        self._may_go, self.has_come = threading.Semaphore(0), threading.Semaphore(0)
        self._next: BaseException | None = None
        self.is_connected: list[bool] = []  # as each look found its thread's connection

    def __call__(self) -> None:
        self.is_connected.append(connection.connection is not None)
        connection.ensure_connection()
        self.has_come.release()
        assert self._may_go.acquire(timeout=HANG_S)
        if self._next:
            raise self._next

    def goes(self, error: BaseException | None = None) -> None:
        """Let the look that waits end so; back when the next has begun."""
        assert self.has_come.acquire(timeout=HANG_S)
        self._next = error
        self._may_go.release()
        if error is None or isinstance(error, Exception):
            assert self.has_come.acquire(timeout=HANG_S)
            self.has_come.release()

    def end(self) -> None:
        self._next = None
        self._may_go.release()


@pytest.fixture
def script() -> Script:
    return Script()


@pytest.fixture
def chore(script: Script) -> Iterator[Chore]:
    one = Chore("tidying", script, every_s=0.001, retry_s=0.001, patience_s=0)
    one.start()
    yield one
    one.begin_stopping()
    script.end()
    one.stop(HANG_S)
    assert not one.is_alive


def test_an_error_is_logged_once_for_its_kind_and_ends_nothing(chore, script, caplog):
    for error in (OperationalError("secret"), OperationalError("again"), DatabaseError(), None, DatabaseError(), None):
        script.goes(error)
    failed = "tidying failed, trying again every 0.001 s: "
    again = "tidying goes on again"
    assert [record.message for record in caplog.records if record.name == chores.__name__] == [
        failed + "OperationalError",
        failed + "DatabaseError",
        again,
        failed + "DatabaseError",
        again,
    ]
    # A connection that failed is used no more; one that is needed again so soon is kept.
    assert script.is_connected == [False, False, False, False, True, False, True]


def test_what_has_failed_for_a_while_is_no_longer_ready_until_it_goes_on(chore, script):
    assert look()["background"] == "ok"
    script.goes(OperationalError())
    said = look()["background"]
    assert said.startswith("tidying fails since 2")
    assert said.endswith(" UTC (OperationalError)")
    script.goes()
    assert look()["background"] == "ok"


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_a_thread_that_is_gone_is_said(script):
    one = Chore("tidying", script, every_s=0.001)
    one.start()
    script.goes(SystemExit())
    one._thread.join(HANG_S)
    assert look()["background"] == "tidying has ended"
    chores._started.discard(one)


def test_between_rare_looks_no_connection_is_held_and_a_poke_does_not_wait(script):
    one = Chore("tidying", script, every_s=3600)
    one.start()
    assert script.has_come.acquire(timeout=HANG_S)
    script.has_come.release()
    one.poke()
    script.goes()  # would wait for an hour
    assert script.is_connected == [False, False]
    one.begin_stopping()
    script.end()
    one.stop(HANG_S)
    assert not one.is_alive
    assert chores.trouble() == ""
