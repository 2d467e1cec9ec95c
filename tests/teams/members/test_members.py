"""Roles, and who may change whose."""

import itertools

import pytest

from betaconsole.teams.members.members import Refused, change_role, leave, may_act_on, remove
from betaconsole.teams.models import ApiToken, AuditEntry, Membership, Role, User
from tests.team_mode import browser_of, person

pytestmark = pytest.mark.django_db


def place(user: User) -> Membership:
    return Membership.objects.select_related("team", "user").get(user=user)


def role_of(user: User) -> str | None:
    return Membership.objects.filter(user=user).values_list("role", flat=True).first()


@pytest.mark.parametrize(("actor", "other"), list(itertools.product(Role, Role)))
def test_admins_reach_members_below_owner_and_owners_everybody(actor, other):
    reaches = may_act_on(Membership(role=actor), Membership(role=other))
    assert reaches == (actor == "owner" or (actor == "admin" and other != "owner"))


def test_an_admin_changes_the_role_of_a_member(crew):
    bo = place(crew["member"])
    answer = browser_of(crew["admin"]).post(f"/team/members/{bo.public_id}/role/", {"role": "viewer"})
    assert answer.status_code == 302
    assert role_of(crew["member"]) == "viewer"
    entry = AuditEntry.objects.get(action="role changed")
    assert (entry.person, entry.about, entry.detail) == (crew["admin"], "Member", {"from": "member", "to": "viewer"})


@pytest.mark.parametrize(
    ("actor", "other", "role"),
    [
        ("admin", "member", "owner"),
        ("admin", "owner", "viewer"),
        ("member", "viewer", "member"),
        ("viewer", "viewer", "owner"),
    ],
)
def test_a_role_out_of_reach_stays_what_it_is(actor, other, role, crew):
    before = role_of(crew[other])
    answer = browser_of(crew[actor]).post(f"/team/members/{place(crew[other]).public_id}/role/", {"role": role})
    assert answer.status_code in (403, 409)
    assert role_of(crew[other]) == before


def test_b33_a_team_always_keeps_an_owner(crew):
    owner = place(crew["owner"])
    for attempt in (lambda: leave(owner), lambda: remove(owner, owner), lambda: change_role(owner, owner, Role.ADMIN)):
        with pytest.raises(Refused, match="needs an owner"):
            attempt()
    change_role(owner, place(crew["admin"]), Role.OWNER)
    leave(owner)
    assert role_of(crew["owner"]) is None


def test_a_removed_member_sees_nothing_any_more_at_once_and_their_tokens_end(crew):
    member, team = crew["member"], place(crew["member"]).team
    _, secret = ApiToken.issue(user=member, team=team, name="job")
    browser = browser_of(member)
    assert browser.get("/history/").status_code == 200
    browser_of(crew["admin"]).post(f"/team/members/{place(member).public_id}/remove/")
    answer = browser.get("/history/")
    assert (answer.status_code, "You are in no team" in answer.content.decode()) == (403, True)
    api = browser_of(None, authorization=f"Bearer {secret}")
    assert api.get("/api/v1/comparisons/anything").status_code == 401
    Membership.objects.create(user=member, team=team)
    assert api.get("/api/v1/comparisons/anything").status_code == 401, "also where somebody invites them again"


def test_members_of_another_team_are_out_of_reach(crew):
    foreign = place(crew["stranger"])
    for action in ("role", "remove", "new-password"):
        answer = browser_of(crew["owner"]).post(f"/team/members/{foreign.public_id}/{action}/", {"role": "viewer"})
        assert answer.status_code == 404


def test_the_members_page_shows_each_role_only_what_it_may_press(crew):
    pages = {name: browser_of(crew[name]).get("/team/").content.decode() for name in ("viewer", "admin", "owner")}
    assert "Make an invitation" not in pages["viewer"]
    assert "Change the role" not in pages["viewer"]
    assert "Make an invitation" in pages["admin"]
    assert 'value="owner"' not in pages["admin"]
    assert "Rename" not in pages["admin"]
    assert "Rename" in pages["owner"]
    assert "Stranger" not in pages["owner"]


def test_an_invitation_is_shown_once_and_can_be_taken_back(crew):
    browser = browser_of(crew["admin"])
    made = browser.post("/team/invitations/", {"role": "member", "note": "Zoë <b>"}).content.decode()
    assert "http://localhost:8000/account/invited/" in made
    assert "Zoë &lt;b&gt;" in made
    again = browser.get("/team/").content.decode()
    assert "/account/invited/" not in again
    assert "Zoë" in again
    browser.post(f"/team/invitations/{place(crew['admin']).team.links.get().public_id}/revoke/")
    assert "Zoë" not in browser.get("/team/").content.decode()


def test_an_owner_names_the_team_anew_and_makes_another(crew):
    browser = browser_of(crew["owner"])
    browser.post("/team/rename/", {"name": "Night crew"})
    browser.post("/team/new/", {"name": "Day crew"})
    assert "Day crew" in browser.get("/team/").content.decode()
    assert sorted(crew["owner"].teams.values_list("name", flat=True)) == ["Day crew", "Night crew"]
    assert person("New").teams.count() == 0


def test_b33_the_last_owner_neither_leaves_nor_gives_the_role_away(crew):
    owner, browser = place(crew["owner"]), browser_of(crew["owner"])
    asked = {"/team/leave/": {}, f"/team/members/{owner.public_id}/role/": {"role": "viewer"}}
    asked[f"/team/members/{owner.public_id}/remove/"] = {}
    for path, values in asked.items():
        answer = browser.post(path, values)
        assert (answer.status_code, "needs an owner" in answer.content.decode()) == (409, True), path
    assert role_of(crew["owner"]) == "owner"
