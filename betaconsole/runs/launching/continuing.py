"""A person lets a cell go on: with a tool's result, after a restart, past the cap, or with a next message.

Each is safe to press twice: the second press finds the turn of the first. All raise `PlanError` where the cell cannot
go on so (`TooLate` where that was seen otherwise, `OverBudget` where a budget would be passed without `over_budget`), and
`SendingDisabled`.
"""

import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import suppress
from typing import Any

from django.db import transaction
from django.db.models import Q

from betaconsole.drafts.editing import Edit, change
from betaconsole.drafts.models import Draft, Engine
from betaconsole.library.stubs import MAX_TURNS, TURNS_WITH_STUBS, ToolStub, read_stubs
from betaconsole.runs.models import Comparison, Continues, Exchange, Variant, Wait
from betaconsole.runs.sending import feed
from betaconsole.runs.sending.further import Ready, Turn, kept, last_of_cells, queue_turns
from betaconsole.runs.sending.recording import close_if_finished
from betaconsole.runs.sending.turns import Call, Missing, Next, Result, TurnError, calls_of, next_turn, with_message
from betaconsole.runs.states import State
from betaconsole.storage.fields import showable, unpack
from betaconsole.teams.models import User
from betaconsole.teams.origins import origin_of

from .adding import reopen, turns_left
from .budgeting import FREE, OverBudget, Promise, reserve
from .launching import check_sending
from .planning import MAX_PLAN_BYTES, PlanError
from .saved_stubs import with_saved

WENT_ON = "The conversation went on since this page was made: look at it anew."
SHORT = 200
AT_ONCE = 20  # cells that go on in one transaction


class TooLate(PlanError):
    """The cell is not where the person saw it: it went on another way, or waits for nothing."""


def answer(
    exchange: Exchange,
    results: Sequence[Result],
    *,
    author: User,
    save: bool = False,
    tab: str = "console",
    over_budget: bool = False,
) -> Exchange:
    """Send the results of the calls that `exchange`, its cell's last turn, ended with; stubs answer the others.

    With `save` they become stubs: of the comparison, whose other waiting cells go on where that answers them, and of
    the author's own draft it was run from (`tab`: the browser tab that edits it so).
    """
    comparison = exchange.comparison
    _check(comparison, exchange, author=author)
    pairs = _pairs(calls_of(message_of(exchange)), results)
    step = _step(exchange, read_stubs(comparison.tool_stubs), results=results, max_turns=exchange.turn + 1)
    promise = _promise(comparison, [step], turn=exchange.turn + 1)
    with transaction.atomic():
        comparison = _locked(comparison)
        if earlier := _after(exchange):
            return _if_same(earlier, step)
        if save:
            _save_stubs(comparison, pairs, author=author, tab=tab)
        reserve(comparison, promise, author=author, over_budget=over_budget)
        [made] = _queue(comparison, {exchange.pk: step}, author=author)
    if save:
        _answer_others(comparison, author=author)
    return made


def go_on(exchange: Exchange, *, author: User, over_budget: bool = False) -> Exchange:
    """Send the turn that was ready when the console stopped; or, past the cap, the next one, with as many more allowed."""
    comparison = exchange.comparison
    _check(comparison, exchange, author=author)
    if Wait.objects.filter(exchange=exchange, body__isnull=False).exists():
        return _go_on_as_parked(comparison, exchange, author=author, over_budget=over_budget)
    step = _step(exchange, read_stubs(comparison.tool_stubs), max_turns=exchange.turn + 1)
    promise = _promise(comparison, [step], turn=exchange.turn + 1)
    with transaction.atomic():
        comparison = _locked(comparison)
        if earlier := _after(exchange):
            return _if_same(earlier, step)
        if exchange.turn >= comparison.max_turns:
            comparison.max_turns = min(MAX_TURNS, max(2 * comparison.max_turns, exchange.turn + 1))
            comparison.save(update_fields=["max_turns"])
        reserve(comparison, promise, author=author, over_budget=over_budget)
        return _queue(comparison, {exchange.pk: step}, author=author)[0]


