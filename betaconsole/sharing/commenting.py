"""Saying something about a comparison, changing it, and taking it away; whom it mentions goes with it."""

from collections.abc import Sequence

from django.db import transaction
from django.utils import timezone

from betaconsole.runs.models import Comparison
from betaconsole.teams.models import Membership, Team, User

from .models import Comment, Mention
from .names import handles, mentioned

MOST_LETTERS = 20_000


class Refused(ValueError):
    """Why a text cannot be said."""


def checked(text: str) -> str:
    """The text as it is kept. Raises Refused."""
    found = text.strip()
    if not found:
        raise Refused("Say something first.")
    if len(found) > MOST_LETTERS:
        raise Refused(f"At most {MOST_LETTERS:,} letters.")
    return found


@transaction.atomic
def say(comparison: Comparison, text: str, *, author: User) -> Comment:
    """A new comment. Raises Refused."""
    made = Comment.objects.create(team_id=comparison.team_id, comparison=comparison, author=author, text=checked(text))
    _mention(made)
    return made


@transaction.atomic
def edit(comment: Comment, text: str) -> None:
    """Another text; who is named in it now and was not before is mentioned, who is no longer is not. Raises Refused."""
    comment.text, comment.edited_at, comment.version = checked(text), timezone.now(), comment.version + 1
    comment.save(update_fields=["text", "edited_at", "version"])
    _mention(comment)


def delete(comment: Comment, *, by: User) -> None:
    comment.deleted_at, comment.deleted_by, comment.version = timezone.now(), by, comment.version + 1
    comment.save(update_fields=["deleted_at", "deleted_by", "version"])


def restore(comment: Comment) -> None:
    comment.deleted_at, comment.deleted_by, comment.version = None, None, comment.version + 1
    comment.save(update_fields=["deleted_at", "deleted_by", "version"])


def people_in(team: Team) -> Sequence[User]:
    """Everybody in the team. One query."""
    return [row.user for row in Membership.objects.filter(team=team).select_related("user").order_by("pk")]


def _mention(comment: Comment) -> None:
    """Make the mentions what the text says; nobody mentions oneself."""
    known = handles(people_in(comment.team))
    named = [person for person in mentioned(comment.text, known) if person.pk != comment.author_id]
    comment.mentions.exclude(person__in=named).delete()
    rows = [Mention(team_id=comment.team_id, comment=comment, person=person) for person in named]
    Mention.objects.bulk_create(rows, ignore_conflicts=True)
