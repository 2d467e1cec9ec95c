"""More repeats for a comparison that exists: every column and case so many times more, with the very requests of before."""

from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple

from django.db import transaction
from django.db.models import Max

from betaconsole.drafts.columns import MAX_CELLS, MAX_REPEATS
from betaconsole.runs.models import Addition, Comparison, Exchange, ExchangeBeta
from betaconsole.runs.sending.further import unsent_headers
from betaconsole.runs.sending.pausing import can_pause
from betaconsole.teams.audit import record_by
from betaconsole.teams.models import User
from betaconsole.teams.origins import origin_of

from .adding import plan_of, reopen
from .budgeting import FREE, Promise, reserve
from .launching import TokenReused, check_sending
from .order import drawn
from .planning import PlanError

USUAL = 20
# What is equal in every repeat of a column and case.
COPIED = (
    *("team_id", "comparison_id", "variant_id", "case_id", "connection_id", "method", "url", "request_body_id"),
    *("stream", "model"),
)


class Room(NamedTuple):
    """How many more repeats a comparison may have, and how many are suggested; both 0 where none may be added."""

    most: int
    suggested: int


def room_in(comparison: Comparison, *, columns: int, cases: int) -> Room:
    """As many repeats as were planned are suggested, or 20 of what was to run once."""
    if not can_pause(comparison):  # nor can a batch or an errand be added to
        return Room(0, 0)
    most = max(0, min(MAX_REPEATS, MAX_CELLS // max(1, columns * cases)) - comparison.repeats)
    planned = comparison.planned_repeats or comparison.repeats
    return Room(most, min(most, planned if planned > 1 else USUAL))


def add_repeats(
    comparison: Comparison, repeats: int, *, author: User, client_token: str | None = None, over_budget: bool = False
) -> list[Exchange]:
    """Queue so many further repeats of every column and case; returns their first exchanges.

    The same `client_token` again gives those of the first press. Raises `PlanError` (`OverBudget` among them),
    `TokenReused`, `SendingDisabled`; nothing is queued then.
    """
    check_sending(comparison.connection, author)
    promise = _promise(comparison, repeats)  # before the transaction: bodies are read
    with transaction.atomic():
        # The lock makes a second press wait for the first one and find what it added.
        comparison = Comparison.objects.select_for_update(no_key=True).get(pk=comparison.pk)
        if client_token and (earlier := comparison.additions.filter(client_token=client_token).first()):
            return _of_first_press(earlier, repeats)
        firsts = _firsts(comparison)
        _check(comparison, firsts, repeats)
        reserve(comparison, promise, author=author, over_budget=over_budget)
        added = Addition.objects.create(
            comparison=comparison,
            author=author,
            first_repeat=comparison.repeats + 1,
            repeats=repeats,
            client_token=client_token,
        )
        order = _order(comparison, firsts, range(added.first_repeat, added.first_repeat + repeats))
        rows = _queue(order, author=author)
        Comparison.objects.filter(pk=comparison.pk).update(
            repeats=comparison.repeats + repeats, planned_repeats=comparison.planned_repeats or comparison.repeats
        )
        _note(comparison, added, promise, author=author, requests=len(rows))
        reopen(comparison)
    return rows


def _promise(comparison: Comparison, repeats: int) -> Promise:
    if comparison.simulated or repeats < 1:
        return FREE
    return Promise.of_plan(replace(plan_of(comparison, list(comparison.variants.all())), repeats=repeats))


def _of_first_press(addition: Addition, repeats: int) -> list[Exchange]:
    if addition.repeats != repeats:
        raise TokenReused
    last = addition.first_repeat + addition.repeats - 1
    asked = addition.comparison.exchanges.filter(repeat__range=(addition.first_repeat, last), turn=1, attempt=1)
    return list(asked.order_by("pk"))


def _firsts(comparison: Comparison) -> list[Exchange]:
    """The first exchange of each column and case: what every repeat sends."""
    firsts = comparison.exchanges.filter(repeat=1, turn=1, attempt=1).only(
        *COPIED, "request_headers", "case__position", "variant__position"
    )
    return list(firsts.select_related("case", "variant").order_by("case__position", "variant__position"))


def _check(comparison: Comparison, firsts: Sequence[Exchange], repeats: int) -> None:
    columns, cases = comparison.variants.aggregate(last=Max("position"))["last"] + 1, comparison.cases.count()
    room = room_in(comparison, columns=columns, cases=cases)
    if not can_pause(comparison):
        raise PlanError("repeats", "A batch takes no more repeats: edit a copy, and run that.")
    if not 1 <= repeats <= room.most:
        at_most = f"choose 1 to {room.most}" if room.most else "no more fit"
        raise PlanError(
            "repeats",
            f"{repeats} more: {at_most}; a comparison has at most {MAX_REPEATS} repeats and {MAX_CELLS:,} requests, and "
            f"this one has {comparison.repeats} repeats of {len(firsts):,} requests.",
        )
    if any(origin_of(first.url) != comparison.connection.origin for first in firsts):
        raise PlanError("connection", "The connection has another address by now: edit a copy, and run that.")


def _order(comparison: Comparison, firsts: Sequence[Exchange], repeats: Sequence[int]) -> list[tuple[int, Exchange]]:
    """Each repeat and the exchange that it sends once more, in the order in which they are sent (launching.order)."""
    variants = sorted({first.variant.position for first in firsts})
    cases = sorted({first.case.position for first in firsts})
    places = {(first.case.position, first.variant.position): first for first in firsts}
    order = drawn(comparison.seed, variants=variants, cases=cases, repeats=repeats, keeps_cases=comparison.is_trace)
    cells = ((repeat, places.get((cases[case], variants[variant]))) for repeat, case, variant in order)
    return [(repeat, first) for repeat, first in cells if first is not None]


def _queue(order: Sequence[tuple[int, Exchange]], *, author: User) -> list[Exchange]:
    firsts = {first.pk: first for _, first in order}
    headers = {pk: unsent_headers(first) for pk, first in firsts.items()}
    rows = Exchange.objects.bulk_create(
        Exchange(
            author=author,
            repeat=repeat,
            request_headers=headers[first.pk],
            **{name: getattr(first, name) for name in COPIED},
        )
        for repeat, first in order
    )
    betas: dict[int, list[str]] = {pk: [] for pk in firsts}
    for exchange_id, beta in (
        ExchangeBeta.objects.filter(exchange__in=betas).order_by("pk").values_list("exchange_id", "beta")
    ):
        betas[exchange_id].append(beta)
    ExchangeBeta.objects.bulk_create(
        ExchangeBeta(exchange=row, beta=beta)
        for row, (_, first) in zip(rows, order, strict=True)
        for beta in betas[first.pk]
    )
    return rows


def _note(comparison: Comparison, added: Addition, promise: Promise, *, author: User, requests: int) -> None:
    connection = comparison.connection
    detail = {"repeats": added.repeats, "requests": requests, "connection": connection.name}
    if not connection.is_simulator:
        detail |= {"key": connection.key_fingerprint[:12], "at most": f"${promise.upper_usd}"}
    record_by(
        author, comparison.team_id, "repeats added", about=f"#{comparison.number} {comparison.title}", detail=detail
    )
