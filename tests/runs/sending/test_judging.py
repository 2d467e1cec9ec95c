"""What came of each beta in exchanges that really ran: kept in a column, and computed wherever that is behind."""

import json
from dataclasses import replace
from typing import Any

import pytest
from django.db import connection as database
from django.test.utils import CaptureQueriesContext

from betaconsole.catalogue.examples import examples
from betaconsole.runs.launching.planning import Plan
from betaconsole.runs.models import Comparison, Exchange
from betaconsole.runs.sending import judging
from betaconsole.runs.sending.judging import judge_ended, outcomes_of
from betaconsole.runs.states import State
from betaconsole.teams.models import Connection, Membership
from betaconsole.teams.solo import set_up_solo
from tests.runs.engines import connection_to, plan, run, running, wait_for, wait_until_finished
from tests.runs.tool_caller import reply, says
from tests.upstream import Peer, Upstream, answer

pytestmark = pytest.mark.django_db(transaction=True)

INTERLEAVED, MADE_UP = "interleaved-thinking-2025-05-14", "no-such-beta-2026-01-01"
COMPACT, TASKS = "compact-2026-09-04", "task-budgets-2026-03-13"
AT_ONCE = "[[simulator: tps=inf ttft_ms=1]]"


@pytest.fixture
def ann(transactional_db: None) -> Membership:
    return set_up_solo()


def beside_the_first(asked: Plan) -> Plan:
    """The plan with every further column compared with the first one."""
    first, *others = asked.variants
    return replace(asked, variants=[first, *(replace(each, baseline=first.label) for each in others)])


def simulated(ann: Membership, asked: Plan) -> Comparison:
    return run(ann, Connection.objects.get(team=ann.team, kind=Connection.Kind.SIMULATOR), asked)


def conversation(*betas: list[str]) -> Plan:
    """The first example question, with its stubs."""
    example = examples()[0]
    body = {key: value for key, value in example.body.items() if key not in ("model", "max_tokens", "stream")}
    asked = plan(betas, **{**body, "system": AT_ONCE})
    asked.body.update({"model": example.body["model"], "max_tokens": example.body["max_tokens"]})
    return beside_the_first(replace(asked, tool_stubs=example.tool_stubs))


def said(exchanges: list[Exchange]) -> list[list[tuple[str, str, str]]]:
    found = outcomes_of(exchanges)
    return [
        [(one.beta, one.outcome.value, "; ".join(one.evidence)) for one in found[exchange.pk]] for exchange in exchanges
    ]


def of_column(comparison: Comparison, position: int) -> list[Exchange]:
    return list(comparison.exchanges.filter(variant__position=position).order_by("repeat", "turn"))


class TestOnTheSimulator:
    def test_thinking_between_calls_is_an_effect_that_the_baseline_lacks(self, ann: Membership) -> None:
        with running():
            comparison = simulated(ann, conversation([], [INTERLEAVED], [INTERLEAVED, MADE_UP]))
            wait_until_finished(comparison)
        assert said(of_column(comparison, 0)) == [[], [], []]
        first, second, third = said(of_column(comparison, 1))
        assert first[0][:2] == (INTERLEAVED, "no_visible_effect")
        assert second == [(INTERLEAVED, "effective", "thinking block after a tool result; the baseline has none there")]
        assert third == second
        [refused] = said(of_column(comparison, 2))
        assert [(beta, verdict) for beta, verdict, _ in refused] == [
            (INTERLEAVED, "inconclusive"),
            (MADE_UP, "refused_unknown"),
        ]

    def test_the_caretaker_keeps_what_a_reader_would_compute(self, ann: Membership) -> None:
        with running():
            comparison = simulated(ann, conversation([], [INTERLEAVED]))
            wait_until_finished(comparison)
            exchanges = comparison.exchanges.order_by("pk")
            computed = said(list(exchanges.all()))
            wait_for(lambda: not exchanges.filter(outcomes=None).exists(), what="every outcome kept")
            wait_for(lambda: said(list(exchanges.all())) == computed, what="the same outcomes")
        with CaptureQueriesContext(database) as queries:
            assert said(list(exchanges.all())) == computed
        assert not any("request_body" in query["sql"] and "JOIN" in query["sql"] for query in queries)

    def test_a_larger_output_shows_in_the_cells_of_a_batch(self, ann: Membership, monkeypatch: Any) -> None:
        monkeypatch.setattr("betaconsole.runs.sending.batching.FIRST_LOOK_S", 0.05)
        monkeypatch.setattr("betaconsole.runs.sending.engine.BATCHES_S", 0.05)
        asked = plan([["output-300k-2026-03-24"]], stream=False, system=AT_ONCE, model="claude-opus-5-5")
        asked.body["max_tokens"] = 200_000
        with running():
            comparison = simulated(ann, replace(asked, engine="batch"))
            cells = wait_until_finished(comparison)
            [batch] = comparison.batches.all()
            make = batch.errand.exchanges.order_by("pk")[:1]
            assert said(cells) == [
                [
                    (
                        "output-300k-2026-03-24",
                        "effective",
                        "max_tokens 200,000 was taken; the usual limit is 128,000",
                    )
                ]
            ]
            assert [verdict for _, verdict, _ in said(list(make))[0]] == ["inconclusive"]


