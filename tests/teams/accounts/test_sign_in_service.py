"""Sign-in at an OpenID Connect provider: a real one over a real socket, with one person."""

import base64
import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from django.test import Client

from betaconsole.teams.accounts.entering import INVITATION
from betaconsole.teams.members.members import invite
from betaconsole.teams.models import Membership, Role, User
from tests.team_mode import browser_of
from tests.upstream import Upstream, hang

pytestmark = pytest.mark.django_db


class Provider(ThreadingHTTPServer):
    """`person` is who signs in there; `asked` is what the token address was sent.

    `authorizations` are the headers of that name of all requests. With `moved_to` it answers with redirects there.
    """

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Answers)
        self.url = f"http://127.0.0.1:{self.server_port}"
        self.person: dict[str, Any] = {"sub": "1", "email": "zoe@example.com", "email_verified": True, "name": "Zoë"}
        self.asked: dict[str, list[str]] = {}
        self.authorizations: set[str | None] = set()
        self.moved_to = ""


class Answers(BaseHTTPRequestHandler):
    server: Provider

    def log_message(self, *args: Any) -> None:
        pass

    def do_GET(self) -> None:
        url = self.server.url
        ways = {"authorization_endpoint": "/authorize", "token_endpoint": "/token", "userinfo_endpoint": "/me"}
        about = {"issuer": url, "jwks_uri": f"{url}/keys", **{name: url + path for name, path in ways.items()}}
        self.answer(about if "well-known" in self.path else self.server.person)

    def do_POST(self) -> None:
        sent = self.rfile.read(int(self.headers["Content-Length"])).decode()
        self.server.asked = parse_qs(sent)
        self.answer({"access_token": "token", "token_type": "Bearer", "expires_in": 60})

    def answer(self, value: Any) -> None:
        self.server.authorizations.add(self.headers["Authorization"])
        data = json.dumps(value).encode()
        self.send_response(307 if self.server.moved_to else 200)
        if self.server.moved_to:
            self.send_header("Location", self.server.moved_to)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)


@pytest.fixture
def provider(crew, settings) -> Iterator[Provider]:
    with Provider() as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        app = {"provider_id": "oidc", "name": "Work", "client_id": "console", "secret": "s3cret"}
        app["settings"] = {"server_url": server.url}
        settings.OIDC_NAME = "Work"
        settings.SOCIALACCOUNT_PROVIDERS = {"openid_connect": {"OAUTH_PKCE_ENABLED": True, "APPS": [app]}}
        yield server
        server.shutdown()


def sign_in(browser: Client, following: str = "/history/"):
    """To the provider and back, as a browser goes; the answer the person then sees."""
    there = browser.get(f"/account/service/oidc/?process=login&next={following}")
    assert there.status_code == 302, there.content
    asked = parse_qs(urlsplit(there.headers["Location"]).query)
    assert asked["redirect_uri"][0].endswith("/account/service/oidc/back/")
    assert asked["code_challenge_method"] == ["S256"]
    return browser.get(f"/account/service/oidc/back/?code=abc&state={asked['state'][0]}")


def test_whoever_has_an_account_with_a_verified_address_comes_in(provider, crew):
    provider.person["email"] = "Member@example.com"
    browser = browser_of(None)
    assert "Sign in with Work" in browser.get("/account/login/").content.decode()
    assert sign_in(browser).headers["Location"] == "/history/"
    assert browser.get("/history/").status_code == 200
    assert provider.asked["code"] == ["abc"]
    assert len(base64.urlsafe_b64decode(provider.asked["code_verifier"][0] + "==")) >= 32


def test_u26_no_proxy_and_no_netrc_around_us_comes_between(provider, crew, monkeypatch, tmp_path):
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login somebody password hunter2\n")
    netrc.chmod(0o600)
    monkeypatch.setenv("NETRC", str(netrc))
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    provider.person["email"] = "member@example.com"
    assert sign_in(browser_of(None)).headers["Location"] == "/history/"
    assert {(one or "").partition(" ")[0] for one in provider.authorizations} == {"", "Bearer"}


def test_u23_a_provider_that_has_moved_is_not_followed(provider, crew):
    with Upstream([hang()]) as elsewhere:
        provider.moved_to = elsewhere.url
        answer = browser_of(None).get("/account/service/oidc/?process=login&next=/history/")
        assert elsewhere.connections == 0
    assert answer.status_code == 502
    assert "did not let you in" in answer.content.decode()


def test_an_address_that_the_provider_does_not_vouch_for_opens_nobodys_account(provider, crew):
    provider.person |= {"email": "member@example.com", "email_verified": False}
    browser = browser_of(None)
    assert "There is no account for you" in sign_in(browser).content.decode()
    assert browser.get("/history/").status_code == 302


def test_a_stranger_needs_an_invitation(provider, crew):
    assert "There is no account for you" in sign_in(browser_of(None)).content.decode()
    secret = invite(Membership.objects.get(user=crew["owner"]), role=Role.VIEWER, note="Zoë")
    browser = browser_of(None)
    page = f"/account/invited/{secret}/"
    assert "Go on with Work" in browser.get(page).content.decode()
    assert browser.session[INVITATION] == secret
    assert sign_in(browser, page).headers["Location"] == page
    assert "Join the team" in browser.get(page).content.decode()
    browser.post(page)
    zoe = User.objects.get(email="zoe@example.com")
    assert (zoe.name, zoe.has_usable_password(), zoe.memberships.get().role) == ("Zoë", False, "viewer")


def test_an_answer_that_nobody_asked_for_signs_nobody_in(provider, crew):
    browser = browser_of(None)
    answer = browser.get("/account/service/oidc/back/?code=abc&state=invented")
    assert "did not let you in" in answer.content.decode()
    assert browser.get("/history/").status_code == 302


def test_without_a_provider_there_is_no_way_to_one(crew):
    assert browser_of(None).get("/account/service/oidc/").status_code == 404
    assert "Sign in with" not in browser_of(None).get("/account/login/").content.decode().replace(
        "Sign in with a passkey", ""
    )
