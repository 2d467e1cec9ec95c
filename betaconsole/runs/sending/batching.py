"""Message Batches as a way to run a comparison: its queued cells go out together, and are matched by `custom_id`.

Every call (make, look, cancel, fetch the results) is an exchange of the batch's errand, a comparison of its own, and is
sent by the engine like any other. What happens here is only what lies between the calls: each step looks at how the
last call ended, and every change is conditional on nobody else having made it, so that a second process or a restart
in the middle does no harm. Making a batch happens at most once: where its outcome is unknown, so is that of its cells.
Looking may be repeated.
"""

import json
import logging
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import Error as DatabaseError
from django.db import transaction
from django.db.models import Exists, F, OuterRef
from django.utils import timezone

from betaconsole.drafts.models import Engine
from betaconsole.runs.models import Batch, Body, Case, Comparison, Exchange, ExchangeBeta, PackedBody, Variant
from betaconsole.runs.states import UNFINISHED, State
from betaconsole.storage.fields import Damaged, at_rest, showable
from betaconsole.teams.models import Team

from .batch_groups import UNKNOWN_MAX_TOKENS, Cell, create_body, groups
from .batch_lines import lines_of, no_result, result_of
from .deriving import derived_fields
from .feed import DAMAGED_HEADERS, changed
from .further import unsent_headers
from .recording import after_final, close_if_finished

logger = logging.getLogger(__name__)

# The kinds of calls, as the names of an errand's cases: each call is a case of its own.
MAKE, LOOK, CANCEL, RESULTS = "make the batch", "look how far it is", "cancel the batch", "fetch the results"
FIRST_LOOK_S, LATER, LONGEST_LOOK_S, STOPPING_LOOK_S = 1.0, 1.5, 300.0, 10.0
LOOKS_PAST_THE_END = timedelta(hours=1)  # so long after a batch has expired its end is waited for
LIFE = timedelta(days=1)
MOST_FETCHES = 20
CELLS_AT_ONCE = 25  # results written in one transaction: nobody else may write meanwhile
GONE = "The batch is not there any more: it was deleted, or the key now belongs to another workspace."
FORGOTTEN = "The batch is not there any more: the simulator keeps its batches in memory, and the console was restarted."
ID = re.compile(r"[A-Za-z0-9_-]{1,200}")
MAX_TOKENS = re.compile(rb'"max_tokens"\s*:\s*(\d{1,9})')
COUNTS = ("processing", "succeeded", "errored", "canceled", "expired")


def look(is_stopping: Callable[[], bool] = lambda: False) -> None:
    """One look at everything that batches carry: what can go on goes on. Called over and over by the engine."""
    for comparison in _with_free_cells():
        _try(make_batches, comparison)
    for batch in list(Batch.objects.filter(ended_at=None).select_related("comparison", "errand")):
        if is_stopping():
            return
        _try(lambda one: follow(one, is_stopping), batch)


def _with_free_cells() -> list[Comparison]:
    """The comparisons with cells that are in no batch yet."""
    free = Exchange.objects.queued().filter(comparison=OuterRef("pk"), batch=None, cancel_requested_at=None)
    return list(Comparison.objects.unfinished().filter(Exists(free), engine=Engine.BATCH, team__deletes_at=None))


def _try(step: Callable[[Any], None], what: Any) -> None:
    """A damaged row must not keep the others waiting."""
    try:
        step(what)
    except DatabaseError:
        raise
    except Exception as error:
        comparison_id = what.comparison_id if isinstance(what, Batch) else what.pk
        logger.error("a batch of comparison %s cannot go on: %s", comparison_id, type(error).__name__)


# Making ---------------------------------------------------------------------------------------------------------------


def make_batches(comparison: Comparison) -> None:
    """A batch for each group of the comparison's queued cells that are in none, and the call that makes it, queued."""
    made = comparison.batches.count()
    parts = groups(_free_cells(comparison))
    for number, cells in enumerate(parts, start=made):
        ids = {cell.body_id for cell in cells}
        bodies = {body.pk: bytes(body.data) for body in Body.objects.filter(pk__in=ids)}
        packed = PackedBody.of(create_body(cells, bodies))  # before the transaction: this takes time
        with transaction.atomic():
            _make(comparison, cells, packed, position=number, total=made + len(parts))
    changed(comparison.pk)


