"""What people add to a comparison: the part of its page below the answers, and a page of its own."""

from dataclasses import dataclass, field
from typing import Any

from django.conf import settings
from django.http import HttpResponse
from django.shortcuts import render

from betaconsole.decisions.deciding import ONLY_WAIT, people_of
from betaconsole.decisions.models import Stand, subject_of
from betaconsole.runs.models import Comparison
from betaconsole.runs.standpoints import standpoints, superseded
from betaconsole.teams.access import TeamRequest
from betaconsole.web.htmx import by_htmx

from .grounds import grounds_of
from .models import PublicLink
from .talk import mark_read, talk_context


@dataclass(frozen=True)
class Refusal:
    """A form as it was typed, with a message for each field that is wrong."""

    typed: dict[str, str] = field(default_factory=dict)
    problems: dict[str, str] = field(default_factory=dict)

    @property
    def status(self) -> int:
        return 422 if self.problems else 200


NOTHING_REFUSED = Refusal()


def shown(
    request: TeamRequest,
    comparison: Comparison,
    *,
    decide: Refusal = NOTHING_REFUSED,
    say: Refusal = NOTHING_REFUSED,
    edit: Refusal = NOTHING_REFUSED,
    editing: str = "",
    share: Refusal = NOTHING_REFUSED,
    made_url: str = "",
) -> HttpResponse:
    """The panel for htmx, the page with it for everybody else; with the form that was refused, if one was. Who opens it
    has read the mentions in it."""
    context = {
        "comparison": comparison,
        **deciding_context(request, comparison, refused=decide),
        **talk_context(request, comparison, editing=editing),
        "say": say,
        "edit": edit,
        **links_context(request, comparison, refused=share, made_url=made_url),
    }
    if request.method != "HEAD":
        mark_read(request.user, comparison)  # here and not where the list renews itself: nobody may be at that tab
    template = "sharing/_panel.html" if by_htmx(request) else "sharing/discussion.html"
    return render(request, template, context, status=max(decide.status, say.status, edit.status, share.status))


def deciding_context(request: TeamRequest, comparison: Comparison, *, refused: Refusal) -> dict[str, Any]:
    """Context of `_decide.html`: the team's stand on what was compared here, and the form to take one."""
    grounds = grounds_of(comparison)
    subjects = [(subject_of(betas), betas) for betas in grounds.subjects]
    keys = [key for key, _ in subjects]
    return {
        "subjects": subjects,
        "points": list(standpoints(request.user, request.team, subjects=keys).values()) if keys else [],
        "superseded": superseded(request.user, request.team, keys) if keys else [],
        "stands": list(Stand),
        "only_wait": ONLY_WAIT if comparison.simulated else "",
        "people": people_of(request.team).values(),
        "decide": refused,
    }


def links_context(
    request: TeamRequest, comparison: Comparison, *, refused: Refusal = NOTHING_REFUSED, made_url: str = ""
) -> dict[str, Any]:
    """Context of `_links.html`: the open public links of a comparison. `made_url`: the address of one that was just made."""
    rows = PublicLink.objects.visible_to(request.user).filter(team=request.team, comparison=comparison).open()
    links = list(rows.select_related("author").order_by("-pk"))
    return {
        "links": [(link, request.user.may_run and link.may_revoke(request.membership)) for link in links],
        "share": refused,
        "made_url": made_url,
        "is_solo": settings.MODE != "team",
    }
