"""Betas as programs read them: what the catalogue knows of each, and how the team's connections answered."""

from collections.abc import Iterable
from datetime import datetime
from typing import Annotated, Any

from pydantic import Field
from typing_extensions import TypedDict

from betaconsole.availability.models import Probe, Standing, State
from betaconsole.availability.standings import Change, changes_of, standings, strips
from betaconsole.betas.listing import gated_tools
from betaconsole.betas.using import used_counts
from betaconsole.catalogue.betas import Beta, Status, all_betas, catalogue_date, date_of, family_of, find
from betaconsole.catalogue.checks.nearest import nearest
from betaconsole.claude.headers import HeaderError, check_beta
from betaconsole.teams.access import TeamRequest
from betaconsole.teams.models import Connection

from .problems import Problem

StateWord = Annotated[
    str,
    Field(
        json_schema_extra={"enum": State.values},
        description="The last word on acceptance; that a beta is accepted does not say that it has an effect.",
    ),
]
Moment = Annotated[str, Field(description="RFC 3339.")]
Words = Annotated[str, Field(description="Status and words of what refused it; empty where it was accepted.")]
ConnectionId = Annotated[str, Field(description="Id of the connection.")]
Exchange = Annotated[str | None, Field(description="Id of the exchange that told; null where none was sent.")]


class Availability(TypedDict):
    connection: ConnectionId
    model: str
    state: StateWord
    checked_at: Moment
    message: Words


class BetaAnswer(TypedDict):
    name: str
    family: Annotated[str, Field(description="The name without its date.")]
    date: Annotated[str | None, Field(description="The date in the name; null where it has none.")]
    status: Annotated[str, Field(json_schema_extra={"enum": [status.value for status in Status]})]
    superseded_by: str | None
    endpoints: Annotated[list[str], Field(description="Where it acts, such as messages or files; all: everywhere.")]
    unlocks: Annotated[
        list[str], Field(description="Fields, values and types of tools that the header opens or once opened.")
    ]
    header_only: Annotated[bool, Field(description="Whether the header alone does something.")]
    docs_url: str | None
    availability: Annotated[
        list[Availability],
        Field(description="Where it stands, for each connection in use and model it was asked about."),
    ]


class EvidenceAnswer(TypedDict):
    blocks: list[str]
    deltas: list[str]
    message: list[str]
    usage: list[str]
    stop_reasons: list[str]
    count_tokens: list[str]
    models: list[str]
    note: str


class ExampleAnswer(TypedDict):
    request: Annotated[str, Field(description="Method and path.")]
    betas: list[str]
    body: Annotated[Any, Field(description="With what the beta opens; null where there is none.")]
    without: Annotated[Any, Field(description="The same body without it.")]


class PastProbe(TypedDict):
    state: StateWord
    checked_at: Moment
    message: Words
    exchange: Exchange


class Strip(TypedDict):
    connection: ConnectionId
    model: str
    probes: Annotated[list[PastProbe], Field(description="The last 30, oldest first.")]


class ChangeAnswer(TypedDict):
    connection: ConnectionId
    model: str
    state: StateWord
    previous: StateWord
    since: Moment
    message: Words
    exchange: Exchange


class PinsAnswer(TypedDict):
    requests: Annotated[list[str], Field(description="Whose answers keep an older shape.")]
    shape: Annotated[list[str], Field(description="Paths that only the older shape has.")]


class RaisesAnswer(TypedDict):
    max_tokens: int | None
    input_tokens: int | None
    models: list[str]


class Known(TypedDict):
    """What the catalogue says of a beta beyond what a list shows."""

    title: str
    summary: str
    area: str
    status_note: str
    refused: Annotated[bool, Field(description="Whether the API refuses the name itself.")]
    gated: Annotated[list[str], Field(description="What is refused today without the header.")]
    evidence: Annotated[
        EvidenceAnswer, Field(description="What it may add to answers, so that its effect can be seen.")
    ]
    built_in_since: str | None
    pins: Annotated[PinsAnswer | None, Field(description="An older shape of answers that the header still selects.")]
    raises: Annotated[RaisesAnswer | None, Field(description="A limit in tokens that the header raises.")]
    models: Annotated[list[str], Field(description="Models it is documented for; empty where no source lists them.")]
    models_note: str
    limits_note: str
    regions: str
    inference_geo: str
    needs: Annotated[list[str], Field(description="Names that must stand in the header as well.")]
    conflicts: Annotated[list[str], Field(description="Fields that may not stand in the same request.")]
    sources: list[str]
    example: ExampleAnswer | None


class WholeBetaAnswer(BetaAnswer):
    known: Annotated[Known | None, Field(description="Null for a name that the catalogue does not hold.")]
    catalogue_date: Annotated[str, Field(description="The day up to which the facts were gathered.")]
    used: Annotated[int, Field(description="In how many of the team's comparisons it was sent.")]
    strips: list[Strip]
    changes: Annotated[list[ChangeAnswer], Field(description="Each time an answer changed, newest first; at most 100.")]


