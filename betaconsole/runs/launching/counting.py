"""Asking count_tokens how many input tokens the columns of a plan have, before anything of it is sent.

Each question is one request of an errand, sent and kept like any other. The same request is asked about once: what was
answered is kept by team, connection and request (drafts.token_counts).
"""

import time
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

from betaconsole.claude import jsontext
from betaconsole.claude.endpoints import Endpoint
from betaconsole.claude.headers import HeaderError, check_version, join_betas
from betaconsole.drafts.endpoint_choice import COUNT_TOKENS, COUNTED_FIELDS
from betaconsole.drafts.token_counts import ColumnCount, digest_of, keep, known
from betaconsole.runs.models import Comparison, Exchange
from betaconsole.runs.sending.waiting import wait_while_running
from betaconsole.runs.states import State
from betaconsole.storage.fields import showable
from betaconsole.teams.models import Connection, User

from .estimating import ColumnEstimate, estimate
from .launching import launch
from .planning import Plan, VariantPlan, body_of

MOST_ASKED = 32  # requests of one errand
NONCE = "A·" + "0" * 16  # as long as those that keep caches apart; those are drawn anew with each run
Cell = tuple[int, int]  # variant and case of a plan, both from 0


@dataclass(frozen=True)
class Question:
    """One request to count_tokens: what a cell would send, without the fields that are not counted."""

    label: str
    betas: tuple[str, ...]
    version: str
    headers: tuple[tuple[str, str], ...]
    body: dict[str, Any]
    data: bytes

    @cached_property
    def digest(self) -> str:
        return digest_of(betas=self.betas, version=self.version, headers=self.headers, body=self.data)

    def leaving_out(self, betas: Collection[str]) -> "Question":
        """The same question without these betas."""
        return replace(self, betas=tuple(beta for beta in self.betas if beta not in betas))


@dataclass(frozen=True)
class Counted:
    """What is known of a plan's cells. `without` has the betas that a count leaves out, since count_tokens refuses them."""

    tokens: Mapping[Cell, int] = field(default_factory=dict)
    without: Mapping[Cell, tuple[str, ...]] = field(default_factory=dict)
    missing: Mapping[Cell, Question] = field(default_factory=dict)


@dataclass(frozen=True)
class Refused:
    """What an errand did not bring: a sentence by the question's digest, and the betas that were refused by name."""

    problems: Mapping[str, str] = field(default_factory=dict)
    betas: frozenset[str] = frozenset()


def questions_of(plan: Plan) -> dict[Cell, Question]:
    """What to ask about each cell; nothing where the plan sends no messages. Raises `PlanError`."""
    if not plan.endpoint.is_messages or plan.raw_body is not None:
        return {}
    cells = [(index, number) for index in range(len(plan.variants)) for number in range(len(plan.cases))]
    return {cell: _question(plan, *cell) for cell in cells}


def _question(plan: Plan, index: int, number: int) -> Question:
    variant = plan.variants[index]
    if plan.separate_caches:
        variant = replace(variant, cache_nonce=NONCE)
    whole = body_of(plan, variant, plan.cases[number], place=f"variants.{index}", case_place=f"cases.{number}")
    body = {name: value for name, value in whole.items() if name in COUNTED_FIELDS}
    return Question(variant.label, variant.betas, variant.version, variant.headers, body, jsontext.dumps(body).encode())


def looked_up(questions: Mapping[Cell, Question], connection: Connection, *, without: Collection[str] = ()) -> Counted:
    """What is known already. `without`: betas that were refused; a cell that has them is counted without them."""
    reduced = {cell: question.leaving_out(without) for cell, question in questions.items()}
    found = known(connection, [question.digest for question in (*questions.values(), *reduced.values())])
    tokens: dict[Cell, int] = {}
    left_out: dict[Cell, tuple[str, ...]] = {}
    missing: dict[Cell, Question] = {}
    for cell, question in questions.items():
        smaller = reduced[cell]
        if question.digest in found:
            tokens[cell] = found[question.digest]
        elif smaller.digest in found:
            tokens[cell] = found[smaller.digest]
            left_out[cell] = tuple(beta for beta in question.betas if beta not in smaller.betas)
        else:
            missing[cell] = smaller
    return Counted(tokens, left_out, missing)


def ask(questions: Iterable[Question], *, author: User, connection: Connection) -> Comparison:
    """Send these questions, each once and at most so many at a time. Raises `PlanError` and `SendingDisabled`."""
    distinct = list({question.digest: question for question in questions}.values())[:MOST_ASKED]
    plan = Plan(
        body=None,
        variants=[
            VariantPlan(
                label=f"{number} {question.label}"[:200],
                betas=question.betas,
                version=question.version,
                own_body=question.body,
                headers=question.headers,
            )
            for number, question in enumerate(distinct, 1)
        ],
        version=connection.anthropic_version,
        title="Count tokens",
        endpoint=Endpoint("POST", COUNT_TOKENS),
        is_errand=True,
    )
    errand, _ = launch(plan, team=connection.team, author=author, connection=connection)
    return errand


