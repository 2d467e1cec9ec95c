"""The history, as programs read it: comparisons and single exchanges that match, newest first."""

from collections.abc import Sequence
from typing import Annotated, Any, NotRequired

from django.http import HttpResponse
from ninja import Query, Router, Schema
from pydantic import Field
from typing_extensions import TypedDict

from betaconsole.runs.history.asking import PARAMETERS, asked_for
from betaconsole.runs.history.listing import history, summaries_for
from betaconsole.runs.history.single import found_exchanges
from betaconsole.runs.history.typed_query import Ignored
from betaconsole.runs.history.typed_query import Query as TypedQuery
from betaconsole.runs.models import Comparison, ComparisonBeta, Exchange
from betaconsole.runs.states import State
from betaconsole.runs.summaries import Summary
from betaconsole.storage.fields import readable
from betaconsole.teams.access import TeamRequest
from betaconsole.web.paging import identifier

from .damage import DamagedFields, damage
from .exact_json import json_response
from .problems import Problem, check_parameters
from .shapes import ErrorAnswer, Failure

router = Router()
PAGE, MOST = 50, 200


class AskedHistory(Schema):
    """Filters, all of which must hold. A comma means or; a minus in front of a value means without."""

    q: str = Field(
        "", description='Words, and filters as the page of history takes them: beta:x -model:y status:error "so".'
    )
    beta: str = Field("", description="A whole name or a part of one.")
    model: str = ""
    state: str = Field("", description="State of an exchange, or running, waiting, refused.")
    outcome: str = Field("", description="What came of a beta.")
    status: str = Field("", description="529, 4xx, error or ok.")
    error: str = Field("", description="The API's error type, or how the call failed.")
    connection: str = Field("", description="Id or name.")
    author: str = Field("", description="me, an e-mail or a name.")
    tag: str = ""
    is_: str = Field("", alias="is", description="pinned, simulated, batch or trace.")
    cost: str = Field("", description="US dollars: >0.1, 0.1..2.")
    latency: str = Field("", description="Of the slowest exchange: >5s, 200ms..2s.")
    since: str = Field("", description="A day (2026-11-01) or how long ago (7d).")
    until: str = Field("", description="Before this day.")
    limit: int = Field(PAGE, ge=1, le=MOST)
    before: str = Field("", description="Where the next page starts: next of the page before.")

    def query(self) -> TypedQuery:
        """Raises the 422 where a part is not understood: a program must not get everything for a filter that it misspelt."""
        query = asked_for({name: value for name, value in self.given.items() if isinstance(value, str)})
        self.check(query.ignored)
        return query

    def check(self, ignored: Sequence[Ignored]) -> None:
        """Raises the 422 for the first of these, at the parameter that it came in."""
        for one in ignored:
            for name, kind in PARAMETERS.items():
                if self.given[name] and one.text == f"{kind}:{str(self.given[name]).strip()}":
                    raise Problem(422, one.why, field=name)
            raise Problem(422, f"{one.text}: {one.why}", field="q")

    @property
    def given(self) -> dict[str, Any]:
        """Every parameter by its name in the address."""
        return self.dict(by_alias=True)


PARAMETER_NAMES = [field.alias or name for name, field in AskedHistory.model_fields.items()]


class ComparisonSummary(TypedDict):
    id: str
    number: Annotated[int, Field(description="The team's own number of it.")]
    title: str
    author: Annotated[str | None, Field(description="Null: somebody who left.")]
    created_at: str
    finished_at: str | None
    paused: bool
    simulated: bool
    betas: list[str]
    models: list[str]
    columns: int
    repeats: int
    states: Annotated[dict[str, int], Field(description="How many cells stand where.")]
    refused: Annotated[int, Field(description="How many of the failed ones were refused for a beta.")]
    failure: Annotated[str | None, Field(description="Why, where exactly one failed.")]
    change: Annotated[
        str | None,
        Field(description="The largest difference of medians from the baseline, in words; concludes nothing."),
    ]
    verdict: Annotated[
        str | None,
        Field(
            description="The first sentence of what it shows; null: not worked out yet, one answer a column, or damaged."
        ),
    ]
    cost_usd: float | None
    slowest_ms: float | None
    tags: Annotated[list[str] | None, Field(description="null: they are damaged.")]
    pinned: bool
    damaged: NotRequired[DamagedFields]


class HistoryAnswer(TypedDict):
    items: list[ComparisonSummary]
    next: Annotated[str | None, Field(description="The next page's before; null: there is nothing older.")]


class FoundExchange(TypedDict):
    id: str
    comparison: Annotated[str, Field(description="Id of its comparison.")]
    number: Annotated[int, Field(description="Of its comparison.")]
    variant: str
    betas: list[str]
    model: str
    repeat: int
    attempt: int
    turn: int
    state: Annotated[str, Field(json_schema_extra={"enum": State.values})]
    status: int | None
    error: Failure | None
    request_id: str | None
    stop_reason: str | None
    output_tokens: int | None
    cost_usd: float | None
    total_ms: float | None
    author: str | None
    created_at: str
    text: Annotated[str | None, Field(description="null: it is damaged.")]
    damaged: NotRequired[DamagedFields]


