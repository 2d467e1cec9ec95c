"""One press of Run: the plan becomes a comparison and its queued exchanges, in one transaction."""

import hashlib
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from django.conf import settings
from django.db import IntegrityError, transaction

from betaconsole.claude import jsontext
from betaconsole.claude.endpoints import Endpoint
from betaconsole.claude.headers import HeaderError, request_headers
from betaconsole.drafts.models import Draft, Engine
from betaconsole.library.models import CombinationVersion, PromptVersion
from betaconsole.library.stubs import turns_allowed
from betaconsole.runs.models import (
    Body,
    Case,
    ColumnRole,
    Comparison,
    ComparisonBeta,
    Exchange,
    ExchangeBeta,
    PackedBody,
    ToIndex,
    Variant,
)
from betaconsole.runs.sending import engine
from betaconsole.storage.fields import showable
from betaconsole.teams.audit import record_by
from betaconsole.teams.models import Connection, Team, TeamClosed, User
from betaconsole.teams.origins import origin_of
from betaconsole.web.troubles import BROKEN

from .budgeting import FREE, Promise, reserve
from .order import drawn, new_seed
from .planning import Asking, Plan, PlanError, VariantPlan, askings, content_type_of
from .separate_caches import new_nonce

BATCHES = Endpoint("POST", "/v1/messages/batches")  # where the cells of a comparison go that runs as a batch


class TokenReused(Exception):
    """A client token came again with another request."""


class NotAllowed(PlanError):
    """The connection is there, and not for this person; nothing was queued."""


class SendingDisabled(Exception):
    """The operator switched sending off, or the process stops; nothing was queued. The text is for the person who asked."""

    def __init__(self, message: str = "Sending is switched off on this console; nothing was queued.") -> None:
        super().__init__(message)


def launch(
    plan: Plan,
    *,
    team: Team,
    author: User | None,
    connection: Connection,
    client_token: str | None = None,
    digest: str | None = None,
    draft: Draft | None = None,
    prompt_version: PromptVersion | None = None,
    prompt_changed: bool = False,
    over_budget: bool = False,
    passed_by: User | None = None,
) -> tuple[Comparison, bool]:
    """The comparison and whether it is new: the same `client_token` and request again finds the first one.

    `digest`: tells the same request, where the plan does not (None: it does), since what was asked may mean another plan by
    then. `over_budget`: pass the connection's budgets, where the author is an admin; `passed_by`: an admin who lets it pass for
    the author. Raises `PlanError` (nothing is queued;
    `NotAllowed` and `OverBudget` are among them), `TokenReused`, `SendingDisabled`.
    """
    check_sending(connection, author)
    digest = digest or request_digest(plan, connection)
    plan = with_draws(plan)
    asked = askings(plan)
    if client_token and (earlier := launched_before(team, client_token, digest)):
        return earlier, False
    bodies = packed([asking.body for asking in asked] + case_bodies(plan) + [composed_body(plan)])
    promise = FREE if connection.is_simulator else Promise.of_plan(plan)
    comparison = Comparison(
        team=team,
        author=author,
        connection=connection,
        simulated=connection.is_simulator,
        client_token=client_token,
        request_digest=digest,
        draft=draft,
        prompt_version=prompt_version,
        prompt_changed=prompt_changed,
        **plan_fields(plan),
    )
    try:
        _store(comparison, plan, asked, bodies, promise=promise, over_budget=over_budget, passed_by=passed_by)
    except TeamClosed as error:
        # After the look at the connection, while the bodies were packed.
        raise PlanError("connection", str(error)) from error
    except IntegrityError:
        # Two presses at the same moment: the other one was first.
        if client_token and (earlier := launched_before(team, client_token, digest)):
            return earlier, False
        raise
    return comparison, True