def _go_on_as_parked(comparison: Comparison, exchange: Exchange, *, author: User, over_budget: bool) -> Exchange:
    """The turn that was ready when the console stopped, unless somebody left it or stopped the comparison meanwhile."""
    with transaction.atomic():
        comparison = _locked(comparison)
        if earlier := _after(exchange):
            return earlier
        wait = Wait.objects.select_for_update(of=("self",)).select_related("body").filter(exchange=exchange).first()
        if wait is None or wait.body is None or wait.body_id is None:
            raise TooLate("exchange", "Somebody stopped this meanwhile: nothing was sent.")
        promise = _promise(comparison, [wait.body.data], turn=exchange.turn + 1)
        reserve(comparison, promise, author=author, over_budget=over_budget)
        return _queue(comparison, {exchange.pk: Turn(wait.body_id, wait.added, wait.continues)}, author=author)[0]


def say(
    comparison: Comparison,
    variants: Sequence[Variant],
    *,
    case: int,
    repeat: int,
    content: Any,
    author: User,
    every_repeat: bool = False,
    after: Collection[str] = (),
    over_budget: bool = False,
) -> list[Exchange]:
    """Go on with a next user message (text or content blocks) in these columns, in one repeat of a case or in all.

    Columns that cannot go on (failed, stopped, waiting for results) are left as they are; `PlanError` where none can.
    `after`: ids of the exchanges that the person saw as the last of their cells; without it a second press is known as
    one only while the first one's turn is unfinished.
    """
    repeats = None if every_repeat else repeat
    cells = _cells(comparison, variants, case=case, repeat=repeats)
    _check(comparison, *cells, author=author)
    if not content:
        raise PlanError("content", "Write the next message first.")
    steps = _messages(cells, content)
    promise = _promise(comparison, list(steps.values()))
    with transaction.atomic():
        comparison = _locked(comparison)
        now = _cells(comparison, variants, case=case, repeat=repeats)
        if pressed := _pressed_before(comparison, now, content, after=after):
            return pressed
        if steps.keys() - {exchange.pk for exchange in now}:
            raise TooLate("content", WENT_ON)
        if not steps:
            raise PlanError("content", _why_none(now))
        reserve(comparison, promise, author=author, over_budget=over_budget)
        return _queue(comparison, steps, author=author)


def leave(exchange: Exchange) -> None:
    """Wait for nothing any more: the cell ends as it stands."""
    with transaction.atomic():
        Wait.objects.filter(exchange=exchange).delete()
        close_if_finished(exchange.comparison_id)
    feed.changed(exchange.comparison_id)


def message_of(exchange: Exchange) -> dict[str, Any] | None:
    """The stored message of an exchange that succeeded; None for any other, and where another endpoint answered."""
    if exchange.state != State.SUCCEEDED or exchange.message is None or not exchange.answers_message:
        return None
    message = json.loads(exchange.message)
    return message if isinstance(message, dict) else None


# What is sent ---------------------------------------------------------------------------------------------------------


def _check(comparison: Comparison, *exchanges: Exchange, author: User) -> None:
    """Refuses what may not or cannot be sent, before any work is done."""
    check_sending(comparison.connection, author)
    if comparison.engine == Engine.BATCH:
        raise PlanError("engine", "A batch has no further turns: edit a copy, and run that live.")
    if any(origin_of(exchange.url) != comparison.connection.origin for exchange in exchanges):
        raise PlanError("connection", "The connection has another address by now: edit a copy, and run that.")


def _pairs(calls: Sequence[Call], results: Sequence[Result]) -> list[tuple[Call, Result]]:
    """Each result with its call. `PlanError` for one without."""
    if not calls:
        raise TooLate("exchange", "This exchange does not wait for results.")
    by_id = {call.id: call for call in calls}
    seen: set[str] = set()
    for index, result in enumerate(results):
        place = f"results.{index}.tool_use_id"
        if result.tool_use_id not in by_id:
            raise PlanError(
                place, f"The model made no call {_short(result.tool_use_id)}; it made {_short(', '.join(by_id))}."
            )
        if result.tool_use_id in seen:
            raise PlanError(place, f"{_short(result.tool_use_id)} has two results.")
        seen.add(result.tool_use_id)
    return [(by_id[result.tool_use_id], result) for result in results]


