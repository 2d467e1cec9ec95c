"""The evidence of a comparison: worked out once, kept, and no conclusion before the end."""

import json
import logging
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from django.db import connections
from django.urls import reverse
from django.utils import timezone

from betaconsole.compare import evidence
from betaconsole.compare.checking import checked
from betaconsole.compare.evidence import evidence_of
from betaconsole.compare.models import Evidence
from betaconsole.compare.observing import inputs_of
from betaconsole.compare.reading_answers import answers
from betaconsole.runs.models import Comparison, VerdictDue
from betaconsole.runs.sending.reparsing import Counts, reparse
from betaconsole.runs.states import State
from betaconsole.statistics.process import StatisticsError
from tests.builders import make_comparison, make_exchange, message
from tests.environment import CHECKOUT, clean_environment

pytestmark = pytest.mark.django_db


def answered(team, ann, *, repeats: int, **values) -> Comparison:
    """Two columns, the second with a fifth fewer output tokens."""
    comparison = make_comparison(team, ann, exchanges=False, repeats=repeats, **values)
    for variant in comparison.variants.all():
        for repeat in range(1, repeats + 1):
            tokens = (500 if variant.position == 0 else 400) + 7 * (repeat * (3 + variant.position) % 5)
            make_exchange(comparison, variant, repeat=repeat, output_tokens=tokens)
    finish(comparison)
    return comparison


def finish(comparison: Comparison) -> None:
    comparison.finished_at = timezone.now()
    comparison.save(update_fields=["finished_at"])


def test_it_is_worked_out_on_the_first_look_and_kept(team, ann, monkeypatch):
    comparison = answered(team, ann, repeats=10)
    shown = evidence_of(comparison)
    assert shown.is_final
    assert shown.verdict.sentences[0].text.startswith("B writes about a fifth fewer output tokens than A")
    monkeypatch.setattr(evidence, "work_out_apart", lambda inputs: pytest.fail("worked out again"))
    again = evidence_of(comparison)
    assert (again.results, again.verdict, again.inputs) == (shown.results, shown.verdict, shown.inputs)
    assert again.worked_out_at == shown.worked_out_at


def test_more_repeats_make_what_was_kept_old(team, ann):
    comparison = answered(team, ann, repeats=1)
    first = evidence_of(comparison)
    assert not first.verdict.enough
    for variant in comparison.variants.all():
        make_exchange(comparison, variant, repeat=2)
    second = evidence_of(comparison)
    assert second.inputs.columns[0].planned == 2
    assert Evidence.objects.count() == 1


def test_nothing_is_concluded_while_it_runs(team, ann):
    comparison = answered(team, ann, repeats=10)
    comparison.finished_at = None
    comparison.save(update_fields=["finished_at"])
    make_exchange(comparison, comparison.variants.first(), repeat=11, state=State.STREAMING)
    shown = evidence_of(comparison)
    assert not shown.is_final
    assert shown.verdict is None
    tokens = next(one for one in shown.summaries if one.figure == "output_tokens" and one.variant == 1)
    assert (tokens.n, tokens.low is None) == (10, False)
    assert not Evidence.objects.exists()


def test_what_was_read_of_a_comparison_goes_once_it_has_its_verdict(team, ann):
    """Or memory would grow with every answer."""

    def held() -> tuple[int, int, bool]:
        return len(answers), len(checked), comparison.public_id in evidence._sights

    comparison = answered(team, ann, repeats=1, checks=[{"name": "polite", "kind": "contains", "value": "sorry"}])
    comparison.finished_at = None
    comparison.save(update_fields=["finished_at"])
    before = held()
    evidence_of(comparison)
    assert held() == (before[0] + 2, before[1] + 2, True), "it is looked at every second while it runs"
    finish(comparison)
    assert evidence_of(comparison).is_final
    assert held() == before