@transaction.atomic
def _store(
    comparison: Comparison,
    plan: Plan,
    asked: Sequence[Asking],
    bodies: Sequence[PackedBody],
    *,
    promise: Promise,
    over_budget: bool,
    passed_by: User | None,
) -> None:
    """All that a press makes, or nothing of it: the comparison with its number and rows, its money put aside, a line in the
    audit log. The engine hears of it once it is committed.

    `bodies`: one for each of `asked`, then those of the cases, then what was composed.
    """
    comparison.number = comparison.team.take_comparison_number()
    comparison.body_id = Body.keep_all(comparison.team_id, bodies[-1:])[0]
    comparison.save(force_insert=True)
    over_budget = over_budget or passed_by is not None
    reserve(comparison, promise, author=passed_by or comparison.author, over_budget=over_budget)
    _fill(comparison, plan, asked, bodies[:-1])
    _note_start(comparison, plan, requests=len(asked) * plan.repeats, promise=promise)
    transaction.on_commit(engine.poke)


def with_draws(plan: Plan) -> Plan:
    """The plan with what each press draws anew: what keeps caches apart, and a seed for the order where none was given."""
    if plan.separate_caches:
        plan = replace(plan, variants=with_new_nonces(plan.variants, first_position=0))
    if plan.engine == Engine.BATCH or plan.is_errand:  # nobody knows in what order a batch is answered
        return replace(plan, seed=None)
    return plan if plan.seed is not None else replace(plan, seed=new_seed())


def _note_start(comparison: Comparison, plan: Plan, *, requests: int, promise: Promise) -> None:
    """In the audit log, but for what the console asks by itself on the way, such as a list of files."""
    author, connection = comparison.author, comparison.connection
    if author is None or plan.is_errand:
        return
    betas = dict.fromkeys(beta for one in plan.variants for beta in one.betas)
    detail: dict[str, Any] = {"requests": requests, "connection": connection.name, "betas": ", ".join(betas)}
    if not connection.is_simulator:
        detail |= {"key": connection.key_fingerprint[:12], "at most": f"${promise.upper_usd}"}
    record_by(
        author, comparison.team_id, "run started", about=f"#{comparison.number} {comparison.title}", detail=detail
    )


def plan_fields(plan: Plan) -> dict[str, Any]:
    """The columns of a comparison that say how it was asked: what it is called, where to, how sent, what answers."""
    return {
        "title": title_of(plan),
        "anthropic_version": plan.version,
        "repeats": plan.repeats,
        "method": plan.endpoint.method,
        "path": plan.endpoint.path,
        "query": plan.endpoint.query,
        "content_type": content_type_of(plan, plan.body),
        "engine": plan.engine,
        "tool_stubs": [dict(stub) for stub in plan.tool_stubs],
        "max_turns": turns_allowed(plan.max_turns, plan.tool_stubs),
        "is_trace": plan.is_trace,
        "separate_caches": plan.separate_caches,
        "seed": plan.seed,
        "preset": plan.preset,
        "checks": [dict(check) for check in plan.checks],
        "is_errand": plan.is_errand,
    }


def title_of(plan: Plan) -> str:
    """The plan's title; what is no message is at least called by where it went."""
    return showable(plan.title or ("" if plan.endpoint.is_messages else str(plan.endpoint)))[:200]


def composed_body(plan: Plan) -> bytes:
    """What was composed, before any changes: the comparison's own copy."""
    if plan.raw_body is not None:
        return plan.raw_body
    return b"" if plan.body is None else jsontext.dumps(plan.body).encode()


def case_bodies(plan: Plan) -> list[bytes]:
    """The bodies of the cases that have one of their own, in their order."""
    return [jsontext.dumps(case.body).encode() for case in plan.cases if case.body is not None]


def packed(datas: Sequence[bytes]) -> list[PackedBody]:
    """Each ready to be kept; equal ones are packed once. Takes time: not for use inside a transaction."""
    by_data = {data: PackedBody.of(data) for data in dict.fromkeys(datas)}
    return [by_data[data] for data in datas]


def with_new_nonces(variants: Sequence[VariantPlan], *, first_position: int) -> list[VariantPlan]:
    """The columns, from `first_position` on, each with a cache of its own."""
    return [replace(variant, cache_nonce=new_nonce(first_position + index)) for index, variant in enumerate(variants)]


