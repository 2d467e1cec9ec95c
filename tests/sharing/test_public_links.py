"""Links with which people outside the team read one comparison."""

import html
from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from betaconsole.runs.models import Comparison
from betaconsole.runs.summaries import Summary
from betaconsole.sharing.models import PublicLink
from betaconsole.teams.models import AuditEntry
from tests.builders import CONTEXT, make_comparison, make_exchange
from tests.team_mode import browser_of

pytestmark = pytest.mark.django_db
KEY = "sk-ant-api03-canary-canary-canary"


def text(answer) -> str:
    return html.unescape(answer.content.decode())


@pytest.fixture
def comparison(crew) -> Comparison:
    member = crew["member"]
    made = make_comparison(member.teams.get(), member, betas=((), (CONTEXT,)), repeats=2, exchanges=False)
    for repeat in (1, 2):
        for variant in made.variants.all():
            make_exchange(made, variant, repeat=repeat, answer=f"Answer {repeat} <b>{KEY}</b>")
    made.exchanges.update(request_headers=[["x-api-key", KEY], ["anthropic-beta", CONTEXT], ["x-note", f"key {KEY}"]])
    return made


def made_by(browser, comparison, **values):
    return browser.post(reverse("sharing:share", args=[comparison.public_id]), {"days": "7", **values})


def issued(comparison, **shows) -> str:
    """The address of a new link."""
    return reverse("sharing:shared", args=[PublicLink.issue(comparison, author=comparison.author, days=7, **shows)[1]])


def test_nobody_signed_in_reads_it_with_the_address_that_was_shown_once(crew, comparison):
    browser = browser_of(crew["member"])
    answer = text(made_by(browser, comparison))
    address = answer.split('id="public-url">')[1].split("<")[0]
    assert address.startswith("http://localhost:8000/shared/")
    assert 'id="public-url"' not in text(browser.get(reverse("sharing:discussion", args=[comparison.public_id])))
    secret = address.rstrip("/").rpartition("/")[2]
    assert not PublicLink.objects.filter(digest__contains=secret).exists()
    page = browser_of(None).get(address)
    assert page.status_code == 200
    assert page.headers["Referrer-Policy"] == "no-referrer"
    assert page.headers["X-Robots-Tag"] == "noindex, nofollow"
    assert page.headers["Cache-Control"] == "no-store"
    shown = text(page)
    assert comparison.title in shown
    assert CONTEXT in shown
    assert "Answer 1" in shown
    assert "Answer 2" in text(browser_of(None).get(address, {"repeat": "2"}))
    assert 'class="bar"' not in shown
    assert "<script" not in shown


def test_it_shows_what_was_chosen_and_never_a_key(comparison):
    words = {
        "shows_prompt": "Order A-1043",
        "shows_headers": "req_011CTexample",
        "shows_costs": "$0.0146",
        "shows_names": "Member",
    }
    plain = text(browser_of(None).get(issued(comparison)))
    assert [word for word in words.values() if word in plain] == []
    for choice, word in words.items():
        assert word in text(browser_of(None).get(issued(comparison, **{choice: True})))
    everything = browser_of(None).get(issued(comparison, **dict.fromkeys(words, True))).content.decode()
    assert KEY not in everything
    assert "x-api-key" not in everything
    assert "<b>" not in everything


def test_a_difference_of_costs_is_a_cost(comparison):
    Comparison.objects.update(summary=Summary(columns=2, change="B: cost +40 %").dump())
    assert "+40 %" not in text(browser_of(None).get(issued(comparison)))
    assert "+40 %" in text(browser_of(None).get(issued(comparison, shows_costs=True)))
    Comparison.objects.update(verdict="Not enough data.")
    judged = text(browser_of(None).get(issued(comparison, shows_costs=True)))
    assert "Not enough data." in judged
    assert "+40 %" not in judged, "the verdict takes it back"
    Comparison.objects.update(verdict="B costs 40 % more than A.")
    assert "40 %" not in text(browser_of(None).get(issued(comparison)))


@pytest.mark.parametrize("how", ["expired", "revoked", "unknown", "deleted"])
def test_a_link_that_does_not_work_says_nothing_of_what_it_was_for(comparison, how):
    address = issued(comparison) if how != "unknown" else reverse("sharing:shared", args=["x" * 43])
    if how == "expired":
        PublicLink.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    elif how == "revoked":
        PublicLink.objects.get().revoke()
    elif how == "deleted":
        Comparison.objects.update(deleted_at=timezone.now())
    answer = browser_of(None).get(address)
    assert answer.status_code == 404
    assert answer.headers["Referrer-Policy"] == "no-referrer"
    assert comparison.title not in text(answer)
    assert "This link does not work" in text(answer)


def test_members_make_and_admins_end_them_and_the_log_says_so(crew, comparison):
    assert made_by(browser_of(crew["viewer"]), comparison).status_code == 403
    made_by(browser_of(crew["admin"]), comparison, costs="on", days="90")
    link = PublicLink.objects.get()
    assert link.shows == ["costs"]
    revoke = reverse("sharing:revoke_share", args=[link.public_id])
    assert browser_of(crew["member"]).post(revoke).status_code == 404
    assert browser_of(crew["owner"]).post(revoke).status_code == 302
    assert not PublicLink.objects.open().exists()
    assert list(AuditEntry.objects.order_by("pk").values_list("action", flat=True)) == ["share made", "share revoked"]
    assert "Shares" in text(browser_of(crew["owner"]).get(reverse("team:audit"), {"subject": "share"}))


@pytest.mark.parametrize("days", ["", "0", "91", "-1", "x", "1.5"])
def test_it_works_for_a_day_at_least_and_ninety_at_most(crew, comparison, days):
    answer = made_by(browser_of(crew["member"]), comparison, days=days, costs="on")
    assert answer.status_code == 422
    assert 'name="costs" checked' in text(answer)
    assert not PublicLink.objects.exists()


def test_in_solo_mode_it_says_that_the_link_works_here_only(client, owner):
    comparison = make_comparison(owner.team, owner.user)
    assert "this machine only" in text(client.get(reverse("sharing:discussion", args=[comparison.public_id])))
    assert client.get(issued(comparison)).status_code == 200


def test_more_columns_are_no_more_queries(crew, comparison):
    address = issued(comparison)
    with CaptureQueriesContext(connection) as few:
        browser_of(None).get(address)
    for attempt in range(2, 8):
        make_exchange(comparison, comparison.variants.first(), attempt=attempt)
    with CaptureQueriesContext(connection) as many:
        browser_of(None).get(address)
    assert len(few) == len(many) <= 6
