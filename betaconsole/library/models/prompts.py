"""Saved prompts: versions that never change, tags to find them by, cases to fill them in with."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from django.db import models, transaction
from django.urls import reverse
from django.utils import timezone

from betaconsole.library.cases import CaseRow
from betaconsole.library.reading import searchable_words
from betaconsole.library.variables import written
from betaconsole.storage.fields import ExactTextField, JsonTextField, showable
from betaconsole.teams.models import Team, User

from .kept import Kept


class Prompt(Kept):
    """A saved request body with versions; `{{variables}}` may stand in its strings."""

    team = models.ForeignKey(Team, on_delete=models.CASCADE, related_name="prompts")
    words = models.TextField(blank=True)  # a copy of how its newest version begins, to be searched

    class Meta:
        indexes = [models.Index(fields=["team", "-updated_at", "-id"])]

    def get_absolute_url(self) -> str:
        return reverse("library:prompt", args=[self.public_id])

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
        variables: Iterable[Mapping[str, str]] = (),
        note: str = "",
    ) -> "PromptVersion":
        """A new prompt and its first version; `tool_stubs` and `variables` in their written form."""
        prompt = cls.objects.create(team=team, author=author, name=name)
        return prompt.add_version(
            author=author,
            body_text=body_text,
            tool_stubs=tool_stubs,
            max_turns=max_turns,
            variables=variables,
            note=note,
        )

    @transaction.atomic
    def add_version(
        self,
        *,
        author: User,
        body_text: str,
        tool_stubs: Sequence[Mapping[str, Any]] = (),
        max_turns: int | None = None,
        variables: Iterable[Mapping[str, str]] | None = None,
        note: str = "",
    ) -> "PromptVersion":
        """The next version; the newest one itself where nothing has changed since.

        Without `variables` what the newest version says of them stands, as far as the new body still has them.
        """
        held = Prompt.objects.filter(pk=self.pk)
        held.update(updated_at=timezone.now())  # first: holds the row until the commit
        newest = self.newest
        described = (newest.variables if newest else ()) if variables is None else variables
        state = {
            "body_text": body_text,
            "tool_stubs": list(tool_stubs),
            "max_turns": max_turns,
            "variables": written(described, body_text),
        }
        if newest and all(getattr(newest, name) == value for name, value in state.items()):
            return newest
        held.update(words=searchable_words(showable(body_text)))
        number = newest.number + 1 if newest else 1
        return self.versions.create(number=number, author=author, note=note, **state)

    @property
    def newest(self) -> "PromptVersion | None":
        return self.versions.order_by("-number").first()

    @transaction.atomic
    def bring_back(self, version: "PromptVersion", *, author: User) -> "PromptVersion":
        """An old version as the newest one: it is saved once more, and nothing is lost."""
        return self.add_version(author=author, note=f"v{version.number} again", **version.state)

    @transaction.atomic
    def duplicate(self, version: "PromptVersion", *, author: User, name: str) -> "Prompt":
        """A prompt of its own that begins with this version; tags and cases come along."""
        note = f"Copy of {self.name} v{version.number}"[:500]
        copy = Prompt.keep(team=self.team, author=author, name=name, note=note, **version.state).prompt
        copy.set_tags(tag.tag for tag in self.tags.all())
        copy.set_cases([case.row for case in self.cases.all()])
        return copy

    @transaction.atomic
    def set_tags(self, tags: Iterable[str]) -> None:
        """Exactly these tags; each was made by `library.names.tags_of`."""
        wanted = set(tags)
        self.tags.exclude(tag__in=wanted).delete()
        rows = [PromptTag(prompt=self, tag=tag) for tag in sorted(wanted)]
        PromptTag.objects.bulk_create(rows, ignore_conflicts=True)

    @transaction.atomic
    def set_cases(self, rows: Sequence[CaseRow]) -> None:
        """Exactly these cases, in this order."""
        Prompt.objects.filter(pk=self.pk).update(updated_at=timezone.now())  # holds the row until the commit
        self.cases.all().delete()
        PromptCase.objects.bulk_create(
            (
                PromptCase(prompt=self, position=position, name=row.name, values=dict(row.values))
                for position, row in enumerate(rows)
            ),
            batch_size=200,
        )


class PromptVersion(models.Model):
    """One immutable state of a prompt: the body text exactly as it was saved, what is said of its variables, and the
    stubs that answer for its tools."""

    prompt = models.ForeignKey(Prompt, on_delete=models.CASCADE, related_name="versions")
    number = models.PositiveIntegerField()
    author = models.ForeignKey(User, on_delete=models.SET_NULL, null=True, related_name="+")
    body_text = ExactTextField()
    variables = JsonTextField(default=list)  # library.variables: name, description, default of those described
    tool_stubs = JsonTextField(default=list)  # library.stubs
    max_turns = models.PositiveIntegerField(null=True)  # null: library.stubs.turns_allowed decides
    note = models.CharField(max_length=500, blank=True)
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["prompt", "number"], name="one_prompt_version_per_number")]

    def __str__(self) -> str:
        return f"{self.prompt} · v{self.number}"

    @property
    def state(self) -> dict[str, Any]:
        """All that makes it what it is, as `Prompt.add_version` takes it."""
        return {name: getattr(self, name) for name in ("body_text", "tool_stubs", "max_turns", "variables")}


class PromptTag(models.Model):
    """A word that a prompt is found by."""

    prompt = models.ForeignKey(Prompt, on_delete=models.CASCADE, related_name="tags")
    tag = models.CharField(max_length=40)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["prompt", "tag"], name="one_tag_per_prompt")]
        indexes = [models.Index(fields=["tag", "prompt"])]
        ordering = ["tag"]

    def __str__(self) -> str:
        return self.tag


class PromptCase(models.Model):
    """One set of values for the variables of a prompt."""

    prompt = models.ForeignKey(Prompt, on_delete=models.CASCADE, related_name="cases")
    position = models.PositiveIntegerField()
    name = models.CharField(max_length=200, blank=True)
    values = JsonTextField(default=dict)  # variable → text

    class Meta:
        constraints = [models.UniqueConstraint(fields=["prompt", "position"], name="one_prompt_case_per_position")]
        ordering = ["position"]

    def __str__(self) -> str:
        return self.name or f"case {self.position + 1}"

    @property
    def row(self) -> CaseRow:
        return CaseRow(name=self.name, values=self.values)
