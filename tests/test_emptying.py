"""What a test with real transactions leaves to the next one."""

import pytest
from django.contrib.auth.models import Permission
from django.db import connection

from betaconsole.runs.finding import index_pending
from betaconsole.runs.models import Exchange
from betaconsole.teams.models import AuditEntry, Membership, User
from tests.builders import make_comparison
from tests.emptying import empty_tables

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.both_databases]


def test_nothing_is_left_but_the_names_of_models_and_permissions(owner: Membership):
    make_comparison(owner.team, owner.user, title="found by its words")
    AuditEntry.objects.create(who="Ann", action="looked")
    assert index_pending() > 0
    permissions = set(Permission.objects.values_list("pk", flat=True))

    empty_tables()

    assert not User.objects.exists()
    assert not Exchange.objects.exists()
    assert not AuditEntry.objects.exists()
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM runs_fulltext")
        assert cursor.fetchone() == (0,)
    assert permissions
    assert set(Permission.objects.values_list("pk", flat=True)) == permissions
