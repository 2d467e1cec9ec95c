"""Links that work once: the first owner's, invitations, and new passwords."""

import hashlib
import secrets
from datetime import datetime, timedelta
from typing import Self

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import models
from django.utils import timezone

from betaconsole.storage.public_id import new_public_id
from betaconsole.web.redaction import remember

from .people import Role, Team, User


class OneTimeLinkQuerySet(models.QuerySet["OneTimeLink"]):
    def open(self) -> Self:
        """Links that would still work."""
        # By its team, if it has one: nobody comes into a team that was deleted.
        return self.filter(used_at=None, revoked_at=None, expires_at__gt=timezone.now(), team__deletes_at=None)

    def visible_to(self, user: User) -> Self:
        return self.filter(user.sees())

    def with_secret(self, secret: str) -> "OneTimeLink | None":
        """The open link this secret belongs to."""
        found = self.open().select_related("team", "person", "author").filter(digest=_digest(secret)).first()
        if found is not None:
            remember(secret)  # it stands in addresses: a log line about one must not hold it
        return found


class OneTimeLink(models.Model):
    """An address that lets whoever has it do one thing once. Only its digest is stored; the link is shown once."""

    class Kind(models.TextChoices):
        FIRST_OWNER = "first_owner"  # printed in the terminal: whoever opens it becomes the console's owner
        INVITATION = "invitation"  # into `team`, as `role`
        PASSWORD = "password"  # noqa: S105 - a kind of link: a new password for `person`

    kind = models.CharField(max_length=12, choices=Kind.choices)
    public_id = models.CharField(max_length=24, unique=True, default=new_public_id)
    digest = models.CharField(max_length=64, unique=True)
    team = models.ForeignKey(Team, on_delete=models.CASCADE, null=True, related_name="links")
    role = models.CharField(max_length=10, choices=Role.choices, blank=True)
    person = models.ForeignKey(User, on_delete=models.CASCADE, null=True, related_name="links")
    note = models.CharField(max_length=200, blank=True)  # whom it is for, as its author wrote it
    author = models.ForeignKey(User, on_delete=models.SET_NULL, null=True, related_name="+")
    created_at = models.DateTimeField(default=timezone.now)
    expires_at = models.DateTimeField()
    used_at = models.DateTimeField(null=True, blank=True)
    used_by = models.ForeignKey(User, on_delete=models.SET_NULL, null=True, related_name="+")
    revoked_at = models.DateTimeField(null=True, blank=True)

    objects = OneTimeLinkQuerySet.as_manager()

    class Meta:
        indexes = [models.Index(fields=["team", "kind", "-created_at"])]

    def __str__(self) -> str:
        return f"{self.kind} link {self.public_id}"

    @classmethod
    def issue(cls, kind: "OneTimeLink.Kind", *, lasts: timedelta, **fields: object) -> tuple["OneTimeLink", str]:
        """A new link: the row, and the secret of its address that only the caller ever sees."""
        secret = secrets.token_urlsafe(32)
        expires_at: datetime = timezone.now() + lasts
        return cls.objects.create(kind=kind, digest=_digest(secret), expires_at=expires_at, **fields), secret

    @property
    def only_for(self) -> str:
        """The address it is bound to, where whoever made it wrote one down and nothing else."""
        note = self.note.strip().lower()
        try:
            validate_email(note)
        except ValidationError:
            return ""
        return note

    def is_for(self, email: str) -> bool:
        """Whether somebody with this address may use it."""
        return self.only_for in ("", email.lower())

    def use(self, user: User) -> bool:
        """Spend the link on this person; False where somebody was faster. One statement decides."""
        mine = OneTimeLink.objects.open().filter(pk=self.pk)
        return mine.update(used_at=timezone.now(), used_by=user) == 1

    def revoke(self) -> None:
        OneTimeLink.objects.open().filter(pk=self.pk).update(revoked_at=timezone.now())


def _digest(secret: str) -> str:
    # 256 random bits need no salt and no slow hash.
    return hashlib.sha256(secret.encode("utf-8", "replace")).hexdigest()
