"""What a connection spent, put aside and has left, as its page shows it."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from betaconsole.runs.launching.budgeting import Spending, spending_of
from betaconsole.teams.models import Connection

SCARCE = Decimal("0.9")  # of a budget: more than that is worth a colour


@dataclass(frozen=True)
class Period:
    """Today or this month. `budget_usd`: None where there is none."""

    name: str
    spent_usd: Decimal
    reserved_usd: Decimal
    budget_usd: Decimal | None

    @property
    def used_usd(self) -> Decimal:
        return self.spent_usd + self.reserved_usd

    @property
    def left_usd(self) -> Decimal | None:
        """Never below nothing."""
        return None if self.budget_usd is None else max(Decimal(0), self.budget_usd - self.used_usd)

    @property
    def tone(self) -> str:
        """warn: little is left; bad: nothing."""
        if self.budget_usd is None or self.used_usd < SCARCE * self.budget_usd:
            return ""
        return "warn" if self.used_usd < self.budget_usd else "bad"


@dataclass(frozen=True)
class Shown:
    """The figures of one connection."""

    today: Period
    this_month: Period
    unpriced: int

    @property
    def periods(self) -> list[Period]:
        return [self.today, self.this_month]


def shown(connections: Sequence[Connection]) -> dict[int, Shown]:
    """The figures of these, by the connection's key; none for the simulator, which costs nothing."""
    billed = [connection for connection in connections if not connection.is_simulator]
    spent = spending_of(billed)
    return {connection.pk: _shown(connection, spent[connection.pk]) for connection in billed}


def _shown(connection: Connection, spending: Spending) -> Shown:
    return Shown(
        Period("Today", spending.spent_today_usd, spending.reserved_today_usd, connection.daily_budget_usd),
        Period(
            "This month", spending.spent_this_month_usd, spending.reserved_this_month_usd, connection.monthly_budget_usd
        ),
        spending.unpriced,
    )
