"""Which cell a page shows, and that cells are counted, whatever number of turns they have."""

import pytest
from django.db import connection as database
from django.test.utils import CaptureQueriesContext

from betaconsole.runs.models import Comparison, Wait
from betaconsole.runs.pages.lanes import area_context, render_lane
from betaconsole.runs.pages.overview import progress, way_to_waiting
from betaconsole.runs.pages.showing import cell_in_view, fingerprint, rows_of, shown
from betaconsole.runs.pages.viewing import load
from betaconsole.runs.sending.judging import judge_ended
from betaconsole.runs.states import State
from tests.builders import make_comparison, make_exchange
from tests.runs.conversations import call, calls, make_conversation, make_turn, make_waiting
from tests.runs.looking import lanes_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def comparison(team, ann):
    return make_comparison(team, ann, exchanges=False)


def test_a_cell_is_its_latest_turn_and_of_that_the_latest_attempt(comparison):
    a, b = comparison.variants.all()
    make_turn(comparison, a, 1, calls())
    make_turn(comparison, a, 2, state=State.FAILED)
    again = make_turn(comparison, a, 2, "Hello.", attempt=2)
    first = make_turn(comparison, b, 1, state=State.FAILED)
    second = make_turn(comparison, b, 1, calls(), attempt=2)
    assert [(row.id, row.turn, row.attempt) for row in rows_of(comparison)] == [(again.pk, 2, 2), (second.pk, 1, 2)]
    assert shown(rows_of(comparison), (0, 1)).keys() == {0, 1}
    assert first.pk not in {row.id for row in rows_of(comparison)}


def test_a_lane_shows_the_later_turn_and_not_the_later_attempt(comparison):
    column = comparison.variants.last()
    make_turn(comparison, column, 1, state=State.INTERRUPTED)
    make_turn(comparison, column, 1, calls(), attempt=2)
    make_turn(comparison, column, 2, "After the second attempt.")
    [lane] = lanes_of(comparison)
    assert lane.exchange.turn == 2
    assert [turn.exchange.attempt for turn in lane.conversation.last] == [2]


def test_progress_dots_and_pills_count_cells(team, ann):
    comparison = make_comparison(team, ann, betas=[[]], repeats=2, exchanges=False)
    column = comparison.variants.get()
    make_conversation(comparison, column, [calls(), calls(), "Done."], repeat=1)
    make_turn(comparison, column, 1, calls(), repeat=2)
    make_turn(comparison, column, 2, state=State.STREAMING, repeat=2)
    assert progress(rows_of(comparison)).text == "running 1 of 2"
    [lane] = lanes_of(comparison)
    assert lane.pill.text == "1 of 2"
    assert [(dot.state, dot.title) for dot in lane.dots.dots] == [
        ("succeeded", "repeat 1: succeeded, turn 3"),
        ("streaming", "repeat 2: streaming, turn 2"),
    ]


def test_one_repeat_says_which_turn_is_under_way(comparison):
    column = comparison.variants.first()
    make_turn(comparison, column, 1, calls())
    make_turn(comparison, column, 2, state=State.QUEUED)
    assert lanes_of(comparison)[0].pill.text == "turn 2"


def test_a_cell_that_waits_is_neither_done_nor_running(comparison):
    a, b = comparison.variants.all()
    make_waiting(comparison, a)
    make_exchange(comparison, b)
    rows = rows_of(comparison)
    assert progress(rows) == (progress(rows).__class__)(False, "1 done", 1)
    make_exchange(comparison, b, attempt=2, state=State.STREAMING)
    assert progress(rows_of(comparison)).text == "running 0 of 2"


def test_the_head_leads_to_the_lane_that_waits(comparison):
    exchange = make_waiting(comparison, comparison.variants.last())
    way = way_to_waiting(load(comparison))
    assert (way.href, way.text) == (f"#answer-{exchange.public_id}", "waiting for a result in B")


