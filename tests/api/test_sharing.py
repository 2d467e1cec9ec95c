"""Decisions, discussion and public links, for programs: what roles may, and nothing of another team's."""

import pytest
from django.test import Client

from betaconsole.api.sharing import (
    COMMENT_EXAMPLE,
    LINK_EXAMPLE,
    CommentsAnswer,
    DecisionAnswer,
    MadeLinkAnswer,
    PublicLinksAnswer,
)
from betaconsole.sharing.models import Mention
from betaconsole.teams.models import AuditEntry, Membership, Role
from tests.api.calling import Caller, error_of, fits
from tests.builders import THINKING, make_comparison

pytestmark = pytest.mark.django_db
DECISION = {"about": [THINKING], "stand": "wait", "reason": "Too few repeats.", "look_again_on": ""}


@pytest.fixture
def comparison(team, ann):
    return make_comparison(team, ann)


def test_a_decision_is_taken_and_listed(caller: Caller, comparison, ann):
    made = caller.post(f"/comparisons/{comparison.public_id}/decisions", {**DECISION, "owner": ann.email})
    assert (made.status_code, fits(made.json(), DecisionAnswer)) == (201, True)
    assert (made.json()["owner"], made.json()["betas"]) == (str(ann), [THINKING])
    listed = caller.get("/decisions").json()["items"]
    assert [one["id"] for one in listed] == [made.json()["id"]]
    assert caller.get("/decisions?stale=true").json() == {"items": []}


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"stand": "adopt"}, "stand"),  # on simulated data
        ({"about": ["another-beta-2026-01-01"]}, "about"),
        ({"reason": " "}, "reason"),
        ({"owner": "nobody@example.com"}, "owner"),
        ({"look_again_on": "soon"}, "look_again_on"),
    ],
)
def test_a_decision_that_cannot_be_taken_says_which_field(caller: Caller, comparison, values, field):
    refused = caller.post(f"/comparisons/{comparison.public_id}/decisions", {**DECISION, **values})
    assert (refused.status_code, error_of(refused)["field"]) == (422, field)


def test_a_discussion_is_read_page_by_page_and_mentions_count(caller: Caller, comparison, bo):
    address = f"/comparisons/{comparison.public_id}/comments"
    for text in (COMMENT_EXAMPLE["text"], "Two", "Three"):
        assert caller.post(address, {"text": text}).status_code == 201
    assert Mention.objects.filter(person=bo).count() == 1
    first = caller.get(f"{address}?limit=2").json()
    assert fits(first, CommentsAnswer)
    second = caller.get(f"{address}?limit=2&after={first['next']}").json()
    assert [one["text"] for one in (*first["items"], *second["items"])] == [COMMENT_EXAMPLE["text"], "Two", "Three"]
    assert second["next"] is None
    assert caller.post(address, {"text": "  "}).status_code == 422


def test_a_public_link_is_made_works_and_is_ended(caller: Caller, comparison, client):
    made = caller.post(f"/comparisons/{comparison.public_id}/public-links", LINK_EXAMPLE)
    assert (made.status_code, fits(made.json(), MadeLinkAnswer), made.json()["shows"]) == (201, True, ["prompt"])
    page = "/shared" + made.json()["url"].partition("/shared")[2]
    assert Client(headers={"host": "localhost"}).get(page).status_code == 200
    listed = caller.get("/public-links").json()
    assert fits(listed, PublicLinksAnswer)
    assert caller.get(f"/comparisons/{comparison.public_id}/public-links").json() == listed
    assert "url" not in listed["items"][0]
    ended = caller.post(f"/public-links/{made.json()['id']}/revoke")
    assert (ended.status_code, ended.json()["works"]) == (200, False)
    assert Client(headers={"host": "localhost"}).get(page).status_code == 404
    assert caller.get("/public-links").json() == {"items": []}
    assert [entry.action for entry in AuditEntry.objects.order_by("pk")][-2:] == ["share made", "share revoked"]


def test_roles_and_teams_are_kept(caller: Caller, stranger: Caller, comparison, ann, bo, team):
    address = f"/comparisons/{comparison.public_id}"
    link = caller.post(f"{address}/public-links", LINK_EXAMPLE).json()["id"]
    program = Caller(bo, team)
    assert program.get("/public-links").json() == {"items": []}
    assert program.post(f"/public-links/{link}/revoke").status_code == 404  # another member's
    assert stranger.post(f"/public-links/{link}/revoke").status_code == 404
    for path, asked in (("decisions", DECISION), ("comments", COMMENT_EXAMPLE), ("public-links", LINK_EXAMPLE)):
        assert stranger.post(f"{address}/{path}", asked).status_code == 404
        Membership.objects.filter(user=bo).update(role=Role.VIEWER)
        assert program.post(f"{address}/{path}", asked).status_code == 403
    assert program.get(f"{address}/comments").status_code == 200
    assert program.get(f"{address}/public-links").status_code == 200