def every_beta(request: TeamRequest) -> list[BetaAnswer]:
    """The catalogue in its order, and after it other names the team has asked about. One query."""
    stood: dict[str, list[Standing]] = {}
    for row in standings(request.user, team=request.team).values():
        stood.setdefault(row.beta, []).append(row)
    names = [*all_betas(), *(name for name in sorted(stood) if name not in all_betas())]
    return [_beta(name, stood.get(name, ())) for name in names]


def whole_beta(request: TeamRequest, name: str) -> WholeBetaAnswer:
    """Everything known of a name. Raises `Problem` where that is nothing at all."""
    user, team = request.user, request.team
    rows = list(standings(user, team=team, betas=[name]).values()) if _is_well_formed(name) else []
    known = find(name)
    if known is None and not rows:
        raise Problem(404, _unknown(name))
    connections = {row.connection_id: row.connection for row in rows}
    probed = strips(user, team=team, beta=name)
    return {
        **_beta(name, rows),
        "known": _known(known) if known else None,
        "catalogue_date": catalogue_date().isoformat(),
        "used": used_counts(user, team).get(name, 0),
        "strips": [_strip(connections[place], model, probes) for (place, model), probes in probed.items()],
        "changes": [_change(change) for change in changes_of(user, team=team, beta=name)],
    }


def _beta(name: str, rows: Iterable[Standing]) -> BetaAnswer:
    beta = find(name)
    return {
        "name": name,
        "family": family_of(name),
        "date": date.isoformat() if (date := date_of(name)) else None,
        "status": beta.status.value if beta else Status.UNKNOWN.value,
        "superseded_by": beta.superseded_by if beta else None,
        "endpoints": list(beta.endpoints) if beta else [],
        "unlocks": [*beta.unlocks, *(f"tools[].type={kind}" for kind in beta.tool_types)] if beta else [],
        "header_only": beta.header_only if beta else False,
        "docs_url": beta.docs_url if beta else None,
        "availability": [_availability(row) for row in rows if row.connection.archived_at is None],
    }


def _availability(row: Standing) -> Availability:
    return {
        "connection": row.connection.public_id,
        "model": row.model,
        "state": row.state,
        "checked_at": row.probe.checked_at.isoformat(),
        "message": row.probe.message,
    }


def _known(beta: Beta) -> Known:
    evidence = beta.evidence
    return {
        "title": beta.title,
        "summary": beta.summary,
        "area": beta.area,
        "status_note": beta.status_note,
        "refused": beta.refused,
        "gated": [*beta.gated, *(f"tools[].type={kind}" for kind in gated_tools(beta))],
        "evidence": {
            "blocks": list(evidence.blocks),
            "deltas": list(evidence.deltas),
            "message": list(evidence.message),
            "usage": list(evidence.usage),
            "stop_reasons": list(evidence.stop_reasons),
            "count_tokens": list(evidence.count_tokens),
            "models": list(evidence.models),
            "note": evidence.note,
        },
        "built_in_since": beta.built_in_since.isoformat() if beta.built_in_since else None,
        "pins": {"requests": list(beta.pins.requests), "shape": list(beta.pins.shape)} if beta.pins else None,
        "raises": _raises(beta),
        "models": list(beta.models),
        "models_note": beta.models_note,
        "limits_note": beta.limits_note,
        "regions": beta.regions,
        "inference_geo": beta.inference_geo,
        "needs": list(beta.needs),
        "conflicts": list(beta.conflicts),
        "sources": list(beta.sources),
        "example": _example(beta),
    }


def _raises(beta: Beta) -> RaisesAnswer | None:
    raised = beta.raises
    if raised is None:
        return None
    return {"max_tokens": raised.max_tokens, "input_tokens": raised.input_tokens, "models": list(raised.models)}


def _example(beta: Beta) -> ExampleAnswer | None:
    if beta.example_base is None and beta.example_request.startswith("POST"):
        return None
    return {
        "request": beta.example_request,
        "betas": [*beta.needs, beta.name],
        "body": beta.example_body,
        "without": beta.example_base,
    }


def _strip(connection: Connection, model: str, probes: Iterable[Probe]) -> Strip:
    return {
        "connection": connection.public_id,
        "model": model,
        "probes": [
            {
                "state": probe.state,
                "checked_at": _moment(probe.checked_at),
                "message": probe.message,
                "exchange": probe.exchange or None,
            }
            for probe in probes
        ],
    }


def _change(change: Change) -> ChangeAnswer:
    return {
        "connection": change.connection.public_id,
        "model": change.model,
        "state": change.state.value,
        "previous": change.previous.value,
        "since": _moment(change.since),
        "message": change.message,
        "exchange": change.exchange or None,
    }


def _moment(value: datetime) -> str:
    return value.isoformat()


def _is_well_formed(name: str) -> bool:
    try:
        return bool(check_beta(name))
    except HeaderError:
        return False


def _unknown(name: str) -> str:
    if not _is_well_formed(name):
        return "A beta's name is made of lower-case letters, digits, dots and hyphens, at most 128 of them."
    near = nearest(name, all_betas(), limit=3)
    hint = f" Near it: {', '.join(near)}." if near else ""
    return f"The catalogue does not hold {name}, and no connection was asked about it.{hint}"
