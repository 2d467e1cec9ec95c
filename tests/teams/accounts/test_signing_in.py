"""Signing in and out; what nobody gets to see."""

import time

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import TOTP, generate_totp_secret
from django.test import Client

from betaconsole.teams.models import AuditEntry
from tests.builders import make_comparison
from tests.team_mode import PASSWORD, browser_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def ann(crew):
    crew["owner"].set_password(PASSWORD)
    crew["owner"].save()
    return crew["owner"]


def sign_in(client: Client, password: str = PASSWORD, email: str = "Owner@example.com", **more: str):
    return client.post("/account/login/", {"login": email, "password": password, **more})


def test_a_page_sends_nobody_to_sign_in_and_back(ann):
    browser = browser_of(None)
    answer = browser.get("/history/?q=x")
    assert answer.status_code == 302
    assert answer.headers["Location"] == "/account/login/?next=/history/%3Fq%3Dx"
    assert sign_in(browser, next="/history/?q=x").headers["Location"] == "/history/?q=x"
    assert browser.get("/history/").status_code == 200


def test_a_fragment_sends_the_whole_page_to_sign_in(ann):
    answer = browser_of(None).get("/history/", headers={"hx-request": "true"})
    assert (answer.status_code, answer.headers["HX-Redirect"]) == (401, "/account/login/")


def test_a_stream_ends_in_words_instead_of_being_asked_for_for_ever(ann):
    made = make_comparison(ann.teams.get(), ann)
    answer = browser_of(None, accept="text/event-stream").get(f"/comparisons/{made.public_id}/live/")
    said = b"".join(answer.streaming_content).decode()
    assert (answer.status_code, answer.headers["Content-Type"]) == (200, "text/event-stream")
    assert "signed out" in said
    assert "event: finished" in said


def test_nobody_is_sent_to_another_site(ann):
    assert sign_in(browser_of(None), next="https://evil.example/").headers["Location"] == "/"


def test_a_wrong_password_is_refused_in_words_and_noted(ann):
    answer = sign_in(browser_of(None), "not the password")
    page = answer.content.decode()
    assert answer.status_code == 422
    assert "not correct" in page
    assert 'value="Owner@example.com"' in page
    entry = AuditEntry.objects.get(action="sign-in failed")
    assert (entry.person, entry.address) == (ann, "127.0.0.1")


def test_signing_in_and_out_is_noted(ann):
    browser = browser_of(None)
    sign_in(browser)
    browser.post("/account/logout/")
    assert browser.get("/history/").status_code == 302
    assert list(AuditEntry.objects.order_by("pk").values_list("action", flat=True)) == [
        "person signed in",
        "person signed out",
    ]


def test_guessing_is_stopped(ann):
    answers = [sign_in(browser_of(None), f"guess number {number}") for number in range(6)]
    assert "Too many" in answers[-1].content.decode()
    assert "Too many" in sign_in(browser_of(None)).content.decode()


def test_the_second_factor_is_asked_for(ann):
    secret = generate_totp_secret()
    TOTP.activate(ann, secret)
    browser = browser_of(None)
    assert sign_in(browser).headers["Location"] == "/account/code/"
    assert browser.get("/history/").status_code == 302
    assert browser.post("/account/code/", {"code": "000000"}).status_code == 422
    from allauth.mfa.totp.internal.auth import format_hotp_value, hotp_value

    code = format_hotp_value(hotp_value(secret, int(time.time()) // 30))
    assert browser.post("/account/code/", {"code": code}).status_code == 302
    assert browser.get("/history/").status_code == 200
    assert Authenticator.objects.get().type == "totp"


def test_a_session_that_nobody_used_for_long_ends(ann, settings):
    browser = browser_of(ann)
    assert browser.get("/history/").status_code == 200
    session = browser.session
    session["seen"] = int(time.time()) - settings.SESSION_IDLE_S - 1
    session.save()
    assert browser.get("/history/").status_code == 302


def test_an_open_sign_up_does_not_exist(ann):
    for path in ("/account/signup/", "/account/password/reset/", "/account/email/"):
        assert browser_of(None).get(path).status_code == 404


def test_solo_mode_knows_no_accounts(client, owner):
    for path in ("/account/", "/account/login/", "/team/", "/team/switch/"):
        assert client.get(path).status_code == 404
    assert "sessionid" not in str(client.get("/").cookies)
