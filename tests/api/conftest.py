"""Callers of the JSON API."""

import pytest

from betaconsole.teams.models import Team, User
from betaconsole.teams.solo import make_connections
from tests.api.calling import Caller


@pytest.fixture
def caller(ann: User, team: Team) -> Caller:
    """Ann's program."""
    return Caller(ann, team)


@pytest.fixture
def stranger(eve: User) -> Caller:
    """Eve's program: a token for another team."""
    team = eve.teams.get()
    make_connections(team, author=eve)
    return Caller(eve, team)
