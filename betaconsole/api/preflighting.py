"""`POST /preflight`: what is known about a comparison before it is sent."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from decimal import Decimal
from typing import Annotated, Any

from pydantic import Field
from typing_extensions import TypedDict

from betaconsole.availability.expecting import model_in, refusals_expected
from betaconsole.availability.standings import Stand
from betaconsole.catalogue.checks.estimate import CHARACTERS_A_TOKEN
from betaconsole.catalogue.preflight import ColumnRequest, Finding, Level, preflight
from betaconsole.runs.launching.counting import Counted, Refused, count_now, looked_up, questions_of
from betaconsole.runs.launching.estimating import ColumnEstimate, estimate
from betaconsole.runs.launching.planning import CasePlan, Plan, VariantPlan, body_of, check_shape, check_way
from betaconsole.runs.launching.separate_caches import new_nonce
from betaconsole.teams.models import Connection, User

from .asking import AskedVariant, NewComparison, Words

MOST_CASES = 20  # looked at; the estimate takes the others to be like them
COUNTING_S = 10.0  # how long an answer waits for count_tokens


class AskedColumn(AskedVariant):
    """One column, as for a comparison; names and versions that cannot be sent are findings here, not refusals."""

    betas: list[Words] | None = Field(
        None, description="Names for the anthropic-beta header, in this order, well-formed or not."
    )
    anthropic_version: Words | None = Field(None, description="The connection's where left out.")


class AskedPreflight(NewComparison):
    """A comparison that is not sent."""

    variants: list[AskedColumn] | None = Field(None, description="The columns: 1 to 32.")  # type: ignore[assignment]
    count_tokens: bool = Field(
        False,
        description=f"Ask count_tokens about what is not counted yet, and wait for it, at most {COUNTING_S:.0f} seconds. Without "
        "it, input_tokens holds what was counted before.",
    )


class FindingAnswer(TypedDict):
    level: Annotated[str, Field(json_schema_extra={"enum": [level.value for level in Level]})]
    code: str
    message: Annotated[str, Field(description="One sentence.")]
    path: Annotated[str, Field(description="The place in the body as the API's errors name it, or empty.")]
    fix: Annotated[
        dict[str, Any] | None,
        Field(
            description="The change that ends it: action (add_beta, remove_beta, replace_beta, insert_example, set_field, "
            "remove_field, move_field, separate_caches) with beta, new, path, to and value where it has them; path and to are "
            "JSON pointers into the column's body."
        ),
    ]


Cost = Annotated[
    float | None,
    Field(
        description="The most it may cost in USD, over all cases, repeats and turns: the input as counted, else estimated at "
        f"{CHARACTERS_A_TOKEN} characters a token; all that is marked for caching written; the output as long as max_tokens "
        "allows. Calls of server tools are left out. Null where a price or max_tokens is not known."
    ),
]


class ColumnAnswer(TypedDict):
    label: str
    findings: Annotated[list[FindingAnswer], Field(description="Errors first, then warnings, then hints.")]
    input_tokens: Annotated[
        int | None,
        Field(
            description="Of all cases, once each, as counted by the API; null where it was not asked "
            f"about all of them, and for more than {MOST_CASES} cases."
        ),
    ]
    estimated_cost_usd: Cost


class PreflightAnswer(TypedDict):
    columns: list[ColumnAnswer]
    estimated_cost_usd: Cost


@dataclass(frozen=True)
class Tokens:
    """What count_tokens said of the first cases of a plan, and what it refused."""

    counted: Counted = field(default_factory=Counted)
    refused: Refused = field(default_factory=Refused)


def tokens_of(plan: Plan, connection: Connection, *, asking: User | None = None) -> Tokens:
    """What was counted of the plan before; with somebody asking, what is not counted yet is counted now.

    Raises `PlanError` and `SendingDisabled`.
    """
    few = _few(plan)
    if asking is None:
        return Tokens(looked_up(questions_of(few), connection))
    return Tokens(*count_now(few, connection, author=asking, timeout_s=COUNTING_S))


def _few(plan: Plan) -> Plan:
    """The plan with its first cases. Raises `PlanError` for what makes no request at all."""
    check_shape(plan)
    check_way(plan)
    return replace(plan, cases=plan.cases[:MOST_CASES])


def looked_at(plan: Plan, *, today: date, stands: Sequence[Stand], tokens: Tokens) -> PreflightAnswer:
    """What is known about the plan; `stands` is how its connection last answered the betas of its columns.

    Raises `PlanError` for what makes no request at all.
    """
    few = _few(plan)
    if plan.separate_caches:
        apart = [replace(variant, cache_nonce=new_nonce(index)) for index, variant in enumerate(plan.variants)]
        few = replace(few, variants=apart)
    by_case = [_requests(few, case, number) for number, case in enumerate(few.cases)]
    found = [_found(requests, stands, today) for requests in by_case]
    like_these = Decimal(len(plan.cases)) / len(few.cases)
    estimated = estimate(few, counts=tokens.counted.tokens)
    columns = [
        _column(
            column,
            [finding for findings in found for finding in findings[index]] + _about_counting(index, tokens),
            like_these=like_these,
        )
        for index, column in enumerate(estimated.columns)
    ]
    return {"columns": columns, "estimated_cost_usd": _dollars(estimated.upper_usd, like_these)}


def _dollars(usd: Decimal | None, like_these: Decimal) -> float | None:
    """Exact up to here: adding what was made a number of JSON would not be."""
    return None if usd is None else float(usd * like_these)


def _about_counting(index: int, tokens: Tokens) -> list[Finding]:
    """What kept a column from being counted, or what its count leaves out."""
    found = []
    for (column, _), betas in tokens.counted.without.items():
        if column == index:
            message = f"count_tokens refuses {', '.join(betas)}: the tokens are counted without."
            found.append(Finding(Level.HINT, "counted_without", message))
    for (column, _), question in tokens.counted.missing.items():
        if column == index and question.digest in tokens.refused.problems:
            found.append(Finding(Level.WARNING, "not_counted", tokens.refused.problems[question.digest]))
    return found


def _found(requests: Sequence[ColumnRequest], stands: Sequence[Stand], today: date) -> list[list[Finding]]:
    """What is to be said of each column's request."""
    return [
        [*findings, *refusals_expected(request.betas, model_in(request.body), stands)]
        for request, findings in zip(requests, preflight(requests, today=today), strict=True)
    ]


