"""More repeats for a comparison that exists."""

import json
from decimal import Decimal

import pytest
from django.utils import timezone

from betaconsole.runs.launching.adding import add_without
from betaconsole.runs.launching.budgeting import OverBudget
from betaconsole.runs.launching.launching import TokenReused
from betaconsole.runs.launching.more_repeats import add_repeats, room_in
from betaconsole.runs.launching.planning import PlanError
from betaconsole.runs.models import Comparison, ExchangeBeta, Reservation
from betaconsole.runs.sending import rounds
from betaconsole.runs.sending.cancelling import cancel
from betaconsole.runs.sending.pausing import pause
from betaconsole.runs.states import State
from betaconsole.teams.models import AuditEntry, Membership
from betaconsole.teams.solo import set_up_solo
from tests.runs.engines import connection_to, plan, run, running, wait_until_finished
from tests.runs.sending.test_engine import WHOLE
from tests.upstream import STREAM_HEAD, Peer, Upstream, answer, chunked

pytestmark = pytest.mark.django_db
NOWHERE = "http://127.0.0.1:1"


def asked(comparison: Comparison) -> dict[int, list[tuple[str, list, int | None, bool, list[str]]]]:
    """By repeat what its requests send, in the order of columns."""
    found: dict[int, list] = {}
    for one in comparison.exchanges.order_by("variant__position"):
        betas = list(ExchangeBeta.objects.filter(exchange=one).order_by("pk").values_list("beta", flat=True))
        row = (one.url, one.request_headers, one.request_body_id, one.stream, betas)
        found.setdefault(one.repeat, []).append(row)
    return found


def test_every_column_is_asked_so_many_times_more_with_the_very_same_requests(owner: Membership) -> None:
    comparison = run(owner, connection_to(owner, NOWHERE), plan([[], ["a-1", "b-2"]], repeats=2, stream=False))
    made = add_repeats(comparison, 3, author=owner.user)
    assert [one.repeat for one in made] == [3, 3, 4, 4, 5, 5]
    by_repeat = asked(comparison)
    assert all(by_repeat[repeat] == by_repeat[1] for repeat in range(1, 6))
    comparison.refresh_from_db()
    assert (comparison.repeats, comparison.planned_repeats) == (5, 2)
    add_repeats(comparison, 1, author=owner.user)
    comparison.refresh_from_db()
    assert (comparison.repeats, comparison.planned_repeats) == (6, 2)
    detail = AuditEntry.objects.filter(action="repeats added").order_by("pk").last().detail
    assert (detail["repeats"], detail["requests"]) == (1, 2)


def test_pressing_twice_adds_once(owner: Membership) -> None:
    comparison = run(owner, connection_to(owner, NOWHERE), plan([[]], repeats=2))
    first = add_repeats(comparison, 3, author=owner.user, client_token="press-1")
    assert add_repeats(comparison, 3, author=owner.user, client_token="press-1") == first
    with pytest.raises(TokenReused):
        add_repeats(comparison, 4, author=owner.user, client_token="press-1")
    assert comparison.exchanges.count() == 5


def test_there_is_room_for_a_hundred_repeats_and_two_thousand_requests(owner: Membership) -> None:
    comparison = run(owner, connection_to(owner, NOWHERE), plan([[]], repeats=2))
    assert room_in(comparison, columns=1, cases=1) == (98, 2)
    assert room_in(comparison, columns=32, cases=3) == (18, 2)
    comparison.repeats = 1
    assert room_in(comparison, columns=1, cases=1) == (99, 20)
    comparison.repeats = 95
    assert room_in(comparison, columns=1, cases=1) == (5, 5)
    for repeats in (0, -1, 99):
        with pytest.raises(PlanError, match="choose 1 to 98"):
            add_repeats(comparison, repeats, author=owner.user)
    assert comparison.exchanges.count() == 2


