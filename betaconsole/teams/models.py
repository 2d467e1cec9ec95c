"""Who owns what: people, teams, and the connections their requests go out on."""

import hashlib
import secrets
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.db import models
from django.db.models import F
from django.utils import timezone

from betaconsole.claude.headers import DEFAULT_VERSION
from betaconsole.claude.secret import Secret
from betaconsole.storage.public_id import new_public_id

from . import sealing

# The simulator takes any key. This one is no word: keys are masked wherever a far end echoes them.
SIMULATOR_KEY = Secret(f"sk-simulated-{secrets.token_hex(12)}")


class UserManager(BaseUserManager["User"]):
    def create_user(self, email: str, password: str | None = None, **fields: Any) -> "User":
        user = self.model(email=self.normalize_email(email).lower(), **fields)
        user.set_password(password)
        user.save()
        return user


class User(AbstractBaseUser):
    """A person. Signs in by e-mail; in solo mode there is one, the local owner, who never signs in."""

    email = models.EmailField(unique=True)
    name = models.CharField(max_length=120, blank=True)
    is_active = models.BooleanField(default=True)
    created_at = models.DateTimeField(default=timezone.now)
    teams: models.ManyToManyField = models.ManyToManyField("Team", through="Membership", related_name="members")

    objects = UserManager()

    USERNAME_FIELD = "email"
    EMAIL_FIELD = "email"

    def __str__(self) -> str:
        return self.name or self.email


class Team(models.Model):
    """Who shares prompts, combinations, connections and history."""

    name = models.CharField(max_length=120)
    public_id = models.CharField(max_length=24, unique=True, default=new_public_id)
    # The next #number of a comparison; taken by next_number() inside the transaction that uses it.
    next_comparison = models.PositiveIntegerField(default=1)
    created_at = models.DateTimeField(default=timezone.now)

    def __str__(self) -> str:
        return self.name

    def take_comparison_number(self) -> int:
        """The next #number of the team. Call inside the transaction that creates the comparison: the row stays locked."""
        Team.objects.filter(pk=self.pk).update(next_comparison=F("next_comparison") + 1)
        return Team.objects.values_list("next_comparison", flat=True).get(pk=self.pk) - 1


class Role(models.TextChoices):
    VIEWER = "viewer"
    MEMBER = "member"
    ADMIN = "admin"
    OWNER = "owner"

    def includes(self, other: "Role") -> bool:
        """Whether whoever has this role may do what `other` may."""
        ranks = list(Role)
        return ranks.index(self) >= ranks.index(other)


class Membership(models.Model):
    """A person in a team, with a role."""

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="memberships")
    team = models.ForeignKey(Team, on_delete=models.CASCADE, related_name="memberships")
    role = models.CharField(max_length=10, choices=Role.choices, default=Role.MEMBER)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["user", "team"], name="one_membership_per_team")]

    def __str__(self) -> str:
        return f"{self.user} in {self.team}: {self.role}"


class ConnectionQuerySet(models.QuerySet["Connection"]):
    def visible_to(self, user: User) -> "ConnectionQuerySet":
        return self.filter(team__memberships__user=user)

    def usable(self) -> "ConnectionQuerySet":
        """Connections a request can go out on now; the environment's only while the environment has a key."""
        found = self.filter(archived_at=None)
        return found if settings.ENVIRONMENT_KEY else found.exclude(kind=Connection.Kind.ENVIRONMENT)

    def default_for(self, team: Team) -> "Connection":
        """The real API where the team has a key for it (the environment's, then the newest pasted one), else the simulator."""
        found = list(self.filter(team=team).usable().order_by("-pk"))
        ranks = [Connection.Kind.ENVIRONMENT, Connection.Kind.KEY, Connection.Kind.SIMULATOR]
        return min(found, key=lambda connection: ranks.index(Connection.Kind(connection.kind)))


class Connection(models.Model):
    """Where requests go and with which key. The key is sealed, write-only and bound to this row and its origin."""

    class Kind(models.TextChoices):
        SIMULATOR = "simulator"
        ENVIRONMENT = "environment"  # the key stays in the process's environment and is never stored
        KEY = "key"

    team = models.ForeignKey(Team, on_delete=models.CASCADE, related_name="connections")
    author = models.ForeignKey(User, on_delete=models.SET_NULL, null=True, related_name="+")
    public_id = models.CharField(max_length=24, unique=True, default=new_public_id)
    name = models.CharField(max_length=120)
    kind = models.CharField(max_length=12, choices=Kind.choices)
    base_url = models.CharField(max_length=300)
    sealed_key = models.TextField(blank=True)
    key_last4 = models.CharField(max_length=4, blank=True)
    key_fingerprint = models.CharField(max_length=64, blank=True)
    anthropic_version = models.CharField(max_length=10, default=DEFAULT_VERSION)
    max_in_flight = models.PositiveIntegerField(default=64)
    created_at = models.DateTimeField(default=timezone.now)
    archived_at = models.DateTimeField(null=True, blank=True)

    objects = ConnectionQuerySet.as_manager()

    class Meta:
        indexes = [models.Index(fields=["team", "archived_at"])]

    def __str__(self) -> str:
        return self.name

    @property
    def is_simulator(self) -> bool:
        return self.kind == self.Kind.SIMULATOR

    @property
    def origin(self) -> str:
        parts = urlsplit(self.base_url)
        return f"{parts.scheme}://{parts.netloc}"

    def put_key(self, key: str) -> None:
        """Seal a key into this (saved) row. Nothing can read it back but `key()`."""
        self.sealed_key = sealing.seal(key, team_id=self.team_id, row_id=self.pk, origin=self.origin)
        self.key_last4 = key[-4:]
        self.key_fingerprint = sealing.fingerprint(key)
        self.save(update_fields=["sealed_key", "key_last4", "key_fingerprint"])

    def key(self) -> Secret:
        """The key to send with. Raises `sealing.Unreadable` where the seal does not fit this row."""
        if self.kind == self.Kind.SIMULATOR:
            return SIMULATOR_KEY
        if self.kind == self.Kind.ENVIRONMENT:
            return Secret(settings.ENVIRONMENT_KEY)
        return Secret(sealing.unseal(self.sealed_key, team_id=self.team_id, row_id=self.pk, origin=self.origin))


class ApiToken(models.Model):
    """A bearer token for the JSON API. Only its digest is stored; the token is shown once."""

    PREFIX = "bc_"

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="api_tokens")
    team = models.ForeignKey(Team, on_delete=models.CASCADE, related_name="api_tokens")
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
        return found.filter(user__is_active=True, user__memberships__team=F("team")).first()
