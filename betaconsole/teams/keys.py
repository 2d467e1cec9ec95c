"""Pasted keys: a connection for each, sealed at once, and gone for good when removed."""

from django.db import transaction
from django.utils import timezone

from . import sealing
from .models import Connection, Team, User


@transaction.atomic
def keep_key(key: str, *, team: Team, author: User, name: str, base_url: str) -> Connection:
    """A connection with this key; the team's connection that has it already, under its new name, where there is one."""
    mark = sealing.fingerprint(key)
    standing = Connection.objects.filter(team=team, archived_at=None, key_fingerprint=mark, base_url=base_url).first()
    if standing is not None:
        standing.name = name
        standing.save(update_fields=["name"])
        return standing
    made = Connection.objects.create(team=team, author=author, name=name, kind=Connection.Kind.KEY, base_url=base_url)
    made.put_key(key)
    return made


def remove_key(connection: Connection) -> None:
    """Take a pasted key out of use: the row stays for the comparisons that used it, the sealed key does not."""
    connection.sealed_key = ""
    connection.key_fingerprint = ""
    connection.archived_at = timezone.now()
    connection.save(update_fields=["sealed_key", "key_fingerprint", "archived_at"])
