"""How people come in: the first owner, invitations, new passwords."""

from datetime import timedelta

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from betaconsole.teams.accounts.entering import first_owner_link, needs_first_owner
from betaconsole.teams.members.members import Refused, invite, offer_new_password, revoke
from betaconsole.teams.models import AuditEntry, Membership, OneTimeLink, Role, User
from betaconsole.teams.solo import set_up_solo
from tests.builders import make_comparison, make_team
from tests.team_mode import PASSWORD, browser_of

pytestmark = pytest.mark.django_db
ANN = {"email": "Ann@Example.com", "name": "Ann", "password1": PASSWORD, "password2": PASSWORD}
BO = {**ANN, "email": "bo@example.com", "name": "Bo"}


def path_of(link: str) -> str:
    return link.removeprefix("http://localhost:8000")


def place(user: User) -> Membership:
    return Membership.objects.select_related("team", "user").get(user=user)


def test_who_opens_the_first_link_takes_over_what_solo_mode_has_kept(team_mode):
    local = set_up_solo()
    made = make_comparison(local.team, local.user, title="From solo days")
    assert needs_first_owner()
    browser = browser_of(None)
    answer = browser.post(path_of(first_owner_link()), ANN)
    assert answer.status_code == 302
    assert "From solo days" in browser.get(made.get_absolute_url()).content.decode()
    ann = User.objects.get()
    assert (ann.pk, ann.email, ann.name, place(ann).role) == (local.user.pk, "ann@example.com", "Ann", "owner")
    assert not needs_first_owner()


def test_going_back_to_solo_mode_finds_everything_again(team_mode, settings):
    browser_of(None).post(path_of(first_owner_link()), ANN)
    assert place(User.objects.get()).team == set_up_solo().team


def test_the_first_link_works_once_and_only_the_newest_one(team_mode):
    old, new = path_of(first_owner_link()), path_of(first_owner_link())
    assert browser_of(None).get(old).status_code == 410
    assert browser_of(None).post(new, ANN).status_code == 302
    assert browser_of(None).get(new).status_code == 410
    assert browser_of(None).post(new, BO).status_code == 410
    assert User.objects.count() == 1


def test_a_form_refused_keeps_what_was_typed_but_no_password(team_mode):
    answer = browser_of(None).post(path_of(first_owner_link()), {**ANN, "password1": "short", "password2": "short"})
    page = answer.content.decode()
    assert answer.status_code == 422
    assert 'value="Ann@Example.com"' in page
    assert "at least 12 characters" in page.lower()
    assert 'short"' not in page


def test_b32_an_invitation_makes_an_account_in_the_team_with_the_role(crew):
    secret = invite(place(crew["admin"]), role=Role.VIEWER, note="Bo")
    browser = browser_of(None)
    assert "Crew" in browser.get(f"/account/invited/{secret}/").content.decode()
    assert browser.post(f"/account/invited/{secret}/", BO).status_code == 302
    bo = place(User.objects.get(email="bo@example.com"))
    assert (bo.team.name, bo.role) == ("Crew", "viewer")
    assert browser.get("/history/").status_code == 200
    assert browser_of(None).get(f"/account/invited/{secret}/").status_code == 410


def test_who_is_signed_in_joins_with_the_account_there_is(crew):
    secret = invite(place(crew["owner"]), role=Role.MEMBER, note="")
    browser = browser_of(crew["stranger"])
    assert "Join the team" in browser.get(f"/account/invited/{secret}/").content.decode()
    browser.post(f"/account/invited/{secret}/")
    assert {one.team.name: one.role for one in crew["stranger"].memberships.select_related("team")} == {
        "Others": "owner",
        "Crew": "member",
    }


def test_who_is_in_the_team_keeps_role_and_invitation(crew):
    secret = invite(place(crew["owner"]), role=Role.VIEWER, note="")
    browser_of(crew["admin"]).post(f"/account/invited/{secret}/")
    assert place(crew["admin"]).role == "admin"
    assert browser_of(None).get(f"/account/invited/{secret}/").status_code == 200


@pytest.mark.parametrize("how", ["revoked", "expired", "invented"])
def test_b32_an_invitation_that_ended_lets_nobody_in(how, crew):
    secret = invite(place(crew["owner"]), role=Role.MEMBER, note="")
    link = OneTimeLink.objects.get()
    if how == "revoked":
        revoke(place(crew["owner"]), link)
    elif how == "expired":
        OneTimeLink.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    else:
        secret = "x" + secret
    assert browser_of(None).post(f"/account/invited/{secret}/", BO).status_code == 410
    assert not User.objects.filter(email="bo@example.com").exists()


