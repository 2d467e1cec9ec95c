"""What is said where columns met each other's cache, and the sums over a recorded conversation."""

import re
from decimal import Decimal

import pytest

from betaconsole.runs.models import Exchange
from betaconsole.runs.pages.cache_bias import SO, cache_bias
from betaconsole.runs.pages.lanes import area_context, render_lane
from betaconsole.runs.pages.overview import figures_context
from betaconsole.runs.pages.viewing import load
from betaconsole.runs.states import State
from tests.builders import make_comparison, make_exchange, message
from tests.runs.conversations import calls, make_turn


def text(response):
    return " ".join(re.sub(r"<[^>]*>", " ", response.content.decode()).split())


def met(read=0, written=0):
    return [Exchange(cache_read_tokens=read, cache_write_tokens=written)]


@pytest.mark.parametrize(
    ("columns", "said"),
    [
        ([met(0, 12_400), met(12_400)], f"B read 12,400 tokens from the cache that A had written: {SO}"),
        ([met(9000), met(0, 9000)], f"A read 9,000 tokens from the cache that B had written: {SO}"),
        (
            [met(0, 12_400), met(12_400), met(11_000)],
            f"B read 12,400 and C read 11,000 tokens from the cache that A had written: {SO}",
        ),
        ([met(100), met(500), met(900)], f"Tokens read from caches: B 500 and C 900, A 100: {SO}"),
        ([met(0), met(500)], f"Tokens read from caches: B 500, A 0: {SO}"),
        ([met(500), met(500)], ""),
        ([met(), met()], ""),
        ([met(0, 5000)], ""),
        ([met(0, 5000), met(None)], ""),
        ([met(0, 5000), []], ""),
        ([], ""),
    ],
)
def test_columns_that_read_different_amounts_are_said_to_be_no_fair_pair(columns, said):
    assert cache_bias(dict(enumerate(columns)), separate=False) == said


def test_with_separate_caches_a_difference_is_the_columns_own_doing():
    assert cache_bias({0: met(0, 5000), 1: met(5000)}, separate=True) == ""


def cached(read=0, written=0, **more):
    usage = {
        "input_tokens": 100,
        "output_tokens": 50,
        "cache_read_input_tokens": read,
        "cache_creation_input_tokens": written,
        "cache_creation": {"ephemeral_5m_input_tokens": written, "ephemeral_1h_input_tokens": 0},
    }
    return message("Yes.", usage={**usage, **more})


@pytest.mark.django_db
def test_the_page_says_it_under_the_figures_and_shows_the_cost_without_caching(client, team, ann):
    comparison = make_comparison(team, ann, exchanges=False)
    a, b = comparison.variants.all()
    make_exchange(comparison, a, answer=cached(written=12_400))
    make_exchange(comparison, b, answer=cached(read=12_400))
    page = client.get(comparison.get_absolute_url())
    assert "B read 12,400 tokens from the cache that A had written" in text(page)
    # 12,500 × 3 $ + 50 × 15 $ for a million.
    assert page.content.decode().count("$0.0382") == 4


@pytest.mark.django_db
def test_where_no_cache_was_met_there_is_one_cost(client, team, ann):
    comparison = make_comparison(team, ann, exchanges=False)
    make_exchange(comparison, comparison.variants.first())
    assert "Cost without caching" not in text(client.get(comparison.get_absolute_url()))


@pytest.mark.django_db
def test_a_further_turn_may_read_its_own_cache(team, ann):
    comparison = make_comparison(team, ann, exchanges=False)
    a, b = comparison.variants.all()
    make_turn(comparison, a, 1, {**calls(), "usage": cached(written=5000)["usage"]})
    make_turn(comparison, a, 2, cached(read=5000))
    make_turn(comparison, b, 1, cached())
    assert figures_context(load(comparison))["cache_bias"] == ""


# Traces -------------------------------------------------------------------------------------------------------------


