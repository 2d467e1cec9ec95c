"""What the team has sent: how often each beta, and in which comparisons."""

from __future__ import annotations

from django.db.models import Count

from betaconsole.runs.history.listing import HistoryPage, rows_for
from betaconsole.runs.models import Comparison, ComparisonBeta
from betaconsole.teams.models import Team, User
from betaconsole.web.paging import page


def used_counts(user: User, team: Team) -> dict[str, int]:
    """In how many of the team's comparisons each beta was sent. One query."""
    seen = Comparison.objects.visible_to(user).filter(team=team, is_errand=False)
    counted = ComparisonBeta.objects.filter(comparison__in=seen).order_by().values_list("beta")
    return dict(counted.annotate(Count("pk")))


def comparisons_with(user: User, team: Team, name: str, *, before: int | None = None) -> HistoryPage:
    """The team's comparisons that sent this beta, newest first, those with numbers below `before` where given."""
    seen = Comparison.objects.visible_to(user).filter(team=team, is_errand=False, betas__beta=name)
    found = page(seen.select_related("author"), key="number", before=before)
    return HistoryPage(rows_for(found.rows), found.next_before)
