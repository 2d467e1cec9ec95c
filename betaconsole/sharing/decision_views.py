"""Taking decisions, and the list of those that stand."""

from collections.abc import Iterable
from dataclasses import dataclass
from urllib.parse import urlencode

from django.http import HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_POST, require_safe

from betaconsole.decisions.deciding import Refused
from betaconsole.decisions.deciding import decide as take
from betaconsole.decisions.models import Stand
from betaconsole.runs.models import Comparison
from betaconsole.runs.pages.views import visible_comparison
from betaconsole.runs.standpoints import Standpoint, standpoints
from betaconsole.teams.access import TeamRequest, requires
from betaconsole.teams.models import Role, User
from betaconsole.web.htmx import by_htmx

from .grounds import grounds_of
from .panel import NOTHING_REFUSED, Refusal, deciding_context, shown


@dataclass(frozen=True)
class Wanted:
    """Which decisions are asked for: a stand or any, only one's own, only those that are stale."""

    stand: str = ""
    mine: bool = False
    stale: bool = False

    @classmethod
    def of(cls, asked: QueryDict) -> "Wanted":
        stand = asked.get("stand", "")
        return cls(stand if stand in Stand else "", "mine" in asked, "stale" in asked)

    def of_these(self, points: Iterable[Standpoint], user: User) -> list[Standpoint]:
        """Those that match."""
        return [
            point
            for point in points
            if (not self.stand or point.decision.stand == self.stand)
            and (not self.mine or point.decision.owner_id == user.pk)
            and (not self.stale or point.stale)
        ]

    @property
    def query(self) -> str:
        chosen = {"stand": self.stand, "mine": self.mine and "1", "stale": self.stale and "1"}
        return urlencode({name: value for name, value in chosen.items() if value})


@requires(Role.VIEWER)
@require_safe
def decisions(request: TeamRequest) -> HttpResponse:
    """Where the team stands: `stand`, `mine` (its owner asks), `stale`."""
    wanted = Wanted.of(request.GET)
    points = list(standpoints(request.user, request.team).values())
    context = {
        "wanted": wanted,
        "points": wanted.of_these(points, request.user),
        "known": len(points),
        "stale_count": sum(1 for point in points if point.stale),
        "stands": list(Stand),
    }
    template = "sharing/_decisions.html" if by_htmx(request) else "sharing/decisions.html"
    return render(request, template, context)


@requires(Role.MEMBER)
@require_POST
def decide(request: TeamRequest, public_id: str) -> HttpResponse:
    """Decide about a beta of this comparison, or a combination. The newest decision is the team's stand."""
    comparison = visible_comparison(request, public_id)
    try:
        take(grounds_of(comparison), request.POST.dict(), team=request.team, author=request.user)
    except Refused as error:
        refused = Refusal(request.POST.dict(), error.problems)
        return (
            _section(request, comparison, refused) if by_htmx(request) else shown(request, comparison, decide=refused)
        )
    if by_htmx(request):
        return _section(request, comparison, NOTHING_REFUSED)
    return redirect(reverse("sharing:discussion", args=[comparison.public_id]) + "#decide")


def _section(request: TeamRequest, comparison: Comparison, refused: Refusal) -> HttpResponse:
    context = {"comparison": comparison, **deciding_context(request, comparison, refused=refused)}
    return render(request, "sharing/_decide.html", context, status=refused.status)