def test_a_link_opens_only_the_door_it_is_for(crew):
    secret = invite(place(crew["owner"]), role=Role.MEMBER, note="")
    for door in ("first", "new-password"):
        assert browser_of(None).get(f"/account/{door}/{secret}/").status_code == 410


def test_only_a_digest_of_a_link_is_kept(crew):
    secret = invite(place(crew["owner"]), role=Role.MEMBER, note="")
    assert secret not in str(list(OneTimeLink.objects.values())) + str(list(AuditEntry.objects.values()))


def test_nobody_invites_above_what_they_may_give(crew):
    with pytest.raises(Refused):
        invite(place(crew["admin"]), role=Role.OWNER, note="")
    with pytest.raises(Refused):
        invite(place(crew["member"]), role=Role.VIEWER, note="")


def test_b22_a_link_to_a_new_password_ends_the_sessions_of_the_old_one(crew):
    member = crew["member"]
    member.set_password("another password of old")
    member.save()
    elsewhere = browser_of(member)
    secret = offer_new_password(place(crew["admin"]), place(member))
    new = {"password1": PASSWORD, "password2": PASSWORD}
    assert browser_of(None).post(f"/account/new-password/{secret}/", new).status_code == 302
    assert elsewhere.get("/history/").status_code == 302
    signed_in = browser_of(None).post("/account/login/", {"login": member.email, "password": PASSWORD})
    assert signed_in.headers["Location"] == "/"


def test_an_admin_cannot_become_somebody_whose_role_is_out_of_reach_elsewhere(crew):
    other_team = make_team("Elsewhere", owner=crew["member"])
    with pytest.raises(Refused):
        offer_new_password(place(crew["admin"]), Membership.objects.get(user=crew["member"], team__name="Crew"))
    with pytest.raises(Refused):
        offer_new_password(place(crew["admin"]), place(crew["owner"]))
    assert other_team.memberships.count() == 1
    assert not OneTimeLink.objects.exists()


def test_the_terminal_helps_whoever_nobody_else_can_help(crew, capsys):
    call_command("new_password", "Owner@example.com")
    link = path_of(capsys.readouterr().out.strip())
    new = {"password1": PASSWORD, "password2": PASSWORD}
    assert browser_of(None).post(link, new).status_code == 302
    crew["owner"].refresh_from_db()
    assert crew["owner"].check_password(PASSWORD)
    with pytest.raises(CommandError, match="Nobody signs in"):
        call_command("new_password", "nobody@example.com")


def test_b32_an_invitation_lasts_three_days_and_one_use(crew):
    secret = invite(place(crew["owner"]), role=Role.MEMBER, note="")
    left = OneTimeLink.objects.get().expires_at - timezone.now()
    assert timedelta(hours=71) < left <= timedelta(hours=72)
    assert browser_of(None).post(f"/account/invited/{secret}/", BO).status_code == 302
    assert browser_of(None).post(f"/account/invited/{secret}/", {**BO, "email": "cy@example.com"}).status_code == 410
    assert browser_of(crew["stranger"]).post(f"/account/invited/{secret}/").status_code == 410


def test_b32_an_invitation_for_an_address_is_nobody_elses(crew):
    secret = invite(place(crew["owner"]), role=Role.MEMBER, note=" Bo@example.com ")
    refused = browser_of(None).post(f"/account/invited/{secret}/", {**BO, "email": "eve@example.com"})
    assert (refused.status_code, "for another e-mail" in refused.content.decode()) == (422, True)
    other = browser_of(crew["stranger"]).post(f"/account/invited/{secret}/")
    assert (other.status_code, "for another e-mail" in other.content.decode()) == (403, True)
    assert not crew["stranger"].memberships.filter(team__name="Crew").exists()
    assert browser_of(None).post(f"/account/invited/{secret}/", BO).status_code == 302


def test_b32_invitations_of_an_admin_who_was_removed_end_too(crew):
    secret = invite(place(crew["admin"]), role=Role.MEMBER, note="")
    browser_of(crew["owner"]).post(f"/team/members/{place(crew['admin']).public_id}/remove/")
    assert browser_of(None).post(f"/account/invited/{secret}/", BO).status_code == 410
    assert not User.objects.filter(email="bo@example.com").exists()


def test_b29_a_link_is_built_from_the_configured_address_whatever_host_was_asked_for(crew):
    page = browser_of(crew["owner"], host="127.0.0.1:9").post("/team/invitations/", {"role": "viewer"})
    assert "http://localhost:8000/account/invited/" in page.content.decode()
    assert "127.0.0.1:9" not in page.content.decode()
