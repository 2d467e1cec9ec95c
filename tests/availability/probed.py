"""Builders for checks and what they found."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from betaconsole.availability.keeping import keep
from betaconsole.availability.models import Check, Method, Probe, Standing, State
from betaconsole.teams.models import Connection, Team

MODEL = "claude-sonnet-4-6"
BEGUN = datetime(2026, 11, 1, 9, 14, tzinfo=UTC)
UNKNOWN_WORDS = "Unexpected value(s) `{}` for the `anthropic-beta` header."


def a_connection(team: Team, name: str = "Production key") -> Connection:
    """A connection with a key that is never used."""
    return Connection.objects.create(
        team=team, name=name, kind=Connection.Kind.KEY, base_url="https://api.anthropic.com"
    )


def a_check(
    connection: Connection, betas: Sequence[str] = (), *, models: Sequence[str] = (MODEL,), **values: Any
) -> Check:
    """A check that is done, without probes."""
    values = {"status": Check.Status.DONE, "created_at": BEGUN, "finished_at": BEGUN, **values}
    return Check.objects.create(
        team_id=connection.team_id, connection=connection, betas=list(betas), models_asked=list(models), **values
    )


def found(
    connection: Connection,
    states: Mapping[str, State],
    *,
    at: datetime = BEGUN,
    model: str = MODEL,
    exchange: str = "",
    message: str = UNKNOWN_WORDS,
    **values: Any,
) -> Check:
    """A check that found these states of these betas, at that moment."""
    check = a_check(
        connection, list(states), models=[model], created_at=at - timedelta(seconds=1), finished_at=at, **values
    )
    for beta, state in states.items():
        words = "" if state is State.ACCEPTED else message.format(beta)
        probe = keep(
            check, model=model, beta=beta, state=state, method=Method.COUNT_TOKENS, message=words, exchange=exchange
        )
        said = Probe.objects.get(pk=probe.pk).checked_at
        Probe.objects.filter(pk=probe.pk).update(checked_at=at)
        Standing.objects.filter(probe=probe, since=said).update(since=at)
    return check


def days(number: float) -> timedelta:
    return timedelta(days=number)
