"""Saved sets of betas."""

from collections.abc import Sequence

from django.db import models
from django.utils import timezone

from betaconsole.claude.headers import join_betas
from betaconsole.storage.fields import ExactTextField, JsonTextField
from betaconsole.teams.models import Team, User

from .kept import Kept


class Combination(Kept):
    """A saved, named, ordered set of betas, with what a column that takes it changes in the body."""

    team = models.ForeignKey(Team, on_delete=models.CASCADE, related_name="combinations")
    betas = JsonTextField(default=list)
    note = models.CharField(max_length=500, blank=True)
    patch = ExactTextField(default="")  # JSON of a merge patch as typed; empty for none

    class Meta:
        indexes = [models.Index(fields=["team", "-updated_at", "-id"])]

    @classmethod
    def keep(cls, *, team: Team, author: User, name: str, betas: Sequence[str]) -> "Combination":
        """Save the betas under a name; a combination of that name gets these betas."""
        standing = cls.objects.filter(team=team, name=name, archived_at=None).first()
        if standing is None:
            return cls.objects.create(team=team, author=author, name=name, betas=list(betas))
        standing.betas = list(betas)
        standing.updated_at = timezone.now()
        standing.save(update_fields=["betas", "updated_at"])
        return standing

    @property
    def header(self) -> str:
        """The exact value of `anthropic-beta` in a request that sends it."""
        return join_betas(self.betas)

    def set_betas(self, betas: Sequence[str]) -> None:
        self.betas = list(betas)
        self._save("betas")

    def describe(self, *, note: str, patch: str) -> None:
        """Its note and its patch; the patch is checked (library.patches) by whoever takes it in."""
        self.note, self.patch = note, patch
        self._save("note", "patch")

    def duplicate(self, *, author: User, name: str) -> "Combination":
        copied = {"betas": self.betas, "note": self.note, "patch": self.patch}
        return Combination.objects.create(team=self.team, author=author, name=name, **copied)

    def _save(self, *fields: str) -> None:
        self.updated_at = timezone.now()
        self.save(update_fields=[*fields, "updated_at"])
