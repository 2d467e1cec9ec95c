"""Pasting a key, seeing which connections there are, removing one."""

import html

import pytest
from django.db import connection as database
from django.urls import reverse

from betaconsole.teams.keys import keep_key, remove_key
from betaconsole.teams.models import AuditEntry, Connection, Membership
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


@pytest.mark.parametrize(
    "address",
    [
        *["https://evil.example", "http://169.254.169.254", "", "http://127.0.0.1:1", "https://api.anthropic.com."],
        *["https://api.anthropic.com:22", "https://user@api.anthropic.com", "https://api.anthropic.com\r\nx: 1"],
    ],
)
def test_b16_a_key_goes_only_where_the_operator_allows(client, owner, address):
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
    in_use, _, put_away = text(client.get(reverse("connections:connections"))).partition("Archived (1)")
    assert "Mine" not in in_use
    assert "Mine" in put_away
    assert client.post(reverse("connections:restore", args=[made.public_id])).url.endswith("/edit/")
    with pytest.raises(Unreadable):
        made.key()


def test_a_removed_key_can_be_pasted_again(owner):
    values = {"team": owner.team, "author": owner.user, "name": "Mine", "base_url": API}
    remove_key(keep_key(KEY, **values))
    assert keep_key(KEY, **values).key().reveal() == KEY


@pytest.mark.parametrize("act", ["remove", "archive"])
def test_the_simulator_stays(client, owner, act):
    simulator = Connection.objects.get(kind="simulator")
    assert client.post(reverse(f"connections:{act}", args=[simulator.public_id])).status_code == 404
    simulator.refresh_from_db()
    assert simulator.archived_at is None


def test_members_see_connections_but_only_admins_bring_keys(client, owner):
    Membership.objects.update(role="member")
    for address in ("connections:connections", "runs:compose"):
        page = text(client.get(reverse(address)))
        assert "Paste a key" not in page.split("<main")[1]
    assert pasted(client).status_code == 403


@pytest.fixture
def mine(owner):
    return keep_key(KEY, team=owner.team, author=owner.user, name="Mine", base_url=API)


def filled(**values) -> dict:
    """The form of a connection as the browser sends it."""
    usual = {"name": "Mine", "key": "", "base_url": API, "anthropic_version": "2026-10-21", "max_in_flight": "64"}
    return {**usual, "daily_budget_usd": "", "monthly_budget_usd": "", "lowest_role": "member", **values}


def edited(client, connection, **values):
    return client.post(reverse("connections:edit", args=[connection.public_id]), filled(**values))


def test_everything_about_a_connection_can_be_changed_and_its_key_stays(client, mine, bo):
    changes = {"name": "Ours", "anthropic_version": "2027-01-01", "max_in_flight": "8", "lowest_role": "admin"}
    answer = edited(client, mine, **changes, daily_budget_usd="5", monthly_budget_usd="99.50", people=[bo.pk])
    assert answer.status_code == 302
    page = text(client.get(answer.url))
    mine.refresh_from_db()
    assert (mine.name, mine.anthropic_version, mine.lowest_role) == ("Ours", "2027-01-01", "admin")
    assert mine.max_in_flight == 8
    assert (mine.daily_budget_usd, str(mine.monthly_budget_usd)) == (5, "99.50")
    assert mine.key().reveal() == KEY
    assert 'admins and owners, and <span dir="auto">Bo</span>' in page
    assert "…wxyz" in page
    assert mine.key_fingerprint[:12] in page
    noted = AuditEntry.objects.get(action="connection budget changed")
    assert "daily budget usd to 5, " in noted.detail["changed"]
    assert "people to Bo" in noted.detail["changed"]


def test_a_replaced_key_takes_the_place_of_the_old_one_and_is_never_shown(client, mine):
    newer = KEY[:-4] + "abcd"
    edited(client, mine, key=newer)
    mine.refresh_from_db()
    assert mine.key().reveal() == newer
    shown = text(client.get(reverse("connections:edit", args=[mine.public_id])))
    assert newer not in shown + everything_stored()
    assert "…abcd" in shown
    assert AuditEntry.objects.get(action="connection changed").detail["changed"] == "key to another one"


def test_a_key_does_not_go_along_to_another_address(client, mine, settings):
    settings.ALLOWED_BASE_URLS = [API, "https://eu.example"]
    refused = edited(client, mine, base_url="https://eu.example")
    assert refused.status_code == 422
    assert f"The key is bound to {API}" in text(refused)
    edited(client, mine, base_url="https://eu.example", key=KEY)
    mine.refresh_from_db()
    assert (mine.base_url, mine.key().reveal()) == ("https://eu.example", KEY)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("name", " "),
        ("anthropic_version", "latest"),
        ("max_in_flight", "0"),
        ("daily_budget_usd", "-1"),
        ("monthly_budget_usd", "1e9"),
        ("lowest_role", "viewer"),
        ("people", "999999"),
    ],
)
def test_what_cannot_be_is_refused_and_what_was_typed_stays_but_for_the_key(client, mine, field, value):
    answer = edited(client, mine, **{"key": "sk-ant-new-0123456789", "max_in_flight": "7", field: value})
    assert answer.status_code == 422
    page = text(answer)
    assert "The key was not kept: paste it again." in page
    assert "sk-ant-new" not in page
    assert field == "max_in_flight" or 'value="7"' in page
    mine.refresh_from_db()
    assert (mine.name, mine.max_in_flight, mine.key().reveal()) == ("Mine", 64, KEY)


def test_an_archived_connection_sends_nothing_until_it_is_restored(client, mine, owner):
    for _ in range(2):  # pressed twice
        client.post(reverse("connections:archive", args=[mine.public_id]))
    assert AuditEntry.objects.filter(action="connection archived", about="Mine").count() == 1
    assert mine not in Connection.objects.usable_by(owner.user)
    assert "archived" in text(client.get(reverse("connections:connection", args=[mine.public_id])))
    client.post(reverse("connections:restore", args=[mine.public_id]))
    assert Connection.objects.usable_by(owner.user).get(kind="key").key().reveal() == KEY


def test_the_simulator_has_no_key_no_budget_and_no_door(client, owner):
    simulator = Connection.objects.get(kind="simulator")
    form = text(client.get(reverse("connections:edit", args=[simulator.public_id])))
    for name in ("key", "base_url", "daily_budget_usd", "lowest_role", "people"):
        assert f'name="{name}"' not in form
    edited(client, simulator, name="Stand-in", key=KEY, base_url="https://evil.example", lowest_role="owner")
    simulator.refresh_from_db()
    assert (simulator.name, simulator.sealed_key, simulator.lowest_role) == ("Stand-in", "", "member")
    assert simulator.base_url != "https://evil.example"
