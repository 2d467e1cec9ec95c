"""More for a comparison that exists: a column without what was refused, and a column sent once more.

Nothing is overwritten: a new column is linked to the one it came from, a further attempt is a further exchange.
"""

from collections.abc import Sequence
from dataclasses import replace

from django.db import transaction
from django.db.models import Max

from betaconsole.claude import jsontext
from betaconsole.drafts.columns import MAX_CELLS, MAX_COLUMNS, letter
from betaconsole.runs.models import Batch, Comparison, ComparisonBeta, Exchange, ToIndex, Variant
from betaconsole.runs.sending import engine, feed
from betaconsole.runs.sending.further import copy_betas, unsent_headers
from betaconsole.runs.states import State
from betaconsole.storage.fields import undamaged
from betaconsole.teams.models import User
from betaconsole.teams.origins import origin_of

from .budgeting import FREE, Promise, reserve
from .launching import add_variants, check_sending, packed, queue, with_new_nonces
from .planning import JSON, CasePlan, Plan, PlanError, VariantPlan, askings, without


def plan_of(comparison: Comparison, variants: Sequence[Variant]) -> Plan:
    """The plan these columns of a comparison were made from."""
    cases = [
        CasePlan(case.name, case.variables, jsontext.loads(case.body.data.decode()) if case.body else None)
        for case in comparison.cases.select_related("body")
    ]
    composed, is_json = bytes(comparison.body.data), comparison.content_type == JSON
    return Plan(
        body=jsontext.loads(composed.decode()) if is_json else None,
        variants=[variant_plan(variant) for variant in variants],
        version=comparison.anthropic_version,
        title=comparison.title,
        cases=cases,
        repeats=comparison.repeats,
        endpoint=comparison.endpoint,
        raw_body=composed if comparison.content_type and not is_json else None,
        content_type=comparison.content_type,
        tool_stubs=undamaged(comparison.tool_stubs),
        max_turns=1 if comparison.is_trace else comparison.max_turns,  # of a trace a person may have let cells go on
        engine=comparison.engine,
        is_trace=comparison.is_trace,
        separate_caches=comparison.separate_caches,
        seed=comparison.seed,
        preset=comparison.preset,
        checks=undamaged(comparison.checks),
    )


def variant_plan(variant: Variant) -> VariantPlan:
    """The column as it was planned; its baseline is the caller's to name."""
    return VariantPlan(
        label=variant.label,
        betas=tuple(variant.betas),
        version=variant.anthropic_version,
        model=variant.model_override,
        changes=None if variant.changes is None else jsontext.loads(variant.changes),
        own_body=None if variant.own_body is None else jsontext.loads(variant.own_body),
        headers=tuple((name, value) for name, value in variant.headers),
        cache_nonce=variant.cache_nonce,
        role=variant.role,
        combination=variant.combination_version_id,
    )


def check_not_of_a_batch(comparison: Comparison) -> None:
    """Refuses to send the calls of a batch anew: each would make one more batch, and nobody would read its results."""
    if Batch.objects.filter(errand=comparison).exists():
        raise PlanError("variant", "These are the calls of a batch: run the columns again that went in it.")


def refused_betas(variant: Variant) -> list[str]:
    """Every name the API refused in this column, in the column's order."""
    refused = {name for names in variant.exchanges.values_list("refused_betas", flat=True) for name in names}
    return [beta for beta in variant.betas if beta in refused]


