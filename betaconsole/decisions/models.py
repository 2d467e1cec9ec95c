"""What a team decided about a beta or a combination of betas, on the grounds of a comparison."""

import hashlib
from collections.abc import Sequence
from typing import Self

from django.db import models
from django.db.models import Exists, OuterRef
from django.utils import timezone
from django.utils.safestring import SafeString

from betaconsole.storage.fields import ExactTextField, JsonTextField
from betaconsole.storage.public_id import new_public_id
from betaconsole.teams.models import Connection, Team, User
from betaconsole.teams.owned import OwnedQuerySet
from betaconsole.web.markdown import render


def subject_of(betas: Sequence[str]) -> str:
    """What a decision is about, as a key: a beta's own name, or a digest of a combination in any order."""
    if len(betas) == 1:
        return betas[0]
    return f"+{hashlib.sha256(','.join(sorted(betas)).encode()).hexdigest()[:40]}"


class Stand(models.TextChoices):
    """What a team means to do about a beta."""

    ADOPT = "adopt", "Adopt"
    DROP = "drop", "Drop"
    WAIT = "wait", "Wait"


class DecisionQuerySet(OwnedQuerySet):
    def current(self) -> Self:
        """The newest of each subject: it supersedes the ones before."""
        return self.filter(~Exists(_newer()))

    def superseded(self) -> Self:
        return self.filter(Exists(_newer()))


def _newer() -> "models.QuerySet[Decision]":
    return Decision.objects.filter(team=OuterRef("team"), subject=OuterRef("subject"), pk__gt=OuterRef("pk"))


class Decision(models.Model):
    """One decision. Rows are never changed: who decides anew adds one, and the older one stays as history.

    The comparison is named by its keys and words, not referred to: what a team decided outlives it.
    """

    team = models.ForeignKey(Team, on_delete=models.CASCADE, related_name="+")
    author = models.ForeignKey(User, on_delete=models.SET_NULL, null=True, related_name="+")
    public_id = models.CharField(max_length=24, unique=True, default=new_public_id)
    betas = JsonTextField(default=list)  # one, or those of a combination in the order they were sent
    subject = models.CharField(max_length=128)  # subject_of(betas)
    stand = models.CharField(max_length=8, choices=Stand.choices)
    reason = ExactTextField(default="")  # Markdown, hostile
    owner = models.ForeignKey(User, on_delete=models.SET_NULL, null=True, related_name="+")
    look_again_on = models.DateField(null=True)
    # What it rests on.
    comparison = models.CharField(max_length=24)  # public id
    comparison_key = models.BigIntegerField()  # primary key: later comparisons have larger ones
    number = models.PositiveIntegerField()
    title = models.CharField(max_length=200, blank=True)
    simulated = models.BooleanField()
    connection = models.ForeignKey(Connection, on_delete=models.SET_NULL, null=True, related_name="+")
    models_sent = JsonTextField(default=list)
    versions_sent = JsonTextField(default=list)  # of anthropic-version
    created_at = models.DateTimeField(default=timezone.now)

    objects = DecisionQuerySet.as_manager()

    class Meta:
        indexes = [
            models.Index(fields=["team", "subject", "-id"], name="decision_by_subject"),
            models.Index(fields=["team", "comparison"], name="decision_by_comparison"),
        ]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(simulated=False) | models.Q(stand="wait"), name="simulated_data_decides_nothing"
            )
        ]

    def __str__(self) -> str:
        return f"{self.get_stand_display()}: {', '.join(self.betas)}"

    @property
    def is_combination(self) -> bool:
        return len(self.betas) > 1

    @property
    def reason_html(self) -> SafeString:
        return render(self.reason)

    @property
    def said(self) -> str:
        """`Adopt · Oct 30`, with the year where it is another one."""
        day = f"{self.created_at:%b} {self.created_at.day}"
        year = "" if self.created_at.year == timezone.now().year else f" {self.created_at.year}"
        return f"{self.get_stand_display()} · {day}{year}"
