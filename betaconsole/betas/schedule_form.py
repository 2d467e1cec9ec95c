"""The form of a connection's schedule: whether it is checked by itself, how often, about what, and for how much a day."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from decimal import Decimal, InvalidOperation
from functools import cached_property
from math import ceil

from django.http import QueryDict
from django.utils import timezone

from betaconsole.availability.models import Schedule
from betaconsole.teams.models import Connection, User

from .check_form import Size, size_of, typed_names
from .probing import ProbingError, chosen
from .probing_plan import active_betas
from .schedule import next_slot, save_schedule

HOURS: Mapping[int, str] = {
    1: "every hour",
    3: "every 3 hours",
    6: "every 6 hours",
    12: "every 12 hours",
    24: "every day",
    48: "every 2 days",
    168: "every week",
}


@dataclass(frozen=True)
class ScheduleForm:
    """A connection's schedule as its form shows it: as typed where it was refused, with what is wrong by field."""

    connection: Connection
    is_on: bool
    every_hours: str
    betas: str
    models: str
    daily_requests: str
    daily_usd: str
    next_at: datetime | None = None
    problems: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, connection: Connection, schedule: Schedule | None) -> ScheduleForm:
        """As it stands; without a row, as a new one begins: off."""
        row = schedule or Schedule(connection=connection)
        return cls(
            connection=connection,
            is_on=row.is_on,
            every_hours=str(row.every_hours),
            betas="\n".join(row.betas),
            models="\n".join(row.models_asked),
            daily_requests=str(row.daily_requests),
            daily_usd=f"{row.daily_usd:.2f}",
            next_at=next_slot(row, timezone.now()),
        )

    @classmethod
    def read(cls, connection: Connection, typed: QueryDict) -> ScheduleForm:
        """As it was sent; `save` says what is wrong with it."""
        return cls(
            connection=connection,
            is_on="is_on" in typed,
            every_hours=typed.get("every_hours", "")[:20],
            betas=typed.get("betas", "")[:100_000],
            models=typed.get("models", "")[:10_000],
            daily_requests=typed.get("daily_requests", "").strip()[:20],
            daily_usd=typed.get("daily_usd", "").strip()[:20],
        )

    @property
    def how_often(self) -> str:
        """`every day`; a number of hours that the menu does not hold is written out."""
        hours = int(self.every_hours) if self.every_hours.isdecimal() else 0
        return HOURS.get(hours, f"every {hours} hours")

    @property
    def hours(self) -> list[tuple[str, str, bool]]:
        """The menu: value, words, whether it is chosen."""
        known = {str(hours): words for hours, words in HOURS.items()}
        known.setdefault(self.every_hours, self.how_often)
        return [(value, words, value == self.every_hours) for value, words in known.items()]

    @property
    def names(self) -> Sequence[str]:
        return typed_names(self.betas) if self.betas.strip() else ()

    @property
    def model_names(self) -> Sequence[str]:
        return tuple(dict.fromkeys(self.models.replace(",", " ").split()))

    @cached_property
    def size(self) -> Size | None:
        """How much one check of it asks at most; None where it cannot be made."""
        try:
            betas, models = chosen(self.names or active_betas(), self.model_names)
        except ProbingError:
            return None
        return size_of(betas, models)

    @cached_property
    def per_day(self) -> Size | None:
        """How much its checks of one day ask at most, whatever the budget; a check that is rarer counts whole."""
        size, hours = self.size, max(int(_number(self.every_hours)), 1)
        if size is None:
            return None
        times = ceil(24 / hours)
        return replace(size, requests=size.requests * times, messages=size.messages * times, usd=size.usd * times)

    @property
    def is_over_budget(self) -> bool:
        """Whether the budget of a day may end its checks before they have asked about everything."""
        day = self.per_day
        most = _number(self.daily_requests), _number(self.daily_usd)
        return day is not None and (day.requests > most[0] or day.usd > most[1])

    def save(self, by: User) -> dict[str, str]:
        """Keep the schedule; what is wrong, by field, and then nothing was kept."""
        hours, requests, usd = _number(self.every_hours), _number(self.daily_requests), _number(self.daily_usd)
        try:
            save_schedule(
                self.connection,
                by,
                is_on=self.is_on,
                every_hours=int(hours),
                betas=self.names,
                models=self.model_names,
                daily_requests=int(requests),
                daily_usd=usd,
            )
        except ProbingError as error:
            return {error.field: error.message}
        return {}


def _number(text: str) -> Decimal:
    """What was typed as a number; -1, which no field takes, for what is none."""
    try:
        value = Decimal(text.removeprefix("$"))
    except InvalidOperation:
        return Decimal(-1)
    return value.quantize(Decimal("0.01")) if value.is_finite() and abs(value) < 10**9 else Decimal(-1)
