"""Reading where betas stand: on which connection and model they are accepted or refused, since when, and how it was before.

Every query begins with who asks or with a team's own connection. None of them grows with the number of betas.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime

from django.db.models import F, OuterRef, QuerySet, Subquery, Window
from django.db.models.functions import Lag, RowNumber

from betaconsole.teams.models import Connection, Team, User

from .keeping import CONCLUSIVE
from .models import Check, Probe, Standing, State

REFUSALS = (State.REFUSED, State.REFUSED_MODEL, State.REFUSED_ACCOUNT)
STRIP = 30  # probes
MOST_CHANGES = 100

Key = tuple[int, str, str]  # the connection's primary key, model, beta
Place = tuple[int, str]  # the connection's primary key, model


@dataclass(frozen=True)
class Change:
    """A beta that is answered otherwise than before on a connection and model, since a moment. `message`: the far end's
    words, empty where it accepts; `exchange`: public id of the exchange that told, or empty."""

    connection: Connection
    model: str
    beta: str
    state: State
    previous: State
    since: datetime
    message: str
    exchange: str

    @property
    def is_refusal(self) -> bool:
        return self.state in REFUSALS


@dataclass(frozen=True)
class Stand:
    """The last conclusive word on a beta as plain data; `order` grows with the time it was said."""

    connection: str  # its name
    model: str
    beta: str
    state: State
    since: datetime
    checked_at: datetime
    message: str
    order: int


def standings(
    user: User,
    *,
    team: Team,
    connection: Connection | None = None,
    model: str | None = None,
    betas: Collection[str] | None = None,
) -> dict[Key, Standing]:
    """Where the betas of this team stand, with connection, `probe`, `last_probe` and its check. One query."""
    found = (
        Standing.objects.visible_to(user)
        .filter(team=team)
        .select_related("connection", "probe", "last_probe__check_of")
    )
    if connection is not None:
        found = found.filter(connection=connection)
    if model is not None:
        found = found.filter(model=model)
    if betas is not None:
        found = found.filter(beta__in=betas)
    return {(one.connection_id, one.model, one.beta): one for one in found.order_by("connection", "model", "beta")}


def strip(connection: Connection, model: str, beta: str, limit: int = STRIP) -> list[Probe]:
    """The last probes of a beta on a model, oldest first. One query."""
    found = Probe.objects.filter(connection=connection, model=model, beta=beta).order_by("-pk")[:limit]
    return list(found)[::-1]


def strips(user: User, *, team: Team, beta: str, limit: int = STRIP) -> dict[Place, list[Probe]]:
    """The last probes of a beta on every connection and model, oldest first. One query."""
    number = Window(RowNumber(), partition_by=[F("connection"), F("model")], order_by=F("pk").desc())
    found = Probe.objects.visible_to(user).filter(team=team, beta=beta).annotate(number=number)
    rows: dict[Place, list[Probe]] = defaultdict(list)
    for probe in found.filter(number__lte=limit).order_by("pk"):
        rows[probe.connection_id, probe.model].append(probe)
    return dict(rows)


def state_changes(team: Team, since: datetime, *, connection: Connection | None = None) -> list[Change]:
    """What is answered otherwise now than before, newest first, where that changed after `since`. First answers are no
    changes, and what changed and changed back counts once, as it stands now. Archived connections are left out. One query."""
    told = Standing.objects.filter(team=team, state__in=CONCLUSIVE, previous__in=CONCLUSIVE)
    moved = told.filter(since__gt=since, connection__archived_at=None)
    if connection is not None:
        moved = moved.filter(connection=connection)
    rows = moved.select_related("connection", "probe").order_by("-since", "beta", "model")
    return [
        Change(
            connection=row.connection,
            model=row.model,
            beta=row.beta,
            state=State(row.state),
            previous=State(row.previous),
            since=row.since,
            message=row.probe.message,
            exchange=row.probe.exchange,
        )
        for row in rows
    ]


def changes_of(user: User, *, team: Team, beta: str) -> list[Change]:
    """Every change in the whole history of a beta, newest first, at most a hundred. One query."""
    before = Window(Lag("state"), partition_by=[F("connection"), F("model")], order_by=F("pk").asc())
    told = Probe.objects.visible_to(user).filter(team=team, beta=beta, state__in=CONCLUSIVE).annotate(before=before)
    moved = told.exclude(before=None).exclude(before=F("state")).select_related("connection")
    return [
        Change(
            connection=probe.connection,
            model=probe.model,
            beta=probe.beta,
            state=State(probe.state),
            previous=State(probe.before),
            since=probe.checked_at,
            message=probe.message,
            exchange=probe.exchange,
        )
        for probe in moved.order_by("-pk")[:MOST_CHANGES]
    ]


def probes_of(check: Check) -> QuerySet[Probe]:
    """What a check found out; `before` is what was last known of the same beta and model, None where that was nothing."""
    earlier = Probe.objects.filter(
        connection=OuterRef("connection"),
        beta=OuterRef("beta"),
        model=OuterRef("model"),
        pk__lt=OuterRef("pk"),
        state__in=CONCLUSIVE,
    )
    return check.probes.annotate(before=Subquery(earlier.order_by("-pk").values("state")[:1]))


def stands_on(connection_id: int | None, betas: Collection[str]) -> tuple[Stand, ...]:
    """The last conclusive words on these betas, on every model of a connection (its primary key). One query, none without
    betas or connection."""
    if not betas or connection_id is None:
        return ()
    rows = Standing.objects.filter(connection=connection_id, beta__in=betas, state__in=CONCLUSIVE)
    return tuple(
        Stand(
            connection=row.connection.name,
            model=row.model,
            beta=row.beta,
            state=State(row.state),
            since=row.since,
            checked_at=row.probe.checked_at,
            message=row.probe.message,
            order=row.probe_id,
        )
        for row in rows.select_related("connection", "probe").order_by("beta", "model")
    )


def refusal_of(beta: str, model: str, stands: Iterable[Stand]) -> Stand | None:
    """The refusal to expect of a beta on a model. Pure.

    What was said of that very model decides. Where nothing was, the newest word on another model does, as long as it says
    nothing of the model itself.
    """
    about = [stand for stand in stands if stand.beta == beta]
    here = [stand for stand in about if stand.model == model]
    elsewhere = [stand for stand in about if stand.state is not State.REFUSED_MODEL]
    newest = max(here or elsewhere, key=lambda stand: stand.order, default=None)
    return newest if newest and newest.state in REFUSALS else None
