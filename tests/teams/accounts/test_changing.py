"""Another e-mail to sign in with."""

import pytest
from django.core.management import CommandError, call_command
from django.test import Client

from betaconsole.teams.models import AuditEntry, User
from tests.team_mode import PASSWORD, browser_of, person

pytestmark = pytest.mark.django_db


@pytest.fixture
def ann(team_mode, db) -> User:
    ann = person("Ann")
    ann.set_password(PASSWORD)
    ann.save()
    return ann


def proved(user: User) -> Client:
    """A browser in which the person has just typed the password once more."""
    browser = browser_of(user)
    browser.post("/account/again/", {"password": PASSWORD})
    return browser


def test_the_person_proves_who_it_is_and_signs_in_with_the_new_one(ann):
    browser = browser_of(ann)
    asked = browser.post("/account/email/", {"email": "Ann@new.example"})
    assert asked.headers["Location"].startswith("/account/again/")
    ann.refresh_from_db()
    assert ann.email == "ann@example.com", "not before the password is typed"
    assert browser.post(asked.headers["Location"], {"password": "a guess"}).status_code == 422
    done = browser.post(asked.headers["Location"], {"password": PASSWORD})
    assert (done.status_code, done.headers["Location"]) == (302, "/account/")
    ann.refresh_from_db()
    assert ann.email == "ann@new.example"
    assert list(ann.emailaddress_set.values_list("email", "verified")) == [("ann@new.example", False)]
    noted = AuditEntry.objects.get(action="e-mail changed")
    assert (noted.person, noted.about) == (ann, "from ann@example.com")
    old, new = ({"login": email, "password": PASSWORD} for email in ("ann@example.com", "ann@new.example"))
    assert browser_of(None).post("/account/login/", old).status_code == 422
    assert browser_of(None).post("/account/login/", new).status_code == 302


def test_an_address_that_somebody_has_is_not_taken(ann):
    bo, browser = person("Bo"), proved(ann)
    for email, said in ((bo.email.upper(), "an account with this"), (ann.email, "already"), ("nonsense", "valid")):
        refused = browser.post("/account/email/", {"email": email})
        assert refused.status_code == 422
        assert said in refused.content.decode()


def test_where_people_come_in_by_a_service_only_the_operator_changes_one(ann, settings, capsys):
    settings.OIDC_NAME = "Corp"
    browser = proved(ann)
    assert "manage.py change_email" in browser.get("/account/email/").content.decode()
    assert browser.post("/account/email/", {"email": "x@new.example"}).status_code == 403
    call_command("change_email", "ANN@example.com", "x@new.example")
    assert "x@new.example" in capsys.readouterr().out
    ann.refresh_from_db()
    assert ann.email == "x@new.example"
    person("Bo")
    for arguments in (
        ("nobody@example.com", "y@new.example"),
        (ann.email, "bo@example.com"),
        (ann.email, "no address"),
    ):
        with pytest.raises(CommandError):
            call_command("change_email", *arguments)
