"""A program and the budget of a connection: told in a form it can act on, and passed only by an admin's token."""

from decimal import Decimal

import pytest

from betaconsole.runs.models import Comparison, Reservation
from betaconsole.teams.models import AuditEntry, Connection, Role
from tests.api.calling import BODY, Caller, error_of
from tests.runs.engines import connection_to

pytestmark = pytest.mark.django_db


@pytest.fixture
def connection(owner):
    return connection_to(owner, "https://api.anthropic.com", daily_budget_usd=Decimal("0.01"))


def asked(connection, **fields) -> dict:
    return {"connection": connection.public_id, "body": {**BODY, "max_tokens": 64_000}, **fields}


def test_what_would_pass_a_budget_is_a_conflict_of_its_own_type(owner, bo, connection):
    answer = Caller(bo, owner.team).compare(**asked(connection))
    assert answer.status_code == 409
    error = error_of(answer)
    assert (error["type"], error["field"]) == ("over_budget", "connection")
    assert "$0.01" in error["message"]
    assert "over_budget" not in error["message"]  # a member's token cannot
    assert Caller(bo, owner.team).compare(**asked(connection, over_budget=True)).status_code == 409
    assert not Comparison.objects.exists()


def test_an_admins_token_passes_it_where_it_says_so(ann, owner, connection):
    program = Caller(ann, owner.team)
    assert "`over_budget`: true" in error_of(program.compare(**asked(connection)))["message"]
    assert program.compare(**asked(connection, over_budget=True)).status_code == 201
    assert Reservation.objects.get().reserved_usd > connection.daily_budget_usd
    assert AuditEntry.objects.filter(action="budget passed").exists()


def test_a_connection_for_admins_is_forbidden_to_a_members_token_and_is_not_its_default(owner, bo, connection):
    Connection.objects.filter(pk=connection.pk).update(lowest_role=Role.ADMIN)
    program = Caller(bo, owner.team)
    refused = program.compare(**asked(connection))
    assert (refused.status_code, error_of(refused)["type"]) == (403, "forbidden")
    assert program.compare(connection=...).status_code == 201
    assert Comparison.objects.get().simulated