def _free_cells(comparison: Comparison) -> list[Cell]:
    free = comparison.exchanges.queued().filter(batch=None, cancel_requested_at=None).order_by("pk")
    rows = list(free.values_list("pk", "public_id", "request_headers", "request_body_id", "request_body__size"))
    if damaged := [row[0] for row in rows if isinstance(row[2], Damaged)]:
        _fail_unsent(comparison, damaged)
    asked = _max_tokens({row[3] for row in rows})
    return [
        Cell(pk, custom_id, headers, body_id, size, asked.get(body_id, UNKNOWN_MAX_TOKENS))
        for pk, custom_id, headers, body_id, size in rows
        if not isinstance(headers, Damaged)
    ]


def _fail_unsent(comparison: Comparison, cells: Sequence[int]) -> None:
    """Cells that no batch can carry end by themselves: the others must not wait for them."""
    with transaction.atomic():
        mine = Exchange.objects.queued().select_for_update().filter(pk__in=cells, batch=None)
        keys = list(mine.values_list("pk", flat=True))
        said = {"failure_kind": "not_sent", "error_message": DAMAGED_HEADERS}
        Exchange.objects.filter(pk__in=keys).update(
            state=State.FAILED, version=F("version") + 1, ended_at=timezone.now(), **said
        )
        after_final([(key, comparison.pk) for key in keys])
        close_if_finished(comparison.pk)


def _max_tokens(body_ids: Iterable[int]) -> dict[int, int]:
    """The largest number that each body calls max_tokens, where it does."""
    found = {}
    for body in Body.objects.filter(pk__in=list(body_ids)).iterator(chunk_size=8):
        if numbers := MAX_TOKENS.findall(bytes(body.data)):
            found[body.pk] = max(map(int, numbers))
    return found


def _make(comparison: Comparison, cells: Sequence[Cell], body: PackedBody, *, position: int, total: int) -> None:
    """The rows of one batch, unless a cell of it was cancelled or taken meanwhile."""
    Comparison.objects.select_for_update(no_key=True).get(pk=comparison.pk)
    mine = Exchange.objects.queued().filter(pk__in=[cell.pk for cell in cells], batch=None, cancel_requested_at=None)
    if mine.count() != len(cells) or comparison.batches.filter(position=position).exists():
        return
    first = Exchange.objects.select_related("variant").get(pk=cells[0].pk)
    team = Team.objects.get(pk=comparison.team_id)
    errand = Comparison.objects.create(
        team=team,
        author_id=comparison.author_id,
        number=team.take_comparison_number(),
        title=f"Batch {position + 1} of {total} for #{comparison.number}",
        connection_id=comparison.connection_id,
        simulated=comparison.simulated,
        body_id=Body.keep_all(comparison.team_id, [body])[0],
        anthropic_version=first.variant.anthropic_version,
        repeats=1,
        path="/v1/messages/batches",
        is_errand=True,
    )
    variant = Variant.objects.create(
        comparison=errand,
        position=0,
        label="Batch",
        betas=first.variant.betas,
        header=first.variant.header,
        anthropic_version=first.variant.anthropic_version,
        headers=first.variant.headers,
    )
    batch = Batch.objects.create(comparison=comparison, errand=errand, position=position)
    mine.update(batch=batch)
    _call(batch, MAKE, like=first, variant=variant, method="POST", url=first.url, body_id=errand.body_id)


