"""What lists and searches are driven from, and what is still to be indexed or concluded."""

from django.db import models

from betaconsole.teams.models import Team

from .comparisons import Comparison
from .exchanges import Exchange


class ComparisonBeta(models.Model):
    """Which betas a comparison used: drives the beta filters of history."""

    comparison = models.ForeignKey(Comparison, on_delete=models.CASCADE, related_name="betas")
    beta = models.CharField(max_length=128)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["beta", "comparison"], name="one_beta_per_comparison")]

    def __str__(self) -> str:
        return self.beta


class ExchangeBeta(models.Model):
    """Which betas an exchange sent."""

    exchange = models.ForeignKey(Exchange, on_delete=models.CASCADE, related_name="betas")
    beta = models.CharField(max_length=128)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["beta", "exchange"], name="one_beta_per_exchange")]

    def __str__(self) -> str:
        return self.beta


class SentValue(models.Model):
    """A value the team has sent or got at least once: what the menus of history offer."""

    team = models.ForeignKey(Team, on_delete=models.CASCADE, related_name="+", db_index=False)
    kind = models.CharField(max_length=12)  # runs.terms
    value = models.CharField(max_length=200)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["team", "kind", "value"], name="one_sent_value")]

    def __str__(self) -> str:
        return f"{self.kind}: {self.value}"


class ToIndex(models.Model):
    """Something whose searchable text changed: written with the change, deleted with the index write (see finding)."""

    comparison = models.ForeignKey(Comparison, on_delete=models.CASCADE, related_name="+")
    exchange = models.ForeignKey(Exchange, on_delete=models.CASCADE, null=True, related_name="+")

    def __str__(self) -> str:
        return f"comparison {self.comparison_id}, exchange {self.exchange_id}"


class VerdictDue(models.Model):
    """A comparison that has ended, or of which other things are to be said since: written with that, deleted once its verdict
    is worked out."""

    comparison = models.ForeignKey(Comparison, on_delete=models.CASCADE, related_name="+")

    def __str__(self) -> str:
        return f"of comparison {self.comparison_id}"
