"""Signing in and out; what nobody gets to see."""

import ipaddress
import re
import time
from urllib.parse import urljoin, urlsplit

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import TOTP, generate_totp_secret
from allauth.usersessions.models import UserSession
from django.contrib.sessions.backends.db import SessionStore
from django.test import Client
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from betaconsole.teams.models import AuditEntry, Membership
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


def test_b25_nobody_is_sent_to_another_site(ann):
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


def test_b23_guessing_is_stopped(ann):
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


def test_b22_a_session_that_nobody_used_for_long_ends(ann, settings):
    browser = browser_of(ann)
    assert browser.get("/history/").status_code == 200
    session = browser.session
    session["seen"] = int(time.time()) - settings.SESSION_IDLE_S - 1
    session.save()
    assert browser.get("/history/").status_code == 302


def test_b24_an_open_sign_up_does_not_exist(ann):
    for path in ("/account/signup/", "/account/password/reset/"):
        assert browser_of(None).get(path).status_code == 404


def test_solo_mode_knows_no_accounts(client, owner):
    for path in ("/account/", "/account/login/", "/team/", "/team/switch/"):
        assert client.get(path).status_code == 404
    assert "sessionid" not in str(client.get("/").cookies)


def test_b22_a_session_planted_before_the_sign_in_is_nobodys_afterwards(ann, settings):
    planted = SessionStore()
    planted["by"] = "somebody else"
    planted.save()
    name, browser = settings.SESSION_COOKIE_NAME, browser_of(None)
    browser.cookies[name] = planted.session_key
    sign_in(browser)
    assert browser.get("/history/").status_code == 200
    assert browser.cookies[name].value != planted.session_key
    thief = browser_of(None)
    thief.cookies[name] = planted.session_key
    assert thief.get("/history/").status_code == 302


def test_b22_a_new_password_ends_the_other_sessions_and_signing_out_ends_ones_own(ann, settings):
    here, there = browser_of(None), browser_of(None)
    sign_in(here)
    sign_in(there)
    new = "another horse battery staple"
    here.post("/account/password/", {"oldpassword": PASSWORD, "password1": new, "password2": new})
    assert (here.get("/history/").status_code, there.get("/history/").status_code) == (200, 302)
    kept = here.cookies[settings.SESSION_COOKIE_NAME].value
    here.post("/account/logout/")
    there.cookies[settings.SESSION_COOKIE_NAME] = kept
    assert there.get("/history/").status_code == 302


def test_b22_each_session_is_named_and_ended_by_itself(ann, crew):
    chrome = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36"
    here, lost, other = browser_of(None), browser_of(None, **{"user-agent": chrome}), browser_of(None)
    for browser in (here, lost, other):
        sign_in(browser)
    page = here.get("/account/sessions/").content.decode()
    session = UserSession.objects.get(user_agent=chrome)
    assert f'value="{session.pk}" aria-label="End the session of Chrome 142 on Linux, 127.0.0.1"' in page
    browser_of(crew["admin"]).post("/account/sessions/", {"session": session.pk})
    assert lost.get("/history/").status_code == 200, "another person's"
    here.post("/account/sessions/", {"session": session.pk})
    assert [one.get("/history/").status_code for one in (here, lost, other)] == [200, 302, 200]
    here.post("/account/sessions/")
    assert [one.get("/history/").status_code for one in (here, other)] == [200, 302]


def test_b22_a_role_that_was_taken_counts_at_the_next_request(ann):
    browser = browser_of(ann)
    assert browser.get("/team/audit/").status_code == 200
    Membership.objects.filter(user=ann).update(role="viewer")
    assert browser.get("/team/audit/").status_code == 403


def is_stopped(answer) -> bool:
    return "Too many" in answer.content.decode()


def guesses(people: list[str], addresses: list[str], **headers: str) -> list[bool]:
    """Whether each guess was stopped: a wrong password for each person, from each address in turn."""
    return [
        is_stopped(
            browser_of(None, **headers).post(
                "/account/login/", {"login": person, "password": f"guess {address}"}, REMOTE_ADDR=address
            )
        )
        for person, address in zip(people, addresses, strict=True)
    ]