def _requests(plan: Plan, case: CasePlan, number: int) -> list[ColumnRequest]:
    """What each column sends for one case."""
    return [
        _request(plan, variant, case, places=(f"variants.{index}", f"cases.{number}"))
        for index, variant in enumerate(plan.variants)
    ]


def _request(plan: Plan, variant: VariantPlan, case: CasePlan, *, places: tuple[str, str]) -> ColumnRequest:
    body = None
    if _has_body(plan, variant, case):
        body = body_of(plan, variant, case, place=places[0], case_place=places[1])
    return ColumnRequest(
        label=variant.label,
        method=plan.endpoint.method,
        path=plan.endpoint.path,
        betas=variant.betas,
        version=variant.version,
        body=body,
        extra_headers=variant.headers,
        is_stream=isinstance(body, dict) and body.get("stream") is True,
    )


def _has_body(plan: Plan, variant: VariantPlan, case: CasePlan) -> bool:
    """Whether JSON is sent: where messages go always, else where there is any."""
    if plan.raw_body is not None or not plan.endpoint.has_body:
        return False
    return plan.has_prompt or any(body is not None for body in (plan.body, variant.own_body, case.body))


def _column(estimated: ColumnEstimate, found: Sequence[Finding], *, like_these: Decimal) -> ColumnAnswer:
    """One column over its cases; each thing is told once. `like_these`: how many times as many cases there are."""
    told = {(finding.code, finding.path, finding.message): finding for finding in found}
    is_counted = estimated.is_counted and like_these == 1
    return {
        "label": estimated.label,
        "findings": [_finding(finding) for finding in sorted(told.values(), key=lambda each: each.level.rank)],
        "input_tokens": estimated.input_tokens if is_counted else None,
        "estimated_cost_usd": _dollars(estimated.upper_usd, like_these),
    }


def _finding(finding: Finding) -> FindingAnswer:
    return {
        "level": finding.level.value,
        "code": finding.code,
        "message": finding.message,
        "path": finding.path,
        "fix": finding.fix.as_json() if finding.fix else None,
    }
