"""What was worked out of a comparison, kept, and what people preferred who did not know which answer was which."""

from django.db import models
from django.utils import timezone

from betaconsole.runs.models import Comparison, Variant
from betaconsole.storage.fields import JsonTextField, PackedBytesField
from betaconsole.teams.models import User


class Evidence(models.Model):
    """The figures and the verdict of a comparison that has ended. `of` says from which state of its exchanges they were
    worked out, and by which rules: where that is another one by now, they are worked out anew."""

    comparison = models.OneToOneField(Comparison, on_delete=models.CASCADE, primary_key=True, related_name="evidence")
    of = models.CharField(max_length=200)
    inputs = PackedBytesField()  # JSON: statistics.inputs.Inputs
    results = PackedBytesField()  # JSON: statistics.results.Results
    verdict = JsonTextField()  # compare.verdict.Verdict
    worked_out_at = models.DateTimeField(default=timezone.now)

    def __str__(self) -> str:
        return f"of comparison {self.comparison_id}"


class Choice(models.TextChoices):
    """Which of two answers somebody preferred, not knowing which was which."""

    VARIANT = "variant"
    BASELINE = "baseline"
    NEITHER = "neither"


class Vote(models.Model):
    """What one person preferred in one cell of a pair: the answer of the column `variant`, or that of its baseline."""

    comparison = models.ForeignKey(Comparison, on_delete=models.CASCADE, related_name="votes")
    baseline = models.ForeignKey(Variant, on_delete=models.CASCADE, related_name="+")
    variant = models.ForeignKey(Variant, on_delete=models.CASCADE, related_name="+")
    case_position = models.PositiveIntegerField()
    repeat = models.PositiveIntegerField()
    author = models.ForeignKey(User, on_delete=models.SET_NULL, null=True, related_name="+")
    choice = models.CharField(max_length=8, choices=Choice.choices)
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["comparison", "author", "baseline", "variant", "case_position", "repeat"],
                name="one_vote_per_person_and_cell",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.choice} in case {self.case_position}, repeat {self.repeat}"
