"""Budgets of connections: what something costs at most is put aside in the transaction that queues it, and settled later.

A day and a month are those of UTC. What is put aside counts like what was spent, until its comparison has ended; then the
real cost takes its place. An answer that was cut and may have been billed counts with its share of what was put aside.
Where no price is known, nothing can be put aside: such a run passes as long as anything is left, and counts once its cost
is known. The simulator costs nothing.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date
from decimal import Decimal
from typing import Any

from django.db import transaction
from django.db.models import Count, Max, Q, QuerySet, Sum
from django.utils import timezone

from betaconsole.catalogue.checks.estimate import estimated_tokens, most_cost, terms_of
from betaconsole.claude import jsontext
from betaconsole.runs.models import Comparison, Exchange, Reservation
from betaconsole.runs.states import State
from betaconsole.teams import audit
from betaconsole.teams.models import Connection, Membership, Role, User
from betaconsole.web.templatetags.figures import dollars

from .estimating import estimate
from .planning import Plan, PlanError

NOTHING = Decimal(0)
SETTLED_AT_ONCE = 200
# Ended without a cost, and may have been billed all the same.
CUT = (State.SUCCEEDED, State.INCOMPLETE, State.UNKNOWN_OUTCOME, State.INTERRUPTED)
MAYBE_BILLED = Q(cost_usd=None) & (
    Q(state__in=CUT) | Q(state=State.CANCELLED, sent_at__isnull=False) | Q(state=State.FAILED, status=200)
)


@dataclass(frozen=True)
class Promise:
    """What is about to be queued: `requests` that cost `upper_usd` at most. Not `is_priced`: of a part no price is known."""

    upper_usd: Decimal
    is_priced: bool
    requests: int

    @property
    def is_free(self) -> bool:
        return self.is_priced and not self.upper_usd

    @classmethod
    def of_plan(cls, plan: Plan) -> "Promise":
        """Raises `PlanError`."""
        columns = estimate(plan).columns
        known = [column.upper_usd for column in columns if column.upper_usd is not None]
        cells = sum(column.cells for column in columns)
        return cls(sum(known, NOTHING), is_priced=len(known) == len(columns), requests=cells)

    @classmethod
    def of_bodies(cls, bodies: Iterable[bytes], *, turns: int = 1) -> "Promise":
        """Of bodies of messages, as they are sent; each may take so many turns."""
        costs = [_most_of(data, turns=turns) for data in bodies]
        known = [cost for cost in costs if cost is not None]
        return cls(sum(known, NOTHING), is_priced=len(known) == len(costs), requests=len(costs))


FREE = Promise(NOTHING, is_priced=True, requests=0)


@dataclass(frozen=True)
class Spending:
    """What counts against the budgets of a connection. `unpriced`: how many runs of this month have a part without a price."""

    spent_today_usd: Decimal = NOTHING
    reserved_today_usd: Decimal = NOTHING
    spent_this_month_usd: Decimal = NOTHING
    reserved_this_month_usd: Decimal = NOTHING
    unpriced: int = 0


@dataclass(frozen=True)
class Left:
    """One budget of a connection: its `period` ("today's"), how much it is, and what is left of it (below 0 where it was passed)."""

    period: str
    budget_usd: Decimal
    left_usd: Decimal


class OverBudget(PlanError):
    """Queueing this would pass a budget; nothing was queued. `may_pass`: whoever asks may send it all the same."""

    def __init__(self, connection: Connection, left: Left, promise: Promise, *, may_pass: bool) -> None:
        super().__init__("connection", _over(connection, left, promise, may_pass=may_pass))
        self.may_pass = may_pass


def reserve(
    comparison: Comparison, promise: Promise, *, author: User | None, over_budget: bool = False
) -> Reservation | None:
    """Put aside what is promised, in the transaction that queues it. Raises `OverBudget`.

    `over_budget`: send it all the same, which an admin may; it is written down in the audit log.
    """
    if comparison.simulated or promise.is_free:
        return None
    # The lock: of two that would each fit, and together would not, the second one sees what the first one put aside.
    connection = Connection.objects.select_for_update(no_key=True).get(pk=comparison.connection_id)
    if passed := _passed(connection, promise):
        membership = _admin(author, connection)
        if membership is None or not over_budget:
            raise OverBudget(connection, passed, promise, may_pass=membership is not None)
        detail = {
            "comparison": comparison.number,
            "at_most_usd": str(promise.upper_usd),
            "budget_usd": str(passed.budget_usd),
        }
        if author != comparison.author:
            detail["for"] = str(comparison.author)
        audit.record(membership, "budget passed", about=connection.name, detail=detail)
    _settle_before(comparison)
    last = Exchange.objects.filter(comparison=comparison).aggregate(last=Max("pk"))["last"]
    return Reservation.objects.create(
        connection=connection,
        comparison=comparison,
        day=today(),
        after_exchange=last or 0,
        requests=max(1, promise.requests),
        reserved_usd=promise.upper_usd,
        is_priced=promise.is_priced,
    )


def today() -> date:
    """The day in UTC, which budgets count by."""
    return timezone.now().astimezone(UTC).date()


# What counts ----------------------------------------------------------------------------------------------------------


def spending_of(connections: Sequence[Connection]) -> dict[int, Spending]:
    """What each has spent and put aside, by its key. Two queries; what has ended since is settled first."""
    settle_ended(connections)
    return _spending([connection.pk for connection in connections])


def budgets_left(connection: Connection, spending: Spending) -> list[Left]:
    """The budgets it has, the day's first."""
    budgets = (
        ("today's", connection.daily_budget_usd, spending.spent_today_usd + spending.reserved_today_usd),
        (
            "this month's",
            connection.monthly_budget_usd,
            spending.spent_this_month_usd + spending.reserved_this_month_usd,
        ),
    )
    return [Left(period, budget, budget - used) for period, budget, used in budgets if budget is not None]


