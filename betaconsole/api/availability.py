"""Checks of availability: what is asked for, and what was found, as programs read it."""

from typing import Annotated

from django.conf import settings
from django.http import Http404
from pydantic import Field
from typing_extensions import TypedDict

from betaconsole.availability.models import Check, Method, State
from betaconsole.betas import probing
from betaconsole.runs.launching.launching import SendingDisabled
from betaconsole.runs.sending import engine
from betaconsole.teams.access import TeamRequest

from .asking import Asked, Beta, Label, Words
from .orders import connection_for
from .problems import Problem

EXAMPLE = {"connection": "simulator", "betas": ["context-management-2025-06-27"], "models": ["claude-sonnet-5-5"]}


class AskedAvailability(Asked):
    """Which betas and models to ask about."""

    connection: Words | None = Field(
        None, description="Id, name or kind (simulator, environment, key); the team's default where left out."
    )
    betas: Annotated[list[Beta], Field(min_length=1)] | None = Field(
        None, description="Names, known or not; all that the catalogue does not call retired where left out."
    )
    models: Annotated[list[Label], Field(min_length=1)] | None = Field(
        None, description="Ids of models; the default model where left out."
    )


class CheckStarted(TypedDict):
    id: str


class ProbeAnswer(TypedDict):
    beta: str
    model: str
    state: Annotated[
        str,
        Field(
            json_schema_extra={"enum": State.values},
            description="What the answer says of acceptance; nothing here says that a beta has an effect. not_checked: a made-up "
            "name was accepted too, so acceptance says nothing. unreachable: the request without a beta was not answered well, or "
            "no answer came.",
        ),
    ]
    method: Annotated[
        str,
        Field(
            json_schema_extra={"enum": Method.values},
            description="What was sent: tokens counted, the smallest message, a header with all names, or a list on the endpoint "
            "where the beta acts.",
        ),
    ]
    message: Annotated[str, Field(description="Status and words of what refused it; empty where it was accepted.")]
    checked_at: Annotated[str, Field(description="RFC 3339.")]
    exchange: Annotated[str | None, Field(description="Id of the exchange that told; null where none was sent.")]


class CheckAnswer(TypedDict):
    id: str
    status: Annotated[str, Field(json_schema_extra={"enum": Check.Status.values})]
    note: Annotated[str, Field(description="Why it stopped, and which controls failed.")]
    connection: Annotated[str, Field(description="Id of the connection.")]
    betas: list[str]
    models: list[str]
    created_at: Annotated[str, Field(description="RFC 3339.")]
    finished_at: Annotated[str | None, Field(description="RFC 3339; null while it runs.")]
    requests: Annotated[int, Field(description="Requests sent so far, controls included.")]
    cost_usd: Annotated[float | None, Field(description="What they cost so far; null before the first answer.")]
    results: Annotated[list[ProbeAnswer], Field(description="What is known so far, one for each beta and model.")]


def started(request: TeamRequest, asked: AskedAvailability) -> Check:
    """Begin what was asked for. Raises `Problem` and `SendingDisabled`."""
    if not settings.SENDING_ENABLED or engine.is_stopping():
        raise SendingDisabled
    connection = connection_for(request.team, asked.connection, request.user)
    try:
        return probing.start(request.team, request.user, connection, asked.betas or (), asked.models or ())
    except probing.ProbingError as error:
        raise Problem(422, error.message, field=error.field) from error


def check_of(request: TeamRequest, public_id: str) -> Check:
    """The check, where the token's user may see it and it is the token's team's."""
    found = Check.objects.visible_to(request.user).filter(team=request.team, public_id=public_id)
    check = found.select_related("connection").first()
    if check is None:
        raise Http404
    return check


def answer_of(check: Check) -> CheckAnswer:
    """A check as it stands, in the order of its models and betas."""
    places = {pair: at for at, pair in enumerate((model, beta) for model in check.models_asked for beta in check.betas)}
    probes = sorted(check.probes.all(), key=lambda probe: places.get((probe.model, probe.beta), len(places)))
    return {
        "id": check.public_id,
        "status": check.status,
        "note": check.note,
        "connection": check.connection.public_id,
        "betas": check.betas,
        "models": check.models_asked,
        "created_at": check.created_at.isoformat(),
        "finished_at": check.finished_at.isoformat() if check.finished_at else None,
        "requests": check.requests,
        "cost_usd": None if check.cost_usd is None else float(check.cost_usd),
        "results": [
            {
                "beta": probe.beta,
                "model": probe.model,
                "state": probe.state,
                "method": probe.method,
                "message": probe.message,
                "checked_at": probe.checked_at.isoformat(),
                "exchange": probe.exchange or None,
            }
            for probe in probes
        ],
    }