def _short(text: str) -> str:
    """What a model or a program wrote, as it can stand in a message."""
    return showable(text if len(text) <= SHORT else f"{text[:SHORT]}…")


def _step(exchange: Exchange, stubs: Sequence[ToolStub], *, max_turns: int, results: Sequence[Result] = ()) -> Ready:
    """The turn after this exchange. `PlanError` where there is none."""
    message = message_of(exchange)
    if message is None or exchange.request_body is None:
        raise TooLate("exchange", "Only an exchange that was answered whole can go on.")
    try:
        step = next_turn(
            exchange.request_body.data,
            message,
            stubs=stubs,
            turn=exchange.turn,
            max_turns=max_turns,
            results=results,
        )
    except TurnError as error:
        raise PlanError("exchange", str(error)) from error
    match step:
        case Next():
            return Ready.of(step)
        case Missing():
            names = ", ".join(f"{call.name} ({call.id})" for call in step.calls)
            raise PlanError("results", f"No stub and no result answers {_short(names)}.")
        case None:
            raise TooLate("exchange", "The model has ended its answer: there is nothing to go on with but a message.")


def _messages(cells: Sequence[Exchange], content: Any) -> dict[int, Ready]:
    """The turn with this message for every cell that can take it."""
    steps: dict[int, Ready] = {}
    size_bytes = 0
    for exchange in _read(cells):
        message = message_of(exchange)
        if message is None or exchange.request_body is None or calls_of(message):
            continue
        try:
            step = Ready.of(with_message(exchange.request_body.data, message, content))
        except TurnError as error:
            raise PlanError("content", str(error)) from error
        steps[exchange.pk] = step
        size_bytes += step.body.size
        if size_bytes > MAX_PLAN_BYTES:
            raise PlanError(
                "content",
                f"The next requests of these {len(cells):,} cells have more than {MAX_PLAN_BYTES:,} bytes (512 MB) "
                "together: go on in one column or one repeat.",
            )
    return steps


def _promise(comparison: Comparison, bodies: Sequence[Ready | bytes], *, turn: int = 1) -> Promise:
    """What these next turns, the cells' `turn`th, cost at most, with those that may follow by themselves."""
    if comparison.simulated:
        return FREE
    datas = (unpack(body.body.stored) if isinstance(body, Ready) else body for body in bodies)
    return Promise.of_bodies(datas, turns=turns_left(comparison, turn=turn))


def _read(cells: Sequence[Exchange]) -> Iterator[Exchange]:
    """The same exchanges with their bodies and messages, a few in memory at a time."""
    ids = [exchange.pk for exchange in cells]
    for begin in range(0, len(ids), AT_ONCE):
        part = Exchange.objects.filter(pk__in=ids[begin : begin + AT_ONCE])
        yield from part.select_related("request_body").iterator()


def _why_none(cells: Sequence[Exchange]) -> str:
    if any(not exchange.is_final for exchange in cells):
        return "It is still running: a next message can follow the end of the answer."
    if any(calls_of(message_of(exchange)) for exchange in cells):
        return "The model waits for the results of its tool calls: answer them first."
    return "Only a column that was answered whole can go on."


# Rows, under the comparison's lock ------------------------------------------------------------------------------------


def _locked(comparison: Comparison) -> Comparison:
    """The lock makes a second press wait for the first one's turn and find it."""
    return Comparison.objects.select_for_update(no_key=True).get(pk=comparison.pk)


def _queue(comparison: Comparison, steps: Mapping[int, Ready | Turn], *, author: User) -> list[Exchange]:
    """The turns, queued; what their cells waited for is over."""
    ready = {key: step for key, step in steps.items() if isinstance(step, Ready)}
    stored = {key: step for key, step in steps.items() if isinstance(step, Turn)}
    Wait.objects.filter(exchange_id__in=steps).delete()
    made = queue_turns({**stored, **kept(comparison.team_id, ready)}, author=author)
    reopen(comparison)
    return made


def _cells(comparison: Comparison, variants: Sequence[Variant], *, case: int, repeat: int | None) -> list[Exchange]:
    """Where these columns' cells stand; in every repeat where none is named. Bodies and messages are not read yet."""
    found = comparison.exchanges.filter(variant__in=variants, case__position=case).defer("message", "added", "timeline")
    found = found if repeat is None else found.filter(repeat=repeat)
    return list(last_of_cells(found.order_by("pk")).values())