@pytest.mark.parametrize("is_over", [False, True], ids=["held in memory while it runs", "kept with the verdict"])
def test_what_another_process_reads_anew_is_looked_at_anew(team, ann, is_over):
    checks = [{"name": "greets", "kind": "contains", "value": "Hello"}]
    comparison = make_comparison(team, ann, exchanges=False, checks=checks)
    for variant in comparison.variants.all():
        make_exchange(comparison, variant, answer="Hello.")
    comparison.exchanges.update(message=json.dumps(message("Bye.")).encode())  # so they were read once
    if is_over:
        finish(comparison)

    def seen() -> list[tuple[list[float], list[float]]]:
        """Of each column the lengths of its answers, and whether the check held."""
        inputs = evidence_of(comparison).inputs if is_over else inputs_of(comparison)
        told = [(one.values["text_length"], one.values["check:greets"]) for one in inputs.columns]
        return [(list(lengths.values()), list(held.values())) for lengths, held in told]

    assert seen() == [([4], [0]), ([4], [0])]
    reparse(comparison.exchanges.select_related("response_body"), Counts())
    assert seen() == [([6], [1]), ([6], [1])]
    assert VerdictDue.objects.filter(comparison=comparison).exists(), "lists say it without anybody looking"


def test_one_answer_a_column_needs_no_other_process(team, ann, monkeypatch):
    monkeypatch.setattr(evidence, "work_out_apart", lambda inputs: pytest.fail("asked the process"))
    shown = evidence_of(answered(team, ann, repeats=1))
    assert shown.verdict.main[0].kind == "not_enough"


def test_a_failure_is_said_logged_and_tried_again_on_demand(team, ann, monkeypatch, caplog):
    asked = []

    def fail(inputs):
        asked.append(inputs)
        raise StatisticsError("the process that works out statistics ended twice")

    comparison = answered(team, ann, repeats=2)
    monkeypatch.setattr(evidence, "work_out_apart", fail)
    with caplog.at_level(logging.ERROR):
        shown = evidence_of(comparison)
    assert shown.problem == "the process that works out statistics ended twice"
    assert shown.summaries
    assert "could not be worked out" in caplog.text
    assert evidence_of(comparison).problem == shown.problem
    assert len(asked) == 1, "whoever looks does not start it over and over"
    monkeypatch.undo()
    assert evidence_of(comparison, again=True).is_final


def test_a_mistake_of_ours_takes_no_page_away(team, ann, monkeypatch, caplog):
    comparison = answered(team, ann, repeats=1)
    monkeypatch.setattr(evidence, "verdict", lambda facts, results: {}["no such key"])
    with caplog.at_level(logging.ERROR):
        assert evidence_of(comparison).problem == "the console made a mistake (KeyError)"
    assert "no such key" not in caplog.text


@pytest.mark.django_db(transaction=True)
def test_two_who_look_at_once_have_it_worked_out_once(team, ann, monkeypatch):
    comparison = answered(team, ann, repeats=6)
    worked_out, together = [], Barrier(2)
    really = evidence.work_out_apart
    monkeypatch.setattr(evidence, "work_out_apart", lambda inputs: worked_out.append(inputs) or really(inputs))

    def look(_: int) -> bool:
        together.wait()
        try:
            return evidence_of(comparison).is_final
        finally:
            connections.close_all()

    with ThreadPoolExecutor(2) as pool:
        assert list(pool.map(look, range(2))) == [True, True]
    assert len(worked_out) == 1


def test_the_process_that_serves_pages_never_imports_scipy():
    code = (
        "import os, django; os.environ['DJANGO_SETTINGS_MODULE'] = 'tests.settings'; django.setup();"
        "import betaconsole.urls, betaconsole.compare.evidence, betaconsole.api.routes, sys;"
        "print(sorted({'scipy', 'numpy'} & set(sys.modules)))"
    )
    told = subprocess.run(
        [sys.executable, "-c", code], cwd=CHECKOUT, env=clean_environment(), capture_output=True, text=True, check=True
    )
    assert told.stdout.strip() == "[]"


def test_names_that_a_far_end_made_up_are_only_text_on_the_page(client, team, ann):
    comparison = make_comparison(team, ann, exchanges=False, repeats=8)
    first, second = comparison.variants.all()
    for repeat in range(1, 9):
        make_exchange(comparison, first, repeat=repeat)
        make_exchange(comparison, second, repeat=repeat, answer=message({"type": "<img src=x>"}, "Hello."))
    finish(comparison)
    page = client.get(reverse("compare:verdict", args=[comparison.public_id])).content.decode()
    assert "B brings a &lt;img src=x&gt; block in all of its answers (A in none)" in page
    assert "<img src=x>" not in page
