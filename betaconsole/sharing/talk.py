"""The discussion of a comparison as its page shows it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.utils import timezone
from django.utils.safestring import SafeString

from betaconsole.drafts.columns import letter
from betaconsole.runs.models import Comparison
from betaconsole.teams.access import TeamRequest
from betaconsole.teams.models import User

from .commenting import people_in
from .models import Comment, Mention
from .names import handle, handles
from .wording import shown

MOST_SHOWN = 500


@dataclass(frozen=True)
class Said:
    """A comment as it is shown to somebody. `html` is None where it was deleted."""

    comment: Comment
    html: SafeString | None
    may_change: bool
    may_restore: bool
    is_editing: bool


def talk_context(request: TeamRequest, comparison: Comparison, *, editing: str = "") -> dict[str, Any]:
    """Context of `_comments.html`: what was said, oldest first. `editing`: public id of the comment whose text is being
    changed, which stops the list from renewing itself. Two queries."""
    found = Comment.objects.visible_to(request.user).filter(team=request.team, comparison=comparison)
    comments = list(found.select_related("author", "deleted_by").order_by("-pk")[:MOST_SHOWN])[::-1]
    people = people_in(request.team)
    return {
        "said": _said(request, comparison, comments, people, editing),
        "seen": sum(comment.version for comment in comments),
        "is_editing": any(comment.public_id == editing for comment in comments),
        "handles": [f"@{handle(person)}" for person in people if person != request.user],
    }


def seen(request: TeamRequest, comparison: Comparison) -> str:
    """What `seen` would be now: it moves with every comment and every change. One query."""
    found = Comment.objects.visible_to(request.user).filter(team=request.team, comparison=comparison)
    return str(sum(found.order_by("-pk").values_list("version", flat=True)[:MOST_SHOWN]))


def mark_read(user: User, comparison: Comparison) -> None:
    """Who looks at a discussion has read the mentions in it."""
    unread = Mention.objects.visible_to(user).unread().filter(person=user, comment__comparison=comparison)
    keys = list(unread.values_list("pk", flat=True))
    if keys:
        Mention.objects.filter(pk__in=keys).update(read_at=timezone.now())


def _said(
    request: TeamRequest, comparison: Comparison, comments: Sequence[Comment], people: Sequence[User], editing: str
) -> list[Said]:
    page = comparison.get_absolute_url()
    positions = comparison.variants.values_list("position", flat=True) if comments else []
    columns = {letter(position): f"{page}#lane-{position}" for position in positions}
    known, origins = handles(people), {settings.PUBLIC_URL, f"{request.scheme}://{request.get_host()}"}
    return [
        Said(
            comment=comment,
            html=None if comment.deleted_at else shown(comment.text, columns=columns, people=known, origins=origins),
            may_change=request.user.may_run and comment.may_change(request.membership),
            may_restore=request.user.may_run and comment.may_restore(request.membership),
            is_editing=comment.public_id == editing,
        )
        for comment in comments
    ]