def _call(
    batch: Batch,
    kind: str,
    *,
    like: Exchange,
    method: str,
    url: str,
    variant: Variant | None = None,
    body_id: int | None = None,
    after_s: float = 0.0,
) -> None:
    """Queue one more call of the batch's errand. Call inside a transaction."""
    position = Case.objects.filter(comparison_id=batch.errand_id).count()
    headers = unsent_headers(like)
    call = Exchange.objects.create(
        team_id=like.team_id,
        author_id=like.author_id,
        comparison_id=batch.errand_id,
        variant=variant or batch.errand.variants.get(),
        case=Case.objects.create(comparison_id=batch.errand_id, position=position, name=kind),
        repeat=1,
        connection_id=like.connection_id,
        send_after=timezone.now() + timedelta(seconds=after_s) if after_s else None,
        method=method,
        url=url,
        request_headers=headers if body_id else [pair for pair in headers if pair[0].lower() != "content-type"],
        request_body_id=body_id,
        stream=False,
    )
    betas = call.variant.betas
    ExchangeBeta.objects.bulk_create(ExchangeBeta(exchange=call, beta=beta) for beta in betas)
    Comparison.objects.filter(pk=batch.errand_id).update(finished_at=None)


# Following ------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Told:
    """What the API says of a batch."""

    batch_id: str
    status: str
    counts: Mapping[str, int]
    expires_at: datetime | None

    @classmethod
    def by(cls, call: Exchange) -> "Told | None":
        """As the answer to a call says it; None where it says nothing of a batch."""
        try:
            said = json.loads(call.message or b"null")
        except (ValueError, RecursionError):
            return None
        batch_id, status = (said.get("id"), said.get("processing_status")) if isinstance(said, dict) else (None, None)
        if not isinstance(batch_id, str) or not ID.fullmatch(batch_id) or not isinstance(status, str):
            return None
        counts = said.get("request_counts")
        counts = counts if isinstance(counts, dict) else {}
        whole = {name: counts[name] for name in COUNTS if type(counts.get(name)) is int}
        return cls(batch_id, showable(status)[:40], whole, _moment(said.get("expires_at")))


def _moment(value: Any) -> datetime | None:
    try:
        moment = datetime.fromisoformat(value)
    except (TypeError, ValueError):
        return None
    return moment if moment.tzinfo else None


def follow(batch: Batch, is_stopping: Callable[[], bool] = lambda: False) -> None:
    """Go on where the batch's calls have ended."""
    calls = batch.errand.exchanges
    if calls.unfinished().exists():
        if batch.cancel_requested_at and batch.batch_id:
            _cancel(batch)
        return
    last = calls.select_related("case").order_by("-ended_at", "-pk").first()
    if last is None:
        return
    if last.case.name == MAKE:
        _made(batch, last)
    elif last.case.name == RESULTS:
        _fetched(batch, last, is_stopping)
    else:
        _looked(batch, last)


def _made(batch: Batch, call: Exchange) -> None:
    told = Told.by(call) if call.state == State.SUCCEEDED else None
    if told is not None:
        _note(batch, told, call)
    elif call.state == State.CANCELLED and call.sent_at is None:
        end_cells(batch, {"state": State.CANCELLED})
    elif call.state == State.FAILED and (call.failure_kind in ("http_error", "not_sent")):
        names = ("status", "failure_kind", "error_type", "error_message", "error_code", "refused_betas", "request_id")
        end_cells(batch, {"state": State.FAILED, **{name: getattr(call, name) for name in names}})
    else:
        _lose(batch, "Whether the batch was made is not known: it may run and be billed. Its calls say more.")


def _looked(batch: Batch, call: Exchange) -> None:
    told = Told.by(call) if call.state == State.SUCCEEDED else None
    if told is not None and told.batch_id == batch.batch_id:
        _note(batch, told, call)
    elif call.status == 404 and call.case.name == LOOK:
        _lose(batch, FORGOTTEN if batch.errand.simulated else GONE)
    elif timezone.now() > (batch.expires_at or call.created_at + LIFE) + LOOKS_PAST_THE_END:
        _lose(batch, "The batch did not end in its time; what its requests came to is not known.")
    else:
        _look_again(batch, call)


