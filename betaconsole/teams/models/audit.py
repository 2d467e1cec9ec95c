"""Who did what, when, and from where: written once, never changed, never deleted."""

from typing import Self

from django.db import models
from django.utils import timezone

from betaconsole.storage.fields import JsonTextField

from .people import Team, User


class AuditEntryQuerySet(models.QuerySet["AuditEntry"]):
    def visible_to(self, user: User) -> Self:
        return self.filter(user.sees())


class AuditEntry(models.Model):
    """One thing that was done. The database itself refuses to change or delete a row (triggers of migration 0003).

    People and teams may go, what they did stays: the two references are held by nothing, and `who` keeps the name.
    """

    team = models.ForeignKey(Team, on_delete=models.DO_NOTHING, db_constraint=False, null=True, related_name="+")
    person = models.ForeignKey(User, on_delete=models.DO_NOTHING, db_constraint=False, null=True, related_name="+")
    who = models.CharField(max_length=255)
    action = models.CharField(max_length=40)  # noun and past participle: "key added", "run started"
    about = models.CharField(max_length=300, blank=True)
    detail = JsonTextField(default=dict)
    address = models.CharField(max_length=45, blank=True)
    at = models.DateTimeField(default=timezone.now)

    objects = AuditEntryQuerySet.as_manager()

    class Meta:
        indexes = [models.Index(fields=["team", "-id"])]

    def __str__(self) -> str:
        return f"{self.who}: {self.action} {self.about}"
