"""A header line as a comparison: all its names, all but each one, none."""

from __future__ import annotations

from collections.abc import Sequence

from betaconsole.claude import jsontext
from betaconsole.claude.headers import HeaderError, check_beta, check_version
from betaconsole.drafts.columns import MAX_COLUMNS, Column, new_key
from betaconsole.drafts.labels import split_name
from betaconsole.drafts.models import Draft
from betaconsole.teams.models import Connection, Team, User

from .checking import Pasted
from .trials import PLAIN_BODY


def sendable(names: Sequence[str]) -> tuple[str, ...]:
    """The names that a header can hold, as many as a comparison has columns for."""
    return tuple(name for name in names if _is_well_formed(name))[: MAX_COLUMNS - 2]


def columns_leaving_out(names: Sequence[str]) -> list[Column]:
    """All of them first, which the others are compared with; a single name is either there or not."""
    each = [
        Column(key=new_key(), name=f"−{split_name(left)[0]}", betas=tuple(name for name in names if name != left))
        for left in names
    ]
    none = Column(key=new_key(), name="none")
    return [Column(key=new_key(), name="all", betas=tuple(names)), *(each if len(names) > 1 else ()), none]


def draft_leaving_out(team: Team, author: User, read: Pasted, *, model: str, version: str) -> Draft:
    """The draft, with the body that was pasted or a plain question, on the team's default connection."""
    connection = Connection.objects.default_for(team, author)
    return Draft.start(
        team=team,
        author=author,
        connection=connection,
        version=version if _is_version(version) else connection.anthropic_version,
        body_text=read.body_text or jsontext.dumps({**PLAIN_BODY, "model": model, "stream": True}, indent=2),
        columns=columns_leaving_out(sendable(read.names)),
        title="Which of these headers still matter?",
    )


def _is_well_formed(name: str) -> bool:
    try:
        return bool(check_beta(name))
    except HeaderError:
        return False


def _is_version(version: str) -> bool:
    try:
        return bool(check_version(version))
    except HeaderError:
        return False