def _note(batch: Batch, told: Told, call: Exchange) -> None:
    """Keep what was told, and ask for what comes next."""
    batch.batch_id, batch.status, batch.counts = told.batch_id, told.status, dict(told.counts)
    batch.expires_at, batch.checked_at = told.expires_at or batch.expires_at, call.ended_at
    with transaction.atomic():
        if not _is_last(batch, call):
            return
        batch.save(update_fields=["batch_id", "status", "counts", "expires_at", "checked_at"])
        if told.status == "ended":
            _call(batch, RESULTS, like=call, method="GET", url=f"{_address(batch)}/results")
        else:
            _queue_look(batch, call)
    changed(batch.comparison_id)


def _look_again(batch: Batch, call: Exchange) -> None:
    with transaction.atomic():
        if _is_last(batch, call):
            _queue_look(batch, call)
    changed(batch.comparison_id)


def _queue_look(batch: Batch, call: Exchange) -> None:
    _call(batch, LOOK, like=call, method="GET", url=_address(batch), after_s=_pause_s(batch, LOOK))


def _pause_s(batch: Batch, kind: str) -> float:
    """How long to wait before the next call of this kind: the longer the more there were, but not while it is stopping."""
    done = _count(batch, kind)
    longest_s = LONGEST_LOOK_S if batch.cancel_requested_at is None else STOPPING_LOOK_S
    return min(FIRST_LOOK_S * LATER ** min(done, 50), longest_s)


def _count(batch: Batch, kind: str) -> int:
    """How many calls of this kind there were."""
    return batch.errand.exchanges.filter(case__name=kind).count()


def _is_last(batch: Batch, call: Exchange) -> bool:
    """Whether nobody has gone on from here meanwhile. Call inside a transaction: the batch is held until its end."""
    held = Batch.objects.select_for_update().filter(pk=batch.pk, ended_at=None)
    return held.exists() and not batch.errand.exchanges.unfinished().exists() and _newest(batch) == call.pk


def _newest(batch: Batch) -> int | None:
    ended = batch.errand.exchanges.order_by("-ended_at", "-pk")
    return ended.values_list("pk", flat=True).first()


def _address(batch: Batch) -> str:
    """Where the batch is: below the address that made it."""
    made = batch.errand.exchanges.filter(case__name=MAKE).values_list("url", flat=True).get()
    return f"{made.partition('?')[0]}/{batch.batch_id}"


# Results --------------------------------------------------------------------------------------------------------------


def _fetched(batch: Batch, call: Exchange, is_stopping: Callable[[], bool]) -> None:
    if call.state == State.SUCCEEDED or call.failure_kind == "limit":
        take_results(batch, bytes(call.response_body.data) if call.response_body else b"", is_stopping)
    elif call.status == 404 or _count(batch, RESULTS) >= MOST_FETCHES:
        _lose(batch, "The batch has ended, and its results could not be fetched.")
    else:
        with transaction.atomic():
            if _is_last(batch, call):
                pause_s = _pause_s(batch, RESULTS)
                _call(batch, RESULTS, like=call, method="GET", url=f"{_address(batch)}/results", after_s=pause_s)


def take_results(batch: Batch, data: bytes, is_stopping: Callable[[], bool] = lambda: False) -> None:
    """Every line to its cell; a cell without a line has failed. What was taken before (a restart) is left alone."""
    rows = batch.exchanges.queued().values_list("public_id", "pk", "model")
    waiting = {custom_id: (pk, model) for custom_id, pk, model in rows}
    part: list[_Taken] = []
    for line in lines_of(data):
        if line.custom_id in waiting:
            pk, model = waiting.pop(line.custom_id)
            part.append(_Taken.of(pk, line.data, model=model))
        if len(part) == CELLS_AT_ONCE:
            if is_stopping():
                return
            _keep(batch, part)
            part = []
    _keep(batch, part)
    end_cells(batch, {"state": State.FAILED, **derived_fields(no_result(), model="")})


