"""Teams, their connections and their tokens."""

import logging
import pickle

import pytest
from django.core.management import call_command
from django.db import IntegrityError, transaction

from betaconsole.teams.models import ApiToken, Connection, Membership, Role, User
from betaconsole.teams.sealing import Unreadable
from betaconsole.teams.solo import set_up_solo

KEY = "sk-ant-not-a-real-key-0123456789"

pytestmark = pytest.mark.django_db


@pytest.fixture
def connection(team, ann):
    made = Connection.objects.create(
        team=team, author=ann, name="Real", kind=Connection.Kind.KEY, base_url="https://api.anthropic.com/v1"
    )
    made.put_key(KEY)
    return made


def test_roles_include_the_smaller_ones():
    assert Role.OWNER.includes(Role.VIEWER)
    assert Role.MEMBER.includes(Role.MEMBER)
    assert not Role.VIEWER.includes(Role.MEMBER)
    assert not Role.ADMIN.includes(Role.OWNER)


def test_people_sign_in_by_an_e_mail_address_that_exists_once(ann):
    assert User.objects.create_user("Bo@Example.COM").email == "bo@example.com"
    with pytest.raises(IntegrityError), transaction.atomic():
        User.objects.create_user("bo@example.com")


def test_nobody_is_twice_in_a_team(owner):
    with pytest.raises(IntegrityError), transaction.atomic():
        Membership.objects.create(user=owner.user, team=owner.team)


def test_a_team_counts_its_comparisons_for_itself(team, eve):
    other = eve.memberships.get().team
    assert [team.take_comparison_number() for _ in range(3)] == [1, 2, 3]
    assert other.take_comparison_number() == 1


def test_a_pasted_key_is_sealed_and_only_its_end_is_known(connection):
    stored = Connection.objects.get(pk=connection.pk)
    assert stored.key().reveal() == KEY
    assert stored.key_last4 == KEY[-4:]
    rows = Connection.objects.values_list().get(pk=connection.pk)
    assert not any(KEY in str(value) for value in rows)


def test_a_key_shows_itself_nowhere_by_accident(connection, caplog):
    secret = connection.key()
    logging.getLogger("betaconsole").error("key %s %r", secret, secret)
    shown = f"{secret} {secret!r} {secret:>40} {caplog.text} {vars(connection)}"
    assert KEY not in shown
    with pytest.raises(TypeError):
        pickle.dumps(secret)


def test_a_key_does_not_follow_its_connection_to_another_origin(connection):
    connection.base_url = "https://evil.example"
    connection.save()
    with pytest.raises(Unreadable):
        Connection.objects.get(pk=connection.pk).key()


def test_a_pasted_key_is_the_default_before_the_simulator_and_until_archived(connection, team):
    assert Connection.objects.default_for(team) == connection
    connection.archived_at = connection.created_at
    connection.save()
    assert Connection.objects.default_for(team).is_simulator


def test_connections_of_another_team_are_invisible(connection, bo, eve):
    assert connection in Connection.objects.visible_to(bo)
    assert connection not in Connection.objects.visible_to(eve)


def test_a_connection_is_for_its_roles_and_for_those_it_names(connection, team, ann, bo, eve):
    assert connection in Connection.objects.usable_by(bo)
    Connection.objects.filter(pk=connection.pk).update(lowest_role=Role.ADMIN)
    assert connection in Connection.objects.usable_by(ann)
    assert [one.kind for one in Connection.objects.usable_by(bo)] == ["simulator"]
    assert Connection.objects.default_for(team, bo).is_simulator
    connection.people.add(bo, eve)
    assert Connection.objects.default_for(team, bo) == connection
    assert connection not in Connection.objects.usable_by(eve)


def test_a_team_has_one_simulator(team):
    with pytest.raises(IntegrityError), transaction.atomic():
        Connection.objects.create(
            team=team, name="Another", kind=Connection.Kind.SIMULATOR, base_url="http://x.invalid"
        )


def test_a_token_is_stored_as_a_digest_and_names_its_owner(ann, team):
    token, secret = ApiToken.issue(user=ann, team=team, name="nightly")
    assert secret.startswith("bc_")
    assert not any(secret in str(value) for value in ApiToken.objects.values_list().get())
    assert ApiToken.accepted(secret) == token
    assert ApiToken.accepted(secret + "x") is None
    assert ApiToken.accepted("") is None


@pytest.mark.parametrize("end", ["revoke", "leave the team", "deactivate"])
def test_a_token_ends_with_what_it_stands_for(ann, team, end):
    token, secret = ApiToken.issue(user=ann, team=team, name="nightly")
    if end == "revoke":
        ApiToken.objects.filter(pk=token.pk).update(revoked_at=token.created_at)
    elif end == "leave the team":
        Membership.objects.filter(user=ann).delete()
    else:
        User.objects.filter(pk=ann.pk).update(is_active=False)
    assert ApiToken.accepted(secret) is None


def test_the_token_command_prints_a_token_that_works_and_nothing_else(capsys):
    call_command("token", "nightly")
    secret = capsys.readouterr().out.strip()
    token = ApiToken.accepted(secret)
    assert (token.name, token.user) == ("nightly", set_up_solo().user)
