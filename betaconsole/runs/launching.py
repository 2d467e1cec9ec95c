"""One press of Run: the plan becomes a comparison and its queued exchanges, in one transaction."""

import hashlib
import json
from collections.abc import Sequence
from typing import Any

from django.conf import settings
from django.db import IntegrityError, transaction

from betaconsole.claude import jsontext
from betaconsole.claude.headers import request_headers
from betaconsole.drafts.models import Draft
from betaconsole.library.models import PromptVersion
from betaconsole.storage.fields import showable
from betaconsole.teams.models import Connection, Team, User

from . import engine
from .models import Body, Case, Comparison, ComparisonBeta, Exchange, ExchangeBeta, PackedBody, ToIndex, Variant
from .planning import Asking, Plan, PlanError, askings

ENDPOINT = "/v1/messages"


class TokenReused(Exception):
    """A client token came again with another request."""


class SendingDisabled(Exception):
    """The operator switched sending off; nothing was queued."""


def launch(
    plan: Plan,
    *,
    team: Team,
    author: User,
    connection: Connection,
    client_token: str | None = None,
    draft: Draft | None = None,
    prompt_version: PromptVersion | None = None,
) -> tuple[Comparison, bool]:
    """The comparison and whether it is new: the same `client_token` and request again finds the first one.

    Raises `PlanError` (nothing is queued), `TokenReused`, `SendingDisabled`.
    """
    check_sending(connection)
    asked = askings(plan)
    digest = request_digest(plan, asked, connection)
    if client_token and (earlier := _earlier(team, client_token, digest)):
        return earlier, False
    bodies = [PackedBody.of(asking.body) for asking in asked]
    try:
        with transaction.atomic():
            comparison = Comparison.objects.create(
                team=team,
                author=author,
                number=team.take_comparison_number(),
                title=showable(plan.title)[:200],
                connection=connection,
                simulated=connection.is_simulator,
                body_id=Body.keep(team.pk, jsontext.dumps(plan.body).encode()),
                anthropic_version=plan.version,
                repeats=plan.repeats,
                draft=draft,
                prompt_version=prompt_version,
                client_token=client_token,
                request_digest=digest,
            )
            _fill(comparison, plan, asked, bodies)
            transaction.on_commit(engine.poke)
    except IntegrityError:
        # Two presses at the same moment: the other one was first.
        if client_token and (earlier := _earlier(team, client_token, digest)):
            return earlier, False
        raise
    return comparison, True


def check_sending(connection: Connection) -> None:
    """Raises `SendingDisabled` while nothing may be queued, `PlanError` where the connection cannot send (any more)."""
    if not settings.SENDING_ENABLED or engine.is_stopping():
        raise SendingDisabled
    if not Connection.objects.usable().filter(pk=connection.pk).exists():
        raise PlanError("connection", f"The connection {connection.name} is gone or has no key: choose another one.")


def request_digest(plan: Plan, asked: Sequence[Asking], connection: Connection) -> str:
    """SHA-256 over all that decides what is sent: tells a repeated press from another request with the same token."""
    parts: list[Any] = [connection.pk, plan.title, plan.repeats, [case.name for case in plan.cases]]
    parts += [[variant.label, variant.baseline] for variant in plan.variants]
    digest = hashlib.sha256(json.dumps(parts).encode())
    for asking in asked:
        digest.update(f"\n{asking.header}\n{asking.version}\n{len(asking.body)}\n".encode() + asking.body)
    return digest.hexdigest()


def _earlier(team: Team, client_token: str, digest: str) -> Comparison | None:
    earlier = Comparison.objects.filter(team=team, client_token=client_token).first()
    if earlier and earlier.request_digest != digest:
        raise TokenReused
    return earlier


def _fill(comparison: Comparison, plan: Plan, asked: Sequence[Asking], bodies: Sequence[PackedBody]) -> None:
    """Variants, cases, queued exchanges and the rows that lists and search are driven from."""
    variants = add_variants(comparison, plan, asked, first_position=0)
    cases = Case.objects.bulk_create(
        Case(
            comparison=comparison,
            position=position,
            name=showable(case.name)[:200],
            variables=dict(case.variables),
            body_id=None if case.body is None else Body.keep(comparison.team_id, jsontext.dumps(case.body).encode()),
        )
        for position, case in enumerate(plan.cases)
    )
    repeats = range(1, plan.repeats + 1)
    queue(comparison, variants, cases, asked, bodies=bodies, repeats=repeats, author=comparison.author)
    betas = sorted({beta for variant in plan.variants for beta in variant.betas})
    ComparisonBeta.objects.bulk_create(ComparisonBeta(comparison=comparison, beta=beta) for beta in betas)
    ToIndex.objects.create(comparison=comparison)


def add_variants(
    comparison: Comparison, plan: Plan, asked: Sequence[Asking], *, first_position: int, origin: Variant | None = None
) -> list[Variant]:
    """The plan's columns as rows, from `first_position` on; each compared with the column its plan names, else the first."""
    rows = Variant.objects.bulk_create(
        Variant(
            comparison=comparison,
            position=first_position + index,
            label=variant.label,
            betas=list(variant.betas),
            header=asked[index].header,
            anthropic_version=variant.version,
            model=asked[index].model,
            model_override=showable(variant.model)[:200],
            changes=None if variant.changes is None else jsontext.dumps(variant.changes),
            own_body=None if variant.own_body is None else jsontext.dumps(variant.own_body),
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
    """Queued exchanges: everything a request needs is stored before anything is sent. `bodies`: one for each of `asked`."""
    body_ids = Body.keep_all(comparison.team_id, bodies)
    url = comparison.connection.base_url.rstrip("/") + ENDPOINT
    rows = Exchange.objects.bulk_create(
        Exchange(
            team_id=comparison.team_id,
            author=author,
            comparison=comparison,
            variant=variants[asking.variant],
            case=cases[asking.case],
            repeat=repeat,
            connection_id=comparison.connection_id,
            url=url,
            request_headers=[
                list(pair) for pair in request_headers(betas=asking.betas, version=asking.version, stream=asking.stream)
            ],
            request_body_id=body_ids[index],
            stream=asking.stream,
            model=asking.model,
        )
        for repeat in repeats
        for index, asking in enumerate(asked)
    )
    ExchangeBeta.objects.bulk_create(
        ExchangeBeta(exchange=row, beta=beta)
        for row, asking in zip(rows, list(asked) * len(repeats), strict=True)
        for beta in asking.betas
    )
    return rows
