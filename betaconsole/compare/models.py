"""What was worked out of a comparison, kept."""

from django.db import models
from django.utils import timezone

from betaconsole.runs.models import Comparison
from betaconsole.storage.fields import JsonTextField, PackedBytesField


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