@pytest.fixture
def trace(team, ann, db):
    """Three recorded turns in two columns; the second column reads what the first has written."""
    cases = [f"turn {number}" for number in (1, 2, 3)]
    comparison = make_comparison(team, ann, cases=cases, exchanges=False, is_trace=True)
    for number, case in enumerate(comparison.cases.all(), start=1):
        for variant in comparison.variants.all():
            answer = cached(read=1000 * number * variant.position, written=1000 * number * (1 - variant.position))
            make_exchange(comparison, variant, case=case, answer=answer)
    return comparison


def sums(comparison):
    return figures_context(load(comparison))["trace"]


def test_a_trace_is_summed_for_each_column_beside_the_turn_in_view(client, trace):
    context = sums(trace)
    shown = [{figure.key: figure.text for figure in row.figures} for row in context["rows"]]
    assert shown[0] == {
        "cost": "$0.0438",
        "uncached_cost": "$0.0211",
        "input": "300",
        "output": "150",
        "cache_read": "0",
        "cache_write": "6,000",
    }
    assert shown[1]["cache_read"] == "6,000"
    assert [figure.difference for figure in context["rows"][1].figures if figure.key == "output"] == ["same"]
    assert context["cache_bias"].startswith("B read 6,000 tokens from the cache that A had written")
    page = text(client.get(trace.get_absolute_url()))
    assert "3 recorded turns, summed." in page
    assert "recorded history, not a live run" in page
    assert "recorded turn 3 of 3" in page


def test_the_sums_of_columns_that_are_not_in_step_are_not_compared(trace):
    b = trace.variants.last()
    trace.exchanges.filter(variant=b, case__position=2).update(state=State.STREAMING)
    rows = sums(trace)["rows"]
    assert [(row.ended, row.is_whole) for row in rows] == [(3, True), (2, False)]
    assert {figure.difference for figure in rows[1].figures} == {"—"}


def test_a_turn_that_failed_makes_the_sum_unknown_and_a_further_attempt_counts_once(trace):
    a = trace.variants.first()
    failed = trace.exchanges.get(variant=a, case__position=1)
    Exchange.objects.filter(pk=failed.pk).update(state=State.FAILED, cost_usd=None, output_tokens=None)
    assert {figure.key: figure.text for figure in sums(trace)["rows"][0].figures}["cost"] == "—"
    make_exchange(trace, a, case=failed.case, attempt=2, answer=cached(written=2000))
    assert {figure.key: figure.text for figure in sums(trace)["rows"][0].figures}["output"] == "150"


@pytest.mark.parametrize("fields", [{"state": State.FAILED, "status": 400}, {"state": State.SKIPPED, "sent_at": None}])
def test_a_turn_that_was_refused_or_never_sent_is_left_out_of_the_sum(trace, fields):
    nothing = {"cost_usd": None, "usage": None, "input_tokens": None, "output_tokens": None}
    trace.exchanges.filter(variant=trace.variants.first(), case__position=1).update(**nothing, **fields)
    a, b = sums(trace)["rows"]
    assert {figure.key: figure.text for figure in a.figures}["output"] == "100"
    assert (a.ended, a.turns) == (2, 3)
    assert {figure.difference for figure in b.figures} == {"—"}


def test_a_trace_is_walked_turn_by_turn(trace):
    [lane, _] = area_context(load(trace, case=1, repeat=1), {})["lanes"]
    html = render_lane(lane)
    assert "recorded turn 2 of 3" in html
    assert 'aria-label="Previous recorded turn"' in html
    assert load(trace, case=1, repeat=1).name == "recorded turn 2"


def test_sums_cost_the_same_queries_for_three_turns_and_for_thirty(trace, team, ann, django_assert_num_queries):
    long = make_comparison(team, ann, cases=["turn"] * 30, exchanges=False, is_trace=True)
    for case in long.cases.all():
        for variant in long.variants.all():
            make_exchange(long, variant, case=case, cost_usd=Decimal("0.01"))
    views = [load(trace), load(long)]
    for view in views:
        with django_assert_num_queries(1):
            figures_context(view)
