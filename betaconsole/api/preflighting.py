"""`POST /preflight`: what is known about a comparison before it is sent."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from decimal import Decimal
from itertools import islice
from typing import Annotated, Any

from pydantic import Field
from typing_extensions import TypedDict

from betaconsole.availability.expecting import model_in, refusals_expected
from betaconsole.availability.standings import Stand
from betaconsole.catalogue.checks.estimate import CHARACTERS_A_TOKEN, estimated_tokens, most_cost, terms_of
from betaconsole.catalogue.preflight import ColumnRequest, Finding, Level, preflight
from betaconsole.drafts.models import Engine
from betaconsole.runs.launching.planning import CasePlan, Plan, VariantPlan, body_of, check_shape, check_way
from betaconsole.runs.launching.separate_caches import new_nonce

from .asking import AskedVariant, NewComparison, Words

MOST_CASES = 20  # looked at; the estimate takes the others to be like them


class AskedColumn(AskedVariant):
    """One column, as for a comparison; names and versions that cannot be sent are findings here, not refusals."""

    betas: list[Words] = Field(description="Names for the anthropic-beta header, in this order, well-formed or not.")
    anthropic_version: Words | None = Field(None, description="The connection's where left out.")


class AskedPreflight(NewComparison):
    """A comparison that is not sent."""

    variants: list[AskedColumn] = Field(description="The columns: 1 to 32.")  # type: ignore[assignment]


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
        description="The most it may cost in USD, over all cases and repeats: the input estimated at "
        f"{CHARACTERS_A_TOKEN} characters a token, the output as long as max_tokens allows. Caches, calls of server tools and "
        "further turns are left out. Null where a price or max_tokens is not known."
    ),
]


class ColumnAnswer(TypedDict):
    label: str
    findings: Annotated[list[FindingAnswer], Field(description="Errors first, then warnings, then hints.")]
    input_tokens: Annotated[int | None, Field(description="As counted by the API; null where it was not asked.")]
    estimated_cost_usd: Cost


class PreflightAnswer(TypedDict):
    columns: list[ColumnAnswer]
    estimated_cost_usd: Cost


def looked_at(plan: Plan, *, today: date, stands: Sequence[Stand] = ()) -> PreflightAnswer:
    """What is known about the plan; `stands` is how its connection last answered its betas. Raises `PlanError` for what makes
    no request at all."""
    check_shape(plan)
    check_way(plan)
    if plan.separate_caches:
        apart = [replace(variant, cache_nonce=new_nonce(index)) for index, variant in enumerate(plan.variants)]
        plan = replace(plan, variants=apart)
    by_case = [_requests(plan, case, number) for number, case in islice(enumerate(plan.cases), MOST_CASES)]
    found = [_found(requests, stands, today) for requests in by_case]
    columns = [
        _column(plan, [requests[index] for requests in by_case], [findings[index] for findings in found])
        for index in range(len(plan.variants))
    ]
    costs = [column["estimated_cost_usd"] for column in columns]
    known = [cost for cost in costs if cost is not None]
    return {"columns": columns, "estimated_cost_usd": sum(known) if len(known) == len(costs) else None}


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


def _column(plan: Plan, requests: Sequence[ColumnRequest], found: Sequence[Sequence[Finding]]) -> ColumnAnswer:
    """One column over its cases; each thing is told once."""
    told = {(finding.code, finding.path, finding.message): finding for of_case in found for finding in of_case}
    costs = [_cost(plan, request.body) for request in requests]
    known = [cost for cost in costs if cost is not None]
    cells = Decimal(len(plan.cases) * plan.repeats) / len(costs)
    return {
        "label": requests[0].label,
        "findings": [_finding(finding) for finding in sorted(told.values(), key=lambda each: each.level.rank)],
        "input_tokens": None,
        "estimated_cost_usd": float(sum(known) * cells) if len(known) == len(costs) else None,
    }


def _cost(plan: Plan, body: Any) -> Decimal | None:
    if not plan.endpoint.is_messages or not isinstance(body, dict):
        return None
    return most_cost(terms_of(body), estimated_tokens(body), is_batch=plan.engine == Engine.BATCH).usd


def _finding(finding: Finding) -> FindingAnswer:
    return {
        "level": finding.level.value,
        "code": finding.code,
        "message": finding.message,
        "path": finding.path,
        "fix": finding.fix.as_json() if finding.fix else None,
    }