def check_sending(connection: Connection, author: User | None) -> None:
    """Raises `SendingDisabled` while nothing may be queued, `PlanError` where the connection cannot send (any more),
    `NotAllowed` where it may not for this person."""
    if not settings.SENDING_ENABLED or engine.is_stopping():
        raise SendingDisabled
    if engine.distrusts_storage():
        raise SendingDisabled(BROKEN.message)
    usable = Connection.objects.filter(pk=connection.pk)
    if not usable.usable().exists():
        raise PlanError("connection", f"The connection {connection.name} is gone or has no key: choose another one.")
    if author is not None and not usable.usable_by(author).exists():
        raise NotAllowed(
            "connection", f"The connection {connection.name} is not for your role: choose another one, or ask an admin."
        )


def request_digest(plan: Plan, connection: Connection) -> str:
    """SHA-256 over all that a press asks for: tells a repeated press from another request with the same token."""
    # What is drawn anew with each press (the nonces of separate caches, a seed that was not given) is left out, and so is
    # the preset: its columns stand here.
    variants = [
        [one.label, one.baseline, one.betas, one.version, one.model, one.changes, one.own_body, one.headers, one.role]
        for one in plan.variants
    ]
    cases = [[case.name, dict(case.variables), case.body] for case in plan.cases]
    endpoint = [plan.endpoint.method, plan.endpoint.path, plan.endpoint.query]
    how: list[Any] = [
        plan.engine,
        plan.is_trace,
        plan.separate_caches,
        plan.is_errand,
        [dict(check) for check in plan.checks],
    ]
    if plan.seed is not None and plan.engine != Engine.BATCH:
        how.append(plan.seed)
    turns = [[dict(stub) for stub in plan.tool_stubs], plan.max_turns]
    parts = [connection.pk, plan.title, plan.repeats, plan.stream, endpoint, how, turns, variants, cases, plan.body]
    digest = hashlib.sha256(jsontext.dumps(parts).encode())
    if plan.raw_body is not None:
        digest.update(plan.content_type.encode() + plan.raw_body)
    return digest.hexdigest()


def launched_before(team: Team, client_token: str, digest: str) -> Comparison | None:
    """The comparison that came of this token and request; None where the token is new. Raises `TokenReused`."""
    earlier = Comparison.objects.filter(team=team, client_token=client_token).first()
    if earlier and earlier.request_digest != digest:
        raise TokenReused
    return earlier


def _fill(comparison: Comparison, plan: Plan, asked: Sequence[Asking], bodies: Sequence[PackedBody]) -> None:
    """Variants, cases, queued exchanges and the rows that lists and search are driven from.

    `bodies`: one for each of `asked`, then those of the cases.
    """
    variants = add_variants(comparison, plan, asked, first_position=0)
    kept = iter(Body.keep_all(comparison.team_id, bodies[len(asked) :]))
    cases = Case.objects.bulk_create(
        Case(
            comparison=comparison,
            position=position,
            name=showable(case.name)[:200],
            variables=dict(case.variables),
            body_id=None if case.body is None else next(kept),
        )
        for position, case in enumerate(plan.cases)
    )
    repeats = range(1, plan.repeats + 1)
    queue(comparison, variants, cases, asked, bodies=bodies[: len(asked)], repeats=repeats, author=comparison.author)
    # What is made up is no beta that the team has tried.
    tried = [variant.betas for variant in plan.variants if variant.role != ColumnRole.MADE_UP]
    betas = sorted({beta for names in tried for beta in names})
    ComparisonBeta.objects.bulk_create(ComparisonBeta(comparison=comparison, beta=beta) for beta in betas)
    ToIndex.objects.create(comparison=comparison)