def _spending(connection_ids: Sequence[int]) -> dict[int, Spending]:
    day = today()
    of_today = Q(day=day)
    rows = (
        Reservation.objects.filter(connection__in=connection_ids, day__gte=day.replace(day=1), day__lte=day)
        .values("connection_id")
        .annotate(
            spent=Sum("spent_usd"),
            reserved=Sum("reserved_usd"),
            spent_today=Sum("spent_usd", filter=of_today),
            reserved_today=Sum("reserved_usd", filter=of_today),
            unpriced=Count("pk", filter=Q(is_priced=False)),
        )
    )
    found = {
        row["connection_id"]: Spending(
            spent_today_usd=row["spent_today"] or NOTHING,
            reserved_today_usd=row["reserved_today"] or NOTHING,
            spent_this_month_usd=row["spent"] or NOTHING,
            reserved_this_month_usd=row["reserved"] or NOTHING,
            unpriced=row["unpriced"],
        )
        for row in rows
    }
    return {key: found.get(key, Spending()) for key in connection_ids}


def _passed(connection: Connection, promise: Promise) -> Left | None:
    """The budget that has least left, where this would pass it."""
    if not connection.has_budget:
        return None
    while settle_ended([connection]) == SETTLED_AT_ONCE:
        pass
    left = min(budgets_left(connection, _spending([connection.pk])[connection.pk]), key=lambda budget: budget.left_usd)
    return left if left.left_usd <= 0 or promise.upper_usd > left.left_usd else None


def _admin(author: User | None, connection: Connection) -> Membership | None:
    """The author's membership in the connection's team, where it is an admin's."""
    found = Membership.objects.select_related("user").filter(user=author, team=connection.team_id).first()
    return found if found and Role(found.role).includes(Role.ADMIN) else None


def _over(connection: Connection, left: Left, promise: Promise, *, may_pass: bool) -> str:
    cost = f"This may cost up to {dollars(promise.upper_usd)}" if promise.upper_usd else "What this costs is not known"
    rest = f"{dollars(left.left_usd)} of" if left.left_usd > 0 else "nothing of"
    what_to_do = "raise the budget, or send it anyway" if may_pass else "ask an admin to let it pass"
    return (
        f"{cost}, and {rest} {left.period} {dollars(left.budget_usd)} is left on {connection.name}: nothing was sent. Ask for "
        f"less (fewer columns or repeats, a smaller max_tokens), or {what_to_do}."
    )


# Settling -------------------------------------------------------------------------------------------------------------


def settle_ended(connections: Sequence[Connection]) -> int:
    """Put the real cost in the place of what was put aside for runs that have ended; how many there were, of some at most."""
    ids = [connection.pk for connection in connections]
    ended = Q(comparison=None) | Q(comparison__finished_at__isnull=False)
    rows = list(Reservation.objects.open().filter(ended, connection__in=ids).order_by("pk")[:SETTLED_AT_ONCE])
    with transaction.atomic():
        for row in rows:
            _settle(row)
    return len(rows)


def _settle_before(comparison: Comparison) -> None:
    """Where nothing of it goes on by itself, all that was put aside before is settled: whoever goes on puts aside anew."""
    if not comparison.exchanges.unfinished().exists():
        for row in Reservation.objects.open().filter(comparison=comparison).order_by("pk"):
            _settle(row)


def _settle(row: Reservation) -> None:
    cost = row.reserved_usd  # of a comparison that is gone
    if row.comparison_id is not None:
        found: dict[str, Any] = _covered(row).aggregate(usd=Sum("cost_usd"), cut=Count("pk", filter=MAYBE_BILLED))
        cut = min(found["cut"], row.requests)
        cost = (found["usd"] or NOTHING) + cut * row.reserved_usd / row.requests
    # Only what is still open: another process may have settled it, or somebody may have let the comparison go on meanwhile.
    Reservation.objects.open().filter(pk=row.pk).update(spent_usd=cost, reserved_usd=NOTHING, settled_at=timezone.now())


def _covered(row: Reservation) -> QuerySet[Exchange]:
    """The exchanges a reservation is for."""
    later = Reservation.objects.filter(comparison=row.comparison_id, pk__gt=row.pk).order_by("pk").first()
    covered = Exchange.objects.filter(comparison=row.comparison_id, pk__gt=row.after_exchange)
    return covered.filter(pk__lte=later.after_exchange) if later else covered


def _most_of(data: bytes, *, turns: int) -> Decimal | None:
    try:
        body = jsontext.loads(data.decode())
    except (jsontext.JsonError, UnicodeDecodeError):
        return None
    return most_cost(terms_of(body), estimated_tokens(body), turns=turns).usd if isinstance(body, dict) else None
