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

pytestmark = pytest.mark.django_db


class Provider(ThreadingHTTPServer):
    """`person` is who signs in there; `asked` is what the token address was sent."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Answers)
        self.url = f"http://127.0.0.1:{self.server_port}"
        self.person: dict[str, Any] = {"sub": "1", "email": "zoe@example.com", "email_verified": True, "name": "Zoë"}
        self.asked: dict[str, list[str]] = {}


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
        data = json.dumps(value).encode()
        self.send_response(200)
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
