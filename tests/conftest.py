"""Fixtures that the whole suite shares. Ann owns, Bo is on her team, Eve is not."""

import signal
from collections.abc import Iterator
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from hypothesis import HealthCheck, settings

from betaconsole.teams.models import Membership, Team, User
from betaconsole.teams.solo import set_up_solo
from tests import recorded
from tests.browser import browser, page
from tests.console import Console, running
from tests.emptying import empty_after_real_transactions
from tests.keys_in_process import keys_stay_sealed
from tests.migrated import own_database
from tests.scan import every_client_scans
from tests.team_mode import crew, team_mode

__all__ = ["browser", "crew", "keys_stay_sealed", "page", "team_mode"]

LONGEST = ("tests/chaos/", "tests/storage/", "tests/test_canary.py", "tests/test_serving.py")

# How long an example takes says more of the machine than of what is tested; `make fuzz` tries many more of them.
settings.register_profile("suite", deadline=None, max_examples=50, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("suite")
empty_after_real_transactions()
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    # A shell starts so what runs in its background, and the processes that tests stop with Ctrl-C would inherit it.
    signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_report_header() -> str:
    there = recorded.is_there()
    return f"recorded traffic: {recorded.folder() if there else 'NOT FOUND, the tests over it are skipped'}"


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Files whose tests start browsers, consoles and servers come first: begun last, one of them alone would keep a core
    busy while the other idles."""
    items.sort(key=lambda item: not (item.get_closest_marker("browser") or item.nodeid.startswith(LONGEST)))


@pytest.fixture(scope="session")
def django_db_setup(django_test_environment: None, django_db_blocker: Any) -> Iterator[None]:
    """A database of this process's own; pytest-django would make its tables in each process anew."""
    with own_database(connection.settings_dict) as name:
        connection.settings_dict["NAME"] = name
        if connection.vendor == "sqlite":  # so that the audit log can be emptied between tests
            with django_db_blocker.unblock(), connection.cursor() as cursor:
                cursor.execute("DROP TRIGGER audit_kept")
        yield


@pytest.fixture(scope="session", autouse=True)
def scan_of_every_answer() -> Iterator[None]:
    """What a test client is answered is looked at by `tests.scan`, whatever the test is about."""
    with every_client_scans():
        yield


@pytest.fixture(scope="session")
def live_console() -> Iterator[Console]:
    """A real console with a quick simulator: one for all tests of a process, as a start takes longer than many of them. So
    a test makes what it looks for, and expects no console that nothing happened to; such a one is its own to start."""
    with running(BETACONSOLE_SIMULATOR_SPEED="20") as console:
        yield console


@pytest.fixture
def client() -> Client:
    """A browser on this machine: the console answers no other Host."""
    return Client(headers={"host": "localhost"})


@pytest.fixture
def strict_client() -> Client:
    """The same with CSRF checks, which Django's test client leaves out."""
    return Client(enforce_csrf_checks=True, headers={"host": "localhost"})


@pytest.fixture
def owner(db: None) -> Membership:
    """Ann: the local owner of solo mode, in whose name every request of `client` is answered."""
    return set_up_solo()


@pytest.fixture
def ann(owner: Membership) -> User:
    return owner.user


@pytest.fixture
def team(owner: Membership) -> Team:
    return owner.team


@pytest.fixture
def bo(team: Team) -> User:
    """Ann's teammate."""
    teammate = User.objects.create_user("bo@example.com", name="Bo")
    Membership.objects.create(user=teammate, team=team)
    return teammate


@pytest.fixture
def eve(db: None) -> User:
    """A stranger, owner of a team of her own."""
    stranger = User.objects.create_user("eve@example.com", name="Eve")
    Membership.objects.create(user=stranger, team=Team.objects.create(name="Eve's"), role="owner")
    return stranger
