"""The columns of a comparison, and the cases that each of them answers."""

from django.db import models

from betaconsole.drafts.columns import letter
from betaconsole.drafts.controls import CONTROLS_IN_SHORT
from betaconsole.library.models import CombinationVersion
from betaconsole.storage.fields import ExactTextField, JsonTextField

from .bodies import Body
from .comparisons import Comparison


class ColumnRole(models.TextChoices):
    """What a column is for, beside an answer: controls tell whether a comparison can be trusted."""

    MADE_UP = "made_up", "made-up beta"  # must be refused
    TWIN = "twin", "twin"  # equal to its baseline: must show no difference


class Variant(models.Model):
    """One column: label, betas, anthropic-version, changes to the body, and the column it is compared with."""

    comparison = models.ForeignKey(Comparison, on_delete=models.CASCADE, related_name="variants")
    position = models.PositiveIntegerField()
    label = models.CharField(max_length=200)
    role = models.CharField(max_length=12, choices=ColumnRole.choices, blank=True)
    betas = JsonTextField(default=list)
    header = models.TextField(blank=True)  # the exact value of anthropic-beta; empty: no such header
    anthropic_version = models.CharField(max_length=10)
    model = models.CharField(max_length=200, blank=True)  # as sent, of the first case
    model_override = models.CharField(max_length=200, blank=True)  # where the column asks for its own
    changes = ExactTextField(null=True)  # JSON: a merge patch (object) or an RFC 6902 patch (array)
    own_body = ExactTextField(null=True)
    headers = JsonTextField(default=list)  # further request headers: [[name, value], …]
    cache_nonce = models.CharField(max_length=40, blank=True)  # stands at the start of its system text
    baseline = models.ForeignKey("self", on_delete=models.SET_NULL, null=True, related_name="+")
    # What it took from the library; its betas and changes stand here as they were sent.
    combination_version = models.ForeignKey(
        CombinationVersion, on_delete=models.SET_NULL, null=True, related_name="variants"
    )
    # "Add a column without it": the refused column this one came from.
    origin = models.ForeignKey("self", on_delete=models.SET_NULL, null=True, related_name="+")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["comparison", "position"], name="one_variant_per_position"),
            models.UniqueConstraint(fields=["comparison", "label"], name="one_variant_per_label"),
        ]
        ordering = ["position"]

    def __str__(self) -> str:
        return self.label

    @property
    def letter(self) -> str:
        return letter(self.position)

    @property
    def took_changed(self) -> bool:
        """Whether the combination that it took was changed in the column before it ran."""
        taken = self.combination_version
        is_as_saved = taken is not None and taken.is_in(betas=self.betas, changes_text=self.changes or "")
        return not is_as_saved or self.own_body is not None

    @property
    def control_in_short(self) -> str:
        """What it is as a control, in a word or two; empty for none."""
        return CONTROLS_IN_SHORT.get(self.role, "")


class Case(models.Model):
    """One assignment of the prompt's variables, or a whole body of its own. A comparison without cases has one, empty."""

    comparison = models.ForeignKey(Comparison, on_delete=models.CASCADE, related_name="cases")
    position = models.PositiveIntegerField()
    name = models.CharField(max_length=200, blank=True)
    variables = JsonTextField(default=dict)
    body = models.ForeignKey(Body, on_delete=models.PROTECT, null=True, related_name="+")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["comparison", "position"], name="one_case_per_position")]
        ordering = ["position"]

    def __str__(self) -> str:
        return self.name or f"case {self.position + 1}"