def test_a_batch_takes_no_more(owner: Membership) -> None:
    comparison = run(owner, connection_to(owner, NOWHERE), plan([[]]))
    Comparison.objects.update(engine="batch")
    with pytest.raises(PlanError, match="batch"):
        add_repeats(comparison, 1, author=owner.user)


def test_what_is_added_to_a_paused_comparison_stays_queued(owner: Membership) -> None:
    comparison = run(owner, connection_to(owner, NOWHERE), plan([[]]))
    pause(comparison)
    add_repeats(comparison, 2, author=owner.user)
    assert rounds.waiting() == []
    cancel(comparison)  # finished, and no longer paused: what is added then is sent
    add_repeats(comparison, 2, author=owner.user)
    assert [one.repeat for one in rounds.waiting()] == [4, 5]


def test_what_they_may_cost_is_put_aside_before_they_are_queued(owner: Membership) -> None:
    dear = plan([[]], max_tokens=96_000)
    connection = connection_to(owner, "https://api.anthropic.com", daily_budget_usd=Decimal("3.50"))
    comparison = run(owner, connection, dear)
    once = Reservation.objects.get().reserved_usd
    add_repeats(comparison, 1, author=owner.user)
    assert list(Reservation.objects.order_by("pk").values_list("reserved_usd", flat=True)) == [once, once]
    with pytest.raises(OverBudget) as refused:
        add_repeats(comparison, 2, author=owner.user)
    assert refused.value.may_pass
    assert comparison.exchanges.count() == 2
    add_repeats(comparison, 2, author=owner.user, over_budget=True)
    assert comparison.exchanges.count() == 4


def test_an_addition_has_a_first_repeat_that_the_others_wait_for(owner: Membership) -> None:
    comparison = run(owner, connection_to(owner, NOWHERE), plan([["a-1"]], repeats=2))
    comparison.exchanges.update(state=State.FAILED, refused_betas=["a-1"])
    add_repeats(comparison, 3, author=owner.user)
    case = comparison.cases.get()
    assert rounds.first_repeats_unanswered(rounds.waiting()) == {(comparison.pk, case.pk): 3}
    # A column that is added later asks once as well, before any of its other repeats.
    add_without(comparison, comparison.variants.get(), author=owner.user)
    assert rounds.first_repeats_unanswered(rounds.waiting()) == {(comparison.pk, case.pk): 1}


def test_a_column_added_after_the_end_says_that_more_was_asked_for_than_planned(owner: Membership) -> None:
    comparison = run(owner, connection_to(owner, NOWHERE), plan([["a-1"]], repeats=2))
    comparison.exchanges.update(state=State.FAILED, refused_betas=["a-1"])
    Comparison.objects.update(finished_at=timezone.now())
    add_without(comparison, comparison.variants.get(), author=owner.user)
    assert Comparison.objects.get().planned_repeats == 2


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("status", [400, 401, 402, 403, 404, 413, 422])
def test_a_column_that_would_be_refused_again_is_asked_once_for_each_addition(transactional_db, status: int) -> None:
    ann = set_up_solo()
    body = json.dumps({"type": "error", "error": {"type": "some_error", "message": "no"}}).encode()

    def far_end(peer: Peer) -> None:
        refused = peer.read_request().header("anthropic-beta")
        peer.send(answer(body, status) if refused else STREAM_HEAD + chunked(WHOLE))

    with Upstream(far_end) as upstream, running():
        comparison = run(ann, connection_to(ann, upstream.url), plan([[], ["a-1"]], repeats=3))
        wait_until_finished(comparison)
        add_repeats(comparison, 2, author=ann.user)
        exchanges = wait_until_finished(comparison)
        sent = [request.header("anthropic-beta") for request in upstream.requests]
    assert (sent.count("a-1"), sent.count(None)) == (2, 5)
    refused = [one.state for one in exchanges if one.variant.position == 1]
    assert refused == [State.FAILED, State.SKIPPED, State.SKIPPED, State.FAILED, State.SKIPPED]
