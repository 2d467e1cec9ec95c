"""Which rounds may start, and in what order."""

from collections import Counter
from dataclasses import replace
from datetime import timedelta

import pytest
from django.db import connection as database
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from betaconsole.claude.errors import NotSent
from betaconsole.drafts.models import Engine
from betaconsole.runs.launching.planning import CasePlan
from betaconsole.runs.models import Batch, Comparison, Exchange
from betaconsole.runs.sending import batching, rounds
from betaconsole.runs.sending.engine import job_of
from betaconsole.runs.sending.rounds import Round
from betaconsole.teams.models import Membership, Team
from tests.runs.engines import connection_to, plan, run

pytestmark = pytest.mark.django_db


def a_round(comparison: int, first: int, *, size: int = 2, repeat: int = 1) -> Round:
    return Round(comparison, 1, repeat, 1, 1, "", connection_id=1, limit=64, size=size, first=first)


def test_u36_comparisons_take_turns_and_who_has_most_in_flight_comes_last() -> None:
    large = [a_round(1, first) for first in (1, 3, 5)]
    small = [a_round(2, 7)]
    assert rounds.in_order(large + small, Counter()) == [large[0], small[0], large[1], large[2]]
    assert rounds.in_order(large + small, Counter({1: 4}))[0] == small[0]


def test_a_large_comparison_hides_no_other(owner: Membership) -> None:
    connection = connection_to(owner, "http://127.0.0.1:1")
    cases = tuple(CasePlan(str(number), {"n": str(number)}) for number in range(40))
    asked = plan([[]], repeats=20)
    large = run(owner, connection, replace(asked, cases=cases))
    small = run(owner, connection, plan([[]]))
    assert {one.comparison_id for one in rounds.waiting()} == {large.pk, small.pk}


def test_looking_for_rounds_costs_the_same_for_one_repeat_and_a_hundred(owner: Membership) -> None:
    connection = connection_to(owner, "http://127.0.0.1:1")

    def queries(repeats: int) -> int:
        Exchange.objects.all().delete()
        run(owner, connection, plan([[], []], repeats=repeats))
        with CaptureQueriesContext(database) as captured:
            rounds.first_repeats_unanswered(rounds.waiting())
        return len(captured)

    assert queries(2) == queries(100) == 5


def test_other_repeats_wait_for_the_first_ones_status_lines(owner: Membership) -> None:
    comparison = run(owner, connection_to(owner, "http://127.0.0.1:1"), plan([[]], repeats=3))
    case = comparison.cases.get()
    assert rounds.first_repeats_unanswered(rounds.waiting()) == {(comparison.pk, case.pk): 1}
    # A refusal that has begun is no answer yet: at its end it skips the others.
    Exchange.objects.filter(repeat=1).update(state="streaming", status=400)
    assert rounds.first_repeats_unanswered(rounds.waiting()) == {(comparison.pk, case.pk): 1}
    Exchange.objects.filter(repeat=1).update(status=200)
    assert rounds.first_repeats_unanswered(rounds.waiting()) == {}


@pytest.mark.skipif("sqlite" not in database.settings_dict["ENGINE"], reason="reads SQLite's query plan")
def test_what_is_in_flight_is_found_by_its_index_in_any_history(owner: Membership) -> None:
    for rows in (
        Exchange.objects.in_flight().values_list("connection_id", flat=True),
        Exchange.objects.in_flight().values_list("worker", flat=True).distinct(),
        Exchange.objects.queued().values_list("comparison_id", flat=True),
    ):
        plan_of_query = rows.explain()
        assert "exchange_in_flight" in plan_of_query or "exchange_queued" in plan_of_query, plan_of_query


def test_b16_a_key_never_goes_to_an_address_that_is_not_its_connections_own(owner: Membership) -> None:
    connection = connection_to(owner, "http://127.0.0.1:1")
    run(owner, connection, plan([[]]))
    connection.base_url = "http://127.0.0.1:2"
    connection.save()
    with pytest.raises(NotSent, match="another address"):
        job_of(Exchange.objects.select_related("connection", "request_body").get())


def test_what_a_batch_sends_and_what_is_delayed_is_no_round(owner: Membership) -> None:
    connection = connection_to(owner, "http://127.0.0.1:1")
    batch = run(owner, connection, plan([[]]))
    Comparison.objects.filter(pk=batch.pk).update(engine=Engine.BATCH)
    delayed = run(owner, connection, plan([[], []]))
    Exchange.objects.filter(comparison=delayed, variant__position=1).update(
        send_after=timezone.now() + timedelta(minutes=1)
    )
    [one] = rounds.waiting()
    assert (one.comparison_id, one.size, one.members().count()) == (delayed.pk, 1, 1)


def test_of_a_deleted_team_nothing_goes_out_but_what_stops_its_batches(owner: Membership) -> None:
    connection = connection_to(owner, "http://127.0.0.1:1")
    escaped, errand, asked = (run(owner, connection, plan([[]])) for _ in range(3))
    Batch.objects.create(comparison=asked, errand=errand, position=0, cancel_requested_at=timezone.now())
    Team.objects.filter(pk=owner.team_id).update(deletes_at=timezone.now())
    assert rounds.oldest() == [errand]
    Comparison.objects.filter(pk=escaped.pk).update(engine=Engine.BATCH)
    batching.look()
    assert not escaped.batches.exists()


def test_further_turns_come_before_cells_that_have_not_begun(owner: Membership) -> None:
    comparison = run(owner, connection_to(owner, "http://127.0.0.1:1"), plan([[]], repeats=3))
    Exchange.objects.filter(repeat=3).update(turn=2)
    found = rounds.waiting()
    assert [one.repeat for one in found] == [3, 1, 2]
    assert rounds.in_order(reversed(found), Counter()) == found
    # Its first repeat was answered long ago: the turn waits for nobody.
    assert rounds.first_repeats_unanswered([one for one in found if one.turn == 2]) == {}
    assert comparison.max_turns == found[0].max_turns == 1


def test_idle_looking_asks_one_question(owner: Membership) -> None:
    with CaptureQueriesContext(database) as captured:
        assert rounds.waiting() == []
    assert len(captured) == 1


def test_only_turns_that_follow_by_themselves_are_no_group(owner: Membership) -> None:
    run(owner, connection_to(owner, "http://127.0.0.1:1"), plan([[], [], []]))
    for position, continues in enumerate(("stubs", "pause", "message")):
        Exchange.objects.filter(variant__position=position).update(turn=2, continues=continues)
    found = rounds.waiting()
    assert {one.continues: one.is_group for one in found} == {"stubs": False, "pause": False, "message": True}
    assert {one.members().count() for one in found} == {1}