class TestBesideABaseline:
    @pytest.fixture
    def ended(self, ann: Membership) -> Comparison:
        """Two columns: the second has a beta, and both answers hold what it brings."""

        def far_end(peer: Peer) -> None:
            peer.read_request()
            message = reply({"type": "compaction", "content": "So far."}, says("On."))
            peer.send(answer(json.dumps(message).encode(), 200))

        with Upstream(far_end) as upstream, running():
            asked = beside_the_first(plan([[], [COMPACT]], stream=False))
            comparison = run(ann, connection_to(ann, upstream.url), asked)
            wait_until_finished(comparison)
        Exchange.objects.update(outcomes=None)
        return comparison

    def test_a_verdict_waits_for_its_baseline_and_follows_it(self, ended: Comparison) -> None:
        baseline, own = ended.exchanges.order_by("variant__position")
        Exchange.objects.filter(pk=baseline.pk).update(state=State.STREAMING)
        judge_ended([own.pk])
        own.refresh_from_db()
        assert own.outcomes["baseline"] is None
        assert said([own])[0][0][1:] == ("effective", "the answer holds a compaction block")
        Exchange.objects.filter(pk=baseline.pk).update(state=State.SUCCEEDED)
        shown = said([own])
        assert shown[0][0][1] == "no_visible_effect"
        assert shown[0][0][2].endswith("the baseline shows it too, without the header")
        judge_ended([baseline.pk])
        own.refresh_from_db()
        assert own.outcomes["baseline"] == baseline.pk
        assert said([own]) == shown

    def test_a_further_attempt_of_the_baseline_counts(self, ended: Comparison) -> None:
        baseline, own = ended.exchanges.order_by("variant__position")
        judge_ended([baseline.pk, own.pk])
        own.refresh_from_db()
        values = {field.attname: getattr(baseline, field.attname) for field in Exchange._meta.concrete_fields}
        message = {"type": "message", "content": []}
        again = Exchange.objects.create(
            **{**values, "id": None, "public_id": "again", "attempt": 2, "message": json.dumps(message).encode()}
        )
        assert said([own])[0][0][1] == "effective"
        judge_ended([again.pk])
        own.refresh_from_db()
        assert own.outcomes["baseline"] == again.pk

    def test_reading_many_costs_no_query_each(self, ended: Comparison) -> None:
        baseline, own = ended.exchanges.order_by("variant__position")
        judge_ended([baseline.pk, own.pk])
        for exchange in (baseline, own):
            values = {field.attname: getattr(exchange, field.attname) for field in Exchange._meta.concrete_fields}
            Exchange.objects.bulk_create(
                Exchange(**{**values, "id": None, "public_id": f"{exchange.pk}-{repeat}", "repeat": repeat})
                for repeat in range(2, 60)
            )
        judge_ended(list(ended.exchanges.values_list("pk", flat=True)))
        with CaptureQueriesContext(database) as queries:
            found = outcomes_of(list(ended.exchanges.all()))
        assert len(found) == 118
        assert len(queries) <= 4

    def test_an_exchange_that_cannot_be_judged_keeps_no_other_from_it(
        self, ended: Comparison, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        baseline, own = ended.exchanges.order_by("variant__position")
        judge = judging.facts_of_exchange

        def failing(exchange: Exchange, *, timed: bool) -> Any:
            if exchange.pk == own.pk:
                raise ValueError("odd")
            return judge(exchange, timed=timed)

        monkeypatch.setattr(judging, "facts_of_exchange", failing)
        judge_ended([baseline.pk, own.pk])
        baseline.refresh_from_db()
        own.refresh_from_db()
        assert (baseline.outcomes, own.outcomes) == ({"baseline": None, "betas": []}, None)


def test_what_was_never_sent_has_no_outcome(ann: Membership) -> None:
    comparison = simulated(ann, plan([[TASKS], [MADE_UP]], repeats=2))
    Exchange.objects.filter(variant__position=0).update(state=State.CANCELLED)
    Exchange.objects.filter(variant__position=1).update(state=State.SKIPPED)
    assert said(list(comparison.exchanges.all())) == [[], [], [], []]


def test_what_is_not_final_has_no_outcome(ann: Membership) -> None:
    comparison = simulated(ann, plan([[TASKS]]))
    assert outcomes_of(list(comparison.exchanges.all())) == {}
    judge_ended(list(comparison.exchanges.values_list("pk", flat=True)))
    assert comparison.exchanges.get().outcomes is None


def test_what_was_sent_and_never_answered_is_inconclusive(ann: Membership) -> None:
    comparison = simulated(ann, plan([[TASKS]]))
    Exchange.objects.update(state=State.UNKNOWN_OUTCOME, failure_kind="cut_before_status")
    assert said(list(comparison.exchanges.all())) == [[(TASKS, "inconclusive", "no answer came")]]
