import pytest
from django.apps import apps
from django.db import DatabaseError, connection, transaction
from django.test import RequestFactory

from betaconsole.teams.audit import record, record_person
from betaconsole.teams.models import AuditEntry

pytestmark = pytest.mark.django_db


def test_an_entry_says_who_did_what_from_where(owner):
    request = RequestFactory().get("/", REMOTE_ADDR="203.0.113.9")
    request.user, request.team = owner.user, owner.team
    record(request, "key added", about="Production …4f2a", detail={"connection": "abc"})
    (entry,) = AuditEntry.objects.visible_to(owner.user)
    assert (entry.who, entry.action, entry.address) == ("You <owner@localhost>", "key added", "203.0.113.9")
    assert entry.detail == {"connection": "abc"}


def test_no_key_and_no_endless_text_gets_into_the_log(owner):
    record(owner, "key added", about="sk-ant-api03-abcdefghijklmnop " + "x" * 1000)
    entry = AuditEntry.objects.get()
    assert "abcdefghijklmnop" not in entry.about
    assert len(entry.about) == 300


def test_a_stranger_sees_nothing_of_it(owner, eve):
    record(owner, "key added")
    assert not AuditEntry.objects.visible_to(eve).exists()


def test_what_a_person_did_stays_when_person_and_team_are_gone(owner):
    record(owner, "run started", about="#1")
    request = RequestFactory().get("/")
    record_person(request, owner.user, "person signed in")
    owner.team.delete()
    owner.user.delete()
    assert {entry.who for entry in AuditEntry.objects.all()} == {"You <owner@localhost>"}


def test_the_database_refuses_to_change_an_entry(owner):
    record(owner, "run started")
    with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
        AuditEntry.objects.update(action="nothing happened")


def test_the_database_refuses_to_take_an_entry_away(owner):
    record(owner, "run started")
    if connection.vendor == "sqlite":
        # The suite takes this trigger out to empty tables between tests: here it is as the migration lays it.
        from importlib import import_module

        migration = import_module("betaconsole.teams.migrations.0003_people_links_audit")
        with connection.cursor() as cursor:
            cursor.execute(migration.WRITE_ONCE["sqlite"][1])
    with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
        AuditEntry.objects.all().delete()
    assert apps.get_model("teams", "AuditEntry").objects.count() == 1