def test_b23_one_person_is_not_guessed_from_many_addresses(ann):
    assert guesses([ann.email] * 7, [f"203.0.113.{n}" for n in range(7)])[-1]


def test_b23_many_people_are_not_guessed_from_one_address(ann):
    assert guesses([f"person{n}@example.com" for n in range(12)], ["203.0.113.7"] * 12)[-1]


@pytest.mark.parametrize("proxies", [[], ["10.0.0.0/8"]], ids=["nobody's word counts", "the proxy's word counts"])
def test_b23_an_address_that_a_client_makes_up_is_not_believed(ann, settings, proxies):
    settings.TRUSTED_PROXIES = [ipaddress.ip_network(proxy) for proxy in proxies]
    peer, seen = ("10.0.0.2", ", 203.0.113.7") if proxies else ("203.0.113.7", "")
    stopped = [
        guesses([f"person{n}@example.com"], [peer], **{"x-forwarded-for": f"198.51.100.{n}{seen}"}) for n in range(12)
    ]
    assert stopped[-1] == [True]


def test_b23_whoever_was_guessed_at_comes_in_again_after_a_while(ann, monkeypatch):
    guesses([ann.email] * 7, ["203.0.113.7"] * 7)
    assert is_stopped(sign_in(browser_of(None)))
    now = time.time
    monkeypatch.setattr(time, "time", lambda: now() + 301)
    assert sign_in(browser_of(None)).headers["Location"] == "/"


def test_b24_nobody_learns_from_the_sign_in_page_who_has_an_account(ann):
    there, not_there = sign_in(browser_of(None), "wrong"), sign_in(browser_of(None), "wrong", "nobody@example.com")
    told = [
        re.sub(r'(?i)owner@example.com|nobody@example.com|"[A-Za-z0-9]{64}"', "", answer.content.decode())
        for answer in (there, not_there)
    ]
    assert (there.status_code, told[0]) == (not_there.status_code, told[1])


PARTS = [
    "/",
    "//",
    "\\",
    "https:",
    "http://",
    "evil.example",
    "@",
    "javascript:alert(1)",
    "%2f",
    "%5c",
    "\t",
    "\n",
    "\r",
    " ",
    "localhost",
]
PARTS += [".", "?", "#", "\uff0f", "\x00", ":", "///", "/\\", "history/", "\x0b", "data:,"]


def where_a_browser_goes(location: str) -> str:
    """The origin of where it leads, as the URL standard reads addresses: blanks dropped, a backslash is a slash."""
    text = re.sub(r"[\t\r\n]", "", location).strip("".join(map(chr, range(33)))).replace("\\", "/")
    text = re.sub(r"^(https?:)/*", r"\1//", text)
    parts = urlsplit(urljoin("http://localhost/account/login/", text))
    return f"{parts.scheme}://{parts.hostname}"


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@example("//\t")  # no host to Django; a browser is sent to the host %09
@example("http://\tlocalhost")
@example("// ")
@example("/\\ ")
@given(st.lists(st.sampled_from(PARTS), max_size=5).map("".join))
def test_b25_no_way_of_writing_next_leads_to_another_site(ann, signed_in, following):
    home = ann.teams.get().public_id
    sent = [
        signed_in.get("/account/login/", {"next": following}),
        signed_in.post("/team/switch/", {"team": home, "next": following}),
    ]
    for answer in sent:
        assert answer.status_code < 500
        if "Location" in answer.headers:
            assert where_a_browser_goes(answer.headers["Location"]) == "http://localhost"


@pytest.fixture
def signed_in(ann) -> Client:
    return browser_of(ann)


@pytest.mark.parametrize(
    "following",
    [
        "//evil.example",
        "\\\\evil.example",
        "https:evil.example",
        "/\\evil.example",
        "https:///evil.example",
        "//\uff0f",
    ],
)
def test_b25_nor_does_the_way_in_or_out(ann, following):
    browser = browser_of(None)
    assert sign_in(browser, next=following).headers["Location"] == "/"
    left = browser.post("/account/logout/", {"next": following}).headers["Location"]
    assert where_a_browser_goes(left) == "http://localhost"
