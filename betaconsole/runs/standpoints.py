"""Where the team stands on betas: the newest decision about each, and why it may no longer hold.

Four queries, whatever there is.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from django.db.models import OuterRef, QuerySet, Subquery
from django.utils import timezone

from betaconsole.availability.models import Standing
from betaconsole.decisions.models import Decision
from betaconsole.decisions.staleness import LastRun, why_stale
from betaconsole.teams.models import Team, User

from .models import Comparison, ComparisonBeta, Variant

MOST = 500  # decisions of a team that are looked at


@dataclass(frozen=True)
class Standpoint:
    """A decision that stands, and each reason why it may no longer: none where nothing has changed."""

    decision: Decision
    stale: Sequence[str]
    verdict: str = ""  # the first sentence of the comparison's that it rests on

    @property
    def title(self) -> str:
        """All of it for a title: since when, by whom, and why it is stale."""
        who = f" by {self.decision.author}" if self.decision.author else ""
        why = f". Stale: {'; '.join(self.stale)}" if self.stale else ""
        return f"Decided {self.decision.created_at:%Y-%m-%d}{who}{why}"


def standpoints(user: User, team: Team, *, subjects: Collection[str] | None = None) -> dict[str, Standpoint]:
    """The team's stand by subject (a beta's name, or a combination's key), newest decision first; all, or of these."""
    found = Decision.objects.visible_to(user).filter(team=team)
    if subjects is not None:
        found = found.filter(subject__in=subjects)
    return {point.decision.subject: point for point in _judged(team.pk, found.current())}


def decisions_on(comparisons: Sequence[Comparison]) -> dict[str, list[Standpoint]]:
    """What was decided on the grounds of these comparisons of one team and still stands, newest first, by public id.

    One query where nothing was.
    """
    found: dict[str, list[Standpoint]] = defaultdict(list)
    if comparisons:
        team_id, ids = comparisons[0].team_id, [one.public_id for one in comparisons]
        for point in _judged(team_id, Decision.objects.filter(team=team_id, comparison__in=ids).current()):
            found[point.decision.comparison].append(point)
    return dict(found)


def superseded(user: User, team: Team, subjects: Collection[str]) -> list[Decision]:
    """The decisions about these that newer ones took the place of, newest first. One query."""
    rows = Decision.objects.visible_to(user).filter(team=team, subject__in=subjects).superseded()
    return list(rows.select_related("author", "owner").order_by("-pk")[:MOST])


def _judged(team_id: int, found: QuerySet[Decision]) -> list[Standpoint]:
    later = ComparisonBeta.objects.filter(
        beta=OuterRef("subject"),
        comparison__gt=OuterRef("comparison_key"),
        comparison__team=team_id,
        comparison__connection=OuterRef("connection"),
        comparison__is_errand=False,
        comparison__deleted_at=None,
    ).order_by("-comparison")
    rows = found.select_related("author", "owner", "connection").order_by("-pk")
    grounds = Comparison.objects.filter(team=team_id, public_id=OuterRef("comparison"), deleted_at=None)
    rows = rows.annotate(
        last_sent=Subquery(later.values("comparison")[:1]), verdict=Subquery(grounds.values("verdict"))
    )
    decisions = list(rows[:MOST])
    last, moved, today = _last_runs(decisions), _moved(team_id, decisions), timezone.now().date()
    return [
        Standpoint(
            one,
            why_stale(one, today=today, moved=moved[one.connection_id], last=last.get(one.pk)),
            one.verdict or "",
        )
        for one in decisions
    ]


def _last_runs(decisions: Sequence[Decision]) -> dict[int, LastRun]:
    """With what each decision's beta was sent in the newest comparison since."""
    keys = {one.last_sent for one in decisions if one.last_sent}  # type: ignore[attr-defined]
    columns = defaultdict(list)
    if keys:
        for variant in Variant.objects.filter(comparison__in=keys).only(
            "comparison", "betas", "model", "anthropic_version"
        ):
            columns[variant.comparison_id].append(variant)
    found = {}
    for one in decisions:
        sent = [column for column in columns[one.last_sent] if one.subject in column.betas]  # type: ignore[attr-defined]
        if sent:
            models = dict.fromkeys(column.model for column in sent if column.model)
            found[one.pk] = LastRun(list(models), list(dict.fromkeys(column.anthropic_version for column in sent)))
    return found


def _moved(team_id: int, decisions: Sequence[Decision]) -> dict[int | None, list[Standing]]:
    """The standings that changed since the oldest of the decisions, by connection."""
    found: dict[int | None, list[Standing]] = defaultdict(list)
    if decisions:
        betas = {beta for one in decisions for beta in one.betas}
        oldest = min(one.created_at for one in decisions)
        rows = Standing.objects.filter(team=team_id, beta__in=betas, since__gt=oldest)
        for row in rows.select_related("connection").order_by("-since"):
            found[row.connection_id].append(row)
    return found
