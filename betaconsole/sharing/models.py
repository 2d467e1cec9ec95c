"""What people say about comparisons, whom they mention, and links for people outside the team."""

import hashlib
import secrets
from datetime import timedelta
from typing import Any, Self

from django.db import models
from django.db.models import Q
from django.utils import timezone

from betaconsole.runs.models import Comparison
from betaconsole.storage.fields import ExactTextField
from betaconsole.storage.public_id import new_public_id
from betaconsole.teams.models import Membership, Role, Team, User
from betaconsole.teams.owned import OwnedQuerySet
from betaconsole.web.redaction import remember


class Comment(models.Model):
    """One thing that somebody said about a comparison. What was deleted keeps its place, and its text for an undo."""

    team = models.ForeignKey(Team, on_delete=models.CASCADE, related_name="+")
    comparison = models.ForeignKey(Comparison, on_delete=models.CASCADE, related_name="comments")
    author = models.ForeignKey(User, on_delete=models.SET_NULL, null=True, related_name="+")
    public_id = models.CharField(max_length=24, unique=True, default=new_public_id)
    text = ExactTextField(default="")  # Markdown, hostile
    created_at = models.DateTimeField(default=timezone.now)
    edited_at = models.DateTimeField(null=True)
    deleted_at = models.DateTimeField(null=True)
    deleted_by = models.ForeignKey(User, on_delete=models.SET_NULL, null=True, related_name="+")
    version = models.PositiveIntegerField(default=1)  # moves with every change

    objects = OwnedQuerySet.as_manager()

    class Meta:
        indexes = [models.Index(fields=["comparison", "id"], name="comment_in_order")]

    def __str__(self) -> str:
        return f"{self.author} on {self.comparison_id}"

    def may_change(self, membership: Membership) -> bool:
        """Whether this person may edit or delete it: whoever wrote it, and admins."""
        is_own = self.author_id is not None and self.author_id == membership.user_id
        return is_own or Role(membership.role).includes(Role.ADMIN)

    def may_restore(self, membership: Membership) -> bool:
        """Whether this person may take its deletion back: whoever deleted it, and admins."""
        is_own = self.deleted_by_id is not None and self.deleted_by_id == membership.user_id
        return is_own or Role(membership.role).includes(Role.ADMIN)


class MentionQuerySet(OwnedQuerySet):
    def readable(self) -> Self:
        """Of comments and comparisons that nobody deleted."""
        return self.filter(comment__deleted_at=None, comment__comparison__deleted_at=None)

    def unread(self) -> Self:
        return self.filter(read_at=None)


class Mention(models.Model):
    """Somebody's name in a comment: listed on that person's page until it is read, and after."""

    team = models.ForeignKey(Team, on_delete=models.CASCADE, related_name="+", db_index=False)
    comment = models.ForeignKey(Comment, on_delete=models.CASCADE, related_name="mentions")
    person = models.ForeignKey(User, on_delete=models.CASCADE, related_name="+", db_index=False)
    read_at = models.DateTimeField(null=True)

    objects = MentionQuerySet.as_manager()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["comment", "person"], name="one_mention_per_comment")]
        indexes = [
            models.Index(fields=["person", "team", "-id"], name="mention_by_person"),
            models.Index(fields=["person", "team"], condition=Q(read_at=None), name="mention_unread"),
        ]

    def __str__(self) -> str:
        return f"{self.person_id} in {self.comment_id}"


class PublicLinkQuerySet(OwnedQuerySet):
    def open(self) -> Self:
        """Links that still work."""
        there = self.filter(comparison__deleted_at=None, comparison__team__deletes_at=None)
        return there.filter(revoked_at=None, expires_at__gt=timezone.now())


class PublicLink(models.Model):
    """An address at which anybody who has it reads one comparison, until it expires or is revoked.

    Only the digest of its secret is stored; the address is shown once. What it shows besides betas, answers and figures
    was chosen when it was made. Never a key.
    """

    team = models.ForeignKey(Team, on_delete=models.CASCADE, related_name="+")
    comparison = models.ForeignKey(Comparison, on_delete=models.CASCADE, related_name="public_links")
    author = models.ForeignKey(User, on_delete=models.SET_NULL, null=True, related_name="+")
    public_id = models.CharField(max_length=24, unique=True, default=new_public_id)
    digest = models.CharField(max_length=64, unique=True)
    shows_prompt = models.BooleanField(default=False)
    shows_headers = models.BooleanField(default=False)
    shows_costs = models.BooleanField(default=False)
    shows_names = models.BooleanField(default=False)
    created_at = models.DateTimeField(default=timezone.now)
    expires_at = models.DateTimeField()
    revoked_at = models.DateTimeField(null=True)

    objects = PublicLinkQuerySet.as_manager()

    def __str__(self) -> str:
        return f"public link {self.public_id}"

    @classmethod
    def issue(cls, comparison: Comparison, *, author: User, days: int, **shows: Any) -> tuple["PublicLink", str]:
        """A new link: the row, and the secret of its address that only the caller ever sees."""
        secret = secrets.token_urlsafe(32)
        made = cls.objects.create(
            team_id=comparison.team_id,
            comparison=comparison,
            author=author,
            digest=_digest(secret),
            expires_at=timezone.now() + timedelta(days=days),
            **shows,
        )
        return made, secret

    @classmethod
    def with_secret(cls, secret: str) -> "PublicLink | None":
        """The open link this secret belongs to."""
        rows = cls.objects.open().select_related("comparison__author", "comparison__connection", "comparison__body")
        found = rows.filter(digest=_digest(secret)).first()
        if found is not None:
            remember(secret)  # it stands in addresses: a log line about one must not hold it
        return found

    def may_revoke(self, membership: Membership) -> bool:
        """Whether this person may end it: whoever made it, and admins."""
        is_own = self.author_id is not None and self.author_id == membership.user_id
        return is_own or Role(membership.role).includes(Role.ADMIN)

    @property
    def is_open(self) -> bool:
        """Whether it still works. Its comparison comes with it."""
        is_gone = self.revoked_at is not None or self.comparison.deleted_at is not None
        return not is_gone and self.expires_at > timezone.now()

    def revoke(self) -> None:
        PublicLink.objects.filter(pk=self.pk, revoked_at=None).update(revoked_at=timezone.now())

    @property
    def shows(self) -> list[str]:
        """What was chosen, in words."""
        chosen = {
            "prompt": self.shows_prompt,
            "headers": self.shows_headers,
            "costs": self.shows_costs,
            "names": self.shows_names,
        }
        return [word for word, is_chosen in chosen.items() if is_chosen]


def _digest(secret: str) -> str:
    # 256 random bits need no salt and no slow hash.
    return hashlib.sha256(secret.encode("utf-8", "replace")).hexdigest()
