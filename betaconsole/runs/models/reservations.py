"""Money put aside before it is spent."""

from django.db import models
from django.db.models import Q

from betaconsole.teams.models import Connection

from .comparisons import Comparison


class ReservationQuerySet(models.QuerySet["Reservation"]):
    def open(self) -> "ReservationQuerySet":
        return self.filter(settled_at=None)


class Reservation(models.Model):
    """What one press of Run, or one step further, may cost at most: put aside before it is queued, settled when it has ended.

    It covers the comparison's exchanges after `after_exchange`, up to those of the next reservation. The sums of a
    connection's days stay when comparisons are deleted.
    """

    connection = models.ForeignKey(Connection, on_delete=models.CASCADE, related_name="reservations", db_index=False)
    comparison = models.ForeignKey(Comparison, on_delete=models.SET_NULL, null=True, related_name="reservations")
    day = models.DateField()  # in UTC, of the moment it was queued
    after_exchange = models.BigIntegerField(default=0)
    requests = models.PositiveIntegerField()  # what was queued at first; further turns are part of the sum
    reserved_usd = models.DecimalField(max_digits=16, decimal_places=8, default=0)  # 0 once it is settled
    spent_usd = models.DecimalField(max_digits=16, decimal_places=8, default=0)
    is_priced = models.BooleanField(
        default=True
    )  # False: of a part no price is known, and that part is not in the sums
    settled_at = models.DateTimeField(null=True)

    objects = ReservationQuerySet.as_manager()

    class Meta:
        indexes = [
            models.Index(fields=["connection", "day"]),
            models.Index(fields=["connection"], condition=Q(settled_at=None), name="reservation_open"),
        ]

    def __str__(self) -> str:
        return f"${self.reserved_usd} reserved, ${self.spent_usd} spent"
