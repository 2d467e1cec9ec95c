"""What a team keeps for later: prompts with their versions, and combinations of betas."""

from django.db import models
from django.utils import timezone

from betaconsole.storage.fields import ExactTextField, JsonTextField
from betaconsole.storage.public_id import new_public_id
from betaconsole.teams.models import Team, User


class OwnedQuerySet(models.QuerySet):
    def visible_to(self, user: User) -> "OwnedQuerySet":
        return self.filter(team__memberships__user=user)


class Prompt(models.Model):
    """A saved request body with versions; `{{variables}}` may stand in its strings."""

    team = models.ForeignKey(Team, on_delete=models.CASCADE, related_name="prompts")
    author = models.ForeignKey(User, on_delete=models.SET_NULL, null=True, related_name="+")
    public_id = models.CharField(max_length=24, unique=True, default=new_public_id)
    name = models.CharField(max_length=200)
    created_at = models.DateTimeField(default=timezone.now)
    updated_at = models.DateTimeField(default=timezone.now)
    archived_at = models.DateTimeField(null=True, blank=True)

    objects = OwnedQuerySet.as_manager()

    class Meta:
        indexes = [models.Index(fields=["team", "-updated_at", "-id"])]

    def __str__(self) -> str:
        return self.name


class PromptVersion(models.Model):
    """One immutable state of a prompt: the body text exactly as it was saved."""

    prompt = models.ForeignKey(Prompt, on_delete=models.CASCADE, related_name="versions")
    number = models.PositiveIntegerField()
    author = models.ForeignKey(User, on_delete=models.SET_NULL, null=True, related_name="+")
    body_text = ExactTextField()
    note = models.CharField(max_length=500, blank=True)
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["prompt", "number"], name="one_prompt_version_per_number")]

    def __str__(self) -> str:
        return f"{self.prompt} · v{self.number}"


class Combination(models.Model):
    """A saved, named, ordered set of betas."""

    team = models.ForeignKey(Team, on_delete=models.CASCADE, related_name="combinations")
    author = models.ForeignKey(User, on_delete=models.SET_NULL, null=True, related_name="+")
    public_id = models.CharField(max_length=24, unique=True, default=new_public_id)
    name = models.CharField(max_length=200)
    betas = JsonTextField(default=list)
    note = models.CharField(max_length=500, blank=True)
    created_at = models.DateTimeField(default=timezone.now)
    updated_at = models.DateTimeField(default=timezone.now)
    archived_at = models.DateTimeField(null=True, blank=True)

    objects = OwnedQuerySet.as_manager()

    class Meta:
        indexes = [models.Index(fields=["team", "-updated_at", "-id"])]

    def __str__(self) -> str:
        return self.name