def add_variants(
    comparison: Comparison, plan: Plan, asked: Sequence[Asking], *, first_position: int, origin: Variant | None = None
) -> list[Variant]:
    """The plan's columns as rows, from `first_position` on; each compared with the column its plan names, else the first."""
    taken = _taken(comparison, plan)
    rows = Variant.objects.bulk_create(
        Variant(
            comparison=comparison,
            position=first_position + index,
            label=variant.label,
            role=variant.role,
            betas=list(variant.betas),
            header=asked[index].header,
            anthropic_version=variant.version,
            model=asked[index].model,
            model_override=showable(variant.model)[:200],
            changes=None if variant.changes is None else jsontext.dumps(variant.changes),
            own_body=None if variant.own_body is None else jsontext.dumps(variant.own_body),
            headers=[list(pair) for pair in variant.headers],
            cache_nonce=variant.cache_nonce,
            combination_version_id=variant.combination
            if taken.get(variant.combination, set()) & {*variant.betas}
            else None,
            origin=origin,
        )
        for index, variant in enumerate(plan.variants)
    )
    by_label = {row.label: row for row in comparison.variants.all()}
    first = min(by_label.values(), key=lambda row: row.position)
    for row, variant in zip(rows, plan.variants, strict=True):
        baseline = by_label[variant.baseline] if variant.baseline is not None else first
        row.baseline = None if baseline.pk == row.pk else baseline
    Variant.objects.bulk_update(rows, ["baseline"])
    return rows


def _taken(comparison: Comparison, plan: Plan) -> dict[int | None, set[str]]:
    """The betas of each version of a combination that a column says it took: none of them left, nothing was taken."""
    keys = {variant.combination for variant in plan.variants if variant.combination}
    if not keys:
        return {}
    found = CombinationVersion.objects.filter(pk__in=keys, combination__team=comparison.team_id)
    return {version.pk: set(version.betas) for version in found}


def queue(
    comparison: Comparison,
    variants: Sequence[Variant],
    cases: Sequence[Case],
    asked: Sequence[Asking],
    *,
    bodies: Sequence[PackedBody],
    repeats: Sequence[int],
    author: User | None,
) -> list[Exchange]:
    """Queued exchanges, in the order in which they are sent: the comparison's seed decides it (launching.order).

    Everything a request needs is stored before anything is sent. `bodies`: one for each of `asked`.
    """
    body_ids = Body.keep_all(comparison.team_id, bodies)
    endpoint = BATCHES if comparison.engine == Engine.BATCH else comparison.endpoint
    url = url_at(comparison.connection, endpoint)
    headers = [headers_of(asking) for asking in asked]
    order = _order(comparison, variants, cases, asked, repeats)
    rows = Exchange.objects.bulk_create(
        Exchange(
            team_id=comparison.team_id,
            author=author,
            comparison=comparison,
            variant=variants[asking.variant],
            case=cases[asking.case],
            repeat=repeat,
            connection_id=comparison.connection_id,
            method=endpoint.method,
            url=url,
            request_headers=headers[index],
            request_body_id=body_ids[index] if asking.content_type else None,
            stream=asking.stream,
            model=asking.model,
        )
        for repeat, index, asking in order
    )
    ExchangeBeta.objects.bulk_create(
        ExchangeBeta(exchange=row, beta=beta)
        for row, (_, _, asking) in zip(rows, order, strict=True)
        for beta in asking.betas
    )
    return rows


def _order(
    comparison: Comparison,
    variants: Sequence[Variant],
    cases: Sequence[Case],
    asked: Sequence[Asking],
    repeats: Sequence[int],
) -> list[tuple[int, int, Asking]]:
    """Repeat, place in `asked` and asking of every request, in the order in which they are sent."""
    places = {(asking.case, asking.variant): index for index, asking in enumerate(asked)}
    order = drawn(
        comparison.seed,
        variants=[variant.position for variant in variants],
        cases=[case.position for case in cases],
        repeats=repeats,
        keeps_cases=comparison.is_trace,
    )
    return [(repeat, places[case, variant], asked[places[case, variant]]) for repeat, case, variant in order]


def url_at(connection: Connection, endpoint: Endpoint) -> str:
    """The whole address of an endpoint on a connection. `PlanError` where it would lead elsewhere."""
    url = endpoint.url(connection.base_url)
    if origin_of(url) != connection.origin:
        raise PlanError("endpoint", f"{endpoint} leads away from {connection.origin}.")
    return url


def headers_of(asking: Asking) -> list[list[str]]:
    """The header lines of a request as they are stored: the key as a reference."""
    try:
        headers = request_headers(
            betas=asking.betas,
            version=asking.version,
            stream=asking.stream,
            content_type=asking.content_type or None,
            extra=asking.headers,
        )
    except HeaderError as error:
        raise PlanError("body", str(error)) from error
    return [list(pair) for pair in headers]
