"""Bearer tokens for the JSON API."""

import hashlib
import secrets

from django.db import models
from django.db.models import F
from django.utils import timezone

from betaconsole.storage.public_id import new_public_id

from .people import Team, User


class ApiToken(models.Model):
    """A bearer token for the JSON API. Only its digest is stored; the token is shown once."""

    PREFIX = "bc_"

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="api_tokens")
    team = models.ForeignKey(Team, on_delete=models.CASCADE, related_name="api_tokens")
    public_id = models.CharField(max_length=24, unique=True, default=new_public_id)
    name = models.CharField(max_length=120)
    digest = models.CharField(max_length=64, unique=True)
    created_at = models.DateTimeField(default=timezone.now)
    last_used_at = models.DateTimeField(null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True)

    def __str__(self) -> str:
        return self.name

    @classmethod
    def issue(cls, *, user: User, team: Team, name: str) -> tuple["ApiToken", str]:
        """A new token: the row, and the secret that only the caller ever sees."""
        secret = cls.PREFIX + secrets.token_urlsafe(32)
        return cls.objects.create(user=user, team=team, name=name, digest=cls.digest_of(secret)), secret

    @staticmethod
    def digest_of(secret: str) -> str:
        # 256 random bits need no salt and no slow hash.
        return hashlib.sha256(secret.encode()).hexdigest()

    @classmethod
    def accepted(cls, secret: str) -> "ApiToken | None":
        """The live token this secret belongs to, with its user and team."""
        found = cls.objects.select_related("user", "team").filter(digest=cls.digest_of(secret), revoked_at=None)
        return found.filter(user__is_active=True, user__memberships__team=F("team"), team__deletes_at=None).first()
