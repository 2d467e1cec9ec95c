"""Tokens of one's own, and the log that admins read."""

import re
from datetime import UTC, datetime

import pytest

from betaconsole.teams.audit import record
from betaconsole.teams.models import ApiToken, AuditEntry, Membership
from tests.team_mode import browser_of

pytestmark = pytest.mark.django_db


def test_a_token_is_shown_once_works_in_its_team_and_ends_when_revoked(crew):
    browser = browser_of(crew["viewer"])
    page = browser.post("/team/tokens/new/", {"name": "weekly"}).content.decode()
    secret = re.search(r"bc_[\w-]{40,}", page).group()
    assert secret not in browser.get("/team/tokens/").content.decode()
    api = browser_of(None, authorization=f"Bearer {secret}")
    assert api.get("/api/v1/comparisons/nothing").status_code == 404
    browser.post(f"/team/tokens/{ApiToken.objects.get().public_id}/revoke/")
    assert api.get("/api/v1/comparisons/nothing").status_code == 401
    assert "weekly" not in browser.get("/team/tokens/").content.decode()


def test_nobody_else_revokes_a_token_not_even_the_owner(crew):
    token, _ = ApiToken.issue(user=crew["viewer"], team=crew["viewer"].teams.get(), name="mine")
    assert browser_of(crew["owner"]).post(f"/team/tokens/{token.public_id}/revoke/").status_code == 404
    assert "mine" not in browser_of(crew["owner"]).get("/team/tokens/").content.decode()


def test_a_token_without_a_name_is_not_made(crew):
    answer = browser_of(crew["member"]).post("/team/tokens/new/", {"name": "  "})
    assert answer.status_code == 422
    assert not ApiToken.objects.exists()


def test_tokens_are_made_in_solo_mode_too(client, owner):
    assert "bc_" in client.post("/team/tokens/new/", {"name": "job"}).content.decode()
    assert ApiToken.objects.get().user == owner.user


def test_the_log_is_found_by_subject_and_by_words_and_shows_no_other_team(crew):
    for name in ("owner", "stranger"):
        membership = Membership.objects.select_related("user").get(user=crew[name])
        record(membership, "key added", about=f"{name}'s <key>")
        record(membership, "role changed", about="Bo")
    browser = browser_of(crew["admin"])
    everything = browser.get("/team/audit/").content.decode()
    assert "owner&#x27;s &lt;key&gt;" in everything
    assert "stranger" not in everything
    assert "role changed" not in browser.get("/team/audit/?subject=key").content.decode()
    assert "key added" not in browser.get("/team/audit/?q=bo").content.decode()
    assert browser.get("/team/audit/?subject=nonsense&before=x&q=%00&since=%00&until=9999-12-31").status_code == 200


def test_the_log_is_found_by_day_the_last_one_included(crew):
    team = Membership.objects.get(user=crew["owner"]).team
    for day in (19, 20, 21, 22):
        at = datetime(2026, 11, day, 23, 59, tzinfo=UTC)
        AuditEntry.objects.create(team=team, who="Bo", action="run started", about=f"of the {day}th", at=at)
    page = browser_of(crew["admin"]).get("/team/audit/?since=2026-11-20&until=2026-11-21").content.decode()
    assert re.findall(r"of the (..)th", page) == ["21", "20"]
    assert 'name="since" value="2026-11-20"' in page


def test_admins_see_the_sign_ins_of_their_people_only(crew):
    for name in ("member", "stranger"):
        AuditEntry.objects.create(person=crew[name], who=f"{name}@example.com", action="person signed in")
    page = browser_of(crew["admin"]).get("/team/audit/?subject=person").content.decode()
    assert "member@example.com" in page
    assert "stranger@example.com" not in page


def test_the_log_asks_the_database_the_same_however_long_it_is(crew, django_assert_max_num_queries):
    membership = Membership.objects.select_related("user").get(user=crew["owner"])
    for number in range(60):
        record(membership, "run started", about=f"#{number}")
    browser = browser_of(crew["owner"])
    browser.get("/team/audit/")
    with django_assert_max_num_queries(6):
        first = browser.get("/team/audit/?subject=run").content.decode()
    assert "#59" in first
    assert "#5<" not in first
    assert (
        "#5<"
        in browser.get(
            "/team/audit/?" + re.search(r'\?(subject=run&amp;[^"]+)', first).group(1).replace("&amp;", "&")
        ).content.decode()
    )
