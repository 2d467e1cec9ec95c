"""Pasting a key, seeing which connections there are, removing one."""

import html

import pytest
from django.db import connection as database
from django.urls import reverse

from betaconsole.teams.keys import keep_key, remove_key
from betaconsole.teams.models import Connection, Membership
from betaconsole.teams.sealing import Unreadable

pytestmark = pytest.mark.django_db
KEY = "sk-ant-api03-canary-canary-canary-canary-wxyz"
API = "https://api.anthropic.com"


def text(answer) -> str:
    return html.unescape(answer.content.decode())


def pasted(client, **values):
    return client.post(reverse("connections:new"), {"key": KEY, "name": "Mine", "base_url": API, **values}, follow=True)


def everything_stored() -> str:
    with database.cursor() as cursor:
        cursor.execute("SELECT * FROM teams_connection")
        return repr(cursor.fetchall())


def test_a_pasted_key_is_sealed_usable_and_the_default(client, owner):
    page = text(pasted(client))
    made = Connection.objects.get(kind="key")
    assert made.key().reveal() == KEY
    assert Connection.objects.default_for(owner.team) == made
    assert "“Mine” is sealed and ready" in page
    assert "…wxyz" in page
    assert KEY not in page
    assert KEY not in everything_stored()


def test_white_space_that_came_with_the_key_is_dropped(client, owner):
    pasted(client, key=f"  {KEY[:20]}\n{KEY[20:]} \t")
    assert Connection.objects.get(kind="key").key().reveal() == KEY


@pytest.mark.parametrize(
    "wrong", [{"key": ""}, {"key": "short"}, {"key": "sk-ant-" + "é" * 20}, {"key": "k" * 500}, {"key": KEY + "\x00"}]
)
def test_what_is_no_key_is_refused_and_never_rendered_back(client, owner, wrong):
    answer = pasted(client, **wrong)
    assert answer.status_code == 422
    assert 'type="password"' in text(answer)
    assert "value=" not in text(answer).split('name="key"')[1].split(">")[0]
    assert not Connection.objects.filter(kind="key").exists()


@pytest.mark.parametrize("address", ["https://evil.example", "http://169.254.169.254", "", "http://127.0.0.1:1"])
def test_a_key_goes_only_where_the_operator_allows(client, owner, address):
    assert pasted(client, base_url=address).status_code == 422
    assert not Connection.objects.filter(kind="key").exists()


def test_the_same_key_twice_is_one_connection(client, owner):
    pasted(client)
    pasted(client, name="Renamed")
    assert [row.name for row in Connection.objects.filter(kind="key")] == ["Renamed"]


def test_removing_a_key_erases_it_and_keeps_the_row(client, owner):
    pasted(client)
    made = Connection.objects.get(kind="key")
    sealed = made.sealed_key
    client.post(reverse("connections:remove", args=[made.public_id]))
    made.refresh_from_db()
    assert made.archived_at
    assert sealed not in everything_stored()
    assert "Mine" not in text(client.get(reverse("connections:connections")))
    with pytest.raises(Unreadable):
        made.key()


def test_a_removed_key_can_be_pasted_again(owner):
    values = {"team": owner.team, "author": owner.user, "name": "Mine", "base_url": API}
    remove_key(keep_key(KEY, **values))
    assert keep_key(KEY, **values).key().reveal() == KEY


def test_the_simulator_cannot_be_removed(client, owner):
    simulator = Connection.objects.get(kind="simulator")
    assert client.post(reverse("connections:remove", args=[simulator.public_id])).status_code == 404
    simulator.refresh_from_db()
    assert simulator.archived_at is None


def test_members_see_connections_but_only_admins_bring_keys(client, owner):
    Membership.objects.update(role="member")
    assert client.get(reverse("connections:connections")).status_code == 200
    assert pasted(client).status_code == 403
