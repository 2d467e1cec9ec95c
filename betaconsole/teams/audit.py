"""Writing the audit log. An action is a noun and what was done to it: "key added", "role changed", "run started"."""

from collections.abc import Mapping
from typing import Any

from django.http import HttpRequest

from betaconsole.web.redaction import redact

from .models import AuditEntry, Membership, User


def record(
    by: HttpRequest | Membership, action: str, *, about: str = "", detail: Mapping[str, Any] | None = None
) -> None:
    """Note that whoever asks (or this membership's person) did something in the current team.

    `about` names what it was done to, as a person would; `detail` holds plain values: never a body, never a key.
    Call it inside the transaction that does the thing, so that neither is there without the other.
    """
    if isinstance(by, Membership):
        _write(by.user, by.team_id, "", action, about=about, detail=detail)
        return
    user = getattr(by, "user", None)
    team = getattr(by, "team", None)
    _write(user, team and team.pk, by.META.get("REMOTE_ADDR", ""), action, about=about, detail=detail)


def record_by(
    user: User, team_id: int, action: str, *, about: str = "", detail: Mapping[str, Any] | None = None
) -> None:
    """The same where no request is at hand: what this person did in this team."""
    _write(user, team_id, "", action, about=about, detail=detail)


def record_console(team_id: int, action: str, *, about: str = "", detail: Mapping[str, Any] | None = None) -> None:
    """Note what the console did or met by itself, and nobody asked for."""
    _write(None, team_id, "", action, about=about, detail=detail)


def record_person(
    request: HttpRequest | None, user: User | None, action: str, *, about: str = "", who: str = ""
) -> None:
    """Note what concerns a person and no team: a sign-in, a new password. Admins of the person's teams see it.

    `who`: what was typed where the person is not known. `request`: None where somebody did it from the command line.
    """
    _write(user, None, request.META.get("REMOTE_ADDR", "") if request else "", action, about=about, who=who)


def _write(
    user: User | None,
    team_id: int | None,
    address: str,
    action: str,
    *,
    about: str,
    detail: Mapping[str, Any] | None = None,
    who: str = "",
) -> None:
    known = user if isinstance(user, User) else None
    AuditEntry.objects.create(
        team_id=team_id,
        person=known,
        who=(_name(known) if known else who)[:255],
        action=action,
        about=redact(about)[:300],
        detail=dict(detail or {}),
        address=address[:45],
    )


def _name(user: User) -> str:
    return f"{user.name} <{user.email}>" if user.name else user.email