def _after(exchange: Exchange) -> Exchange | None:
    """What came after this exchange in its cell: the next turn, or the same one attempted again."""
    cell = Exchange.objects.filter(
        comparison_id=exchange.comparison_id,
        variant_id=exchange.variant_id,
        case_id=exchange.case_id,
        repeat=exchange.repeat,
    )
    later = cell.filter(Q(turn__gt=exchange.turn) | Q(turn=exchange.turn, attempt__gt=exchange.attempt))
    return later.order_by("turn", "attempt").first()


def _if_same(earlier: Exchange, step: Ready) -> Exchange:
    """The turn of the first press, where this is the second; `TooLate` where the cell went on another way."""
    if earlier.continues != step.continues or earlier.added != (step.added and unpack(step.added)):
        raise TooLate("exchange", WENT_ON)
    return earlier


def _pressed_before(
    comparison: Comparison, cells: Sequence[Exchange], content: Any, *, after: Collection[str]
) -> list[Exchange]:
    """The turns that the first press made, where this is the second; `TooLate` where the cells went on another way."""
    said = json.dumps(content).encode()
    if not after:
        ours = [one for one in cells if one.continues == Continues.MESSAGE and one.added == said]
        return [one for one in ours if not one.is_final]
    seen = comparison.exchanges.filter(public_id__in=after).exclude(pk__in=[one.pk for one in cells])
    followers = [_after(one) for one in seen.order_by("pk")]
    made = [one for one in followers if one and one.continues == Continues.MESSAGE and one.added == said]
    if len(made) < len(followers):
        raise TooLate("content", WENT_ON)
    return made


# Stubs from results ---------------------------------------------------------------------------------------------------


def _save_stubs(comparison: Comparison, pairs: Sequence[tuple[Call, Result]], *, author: User, tab: str) -> None:
    """Keep the results as stubs; where there were none, cells may take as many turns from now on as with stubs."""
    if comparison.is_trace:
        raise PlanError("save", "A recorded conversation has its turns already: it keeps no stubs.")
    if not comparison.tool_stubs and comparison.max_turns == 1:
        comparison.max_turns = TURNS_WITH_STUBS
    comparison.tool_stubs = with_saved(comparison.tool_stubs, pairs)
    comparison.save(update_fields=["tool_stubs", "max_turns"])
    if not comparison.draft_id:
        return
    # Held, so that nobody moves its revision before the edit.
    draft = Draft.objects.visible_to(author).to_edit().filter(pk=comparison.draft_id).first()
    if draft is not None:
        grown = with_saved(draft.tool_stubs, pairs)
        edit = Edit("save a tool stub", values={"tool_stubs": grown})
        change(draft, lambda _: edit, revision=draft.revision, tab=tab)


def _answer_others(comparison: Comparison, *, author: User) -> None:
    """Let every other waiting cell go on that the stubs answer by now, and the budget allows, a few in each transaction."""
    comparison.refresh_from_db(fields=["tool_stubs", "max_turns"])
    stubs = read_stubs(comparison.tool_stubs)
    waiting = list(
        comparison.waits.filter(reason=Wait.Reason.RESULT).order_by("pk").values_list("exchange_id", flat=True)
    )
    for begin in range(0, len(waiting), AT_ONCE):
        steps: dict[int, Ready] = {}
        part = Exchange.objects.filter(pk__in=waiting[begin : begin + AT_ONCE])
        for exchange in part.select_related("request_body"):
            with suppress(PlanError):  # it goes on waiting
                steps[exchange.pk] = _step(exchange, stubs, max_turns=comparison.max_turns)
        with suppress(OverBudget), transaction.atomic():
            comparison = _locked(comparison)
            still = set(comparison.waits.filter(exchange_id__in=steps).values_list("exchange_id", flat=True))
            if still:
                on = {key: step for key, step in steps.items() if key in still}
                reserve(comparison, _promise(comparison, list(on.values())), author=author)
                _queue(comparison, on, author=author)
