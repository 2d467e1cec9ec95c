"""Where a team's requests go, and the sealed keys they go with."""

import secrets
from urllib.parse import urlsplit

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.views.decorators.debug import sensitive_variables

from betaconsole.claude.headers import DEFAULT_VERSION
from betaconsole.claude.secret import Secret
from betaconsole.storage.public_id import new_public_id
from betaconsole.teams import sealing

from .people import Role, Team, User

# The simulator takes any key. This one is no word: keys are masked wherever a far end echoes them.
SIMULATOR_KEY = Secret(f"sk-simulated-{secrets.token_hex(12)}")


class ConnectionQuerySet(models.QuerySet["Connection"]):
    def visible_to(self, user: User) -> "ConnectionQuerySet":
        return self.filter(user.sees())

    def usable(self) -> "ConnectionQuerySet":
        """Connections a request can go out on now; the environment's only while the environment has a key, and none of a
        team that was deleted."""
        found = self.filter(archived_at=None, team__deletes_at=None)
        return found if settings.ENVIRONMENT_KEY else found.exclude(kind=Connection.Kind.ENVIRONMENT)

    def usable_by(self, user: User) -> "ConnectionQuerySet":
        """Of those, the ones this person may send on: by role in the connection's team, or by name. The simulator is free."""
        named = Connection.people.through.objects.filter(user=user).values("connection_id")
        allowed = Q(kind=Connection.Kind.SIMULATOR) | Q(pk__in=named)
        for role in Role:
            below = [lower for lower in Role if role.includes(lower)]
            allowed |= Q(team__memberships__role=role, lowest_role__in=below)
        # In one filter, so that the role is that of the user's own membership.
        return self.usable().filter(allowed, team__memberships__user=user)

    def default_for(self, team: Team, user: User | None = None) -> "Connection":
        """The real API where the team has a key for it (the environment's, then the newest pasted one), else the simulator.

        With `user` only what this person may send on; the simulator is everybody's.
        """
        ours = self.filter(team=team)
        found = list((ours.usable() if user is None else ours.usable_by(user)).order_by("-pk"))
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
    key_put_at = models.DateTimeField(null=True)  # when it got the key it has; null: not known, or none of its own
    anthropic_version = models.CharField(max_length=10, default=DEFAULT_VERSION)
    max_in_flight = models.PositiveIntegerField(default=64)
    # Null: no budget. Days and months are those of UTC. What counts against them: runs' reservations.
    daily_budget_usd = models.DecimalField(max_digits=10, decimal_places=2, null=True, blank=True)
    monthly_budget_usd = models.DecimalField(max_digits=10, decimal_places=2, null=True, blank=True)
    # Who may send on it: everybody with this role or a higher one, and those named, whatever their role.
    lowest_role = models.CharField(max_length=10, choices=Role.choices, default=Role.MEMBER)
    people: models.ManyToManyField = models.ManyToManyField(User, related_name="+", blank=True)
    created_at = models.DateTimeField(default=timezone.now)
    archived_at = models.DateTimeField(null=True, blank=True)

    objects = ConnectionQuerySet.as_manager()

    class Meta:
        indexes = [models.Index(fields=["team", "archived_at"])]
        constraints = [
            models.UniqueConstraint(
                fields=["team", "kind"], condition=~Q(kind="key"), name="one_automatic_connection_per_kind"
            )
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def is_simulator(self) -> bool:
        return self.kind == self.Kind.SIMULATOR

    @property
    def has_budget(self) -> bool:
        return self.daily_budget_usd is not None or self.monthly_budget_usd is not None

    @property
    def lacks_master_key(self) -> str:
        """The id of the master key that its key is sealed under, where this console does not have it; else empty."""
        has_it = not self.sealed_key or sealing.has_master_key_of(self.sealed_key)
        return "" if has_it else sealing.key_id_of(self.sealed_key)

    @property
    def fingerprint(self) -> str:
        """As much of the key's fingerprint as a person compares."""
        return self.key_fingerprint[:12]

    @property
    def origin(self) -> str:
        parts = urlsplit(self.base_url)
        return f"{parts.scheme}://{parts.netloc}"

    @sensitive_variables("key")
    def put_key(self, key: str) -> None:
        """Seal another key into this (saved) row. Nothing can read it back but `key()`."""
        self.key_put_at = timezone.now()
        self.seal_key(key)
        self.save(update_fields=["key_put_at"])

    @sensitive_variables("key")
    def seal_key(self, key: str) -> None:
        """Seal the key that the row has, under the newest master key."""
        self.sealed_key = sealing.seal(key, team_id=self.team_id, row_id=self.pk, origin=self.origin)
        self.key_last4 = key[-4:]
        self.key_fingerprint = sealing.fingerprint(key)
        self.save(update_fields=["sealed_key", "key_last4", "key_fingerprint"])

    def key(self) -> Secret:
        """The key to send with. Raises `sealing.Unreadable` where it is bound to another row or origin."""
        if self.kind == self.Kind.SIMULATOR:
            return SIMULATOR_KEY
        if self.kind == self.Kind.ENVIRONMENT:
            self._check_environment()
            return Secret(settings.ENVIRONMENT_KEY)
        return self.stored_key()

    def _check_environment(self) -> None:
        """A process that was started with another address may have written its own into this row meanwhile."""
        ours = urlsplit(settings.ENVIRONMENT_BASE_URL)
        if self.origin != f"{ours.scheme}://{ours.netloc}":
            raise sealing.Unreadable("The key in this console's environment is for another address than this one.")

    def stored_key(self) -> Secret:
        """The key sealed in this row. Raises `sealing.Unreadable` where there is none."""
        return Secret(sealing.unseal(self.sealed_key, team_id=self.team_id, row_id=self.pk, origin=self.origin))
