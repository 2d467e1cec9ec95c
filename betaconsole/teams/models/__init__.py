"""People, teams, connections and tokens."""

from .connections import SIMULATOR_KEY, Connection, ConnectionQuerySet
from .people import Membership, Role, Team, User, UserManager
from .tokens import ApiToken

__all__ = [
    "SIMULATOR_KEY",
    "ApiToken",
    "Connection",
    "ConnectionQuerySet",
    "Membership",
    "Role",
    "Team",
    "User",
    "UserManager",
]
