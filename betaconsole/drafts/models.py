"""What is in the composer, kept by the server."""

from django.db import models
from django.utils import timezone

from betaconsole.library.models import OwnedQuerySet, PromptVersion
from betaconsole.storage.fields import ExactTextField, JsonTextField
from betaconsole.storage.public_id import new_public_id
from betaconsole.teams.models import Connection, Team, User


class Draft(models.Model):
    """A composer's content: the body text as typed, the columns, and a revision that every edit moves by one."""

    team = models.ForeignKey(Team, on_delete=models.CASCADE, related_name="drafts")
    author = models.ForeignKey(User, on_delete=models.CASCADE, related_name="drafts")
    public_id = models.CharField(max_length=24, unique=True, default=new_public_id)
    revision = models.PositiveIntegerField(default=1)
    title = models.CharField(max_length=200, blank=True)
    body_text = ExactTextField(default="")
    version = models.CharField(max_length=10)  # anthropic-version of every column that names none
    columns = JsonTextField(default=list)  # drafts.columns
    rows = JsonTextField(default=list)  # betas shown as rows of the matrix, ticked or not, in order
    repeats = models.PositiveIntegerField(default=1)
    connection = models.ForeignKey(Connection, on_delete=models.SET_NULL, null=True, related_name="+")
    prompt_version = models.ForeignKey(PromptVersion, on_delete=models.SET_NULL, null=True, related_name="+")
    created_at = models.DateTimeField(default=timezone.now)
    updated_at = models.DateTimeField(default=timezone.now)

    objects = OwnedQuerySet.as_manager()

    class Meta:
        indexes = [models.Index(fields=["author", "-updated_at"])]

    def __str__(self) -> str:
        return self.title or f"Draft {self.public_id}"


class Step(models.Model):
    """One edit of a draft: what it replaced, for undo, and which tab made it, for noticing a second one."""

    draft = models.ForeignKey(Draft, on_delete=models.CASCADE, related_name="steps")
    revision = models.PositiveIntegerField()  # the draft's revision after this edit
    tab = models.CharField(max_length=24)
    what = models.CharField(max_length=120)  # said on the undo button: "tick context-1m in B"
    before = JsonTextField(default=dict)  # the fields this edit replaced, but for the body text
    body_before = ExactTextField(null=True)  # the body text it replaced; None where the edit left it alone
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["draft", "revision"], name="one_step_per_revision")]

    def __str__(self) -> str:
        return f"{self.draft_id}@{self.revision}: {self.what}"