def has_ended(errand: Comparison) -> bool:
    """Whether nothing of it is queued or in flight any more."""
    return not Exchange.objects.unfinished().filter(comparison=errand).exists()


def taken_in(errand: Comparison, connection: Connection) -> Refused:
    """Keep what an ended errand was answered; what it was refused."""
    counted: dict[str, int] = {}
    problems: dict[str, str] = {}
    refused: set[str] = set()
    for exchange in errand.exchanges.select_related("request_body", "variant").order_by("pk"):
        digest = _asked_digest(exchange)
        if exchange.state == State.SUCCEEDED and exchange.input_tokens is not None:
            counted[digest] = exchange.input_tokens
        else:
            problems[digest] = problem_of(exchange)
            refused.update(beta for beta in exchange.refused_betas or () if beta in exchange.variant.betas)
    keep(connection, counted)
    return Refused(problems, frozenset(refused))


def _asked_digest(exchange: Exchange) -> str:
    variant = exchange.variant
    return digest_of(
        betas=variant.betas,
        version=variant.anthropic_version,
        headers=[(name, value) for name, value in variant.headers],
        body=bytes(exchange.request_body.data) if exchange.request_body else b"",
    )


def problem_of(exchange: Exchange) -> str:
    """Why a question brought no count, in a sentence."""
    said = showable(exchange.error_message).strip()
    if exchange.state == State.SUCCEEDED:
        return "count_tokens answered, but with no number."
    if exchange.status:
        kind = showable(exchange.error_type) or "no error of the API"
        return f"count_tokens answered {exchange.status} ({kind}){': ' + said if said else '.'}"
    return f"count_tokens was not reached{': ' + said if said else '.'}"


def count_now(plan: Plan, connection: Connection, *, author: User, timeout_s: float) -> tuple[Counted, Refused]:
    """Ask about what is not known of the plan's cells, and wait for the answers, at most so long.

    Names and versions that cannot be sent are not asked about. Raises `PlanError` and `SendingDisabled`.
    """
    until = time.monotonic() + timeout_s
    questions = {cell: question for cell, question in questions_of(plan).items() if _can_be_sent(question)}
    without: set[str] = set()
    refused = Refused()
    while True:
        counted = looked_up(questions, connection, without=without)
        askable = [question for question in counted.missing.values() if question.digest not in refused.problems]
        if not askable or time.monotonic() >= until:
            return counted, refused
        errand = ask(askable, author=author, connection=connection)
        wait_while_running(errand, timeout_s=until - time.monotonic())
        if not has_ended(errand):
            return counted, refused
        newly = taken_in(errand, connection)
        refused = Refused({**refused.problems, **newly.problems}, refused.betas | newly.betas)
        without |= newly.betas


def _can_be_sent(question: Question) -> bool:
    try:
        join_betas(question.betas)
        check_version(question.version)
    except HeaderError:
        return False
    return True


def column_counts(plan: Plan, counted: Counted, refused: Refused) -> list[ColumnCount]:
    """What each column of a plan has of the counts, for its draft to remember. Raises `PlanError`."""
    once = estimate(replace(plan, repeats=1), counts=counted.tokens)
    return [_column_count(plan, index, column, counted, refused) for index, column in enumerate(once.columns)]


def _column_count(plan: Plan, index: int, estimated: ColumnEstimate, counted: Counted, refused: Refused) -> ColumnCount:
    missing = [question for (column, _), question in counted.missing.items() if column == index]
    problems = [refused.problems[question.digest] for question in missing if question.digest in refused.problems]
    problem = problems[0] if problems else ""
    if missing and not problems and len(plan.cases) > 1:
        problem = f"{len(missing):,} of {len(plan.cases):,} requests are estimated: count again to count more of them."
    left_out = [beta for (column, _), betas in counted.without.items() if column == index for beta in betas]
    of_one = ColumnCount(
        input_tokens=None if missing else estimated.input_tokens,
        without=tuple(dict.fromkeys(left_out)),
        problem=problem,
    )
    if plan.cases[0].body is None:
        return of_one
    usd = "" if estimated.upper_usd is None else str(estimated.upper_usd)
    return replace(
        of_one,
        input_tokens=estimated.input_tokens,
        is_counted=not missing,
        most_usd=usd,
        why_unknown=estimated.why_unknown,
    )
