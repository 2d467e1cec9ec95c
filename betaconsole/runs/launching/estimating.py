"""At most what a plan costs, column by column, before anything of it is sent. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

from betaconsole.catalogue.checks.estimate import CHARACTERS_A_TOKEN, estimated_tokens, most_cost, terms_of
from betaconsole.catalogue.pricing import Cost
from betaconsole.claude import jsontext
from betaconsole.claude.endpoints import Endpoint
from betaconsole.drafts.models import Engine
from betaconsole.library.stubs import turns_allowed

from .planning import Plan, body_of

COUNT_TOKENS, FILES = "/v1/messages/count_tokens", "/v1/files"
Counts = Mapping[tuple[int, int], int]  # (variant, case), both from 0 → input tokens as the API counted them
NO_COUNTS: Counts = {}


@dataclass(frozen=True)
class ColumnEstimate:
    """One column: `cells` is how many requests begin in it.

    `input_tokens` are those of all its cases, once each, as counted where `is_counted`, else estimated (in part); None where
    no message is sent. `upper_usd` is for all cells and their turns; where it is None `why_unknown` is a sentence.
    """

    label: str
    cells: int
    input_tokens: int | None
    is_counted: bool
    upper_usd: Decimal | None
    why_unknown: str = ""


@dataclass(frozen=True)
class Estimate:
    """All columns; the sum is None where one of them is not known."""

    columns: list[ColumnEstimate]

    @property
    def upper_usd(self) -> Decimal | None:
        known = [column.upper_usd for column in self.columns if column.upper_usd is not None]
        return sum(known, Decimal(0)) if len(known) == len(self.columns) else None

    @property
    def why_unknown(self) -> str:
        """Why the first column without a cost has none."""
        return next((column.why_unknown for column in self.columns if column.upper_usd is None), "")


def estimate(plan: Plan, *, counts: Counts = NO_COUNTS) -> Estimate:
    """Columns × cases × repeats × turns: each answer as long as max_tokens allows, each turn reading all before it.

    Input that nobody counted is estimated from its characters. The prices of server tools beside their tokens are in no
    source and left out. Raises `PlanError`.
    """
    return Estimate([_column(plan, index, counts) for index in range(len(plan.variants))])


def _column(plan: Plan, index: int, counts: Counts) -> ColumnEstimate:
    label, cells = plan.variants[index].label, len(plan.cases) * plan.repeats
    if not plan.endpoint.is_messages or plan.raw_body is not None:
        cost = _cost_elsewhere(plan.endpoint)
        return ColumnEstimate(label, cells, None, False, cost.usd, cost.why_unknown)
    stubs = [dict(stub) for stub in plan.tool_stubs]
    turns = turns_allowed(plan.max_turns, stubs)
    result_tokens = round(len(jsontext.dumps(stubs)) / CHARACTERS_A_TOKEN) if stubs else 0
    tokens, costs = 0, []
    for number, case in enumerate(plan.cases):
        body = body_of(plan, plan.variants[index], case, place=f"variants.{index}", case_place=f"cases.{number}")
        of_case = counts.get((index, number))
        if of_case is None:
            of_case = estimated_tokens(body)
        tokens += of_case
        is_batch = plan.engine == Engine.BATCH
        costs.append(most_cost(terms_of(body), of_case, is_batch=is_batch, turns=turns, result_tokens=result_tokens))
    known = [cost.usd * plan.repeats for cost in costs if cost.usd is not None]
    return ColumnEstimate(
        label,
        cells,
        tokens,
        is_counted=all((index, number) in counts for number in range(len(plan.cases))),
        upper_usd=sum(known, Decimal(0)) if len(known) == len(costs) else None,
        why_unknown=next((cost.why_unknown for cost in costs if cost.why_unknown), ""),
    )


def _cost_elsewhere(endpoint: Endpoint) -> Cost:
    """Reading, deleting, counting and keeping files are not billed; of other endpoints no price is known."""
    is_free = not endpoint.has_body or endpoint.path == COUNT_TOKENS or endpoint.path.startswith(FILES)
    return Cost(Decimal(0)) if is_free else Cost(None, f"What {endpoint} costs is not known.")
