"""Saved sets of betas, in versions that never change."""

from collections.abc import Sequence
from typing import Any

from django.db import models, transaction
from django.urls import reverse
from django.utils import timezone

from betaconsole.claude.headers import join_betas
from betaconsole.library.patches import same_patch
from betaconsole.storage.fields import ExactTextField, JsonTextField
from betaconsole.teams.models import Team, User

from .kept import Kept


class Combination(Kept):
    """A saved, named, ordered set of betas, with what a column that takes it changes in the body.

    `betas` and `patch` are a copy of its newest version, for lists and searches.
    """

    team = models.ForeignKey(Team, on_delete=models.CASCADE, related_name="combinations")
    betas = JsonTextField(default=list)
    note = models.CharField(max_length=500, blank=True)  # what it is for, whatever the version
    patch = ExactTextField(default="")  # JSON of a merge patch as typed; empty for none

    class Meta:
        indexes = [models.Index(fields=["team", "-updated_at", "-id"])]

    def get_absolute_url(self) -> str:
        return reverse("library:combination", args=[self.public_id])

    @classmethod
    @transaction.atomic
    def keep(
        cls,
        *,
        team: Team,
        author: User,
        name: str,
        betas: Sequence[str],
        patch: str = "",
        note: str = "",
        version_note: str = "",
    ) -> "CombinationVersion":
        """A new combination and its first version. The patch is checked (library.patches) by whoever takes it in."""
        made = cls.objects.create(team=team, author=author, name=name, note=note)
        return made.add_version(author=author, betas=betas, patch=patch, note=version_note)

    @classmethod
    @transaction.atomic
    def keep_under(
        cls, name: str, *, team: Team, author: User, betas: Sequence[str], patch: str = ""
    ) -> "CombinationVersion":
        """The same; where the team has a combination of that name these betas are its next version."""
        standing = cls.objects.filter(team=team, name=name, archived_at=None).first()
        if standing is None:
            return cls.keep(team=team, author=author, name=name, betas=betas, patch=patch)
        return standing.add_version(author=author, betas=betas, patch=patch)

    @transaction.atomic
    def add_version(
        self, *, author: User | None, betas: Sequence[str], patch: str = "", note: str = ""
    ) -> "CombinationVersion":
        """The next version; the newest one itself where nothing has changed since, however its patch is written."""
        self.updated_at = timezone.now()
        self.save(update_fields=["updated_at"])  # first: holds the row until the commit
        newest = self.newest
        if newest and newest.is_in(betas=betas, changes_text=patch):
            return newest
        state = {"betas": list(betas), "patch": patch}
        self.betas, self.patch = state["betas"], patch
        self.save(update_fields=["betas", "patch"])
        number = newest.number + 1 if newest else 1
        return self.versions.create(number=number, author=author, note=note, **state)

    @property
    def newest(self) -> "CombinationVersion | None":
        return self.versions.order_by("-number").first()

    @property
    def header(self) -> str:
        """The exact value of `anthropic-beta` in a request that sends its newest version."""
        return join_betas(self.betas)

    def describe(self, note: str) -> None:
        """What it is for."""
        self.note = note
        self.updated_at = timezone.now()
        self.save(update_fields=["note", "updated_at"])

    def bring_back(self, version: "CombinationVersion", *, author: User) -> "CombinationVersion":
        """An old version as the newest one: it is saved once more, and nothing is lost."""
        return self.add_version(author=author, note=f"v{version.number} again", **version.state)

    def duplicate(self, version: "CombinationVersion", *, author: User, name: str) -> "Combination":
        """A combination of its own that begins with this version."""
        copied = f"Copy of {self.name} v{version.number}"[:500]
        return Combination.keep(
            team=self.team, author=author, name=name, note=self.note, version_note=copied, **version.state
        ).combination


class CombinationVersion(models.Model):
    """One immutable state of a combination: its betas in order, and what a column that takes it changes in the body."""

    combination = models.ForeignKey(Combination, on_delete=models.CASCADE, related_name="versions")
    number = models.PositiveIntegerField()
    author = models.ForeignKey(User, on_delete=models.SET_NULL, null=True, related_name="+")
    betas = JsonTextField(default=list)
    patch = ExactTextField(default="")
    note = models.CharField(max_length=500, blank=True)  # what is new in it
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["combination", "number"], name="one_combination_version_per_number")
        ]

    def __str__(self) -> str:
        return f"{self.combination} · v{self.number}"

    @property
    def state(self) -> dict[str, Any]:
        """All that makes it what it is, as `Combination.add_version` takes it."""
        return {"betas": self.betas, "patch": self.patch}

    @property
    def header(self) -> str:
        """The exact value of `anthropic-beta` in a request that sends it."""
        return join_betas(self.betas)

    def is_in(self, *, betas: Sequence[str], changes_text: str) -> bool:
        """Whether a column of these betas and changes sends just this version."""
        return list(betas) == self.betas and same_patch(changes_text, self.patch)
