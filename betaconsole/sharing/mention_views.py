"""Where somebody was mentioned."""

from django.conf import settings
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from betaconsole.storage.fields import showable
from betaconsole.teams.access import TeamRequest, requires
from betaconsole.teams.models import Role
from betaconsole.web.markdown import words
from betaconsole.web.paging import number, page

from .models import Mention, MentionQuerySet
from .names import handle

MOST_LETTERS = 240  # of a comment in the list


@requires(Role.VIEWER)
@require_safe
def mentions(request: TeamRequest) -> HttpResponse:
    """The person's mentions in this team, newest first; those that were not read are marked."""
    rows = mine(request).select_related("comment__author", "comment__comparison")
    found = page(rows, key="pk", before=number(request.GET.get("before")))
    for mention in found.rows:
        mention.excerpt = excerpt(mention.comment.text)
    context = {
        "page": found,
        "unread": sum(1 for mention in found.rows if mention.read_at is None),
        "handle": handle(request.user),
        "is_team_mode": settings.MODE == "team",
    }
    return render(request, "sharing/mentions.html", context)


@requires(Role.VIEWER)
@require_POST
def read_mentions(request: TeamRequest) -> HttpResponse:
    """All of them are read."""
    keys = list(mine(request).unread().values_list("pk", flat=True))
    Mention.objects.filter(pk__in=keys).update(read_at=timezone.now())
    return redirect("sharing:mentions")


def mine(request: TeamRequest) -> MentionQuerySet:
    return Mention.objects.visible_to(request.user).filter(team=request.team, person=request.user).readable()


def excerpt(text: str) -> str:
    """The beginning of a comment, in one line and without the marks of Markdown."""
    line = words(showable(text))
    return line if len(line) <= MOST_LETTERS else f"{line[:MOST_LETTERS].rstrip()}…"