@dataclass(frozen=True)
class _Taken:
    """A cell's outcome, ready to be written: what takes time is done."""

    pk: int
    body: PackedBody
    values: dict[str, Any]

    @classmethod
    def of(cls, pk: int, line: bytes, *, model: str) -> "_Taken":
        result = result_of(line)
        fields = {"state": State(result.state), **derived_fields(result, model=model, in_batch=True)}
        return cls(pk, PackedBody.of(line), at_rest(Exchange, fields))


def _keep(batch: Batch, taken: Sequence[_Taken]) -> None:
    if not taken:
        return
    with transaction.atomic():
        body_ids = Body.keep_all(batch.comparison.team_id, [one.body for one in taken])
        ended = [
            one.pk
            for one, body_id in zip(taken, body_ids, strict=True)
            if Exchange.objects.queued()
            .filter(pk=one.pk, batch=batch)
            .update(version=F("version") + 1, ended_at=timezone.now(), response_body_id=body_id, **one.values)
        ]
        after_final([(pk, batch.comparison_id) for pk in ended])
    changed(batch.comparison_id)


# Ending ---------------------------------------------------------------------------------------------------------------


def end_cells(batch: Batch, fields: Mapping[str, Any]) -> None:
    """End every cell of the batch that has no outcome yet, and with it the batch."""
    now = timezone.now()
    with transaction.atomic():
        open_cells = batch.exchanges.queued().select_for_update()
        ended = list(open_cells.values_list("pk", flat=True))
        Exchange.objects.filter(pk__in=ended).update(version=F("version") + 1, ended_at=now, **fields)
        after_final([(pk, batch.comparison_id) for pk in ended])
        Batch.objects.filter(pk=batch.pk, ended_at=None).update(ended_at=now)
        for comparison_id in (batch.comparison_id, batch.errand_id):
            close_if_finished(comparison_id)
    changed(batch.comparison_id)


def _lose(batch: Batch, why: str) -> None:
    end_cells(batch, {"state": State.UNKNOWN_OUTCOME, "failure_kind": "batch_lost", "error_message": why})


# Cancelling -----------------------------------------------------------------------------------------------------------


def cancel_wished(comparison: Comparison) -> None:
    """Stop the batches of which every open cell is to be stopped: a batch is cancelled as a whole or not at all.

    At once where the call that makes one was not sent yet, else by asking the API. Call inside a transaction.
    """
    kept = Exchange.objects.queued().filter(batch=OuterRef("pk"), cancel_requested_at=None)
    open_batches = Batch.objects.filter(comparison=comparison, ended_at=None).select_related("errand")
    for batch in open_batches.exclude(Exists(kept)):
        make = batch.errand.exchanges.queued().filter(case__name=MAKE)
        if make.update(state=State.CANCELLED, ended_at=timezone.now(), version=F("version") + 1):
            end_cells(batch, {"state": State.CANCELLED})
        elif not _is_cancelling(batch):
            Batch.objects.filter(pk=batch.pk).update(cancel_requested_at=timezone.now())


def _is_cancelling(batch: Batch) -> bool:
    """Whether a wish is on its way, or was granted."""
    if batch.cancel_requested_at is None:
        return False
    asked = batch.errand.exchanges.filter(case__name=CANCEL, created_at__gte=batch.cancel_requested_at)
    return not asked.exists() or asked.filter(state__in=(*UNFINISHED, State.SUCCEEDED)).exists()


def _cancel(batch: Batch) -> None:
    """Ask the API to cancel the batch, once for each wish, and look soon after."""
    with transaction.atomic():
        held = Batch.objects.select_for_update().get(pk=batch.pk)
        asked = batch.errand.exchanges.filter(case__name=CANCEL, created_at__gte=held.cancel_requested_at)
        waiting = batch.errand.exchanges.queued().filter(case__name=LOOK)
        if held.ended_at or asked.exists() or not waiting.exists():
            return
        like = batch.errand.exchanges.filter(case__name=MAKE).get()
        _call(batch, CANCEL, like=like, method="POST", url=f"{_address(batch)}/cancel")
        waiting.update(send_after=timezone.now() + timedelta(seconds=FIRST_LOOK_S))
    changed(batch.comparison_id)
