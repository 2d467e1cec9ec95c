"""In what order the requests of a comparison go out."""

from collections import Counter
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from betaconsole.drafts.models import Engine
from betaconsole.runs.launching.launching import TokenReused
from betaconsole.runs.launching.order import drawn
from betaconsole.runs.launching.planning import CasePlan
from betaconsole.runs.launching.repeating import run_whole_again
from betaconsole.runs.models import Comparison, Exchange
from betaconsole.runs.sending import rounds
from betaconsole.teams.models import Membership
from tests.runs.engines import connection_to, plan, run

CASES = tuple(CasePlan(name, {"n": name}) for name in ("one", "two", "three"))
seeds = st.integers(min_value=0, max_value=2**53 - 1)
few = st.integers(min_value=1, max_value=6)
RECORDED = [
    *((1, 1, 2), (1, 1, 0), (1, 1, 1), (1, 0, 1), (1, 0, 2), (1, 0, 0)),
    *((2, 1, 1), (2, 1, 0), (2, 1, 2), (2, 0, 2), (2, 0, 1), (2, 0, 0)),
]


@settings(deadline=None)
@given(seeds, few, few, few)
def test_every_cell_is_sent_once_round_by_round_and_repeat_by_repeat(seed, variants, cases, repeats):
    order = drawn(seed, variants=range(variants), cases=range(cases), repeats=range(1, repeats + 1))
    assert len(set(order)) == len(order) == variants * cases * repeats
    chunks = [order[start : start + variants] for start in range(0, len(order), variants)]
    assert all(len({cell[:2] for cell in one}) == 1 for one in chunks), "a round is together"
    assert [cell[0] for cell in order] == sorted(cell[0] for cell in order), (
        "a case's repeats are counted as they go out"
    )


@settings(deadline=None)
@given(seeds, few, few)
def test_the_same_seed_draws_the_same_order_whatever_else_there_is(seed, variants, cases):
    whole = drawn(seed, variants=range(variants), cases=range(cases), repeats=range(1, 5))
    assert whole == drawn(seed, variants=range(variants), cases=range(cases), repeats=range(1, 5))
    later = drawn(seed, variants=range(variants), cases=range(cases), repeats=range(3, 5))
    assert later == [cell for cell in whole if cell[0] >= 3], "what is added is as if it had been there"
    wider = drawn(seed, variants=range(variants + 1), cases=range(cases), repeats=range(1, 5))
    assert [cell for cell in wider if cell[2] < variants] == whole


def test_no_column_and_no_case_is_first_more_often_than_the_others():
    firsts, leading = Counter(), Counter()
    for seed in range(600):
        order = drawn(seed, variants=range(3), cases=range(2), repeats=[1])
        firsts[order[0][2]] += 1
        leading[order[0][1]] += 1
    assert all(150 < firsts[column] < 250 for column in range(3))
    assert all(240 < leading[case] < 360 for case in range(2))


def test_this_seed_has_drawn_this_order_since_it_was_stored():
    assert drawn(418, variants=range(3), cases=range(2), repeats=[1, 2]) == RECORDED


def test_without_a_seed_and_for_cases_of_a_trace_the_order_stays():
    assert drawn(None, variants=range(2), cases=range(2), repeats=[1]) == [(1, 0, 0), (1, 0, 1), (1, 1, 0), (1, 1, 1)]
    kept = drawn(5, variants=range(4), cases=range(6), repeats=[1, 2], keeps_cases=True)
    assert [cell[1] for cell in kept[::4]] == [*range(6), *range(6)]


def sent_order(comparison: Comparison) -> list[tuple[int, int, int]]:
    """As the engine takes them: rounds by their lowest key, and their members by key."""
    rows = Exchange.objects.filter(comparison=comparison).order_by("pk")
    return list(rows.values_list("repeat", "case__position", "variant__position"))


@pytest.mark.django_db
def test_a_comparison_is_queued_in_the_order_of_its_seed_and_run_again_draws_a_new_one(owner: Membership):
    connection = connection_to(owner, "http://127.0.0.1:1")
    asked = replace(plan([[], [], [], []], repeats=4), cases=CASES, seed=7)
    first, same = run(owner, connection, asked), run(owner, connection, asked)
    assert first.seed == same.seed == 7
    expected = drawn(7, variants=range(4), cases=range(3), repeats=range(1, 5))
    assert sent_order(first) == sent_order(same) == expected
    again = run_whole_again(first, author=owner.user, client_token=None)
    assert again.seed is not None
    assert again.seed != 7
    assert sent_order(again) == drawn(again.seed, variants=range(4), cases=range(3), repeats=range(1, 5))
    [*found] = [one for one in rounds.in_order(rounds.waiting(), Counter()) if one.comparison_id == first.pk]
    cases = {case.pk: case.position for case in first.cases.all()}
    assert [(one.repeat, cases[one.case_id]) for one in found] == [cell[:2] for cell in expected[::4]]


@pytest.mark.django_db
def test_other_repeats_of_a_case_wait_for_the_one_that_is_sent_first(owner: Membership):
    asked = replace(plan([[], []], repeats=3), cases=CASES, seed=11)
    comparison = run(owner, connection_to(owner, "http://127.0.0.1:1"), asked)
    waiting = rounds.waiting()
    firsts: dict[int, int] = {}
    for one in sorted(waiting, key=lambda one: one.first):
        firsts.setdefault(one.case_id, one.repeat)
    assert set(firsts.values()) == {1}
    assert rounds.first_repeats_unanswered(waiting) == {(comparison.pk, case): 1 for case in firsts}


@pytest.mark.django_db
def test_batches_have_no_order_and_a_trace_keeps_its_own(owner: Membership):
    connection = connection_to(owner, "http://127.0.0.1:1")
    batch = run(owner, connection, replace(plan([[], []], stream=False), engine=Engine.BATCH, seed=3))
    assert batch.seed is None
    bodies = tuple(replace(case, body=plan().body, variables={}) for case in CASES)
    trace = run(owner, connection, replace(plan([[], [], []]), cases=bodies, is_trace=True))
    assert trace.seed is not None
    assert [cell[1] for cell in sent_order(trace)][::3] == [0, 1, 2]


@pytest.mark.django_db
def test_a_token_tells_seeds_apart_that_were_given_and_only_those(owner: Membership):
    connection = connection_to(owner, "http://127.0.0.1:1")
    drawn_one = run(owner, connection, plan(), client_token="a")
    assert run(owner, connection, replace(plan(), preset="with_without"), client_token="a") == drawn_one
    given_one = run(owner, connection, replace(plan(), seed=1), client_token="b")
    assert run(owner, connection, replace(plan(), seed=1), client_token="b") == given_one
    with pytest.raises(TokenReused):
        run(owner, connection, replace(plan(), seed=2), client_token="b")
    batch = replace(plan(stream=False), engine=Engine.BATCH)
    made = run(owner, connection, replace(batch, seed=1), client_token="c")
    assert run(owner, connection, replace(batch, seed=2), client_token="c") == made, "a batch has no order"
