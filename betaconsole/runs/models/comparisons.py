"""Comparisons: what one press of Run asked for, what was added since, and the file that one came out of."""

from functools import cached_property

from django.db import models
from django.db.models import F, Q
from django.urls import reverse
from django.utils import timezone

from betaconsole.claude.endpoints import Endpoint
from betaconsole.drafts.models import Draft, Engine
from betaconsole.drafts.presets import PRESETS
from betaconsole.library.models import PromptVersion
from betaconsole.storage.fields import DamagedDict, DamagedList, DamagedText, ExactTextField, JsonTextField
from betaconsole.storage.public_id import new_public_id
from betaconsole.teams.models import Connection, Membership, Role, Team, User
from betaconsole.teams.owned import OwnedQuerySet

from .bodies import Body


class ComparisonQuerySet(OwnedQuerySet):
    def visible_to(self, user: User) -> "ComparisonQuerySet":
        return super().visible_to(user).filter(deleted_at=None)

    def listed(self) -> "ComparisonQuerySet":
        """What history shows: no errands, each is found where it was run from."""
        return self.filter(is_errand=False)

    def unfinished(self) -> "ComparisonQuerySet":
        return self.filter(finished_at=None)

    def extend(self) -> None:
        """More is asked of these than was planned. Of one that had ended somebody may have seen the verdict."""
        self.filter(finished_at__isnull=False, planned_repeats=None).update(planned_repeats=F("repeats"))


class Comparison(models.Model):
    """One press of Run: a snapshot of the prompt × variants × cases × repeats."""

    team = models.ForeignKey(Team, on_delete=models.CASCADE, related_name="comparisons")
    author = models.ForeignKey(User, on_delete=models.SET_NULL, null=True, related_name="comparisons")
    public_id = models.CharField(max_length=24, unique=True, default=new_public_id)
    number = models.PositiveIntegerField()
    title = models.CharField(max_length=200, blank=True)
    connection = models.ForeignKey(Connection, on_delete=models.PROTECT, related_name="comparisons")
    simulated = models.BooleanField()
    body = models.ForeignKey(Body, on_delete=models.PROTECT, related_name="+")  # as composed, before any changes
    content_type = models.CharField(max_length=200, default="application/json")  # of `body`; empty: none is sent
    anthropic_version = models.CharField(max_length=10)
    repeats = models.PositiveIntegerField()
    # Those asked for at first, where more was asked for since: repeats, or a column or a check once it had ended; else null.
    planned_repeats = models.PositiveIntegerField(null=True)
    seed = models.BigIntegerField(
        null=True
    )  # the order of its requests was drawn with it; null: in the order of columns
    preset = models.CharField(max_length=24, blank=True)  # what filled the matrix; drafts.presets
    checks = JsonTextField(default=list, if_damaged=DamagedList)  # what is checked of each output
    # Where to: claude.endpoints.
    method = models.CharField(max_length=8, default="POST")
    path = models.CharField(max_length=2000, default="/v1/messages")
    query = models.CharField(max_length=2000, blank=True)
    engine = models.CharField(max_length=8, choices=Engine.choices, default=Engine.LIVE)
    # What answers tool calls, and how many turns a cell may take. A stub typed while cells wait is added here.
    tool_stubs = JsonTextField(default=list, if_damaged=DamagedList)  # library.stubs
    max_turns = models.PositiveIntegerField(default=1)
    is_trace = models.BooleanField(default=False)  # cases are recorded turns: sent in order, all columns in step
    separate_caches = models.BooleanField(default=False)
    # Something the console asked for on somebody's way to a comparison: a file uploaded, files listed, a batch followed.
    is_errand = models.BooleanField(default=False)
    draft = models.ForeignKey(Draft, on_delete=models.SET_NULL, null=True, related_name="comparisons")
    prompt_version = models.ForeignKey(PromptVersion, on_delete=models.SET_NULL, null=True, related_name="comparisons")
    prompt_changed = models.BooleanField(default=False)  # what ran was that version with changes nobody had saved
    # Pressing twice sends once: the second press finds the first one's comparison.
    client_token = models.CharField(max_length=128, null=True)  # noqa: DJ001 - null: many comparisons without a token
    request_digest = models.CharField(max_length=64, blank=True)
    created_at = models.DateTimeField(default=timezone.now)
    finished_at = models.DateTimeField(null=True)
    paused_at = models.DateTimeField(null=True)  # nothing of it is claimed since then
    # For lists. The first three are written by the index once it is finished, the summary is emptied when it finishes anew.
    summary = JsonTextField(null=True, if_damaged=DamagedDict)  # runs.summaries
    # The first sentence of its verdict, written by who works that out; null before, and where each column ran once.
    verdict = ExactTextField(null=True, if_damaged=DamagedText)
    cost_usd = models.DecimalField(max_digits=14, decimal_places=8, null=True)
    slowest_ms = models.FloatField(null=True)
    tags = JsonTextField(null=True, if_damaged=DamagedList)  # a list of words
    pinned_at = models.DateTimeField(null=True)
    deleted_at = models.DateTimeField(null=True)  # hidden since then, and purged some time later

    objects = ComparisonQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["team", "client_token"], name="one_comparison_per_token"),
            models.UniqueConstraint(fields=["team", "number"], name="one_comparison_per_number"),
        ]
        indexes = [
            models.Index(fields=["team", "-id"]),
            models.Index(fields=["team", "created_at"], name="comparison_by_time"),
            models.Index(fields=["team"], condition=Q(pinned_at__isnull=False), name="comparison_pinned"),
            models.Index(fields=["deleted_at"], condition=Q(deleted_at__isnull=False), name="comparison_deleted"),
            models.Index(fields=["engine"], condition=Q(finished_at__isnull=True), name="comparison_unfinished"),
        ]

    def __str__(self) -> str:
        return f"#{self.number} {self.title}".strip()

    def get_absolute_url(self) -> str:
        return reverse("runs:comparison", args=[self.public_id])

    def may_change(self, membership: Membership) -> bool:
        """Whether this person may pin, name, tag and delete it: members their own, admins all. An errand is nobody's."""
        role = Role(membership.role)
        is_own = self.author_id == membership.user_id and role.includes(Role.MEMBER)
        return (is_own or role.includes(Role.ADMIN)) and not self.is_errand

    @property
    def endpoint(self) -> Endpoint:
        """Where its requests go."""
        return Endpoint(self.method, self.path, self.query)

    @property
    def preset_title(self) -> str:
        """What made its columns, in words; empty where a person did."""
        return PRESETS[self.preset].title.lower() if self.preset in PRESETS else ""

    @property
    def preset_question(self) -> str:
        """What they answer."""
        return PRESETS[self.preset].question if self.preset in PRESETS else ""

    @cached_property
    def brought(self) -> "Imported | None":
        """The file it came out of; None where it ran here."""
        return Imported.objects.filter(comparison=self).select_related("source__author").first()


