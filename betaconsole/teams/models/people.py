"""Who owns what: people, teams, and the role of each person in a team."""

from typing import Any, Self

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.db import models
from django.db.models import F, Q
from django.utils import timezone

from betaconsole.storage.public_id import new_public_id


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
    # The owner of solo mode: who comes through the first link of team mode takes this place over, with all data.
    is_local = models.BooleanField(default=False)
    teams: models.ManyToManyField = models.ManyToManyField("Team", through="Membership", related_name="members")

    objects = UserManager()

    USERNAME_FIELD = "email"
    EMAIL_FIELD = "email"

    # The team (its pk) in which this person asks in this request; None outside of one: all teams the person is in.
    asks_in: int | None = None
    asks_as: str = ""  # and the role held there; empty outside of a request

    def __str__(self) -> str:
        return self.name or self.email

    def sees(self) -> Q:
        """Rows with a `team` that this person may read now: of teams the person is in, and of the one asked in."""
        mine = Q(team__memberships__user=self)
        return mine if self.asks_in is None else mine & Q(team=self.asks_in)

    @property
    def may_run(self) -> bool:
        """Whether this person may do more than read in the team asked in. Views check the role; this decides what is shown."""
        return not self.asks_as or Role(self.asks_as).includes(Role.MEMBER)


class TeamQuerySet(models.QuerySet["Team"]):
    def closed_by(self, user: User) -> Self:
        """What was deleted and may still be brought back by this person, who owns it."""
        mine = self.filter(memberships__user=user, memberships__role=Role.OWNER)
        return mine.filter(deletes_at__gt=timezone.now()).order_by("deletes_at")


class TeamClosed(Exception):
    """The team was deleted: nothing of it begins any more. The text is for the person who asked."""

    def __init__(self) -> None:
        super().__init__("This team was deleted by one of its owners; nothing was begun in it.")


class Team(models.Model):
    """Who shares prompts, combinations, connections and history."""

    name = models.CharField(max_length=120)
    public_id = models.CharField(max_length=24, unique=True, default=new_public_id)
    # The next #number of a comparison; taken by next_number() inside the transaction that uses it.
    next_comparison = models.PositiveIntegerField(default=1)
    created_at = models.DateTimeField(default=timezone.now)
    # How long history is kept (runs.history.retention); null: for ever.
    keep_days = models.PositiveIntegerField(null=True)
    keep_days_set_at = models.DateTimeField(null=True)
    keep_days_takes_pinned = models.BooleanField(default=False)
    keep_days_takes_decided = models.BooleanField(default=False)
    # An owner deleted it: nobody stands in it any more, and from then on it goes for good (runs.history.closing).
    deletes_at = models.DateTimeField(null=True, db_index=True)

    objects = TeamQuerySet.as_manager()

    def __str__(self) -> str:
        return self.name

    def take_comparison_number(self) -> int:
        """The next #number of the team. Call inside the transaction that creates the comparison: the row stays locked.

        Raises `TeamClosed` where the team was deleted, be it a moment before.
        """
        if not Team.objects.filter(pk=self.pk, deletes_at=None).update(next_comparison=F("next_comparison") + 1):
            raise TeamClosed
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
    public_id = models.CharField(max_length=24, unique=True, default=new_public_id)
    joined_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["user", "team"], name="one_membership_per_team")]

    def __str__(self) -> str:
        return f"{self.user} in {self.team}: {self.role}"
