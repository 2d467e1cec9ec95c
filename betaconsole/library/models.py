"""What a team keeps for later: prompts with their versions, and combinations of betas."""

from collections.abc import Mapping, Sequence
from typing import Any, Self

from django.db import models, transaction
from django.utils import timezone

from betaconsole.storage.fields import ExactTextField, JsonTextField
from betaconsole.storage.public_id import new_public_id
from betaconsole.teams.models import Team, User
from betaconsole.teams.owned import OwnedQuerySet


class KeptQuerySet(OwnedQuerySet):
    def kept(self) -> Self:
        """What was not deleted, last used first."""
        return self.filter(archived_at=None).order_by("-updated_at", "-pk")


class Kept(models.Model):
    """Something with a name that a team keeps. Deleting can be undone: the row stays, marked."""

    author = models.ForeignKey(User, on_delete=models.SET_NULL, null=True, related_name="+")
    public_id = models.CharField(max_length=24, unique=True, default=new_public_id)
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
        """Delete it from every list; `restore` brings it back."""
        self.archived_at = timezone.now()
        self.save(update_fields=["archived_at"])

    def restore(self) -> None:
        self.archived_at = None
        self.save(update_fields=["archived_at"])


class Prompt(Kept):
    """A saved request body with versions; `{{variables}}` may stand in its strings."""

    team = models.ForeignKey(Team, on_delete=models.CASCADE, related_name="prompts")

    class Meta:
        indexes = [models.Index(fields=["team", "-updated_at", "-id"])]

    @classmethod
    @transaction.atomic
    def keep(
        cls,
        *,
        team: Team,
        author: User,
        name: str,
        body_text: str,
        tool_stubs: Sequence[Mapping[str, Any]] = (),
        max_turns: int | None = None,
    ) -> "PromptVersion":
        """A new prompt and its first version; `tool_stubs` in their written form (library.stubs)."""
        prompt = cls.objects.create(team=team, author=author, name=name)
        return prompt.add_version(author=author, body_text=body_text, tool_stubs=tool_stubs, max_turns=max_turns)

    @transaction.atomic
    def add_version(
        self,
        *,
        author: User,
        body_text: str,
        tool_stubs: Sequence[Mapping[str, Any]] = (),
        max_turns: int | None = None,
    ) -> "PromptVersion":
        """The next version; the newest one itself where nothing has changed since."""
        Prompt.objects.filter(pk=self.pk).update(updated_at=timezone.now())  # first: holds the row until the commit
        newest = self.versions.order_by("-number").first()
        state = {"body_text": body_text, "tool_stubs": list(tool_stubs), "max_turns": max_turns}
        if newest and all(getattr(newest, name) == value for name, value in state.items()):
            return newest
        number = newest.number + 1 if newest else 1
        return self.versions.create(number=number, author=author, **state)


class PromptVersion(models.Model):
    """One immutable state of a prompt: the body text exactly as it was saved, and the stubs that answer for its tools."""

    prompt = models.ForeignKey(Prompt, on_delete=models.CASCADE, related_name="versions")
    number = models.PositiveIntegerField()
    author = models.ForeignKey(User, on_delete=models.SET_NULL, null=True, related_name="+")
    body_text = ExactTextField()
    tool_stubs = JsonTextField(default=list)  # library.stubs
    max_turns = models.PositiveIntegerField(null=True)  # null: library.stubs.turns_allowed decides
    note = models.CharField(max_length=500, blank=True)
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["prompt", "number"], name="one_prompt_version_per_number")]

    def __str__(self) -> str:
        return f"{self.prompt} · v{self.number}"


class Combination(Kept):
    """A saved, named, ordered set of betas."""

    team = models.ForeignKey(Team, on_delete=models.CASCADE, related_name="combinations")
    betas = JsonTextField(default=list)
    note = models.CharField(max_length=500, blank=True)

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