def test_the_head_leads_to_another_repeat_and_to_a_column_without_a_lane(team, ann):
    comparison = make_comparison(team, ann, betas=[[]] * 10, repeats=2, exchanges=False)
    for repeat in (1, 2):
        make_exchange(comparison, comparison.variants.first(), repeat=repeat)
    exchange = make_waiting(comparison, comparison.variants.last(), repeat=2)
    way = way_to_waiting(load(comparison, case=0, repeat=1))
    assert way.href == f"{comparison.get_absolute_url()}?case=0&repeat=2&columns=9#answer-{exchange.public_id}"


def test_after_a_restart_the_head_says_so(comparison):
    exchange = make_waiting(comparison, comparison.variants.last())
    Wait.objects.filter(exchange=exchange).update(reason=Wait.Reason.RESTART)
    assert way_to_waiting(load(comparison)).text == "waiting to go on in B"


def test_what_waits_is_in_view_before_what_runs(team, ann):
    comparison = make_comparison(team, ann, betas=[[]], repeats=3, exchanges=False)
    column = comparison.variants.get()
    make_exchange(comparison, column, repeat=3, state=State.STREAMING)
    make_waiting(comparison, column, repeat=2)
    assert cell_in_view(rows_of(comparison), case=None, repeat=None) == (0, 2)
    make_waiting(comparison, column, repeat=1, attempt=2)
    assert cell_in_view(rows_of(comparison), case=None, repeat=None) == (0, 1)
    assert cell_in_view(rows_of(comparison), case=0, repeat=3) == (0, 3)


def test_the_fingerprint_moves_with_everything_a_page_at_rest_must_notice(comparison):
    seen = [fingerprint(comparison)]
    exchange = make_turn(comparison, comparison.variants.first(), 1, calls())
    seen.append(fingerprint(comparison))
    wait = Wait.objects.create(comparison=comparison, exchange=exchange, reason=Wait.Reason.RESULT)
    seen.append(fingerprint(comparison))
    wait.delete()
    Wait.objects.create(comparison=comparison, exchange=exchange, reason=Wait.Reason.RESULT)
    seen.append(fingerprint(comparison))
    comparison.exchanges.update(version=5)
    seen.append(fingerprint(comparison))
    assert len(set(seen)) == len(seen)
    assert fingerprint(comparison) == seen[-1]


# Cost ---------------------------------------------------------------------------------------------------------------


def queries_of(comparison):
    fresh = Comparison.objects.select_related("connection").get(pk=comparison.pk)
    with CaptureQueriesContext(database) as captured:
        for lane in area_context(load(fresh), {})["lanes"]:
            render_lane(lane)
    return len(captured)


def test_a_page_asks_the_database_as_often_for_many_turns_columns_and_repeats_as_for_few(team, ann):
    few = make_comparison(team, ann, repeats=2, exchanges=False)
    many = make_comparison(team, ann, betas=[[]] * 10, repeats=2, exchanges=False)
    for comparison, turns in ((few, 1), (many, 16)):
        for variant in comparison.variants.all():
            for repeat in range(1, comparison.repeats + 1):
                make_conversation(comparison, variant, [calls()] * (turns - 1) + ["Done."], repeat=repeat)
        judge_ended(list(comparison.exchanges.values_list("pk", flat=True)))  # as the engine does soon after each end
    assert queries_of(few) == queries_of(many) <= 8


def test_only_the_words_of_lanes_that_are_shown_are_read(team, ann):
    comparison = make_comparison(team, ann, betas=[[]] * 9, exchanges=False)
    for variant in comparison.variants.all():
        make_conversation(comparison, variant, [calls(call(order_id=variant.label))] * 20 + ["Done."])
    with CaptureQueriesContext(database) as captured:
        lanes = lanes_of(comparison, columns=(0, 8))
    [words] = [query["sql"] for query in captured if '"added"' in query["sql"]]
    # Of 21 turns the first two, the one that answers the second, and the last ten.
    assert words.count(",", words.index(" IN ")) == 2 * 13 - 1
    assert [len(lane.conversation.between) for lane in lanes] == [9, 9]
