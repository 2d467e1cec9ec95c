"""One check at work: what it asks goes out in waves, as errands like any other request, and each answer is kept as it comes.

A check never has more than a wave in flight: half of what the connection allows, so that people's requests find room, and
it can be stopped and kept to a budget between two waves. Nothing is sent twice, except once more what a busy far end turned
away.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from decimal import Decimal

from django.db import connection as database
from django.db.models import DecimalField, F, Value
from django.db.models.functions import Coalesce, Now

from betaconsole.availability.keeping import keep
from betaconsole.availability.models import Check, Method, State
from betaconsole.catalogue.outcomes import Facts
from betaconsole.claude import jsontext
from betaconsole.drafts.columns import MAX_COLUMNS
from betaconsole.runs.launching.budgeting import MAYBE_BILLED
from betaconsole.runs.launching.launching import SendingDisabled, launch
from betaconsole.runs.launching.planning import Plan, PlanError, VariantPlan
from betaconsole.runs.models import Comparison, Exchange
from betaconsole.runs.sending import engine
from betaconsole.runs.sending.cancelling import cancel
from betaconsole.runs.sending.exchange_facts import facts_of_exchange
from betaconsole.runs.states import IN_FLIGHT
from betaconsole.runs.states import State as Sent
from betaconsole.teams.models import User

from .probing_plan import (
    SMALLEST,
    Ask,
    Group,
    Kind,
    ask_about,
    controls,
    groups,
    most_usd,
    why_not,
    with_header_alone,
    word_for,
)
from .probing_verdicts import Answer, Found, control_fault, found_of, refused_in_list, with_name_alone

logger = logging.getLogger(__name__)

TICK_S = 0.05
LEASE = timedelta(seconds=60)
RENEW_S = 10.0
CUT_S = 5.0
BUSY_REST_S, LONGEST_REST_S = 2.0, 60.0
MOST_IN_NOTE = 480
MOST_PLACES = 3  # named in it for one fault
DEAD = "The console stopped while this ran; what was found stands."

# How many of the first of these requests may go out, by a budget; 0 ends the check.
Room = Callable[[Sequence[Ask]], int]


class Halt(Exception):
    """The check ends before all was asked; the message says why. Empty: it was ended already."""


@dataclass(frozen=True)
class Sending:
    """In whose name a check asks, how long it waits for a wave, and what a budget leaves (None: no budget)."""

    author: User | None
    patience_s: float = 120.0
    room: Room | None = None


class Run:
    """A check from its first control to its last probe. `go` blocks; the check is ended when it returns."""

    def __init__(self, check: Check, sending: Sending) -> None:
        self._check = check
        self._sending = sending
        self._at_once = max(1, min(MAX_COLUMNS, check.connection.max_in_flight // 2))
        self._renewed = time.monotonic()
        self._faults: dict[str, list[str]] = {}  # what was wrong with the controls, and where

    def go(self) -> None:
        try:
            self._ask_all()
            end(self._check, Check.Status.DONE, noted(self._faults))
        except Halt as halt:
            end(self._check, Check.Status.STOPPED, str(halt))

    def _ask_all(self) -> None:
        models = self._check.models_asked
        for beta in [beta for beta in self._check.betas if not word_for(beta)]:
            self._keep(models, beta, Method.ENDPOINT, Found(State.INCONCLUSIVE, why_not(beta)))
        asked = groups(self._check.betas, models)
        first = dict(self._answers([ask for group in asked for ask in controls(group)]))
        plain = {group: first[Ask(group, Kind.PLAIN)] for group in asked}
        sound = [group for group in asked if self._is_sound(group, first)]
        left = [ask_about(group, beta) for group in sound for beta in self._not_listed(group, first)]
        unclear: dict[Ask, Found] = {}
        for ask, answer in self._answers(left):
            found = self._read(ask, answer, plain[ask.group])
            if ask.kind is Kind.BETA and found.state == State.INCONCLUSIVE and answer.is_refusal:
                unclear[with_header_alone(ask)] = found
            else:
                self._keep(ask.group.models, ask.about, ask.group.method, found)
        for ask, answer in self._answers(list(unclear)):
            found = with_name_alone(self._read(ask, answer, plain[ask.group]), unclear[ask])
            self._keep(ask.group.models, ask.about, ask.group.method, found)

    # What the answers say ------------------------------------------------------------------------------------------

    def _is_sound(self, group: Group, first: dict[Ask, Answer]) -> bool:
        """Whether the controls of a group bear its answers out; else that is what is kept of all its betas."""
        made_up = next(answer for ask, answer in first.items() if ask.group == group and ask.kind is Kind.MADE_UP)
        fault = control_fault(first[Ask(group, Kind.PLAIN)], made_up, needs_beta=group.needs_beta)
        if fault is None:
            return True
        for beta in group.betas:
            self._keep(group.models, beta, group.method, fault)
        at = f"{group.endpoint} with {group.models[0]}" if group.has_prompt else str(group.endpoint)
        self._faults.setdefault(fault.message[:160], []).append(at)
        return False

    def _not_listed(self, group: Group, first: dict[Ask, Answer]) -> list[str]:
        """The betas of a group to ask about one by one, once those are kept that a header full of names was refused for."""
        refused: dict[str, Answer] = {}
        for ask, answer in first.items():
            if ask.group == group and ask.kind is Kind.LISTED:
                refused |= dict.fromkeys(refused_in_list(answer), answer)
        for beta in group.betas:
            if beta in refused:
                said = refused[beta]
                self._keep(group.models, beta, Method.LISTED, Found(State.REFUSED, said.said, said.exchange))
        return [beta for beta in group.betas if beta not in refused]

    def _read(self, ask: Ask, answer: Answer, plain: Answer) -> Found:
        try:
            return found_of(ask.about, answer, plain)
        except Exception as error:  # whatever a far end sent, it must not keep the others from being asked about
            logger.error("a probe of %s cannot be read: %s", ask.about, type(error).__name__)
            return Found(State.INCONCLUSIVE, "The answer could not be read.", answer.exchange)

    def _keep(self, models: Sequence[str], beta: str, method: Method, found: Found) -> None:
        for model in models:
            keep(
                self._check,
                model=model,
                beta=beta,
                state=found.state,
                method=method,
                message=found.message,
                exchange=found.exchange,
            )

    # Asking --------------------------------------------------------------------------------------------------------

    def _answers(self, asks: Sequence[Ask]) -> Iterator[tuple[Ask, Answer]]:
        """Each request and its answer, wave by wave. Raises `Halt`; what was answered until then has been handed out."""
        left = list(asks)
        while left:
            wave = self._allowed(left[: self._at_once])
            left = left[len(wave) :]
            busy: dict[Ask, Answer] = {}
            for ask, answer in self._wave(wave).items():
                if answer.is_passing and answer.may_be_repeated:
                    busy[ask] = answer
                else:
                    yield ask, answer
            if busy:
                self._rest(min(max(answer.retry_after_s or BUSY_REST_S for answer in busy.values()), LONGEST_REST_S))
                yield from (busy | self._wave(self._allowed(list(busy)))).items()

    def _allowed(self, wave: Sequence[Ask]) -> Sequence[Ask]:
        if self._sending.room is None:
            return wave
        room = self._sending.room(wave)
        if room == 0:
            raise Halt("The budget of this day is used up. What was found stands; the next slot goes on.")
        return wave[:room]

    def _wave(self, wave: Sequence[Ask]) -> dict[Ask, Answer]:
        """Send these, and wait until all are answered or patience is over."""
        answered: dict[Ask, Answer] = {}
        sent: list[tuple[Comparison, list[Ask]]] = []
        for endpoint in dict.fromkeys(ask.group.endpoint for ask in wave):
            together = [ask for ask in wave if ask.group.endpoint == endpoint]
            answered |= self._launched(together, sent)
        errands = [errand for errand, _ in sent]
        try:
            self._wait(errands)
        finally:
            cut(errands)
            self._count(sent)
        for errand, asks in sent:
            rows = errand.exchanges.select_related("request_body", "response_body").order_by("variant__position")
            answered |= {ask: answer_of(exchange) for ask, exchange in zip(asks, rows, strict=True)}
        return answered

    def _launched(self, asks: list[Ask], sent: list[tuple[Comparison, list[Ask]]]) -> dict[Ask, Answer]:
        """Queue an errand for these of one endpoint and note it in `sent`. What cannot be sent is answered at once.

        Raises `Halt` where nothing at all can be sent.
        """
        try:
            errand, _ = launch(
                plan_of(asks, version=self._check.connection.anthropic_version),
                team=self._check.team,
                author=self._sending.author,
                connection=self._check.connection,
            )
        except SendingDisabled:
            raise Halt(DEAD if engine.is_stopping() else "Sending was switched off; what was found stands.") from None
        except PlanError as error:
            if not error.field.startswith("variants"):
                raise Halt(error.message) from error
            if len(asks) == 1:
                return {asks[0]: Answer(Facts(status=None), error.message, is_sent=False)}
            alone: dict[Ask, Answer] = {}
            for ask in asks:
                alone |= self._launched([ask], sent)
            return alone
        sent.append((errand, asks))
        return {}

    def _wait(self, errands: Sequence[Comparison]) -> None:
        until = time.monotonic() + self._sending.patience_s
        waiting = Exchange.objects.unfinished().filter(comparison__in=errands)
        while waiting.exists() and time.monotonic() < until:
            self._tick()

    def _rest(self, rest_s: float) -> None:
        until = time.monotonic() + rest_s
        while time.monotonic() < until:
            self._tick()

    def _tick(self) -> None:
        """A moment of waiting, without a database connection. Raises `Halt` where the check is to end."""
        database.close()
        time.sleep(TICK_S)
        if engine.is_stopping():
            end(self._check, Check.Status.STOPPED, DEAD)  # at once: the process may not live to see what is cut end
            raise Halt
        mine = Check.objects.filter(pk=self._check.pk, status=Check.Status.RUNNING)
        if time.monotonic() - self._renewed < RENEW_S:
            is_mine = mine.exists()
        else:
            self._renewed = time.monotonic()
            is_mine = bool(mine.update(lease_until=Now() + LEASE))
        if not is_mine:
            raise Halt

    def _count(self, sent: Sequence[tuple[Comparison, list[Ask]]]) -> None:
        """Add what went out to the check, and what it cost; at most, where that is not known and it may have been billed."""
        requests, usd = 0, Decimal()
        for errand, asks in sent:
            went_out = errand.exchanges.exclude(sent_at=None, status=None)
            costs = list(went_out.values_list("cost_usd", flat=True))
            unknown = went_out.filter(MAYBE_BILLED).values_list("variant__position", flat=True)
            requests += len(costs)
            usd += sum(cost for cost in costs if cost is not None) + sum(most_usd(asks[at]) for at in unknown)
        zero = Value(Decimal(), output_field=DecimalField())
        Check.objects.filter(pk=self._check.pk).update(
            requests=F("requests") + requests, cost_usd=Coalesce(F("cost_usd"), zero) + usd
        )


def cut(errands: Sequence[Comparison]) -> None:
    """Cancel what is still in flight, and wait for its end: what had gone out is known only then."""
    waiting = Exchange.objects.unfinished().filter(comparison__in=errands)
    for errand in [errand for errand in errands if errand.exchanges.unfinished().exists()]:
        cancel(errand)
    until = time.monotonic() + CUT_S
    while waiting.exists() and time.monotonic() < until:
        database.close()
        time.sleep(TICK_S)


def noted(faults: Mapping[str, Sequence[str]]) -> str:
    """What was wrong with the controls, each fault once, with the first of the places it was seen at."""
    said = []
    for fault, places in faults.items():
        more = len(places) - MOST_PLACES
        said.append(f"{', '.join(places[:MOST_PLACES])}{f' and {more} more' if more > 0 else ''}: {fault}")
    return " ".join(said)


def end(check: Check, status: Check.Status, note: str) -> bool:
    """End a check that runs; whether it was this that ended it."""
    note = note if len(note) <= MOST_IN_NOTE else note[: MOST_IN_NOTE - 1] + "…"
    running = Check.objects.filter(pk=check.pk, status=Check.Status.RUNNING)
    return bool(running.update(status=status, note=note, finished_at=Now(), lease_until=None))


def plan_of(asks: Sequence[Ask], *, version: str) -> Plan:
    """One errand for requests to the same endpoint: a column for each."""
    group = asks[0].group
    columns = [
        VariantPlan(label=f"{number}. {label_of(ask)}"[:200], betas=ask.betas, version=version, own_body=_body(ask))
        for number, ask in enumerate(asks, start=1)
    ]
    return Plan(
        body=jsontext.loads(jsontext.dumps(SMALLEST)) if group.has_prompt else None,
        variants=columns,
        version=version,
        title=f"Check availability: {group.endpoint}"[:200],
        endpoint=group.endpoint,
        stream=None,
        max_turns=1,
        is_errand=True,
    )


def label_of(ask: Ask) -> str:
    """How a column of the errand is called: `context-management-2025-06-27 on claude-opus-5-5`."""
    what = ask.about or f"Control {ask.kind.value}"
    return f"{what} on {ask.group.models[0]}" if ask.group.has_prompt else what


def _body(ask: Ask) -> object:
    return None if ask.body is None else jsontext.loads(jsontext.dumps(ask.body))


def answer_of(exchange: Exchange) -> Answer:
    """What came of one request. A far end can send anything: what cannot be read is no answer."""
    is_sent = exchange.sent_at is not None or exchange.status is not None or bool(exchange.failure_kind)
    words = exchange.error_message
    try:
        facts = facts_of_exchange(exchange, timed=False)
    except Exception as error:
        logger.error("exchange %s cannot be read: %s", exchange.pk, type(error).__name__)
        facts = Facts(status=None)
    if exchange.state in (Sent.CANCELLED, Sent.QUEUED, *IN_FLIGHT):
        facts = replace(facts, status=None)
        words = "No answer came in time." if is_sent else "It waited too long for room on this connection: not sent."
    return Answer(
        facts,
        words,
        exchange.public_id,
        is_sent=is_sent,
        retry_after_s=exchange.retry_after_s,
        may_be_repeated=not _asks_to_be_left_alone(exchange),
    )


def _asks_to_be_left_alone(exchange: Exchange) -> bool:
    headers = exchange.response_headers or ()
    return any(name.lower() == "x-should-retry" and value.strip().lower() == "false" for name, value in headers)