def add_without(comparison: Comparison, variant: Variant, *, author: User, over_budget: bool = False) -> Variant:
    """A new column like `variant` without the betas it was refused for, sent for every case and repeat.

    Pressing twice gives the same column. Raises `PlanError` where nothing was refused or there is no room, `SendingDisabled`.
    """
    check_sending(comparison.connection, author)
    check_not_of_a_batch(comparison)
    refused = refused_betas(variant)
    if not refused:
        raise PlanError("variant", "None of this column's betas was refused.")
    with transaction.atomic():
        # The lock makes a second press wait for the first one's column and find it, and holds the number of repeats.
        locked = Comparison.objects.select_for_update(no_key=True).get(pk=comparison.pk)
        comparison.repeats = locked.repeats
        earlier = comparison.variants.filter(origin=variant).first()
        if earlier:
            return earlier
        position = comparison.variants.aggregate(last=Max("position"))["last"] + 1
        if position >= MAX_COLUMNS:
            raise PlanError("variant", f"This comparison has {MAX_COLUMNS} columns already.")
        plan = plan_of(comparison, [variant])
        if (cells := (position + 1) * len(plan.cases) * plan.repeats) > MAX_CELLS:
            raise PlanError("variant", f"That would be {cells:,} requests; one comparison holds at most {MAX_CELLS:,}.")
        label = _free_label(comparison, variant, position)
        plan = replace(plan, variants=[without(plan.variants[0], refused, label=label)])
        if plan.separate_caches:
            plan = replace(plan, variants=with_new_nonces(plan.variants, first_position=position))
        asked = askings(plan)
        promise = FREE if comparison.simulated else Promise.of_plan(plan)
        reserve(comparison, promise, author=author, over_budget=over_budget)
        [added] = add_variants(comparison, plan, asked, first_position=position, origin=variant)
        queue(
            comparison,
            [added],
            list(comparison.cases.all()),
            asked,
            bodies=packed([asking.body for asking in asked]),
            repeats=range(1, plan.repeats + 1),
            author=author,
        )
        ToIndex.objects.create(comparison=comparison)
        for beta in added.betas:
            ComparisonBeta.objects.get_or_create(comparison=comparison, beta=beta)
        Comparison.objects.filter(pk=comparison.pk).extend()
        reopen(comparison)
    return added


def run_again(
    comparison: Comparison, variant: Variant, *, case: int, repeat: int, author: User, over_budget: bool = False
) -> Exchange:
    """Send a cell's last turn once more, as a further attempt: for an outcome that is unknown, cut or interrupted.

    Only asked for by a person, because the first attempt may have been billed. A cell that is unfinished or that
    succeeded is not sent again: `PlanError`.
    """
    check_sending(comparison.connection, author)
    check_not_of_a_batch(comparison)
    with transaction.atomic():
        Comparison.objects.select_for_update(no_key=True).get(pk=comparison.pk)
        cell = variant.exchanges.filter(case__position=case, repeat=repeat)
        last = cell.order_by("-turn", "-attempt").first()
        if last is None or not last.is_final or last.state == State.SUCCEEDED:
            raise PlanError("variant", "This request is still running or has succeeded.")
        if origin_of(last.url) != comparison.connection.origin:
            raise PlanError("connection", "The connection has another address by now: edit a copy, and run that.")
        reserve(comparison, promise_of([last], turns=turns_left(comparison)), author=author, over_budget=over_budget)
        again = Exchange.objects.create(
            team_id=last.team_id,
            author=author,
            comparison=comparison,
            variant=variant,
            case_id=last.case_id,
            repeat=repeat,
            attempt=last.attempt + 1,
            turn=last.turn,
            continues=last.continues,
            added=last.added,
            connection_id=last.connection_id,
            method=last.method,
            url=last.url,
            request_headers=unsent_headers(last),
            request_body_id=last.request_body_id,
            stream=last.stream,
            model=last.model,
        )
        copy_betas({last.pk: again})
        reopen(comparison)
    return again


def turns_left(comparison: Comparison, *, turn: int = 1) -> int:
    """How many turns may follow by themselves from this one on, itself among them."""
    return max(1, comparison.max_turns - turn + 1) if undamaged(comparison.tool_stubs) else 1


def promise_of(exchanges: Sequence[Exchange], *, turns: int) -> Promise:
    """What these cost at most where they are sent once more."""
    if any(not one.answers_message for one in exchanges):
        return FREE
    return Promise.of_bodies((one.request_body.data for one in exchanges if one.request_body), turns=turns)


def _free_label(comparison: Comparison, variant: Variant, position: int) -> str:
    """A name that tells where the column comes from and that no other column has."""
    taken = set(comparison.variants.values_list("label", flat=True))
    wanted = f"{variant.label} without refused"
    return wanted[:190] if wanted[:190] not in taken else f"{wanted[:190]} {letter(position)}"


def reopen(comparison: Comparison) -> None:
    """The comparison has something queued again. Call inside the transaction that queues it."""
    Comparison.objects.filter(pk=comparison.pk).update(finished_at=None, verdict=None)

    def tell() -> None:
        feed.changed(comparison.pk)
        engine.poke()

    transaction.on_commit(tell)
