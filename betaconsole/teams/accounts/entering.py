"""How people come into the console: the first owner, by invitation, and back in with a new password.

Each is a link that works once. There is no mail: a link is printed in the terminal or handed over by a person.
"""

from datetime import timedelta

from allauth.account.models import EmailAddress
from django.conf import settings
from django.db import transaction
from django.http import HttpRequest
from django.urls import reverse

from betaconsole.teams.audit import record, record_person
from betaconsole.teams.models import Membership, OneTimeLink, Role, User
from betaconsole.teams.solo import set_up_solo

INVITATION = "invitation"  # the session's word for the invitation that a visitor came by
FIRST_LASTS = timedelta(days=2)
INVITATION_LASTS = timedelta(hours=72)
PASSWORD_LASTS = timedelta(days=1)


class Another(Exception):
    """The invitation is for somebody else's address; it stays open."""


class Spent(Exception):
    """Somebody else used the link in the same moment, or it ended."""


def needs_first_owner() -> bool:
    """Whether no owner of a team can sign in: nobody has come through the first link yet."""
    return not Membership.objects.filter(
        role=Role.OWNER, user__is_active=True, user__emailaddress__isnull=False
    ).exists()


def first_owner_link() -> str:
    """A new address for the first owner; the ones printed before work no more."""
    for link in OneTimeLink.objects.open().filter(kind=OneTimeLink.Kind.FIRST_OWNER):
        link.revoke()
    _, secret = OneTimeLink.issue(OneTimeLink.Kind.FIRST_OWNER, lasts=FIRST_LASTS)
    return settings.PUBLIC_URL + reverse("entering:first", args=[secret])


def open_link(kind: OneTimeLink.Kind, secret: str) -> OneTimeLink | None:
    """The link of this kind that this secret opens, where it still does."""
    link = OneTimeLink.objects.with_secret(secret)
    return link if link is not None and link.kind == kind else None


@transaction.atomic
def become_owner(request: HttpRequest, link: OneTimeLink, *, email: str, name: str, password: str) -> User:
    """The first person: takes the local owner's place and with it everything that solo mode has kept."""
    place = set_up_solo()
    user = place.user
    if not link.use(user):
        raise Spent
    user.email, user.name = email, name
    user.set_password(password)
    user.save(update_fields=["email", "name", "password"])
    _keep_address(user)
    record_person(request, user, "person joined")
    record(place, "team taken over", about=place.team.name)
    return user


@transaction.atomic
def accept(request: HttpRequest, link: OneTimeLink, user: User) -> Membership:
    """Into the link's team in the link's role. Who is in it already keeps the role held, and the link."""
    assert link.team is not None
    standing = Membership.objects.filter(user=user, team=link.team).first()
    if standing is not None:
        return standing
    if not link.is_for(user.email):
        raise Another
    if not link.use(user):
        raise Spent
    made = Membership.objects.create(user=user, team=link.team, role=link.role)
    record(made, "member joined", about=f"as {made.role}")
    return made


@transaction.atomic
def make_account(request: HttpRequest, link: OneTimeLink, *, email: str, name: str, password: str) -> User:
    """A new person, in the link's team."""
    user = User.objects.create_user(email, password, name=name)
    _keep_address(user)
    record_person(request, user, "person joined")
    accept(request, link, user)
    return user


@transaction.atomic
def renew_password(request: HttpRequest, link: OneTimeLink, password: str) -> User:
    """A new password for the link's person. Sessions signed in with the old one end by themselves."""
    user = link.person
    assert user is not None
    if not link.use(user):
        raise Spent
    user.set_password(password)
    user.save(update_fields=["password"])
    _keep_address(user)
    record_person(request, user, "password changed", about="through a link")
    return user


def _keep_address(user: User) -> None:
    """allauth looks up who signs in by its own table too. Unverified: nobody could verify it without mail."""
    EmailAddress.objects.update_or_create(user=user, primary=True, defaults={"email": user.email})
