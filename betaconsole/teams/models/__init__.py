"""People, teams, connections, tokens, links that work once, and the log of who did what."""

from .audit import AuditEntry
from .connections import SIMULATOR_KEY, Connection, ConnectionQuerySet
from .links import OneTimeLink
from .people import Membership, Role, Team, TeamClosed, User, UserManager
from .tokens import ApiToken

__all__ = [
    "SIMULATOR_KEY",
    "ApiToken",
    "AuditEntry",
    "Connection",
    "ConnectionQuerySet",
    "Membership",
    "OneTimeLink",
    "Role",
    "Team",
    "TeamClosed",
    "User",
    "UserManager",
]