class Addition(models.Model):
    """Repeats that somebody added to a comparison: `repeats` of them, from `first_repeat` on, in every column and case."""

    comparison = models.ForeignKey(Comparison, on_delete=models.CASCADE, related_name="additions")
    author = models.ForeignKey(User, on_delete=models.SET_NULL, null=True, related_name="+")
    first_repeat = models.PositiveIntegerField()
    repeats = models.PositiveIntegerField()
    # Pressing twice adds once.
    client_token = models.CharField(max_length=128, null=True)  # noqa: DJ001 - null: many additions without a token
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["comparison", "client_token"], name="one_addition_per_token"),
            models.UniqueConstraint(fields=["comparison", "first_repeat"], name="one_addition_per_first_repeat"),
        ]

    def __str__(self) -> str:
        return f"{self.repeats} more from repeat {self.first_repeat}"


class Import(models.Model):
    """One file of comparisons that somebody brought. While `finished_at` is null what it brought so far is hidden."""

    team = models.ForeignKey(Team, on_delete=models.CASCADE, related_name="+")
    author = models.ForeignKey(User, on_delete=models.SET_NULL, null=True, related_name="+")
    file_name = models.CharField(max_length=200)
    created_at = models.DateTimeField(default=timezone.now)
    finished_at = models.DateTimeField(null=True)

    objects = OwnedQuerySet.as_manager()

    def __str__(self) -> str:
        return self.file_name


class Imported(models.Model):
    """That a comparison came out of a file, and what it was there: its id, number and author as the file names them."""

    comparison = models.OneToOneField(Comparison, on_delete=models.CASCADE, related_name="imported")
    source = models.ForeignKey(Import, on_delete=models.CASCADE, related_name="comparisons")
    origin_id = models.CharField(max_length=24, db_index=True)
    number = models.PositiveIntegerField(default=0)
    author = models.CharField(max_length=200, blank=True)

    def __str__(self) -> str:
        return f"{self.comparison_id} from {self.source_id}"
