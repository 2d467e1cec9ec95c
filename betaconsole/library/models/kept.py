"""What prompts and combinations have in common: a name, an author, a way out of the lists and back."""

from typing import Self

from django.db import models
from django.db.models import Q
from django.utils import timezone

from betaconsole.storage.public_id import new_public_id
from betaconsole.teams.models import User
from betaconsole.teams.owned import OwnedQuerySet


class KeptQuerySet(OwnedQuerySet):
    def kept(self) -> Self:
        """What was not archived, last used first."""
        return self.filter(archived_at=None).order_by("-updated_at", "-pk")

    def archived(self) -> Self:
        return self.exclude(archived_at=None)

    def known_as(self, public_id: str) -> Self:
        """What has this id here, or had it where it was exported."""
        return self.filter(Q(public_id=public_id) | Q(origin_id=public_id))


class Kept(models.Model):
    """Something with a name that a team keeps. Archiving can be undone: the row stays, marked."""

    author = models.ForeignKey(User, on_delete=models.SET_NULL, null=True, related_name="+")
    public_id = models.CharField(max_length=24, unique=True, default=new_public_id)
    origin_id = models.CharField(max_length=24, blank=True, db_index=True)  # its id in the file it was imported from
    name = models.CharField(max_length=200)
    created_at = models.DateTimeField(default=timezone.now)
    updated_at = models.DateTimeField(default=timezone.now)
    archived_at = models.DateTimeField(null=True, blank=True)

    objects = KeptQuerySet.as_manager()

    class Meta:
        abstract = True

    def __str__(self) -> str:
        return self.name

    def rename(self, name: str) -> None:
        self.name = name
        self.updated_at = timezone.now()
        self.save(update_fields=["name", "updated_at"])

    def archive(self) -> None:
        """Take it out of every list; `restore` brings it back."""
        self.archived_at = timezone.now()
        self.save(update_fields=["archived_at"])

    def restore(self) -> None:
        self.archived_at = None
        self.save(update_fields=["archived_at"])