class ExchangesAnswer(TypedDict):
    items: list[FoundExchange]
    next: str | None


@router.get(
    "/history",
    operation_id="list_history",
    summary="Find comparisons",
    response={200: HistoryAnswer, (401, 422): ErrorAnswer},
)
def list_history(request: TeamRequest, asked: Query[AskedHistory]) -> HttpResponse:
    """The team's comparisons that match, newest first."""
    check_parameters(request, PARAMETER_NAMES)
    before = asked.before
    if before and not (before.isascii() and before.isdecimal() and len(before) <= 9):
        raise Problem(422, "This is not the next of a page of this list.", field="before")
    found = history(
        request.user, request.team, query=asked.query(), before=int(before) if before else None, size=asked.limit
    )
    asked.check(found.sought.ignored if found.sought else ())
    comparisons = [row.comparison for row in found.rows]
    summaries, betas = summaries_for(comparisons), _betas(comparisons)
    items = [comparison_summary(one, summaries[one.pk], betas.get(one.pk, [])) for one in comparisons]
    return json_response({"items": items, "next": None if found.next_before is None else str(found.next_before)})


@router.get(
    "/exchanges",
    operation_id="list_exchanges",
    summary="Find exchanges",
    response={200: ExchangesAnswer, (401, 404, 422): ErrorAnswer},
)
def list_exchanges(request: TeamRequest, asked: Query[AskedHistory]) -> HttpResponse:
    """Single exchanges that have ended and match, the newest comparison's first. Words are looked for in answers, errors and
    request-ids."""
    check_parameters(request, PARAMETER_NAMES)
    before = identifier(asked.before)
    try:
        if asked.before and not before:
            raise Exchange.DoesNotExist
        found = found_exchanges(request.user, request.team, asked.query(), before=before, size=asked.limit)
    except Exchange.DoesNotExist:
        raise Problem(422, "This is not the next of a page of this list.", field="before") from None
    asked.check(found.ignored)
    return json_response({"items": [found_exchange(one) for one in found.rows], "next": found.next_before})


def _betas(comparisons: list[Comparison]) -> dict[int, list[str]]:
    found: dict[int, list[str]] = {}
    used = ComparisonBeta.objects.filter(comparison__in=comparisons).order_by("beta")
    for comparison, beta in used.values_list("comparison", "beta"):
        found.setdefault(comparison, []).append(beta)
    return found


def comparison_summary(comparison: Comparison, summary: Summary, betas: list[str]) -> ComparisonSummary:
    """One comparison as lists say it."""
    return {
        "id": comparison.public_id,
        "number": comparison.number,
        "title": comparison.title,
        "author": str(comparison.author) if comparison.author else None,
        "created_at": comparison.created_at.isoformat(),
        "finished_at": comparison.finished_at.isoformat() if comparison.finished_at else None,
        "paused": comparison.paused_at is not None,
        "simulated": comparison.simulated,
        "betas": betas,
        "models": list(summary.models),
        "columns": summary.columns,
        "repeats": comparison.repeats,
        "states": dict(summary.states),
        "refused": summary.refused,
        "failure": summary.failure or None,
        "change": summary.change or None,
        "verdict": readable(comparison.verdict),
        "cost_usd": None if summary.cost_usd is None else float(summary.cost_usd),
        "slowest_ms": summary.slowest_ms,
        "tags": [] if comparison.tags is None else readable(comparison.tags),
        "pinned": comparison.pinned_at is not None,
        **damage(comparison, {"tags": "tags", "verdict": "verdict"}),
    }


def found_exchange(exchange: Exchange) -> FoundExchange:
    """One exchange as lists say it: all but its bodies and headers."""
    kind = exchange.error_type or exchange.failure_kind
    return {
        "id": exchange.public_id,
        "comparison": exchange.comparison.public_id,
        "number": exchange.comparison.number,
        "variant": exchange.variant.label,
        "betas": list(exchange.variant.betas),
        "model": exchange.model_used or exchange.model,
        "repeat": exchange.repeat,
        "attempt": exchange.attempt,
        "turn": exchange.turn,
        "state": exchange.state,
        "status": exchange.status,
        "error": {"type": kind, "message": readable(exchange.error_message)} if kind else None,
        "request_id": exchange.request_id or None,
        "stop_reason": exchange.stop_reason or None,
        "output_tokens": exchange.output_tokens,
        "cost_usd": None if exchange.cost_usd is None else float(exchange.cost_usd),
        "total_ms": exchange.total_ms,
        "author": str(exchange.author) if exchange.author else None,
        "created_at": exchange.created_at.isoformat(),
        "text": readable(exchange.text),
        **damage(exchange, {"text": "text", "error_message": "error.message"}),
    }
