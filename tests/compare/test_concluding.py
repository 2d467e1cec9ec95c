"""Verdicts worked out when comparisons end, said in lists, and what many who look at once are told."""

import logging
from concurrent.futures import FIRST_COMPLETED, ThreadPoolExecutor, wait
from threading import Event

import pytest
from django.db import DatabaseError, connections, transaction
from django.urls import reverse

from betaconsole.compare import concluding, evidence
from betaconsole.compare.checking import set_checks
from betaconsole.compare.evidence import evidence_of
from betaconsole.decisions.models import Decision, subject_of
from betaconsole.runs.launching.adding import reopen
from betaconsole.runs.models import Comparison, VerdictDue
from betaconsole.runs.sending.recording import close_if_finished
from betaconsole.statistics.inputs import Inputs
from tests.api.calling import Caller
from tests.builders import make_exchange
from tests.compare.test_evidence import answered

SAID = "B writes about a fifth fewer output tokens than A"
GUARD_S = 60

pytestmark = pytest.mark.django_db


def ended(team, ann, *, repeats: int, **values) -> Comparison:
    """As `answered`, ended as the engine ends it."""
    comparison = answered(team, ann, repeats=repeats, **values)
    Comparison.objects.filter(pk=comparison.pk).update(finished_at=None)
    with transaction.atomic():
        close_if_finished(comparison.pk)
    return comparison


@pytest.mark.both_databases
def test_a_comparison_that_has_ended_gets_its_verdict_and_lists_say_it(client, team, ann):
    comparison = ended(team, ann, repeats=10)
    assert concluding.conclude_next()
    assert not concluding.conclude_next()
    comparison.refresh_from_db()
    assert comparison.verdict.startswith(SAID)
    assert SAID in client.get(reverse("runs:history")).content.decode()
    decide(team, ann, comparison)
    assert SAID in client.get(reverse("sharing:decisions")).content.decode()


def test_of_too_few_answers_a_list_says_only_that(team, ann):
    comparison = ended(team, ann, repeats=2)
    assert concluding.conclude_next()
    comparison.refresh_from_db()
    assert comparison.verdict == "Not enough data."


def decide(team, ann, comparison: Comparison) -> None:
    Decision.objects.create(
        team=team,
        author=ann,
        betas=["context-1m-2025-08-07"],
        subject=subject_of(["context-1m-2025-08-07"]),
        stand="wait",
        comparison=comparison.public_id,
        comparison_key=comparison.pk,
        number=comparison.number,
        simulated=comparison.simulated,
    )


def test_of_one_answer_a_column_lists_say_what_differs(client, team, ann):
    comparison = ended(team, ann, repeats=1)
    evidence_of(comparison)
    assert concluding.conclude_next()
    comparison.refresh_from_db()
    assert comparison.verdict is None
    assert "B: output" in client.get(reverse("runs:history")).content.decode()


def test_what_ends_anew_says_nothing_until_it_is_concluded_anew(team, ann):
    comparison = ended(team, ann, repeats=6)
    concluding.conclude_next()
    for variant in comparison.variants.all():
        make_exchange(comparison, variant, repeat=7, output_tokens=450)
    Comparison.objects.filter(pk=comparison.pk).update(finished_at=None)
    with transaction.atomic():
        close_if_finished(comparison.pk)
    comparison.refresh_from_db()
    assert comparison.verdict is None
    assert concluding.conclude_next()
    comparison.refresh_from_db()
    assert comparison.verdict


def test_a_check_is_taken_into_the_verdict_without_anybody_looking(team, ann):
    comparison = ended(team, ann, repeats=6)
    concluding.conclude_next()
    set_checks(comparison, [{"kind": "length", "min": 1}])
    assert concluding.conclude_next()
    comparison.refresh_from_db()
    assert any(key.startswith("check:") for key in (one.key for one in evidence_of(comparison).inputs.figures))
    assert not VerdictDue.objects.exists()


def test_a_check_that_was_thought_of_after_the_end_is_judged_by_methods_that_hold_at_any_look(team, ann):
    comparison = ended(team, ann, repeats=10)
    assert not evidence_of(comparison).inputs.extended
    set_checks(comparison, [{"kind": "length", "min": 1}])
    after = evidence_of(comparison)
    assert after.inputs.extended
    assert "hold at any look" in after.results.method_note


@pytest.mark.parametrize("error", [KeyError("gone"), DatabaseError("database disk image is malformed")])
def test_one_that_cannot_be_read_does_not_keep_others_waiting(team, ann, monkeypatch, caplog, error):
    damaged, whole = ended(team, ann, repeats=6), ended(team, ann, repeats=6)
    really = evidence.inputs_of

    def inputs_of(comparison: Comparison) -> Inputs:
        if comparison.pk == damaged.pk:
            raise error
        return really(comparison)

    monkeypatch.setattr(evidence, "inputs_of", inputs_of)
    with caplog.at_level(logging.ERROR):
        assert concluding.conclude_next()
    assert concluding.conclude_next()
    assert not VerdictDue.objects.exists()
    whole.refresh_from_db()
    assert whole.verdict
    assert f"comparison {damaged.pk} cannot be worked out" in caplog.text


def test_what_runs_again_has_no_verdict_until_it_ends(client, team, ann):
    comparison = ended(team, ann, repeats=10)
    concluding.conclude_next()
    decide(team, ann, comparison)
    reopen(comparison)
    for page in ("runs:history", "sharing:decisions"):
        assert SAID not in client.get(reverse(page)).content.decode()


@pytest.mark.both_databases
@pytest.mark.django_db(transaction=True)
def test_forty_who_look_at_once_hold_a_few_threads_only(team, ann, monkeypatch):
    comparison, may_go_on = ended(team, ann, repeats=6), Event()
    really = evidence.work_out_apart

    def work_out(inputs):
        assert may_go_on.wait(GUARD_S)
        return really(inputs)

    def look(_: int) -> evidence.Shown:
        try:
            return evidence_of(comparison)
        finally:
            connections.close_all()

    monkeypatch.setattr(evidence, "work_out_apart", work_out)
    monkeypatch.setattr(evidence, "WAIT_S", GUARD_S)
    with ThreadPoolExecutor(40) as pool:
        looking = {pool.submit(look, each) for each in range(40)}
        told: set = set()
        while len(told) < 40 - evidence.MOST_WAITING:
            done, looking = wait(looking, timeout=GUARD_S, return_when=FIRST_COMPLETED)
            assert done
            told |= done
        assert all(one.result().is_due and not one.result().is_final for one in told)
        assert all(one.result().summaries for one in told)
        may_go_on.set()
        assert all(one.result(GUARD_S).is_final for one in looking)


def test_a_program_is_told_to_ask_again_while_the_verdict_is_worked_out(client, team, ann):
    comparison = ended(team, ann, repeats=6)
    page = reverse("compare:verdict", args=[comparison.public_id])
    api, address = Caller(ann, team), f"/comparisons/{comparison.public_id}"
    for _ in range(evidence.MOST_WAITING):
        assert evidence._rooms.acquire(blocking=False)
    try:
        early, box = api.get(address), client.get(page).content.decode()
    finally:
        for _ in range(evidence.MOST_WAITING):
            evidence._rooms.release()
    assert (early.json()["state"], early.json()["verdict"], early["Retry-After"]) == ("finished", None, "1")
    assert "the verdict is being worked out" in box
    assert 'hx-trigger="every 1s"' in box
    late = api.get(address)
    assert late.json()["verdict"]["sentences"]
    assert "Retry-After" not in late
