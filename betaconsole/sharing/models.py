"""What people say about comparisons, and whom they mention."""

from typing import Self

from django.db import models
from django.db.models import Q
from django.utils import timezone

from betaconsole.runs.models import Comparison
from betaconsole.storage.fields import ExactTextField
from betaconsole.storage.public_id import new_public_id
from betaconsole.teams.models import Membership, Role, Team, User
from betaconsole.teams.owned import OwnedQuerySet


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
