"""Solo mode: one local owner, and nobody who is not on this machine."""

import pytest
from django.test import Client

from betaconsole.teams.models import Connection, Membership, Role
from betaconsole.teams.solo import PROXY_HEADERS, set_up_solo

LOCAL_HOSTS = ["localhost", "localhost:8000", "LOCALHOST", "127.0.0.1", "127.0.0.1:8000", "[::1]", "[::1]:8000"]
FOREIGN_HOSTS = [
    "evil.example",
    "evil.example:8000",
    "localhost.evil.example",
    "127.0.0.1.evil.example",
    "10.0.0.1",
    "0.0.0.0",
    "[::]",
    "[2001:db8::1]:8000",
    "::1",
    "localhost@evil.example",
    "",
]
PROXIES = [*PROXY_HEADERS, "X-Forwarded-Ssl", "X-Forwarded-Anything", "CF-Connecting-IP", "True-Client-IP"]

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("host", LOCAL_HOSTS)
def test_this_machine_may_come_in(host):
    assert Client(headers={"host": host}).get("/history/").status_code == 200


@pytest.mark.parametrize("host", FOREIGN_HOSTS)
def test_b29_another_host_name_is_refused_with_a_reason(host):
    page = Client(headers={"host": host}).get("/history/")
    assert page.status_code == 403
    assert "host name" in page.content.decode()


@pytest.mark.parametrize("peer", ["10.0.0.7", "192.168.1.2", "2001:db8::1", "::ffff:10.0.0.7", "", "unix:"])
def test_another_machine_is_refused(client, peer):
    page = client.get("/history/", REMOTE_ADDR=peer)
    assert page.status_code == 403
    assert "another machine" in page.content.decode()


@pytest.mark.parametrize("header", PROXIES)
def test_a_tunnel_or_proxy_is_refused_and_named(client, header):
    page = client.get("/history/", headers={header: "203.0.113.7"})
    assert page.status_code == 403
    assert header.lower() in page.content.decode().lower()


def test_a_refused_request_makes_nothing(client):
    client.get("/", REMOTE_ADDR="10.0.0.7")
    assert Membership.objects.count() == 0


def test_the_first_request_makes_the_owner_the_team_and_the_simulator(client):
    client.get("/history/")
    client.get("/history/")
    owner = Membership.objects.get()
    assert owner.role == Role.OWNER
    assert [connection.kind for connection in owner.team.connections.all()] == [Connection.Kind.SIMULATOR]


def test_a_key_in_the_environment_makes_a_connection_that_is_the_default(settings, owner):
    settings.ENVIRONMENT_KEY = "sk-ant-from-the-environment"
    settings.ENVIRONMENT_BASE_URL = "https://gateway.example"
    set_up_solo()
    connection = Connection.objects.default_for(owner.team)
    assert (connection.kind, connection.base_url) == (Connection.Kind.ENVIRONMENT, "https://gateway.example")
    assert connection.key().reveal() == "sk-ant-from-the-environment"
    assert connection.sealed_key == ""


def test_without_that_key_at_the_next_start_the_simulator_is_the_default_again(settings, owner):
    settings.ENVIRONMENT_KEY = "sk-ant-from-the-environment"
    set_up_solo()
    settings.ENVIRONMENT_KEY = ""
    set_up_solo()
    assert Connection.objects.default_for(owner.team).is_simulator
    assert [connection.kind for connection in Connection.objects.filter(team=owner.team).usable()] == ["simulator"]
