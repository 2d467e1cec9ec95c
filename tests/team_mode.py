"""Team mode for a test, and browsers of people who are signed in."""

from collections.abc import Callable
from typing import Any

import pytest
from django.core.cache import cache
from django.test import Client

from betaconsole.teams.models import Membership, Role, Team, User
from tests.builders import make_team

PASSWORD = "correct horse battery staple"
Browser = Callable[[User], Client]


@pytest.fixture
def team_mode(settings: Any) -> None:
    """The settings a start with BETACONSOLE_MODE=team has; nobody's failed attempts count."""
    settings.MODE = "team"
    settings.MIDDLEWARE = settings.TEAM_MIDDLEWARE
    settings.ROOT_URLCONF = "betaconsole.team_urls"
    settings.PUBLIC_URL = "http://localhost:8000"
    settings.PUBLIC_HOST = "localhost"
    settings.PASSKEYS = settings.MFA_PASSKEY_LOGIN_ENABLED = True
    settings.MFA_SUPPORTED_TYPES = ["totp", "recovery_codes", "webauthn"]
    cache.clear()


def browser_of(user: User | None, **headers: str) -> Client:
    """A browser in which this person, or nobody, is signed in."""
    client = Client(headers={"host": "localhost", "accept": "text/html", **headers}, raise_request_exception=False)
    if user is not None:
        client.force_login(user)
    return client


def person(name: str, team: Team | None = None, role: str = Role.MEMBER) -> User:
    """Somebody with an account, in this team as this role."""
    user = User.objects.create_user(f"{name.lower()}@example.com", name=name)
    user.emailaddress_set.create(email=user.email, primary=True)
    if team is not None:
        Membership.objects.create(user=user, team=team, role=role)
    return user


@pytest.fixture
def crew(team_mode: None, db: None) -> dict[str, User]:
    """One person for each role of one team, and the owner of another."""
    owner = person("Owner")
    team = make_team("Crew", owner=owner)
    stranger = person("Stranger")
    make_team("Others", owner=stranger)
    return {
        "owner": owner,
        "admin": person("Admin", team, Role.ADMIN),
        "member": person("Member", team, Role.MEMBER),
        "viewer": person("Viewer", team, Role.VIEWER),
        "stranger": stranger,
    }
