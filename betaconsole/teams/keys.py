"""Pasted keys: a connection for each, sealed at once, out of use while archived, and gone for good when erased."""

from collections.abc import Mapping
from typing import Any

from django.db import transaction
from django.utils import timezone
from django.views.decorators.debug import sensitive_variables

from . import sealing
from .models import Connection, Team, User


@transaction.atomic
@sensitive_variables("key")
def keep_key(
    key: str, *, team: Team, author: User, name: str, base_url: str, settings: Mapping[str, Any] | None = None
) -> Connection:
    """A connection with this key; the team's connection that has it already, under its new name, where there is one.

    `settings`: further columns of a new one. One that is there keeps its own.
    """
    if standing := same_key(key, team=team, base_url=base_url):
        standing.name = name
        standing.save(update_fields=["name"])
        return standing
    made = Connection.objects.create(
        team=team, author=author, name=name, kind=Connection.Kind.KEY, base_url=base_url, **(settings or {})
    )
    made.put_key(key)
    return made


@sensitive_variables("key")
def same_key(key: str, *, team: Team, base_url: str) -> Connection | None:
    """The team's connection in use that has this key for this address."""
    rows = Connection.objects.filter(team=team, archived_at=None, base_url=base_url)
    return rows.filter(key_fingerprint=sealing.fingerprint(key)).first()


def archive(connection: Connection) -> None:
    """Out of use: nothing new is sent on it. Its key stays sealed, and the row for what was sent."""
    connection.archived_at = timezone.now()
    connection.save(update_fields=["archived_at"])


def restore(connection: Connection) -> None:
    """In use again."""
    connection.archived_at = None
    connection.save(update_fields=["archived_at"])


def remove_key(connection: Connection) -> None:
    """Erase a pasted key: the row stays, archived, for the comparisons that used it; the sealed key does not."""
    connection.sealed_key = ""
    connection.key_fingerprint = ""
    connection.archived_at = connection.archived_at or timezone.now()
    connection.save(update_fields=["sealed_key", "key_fingerprint", "archived_at"])
