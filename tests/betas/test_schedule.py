"""Checks that connections make by themselves: when, how often, and within which budget."""

import json
import threading
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from django.db import connections
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from betaconsole.availability.models import Check, Schedule, State
from betaconsole.betas import probing, schedule
from betaconsole.betas.probing_plan import active_betas, controls, groups
from betaconsole.betas.schedule import GRACE, next_slot, run_due, save_schedule, slot_at
from betaconsole.teams.models import Connection, Membership
from betaconsole.teams.solo import set_up_solo
from tests.betas.far_end import COUNT, MESSAGE, MODEL, ONE, OTHER, FarEnd, refusal
from tests.runs.engines import connection_to, running, wait_for
from tests.upstream import Upstream, answer

THREADS = "message-threads-2026-08-12"
NOON = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
SETTINGS = {
    "is_on": True,
    "every_hours": 1,
    "betas": [ONE],
    "models": [],
    "daily_requests": 50,
    "daily_usd": Decimal(1),
}


@pytest.fixture
def owner(transactional_db: None) -> Membership:
    return set_up_solo()


def scheduled(owner: Membership, connection: Connection | None = None, **values: object) -> Schedule:
    connection = connection or Connection.objects.get(team=owner.team, kind=Connection.Kind.SIMULATOR)
    made = save_schedule(connection, owner.user, **{**SETTINGS, **values})
    Schedule.objects.filter(pk=made.pk).update(updated_at=NOON - timedelta(days=9))
    return made


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    st.datetimes(min_value=datetime(2026, 1, 1), max_value=datetime(2030, 1, 1), timezones=st.just(UTC)),
    st.integers(1, 744),
)
def test_a_moment_lies_between_its_slot_and_the_next(moment, every_hours):
    slot, period = slot_at(moment, every_hours), timedelta(hours=every_hours)
    assert slot <= moment < slot + period
    assert slot_at(slot, every_hours) == slot
    assert slot_at(slot + period, every_hours) == slot + period


def test_a_day_begins_at_midnight():
    assert slot_at(NOON, 24) == NOON.replace(hour=0)
    assert slot_at(NOON, 6) == NOON


@pytest.mark.django_db(transaction=True)
@pytest.mark.both_databases
def test_s18_each_slot_is_begun_once_whoever_looks(owner):
    scheduled(owner)
    begun: list[Check] = []

    def look() -> None:
        try:
            begun.extend(run_due(NOON + timedelta(minutes=1)))
        finally:
            connections.close_all()

    threads = [threading.Thread(target=look) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    probing.stop(begun[0])
    probing.wait_for_ends(20)
    assert len(begun) == Check.objects.count() == 1
    assert (begun[0].slot, begun[0].author, begun[0].betas) == (NOON, None, [ONE])


@pytest.fixture
def begins(monkeypatch: pytest.MonkeyPatch) -> list[Check]:
    """The checks that are begun; none of them is run."""
    begun: list[Check] = []
    monkeypatch.setattr(schedule, "in_background", lambda check, sending: begun.append(check))
    return begun


@pytest.mark.django_db(transaction=True)
class TestWhatIsDue:
    def test_a_slot_that_was_missed_is_not_made_up_for(self, owner, begins):
        scheduled(owner, every_hours=6)
        run_due(NOON + GRACE + timedelta(seconds=1))
        assert begins == []
        run_due(NOON + timedelta(hours=6))
        assert [check.slot for check in begins] == [NOON + timedelta(hours=6)]

    def test_a_slot_from_before_it_was_switched_on_is_not_begun(self, owner, begins):
        made = scheduled(owner)
        Schedule.objects.update(updated_at=NOON + timedelta(seconds=30))
        run_due(NOON + timedelta(minutes=1))
        assert begins == []
        assert next_slot(made, NOON + timedelta(minutes=1)) == NOON + timedelta(hours=1)

    def test_it_is_off_until_somebody_switches_it_on(self, owner, begins):
        made = scheduled(owner, is_on=False)
        Schedule.objects.create(connection=connection_to(owner, "http://127.0.0.1:9"))
        run_due(NOON)
        assert begins == []
        assert next_slot(made, NOON) is None

    def test_s17_one_that_fails_does_not_keep_the_others_from_their_slot(self, owner, begins):
        broken = scheduled(owner, connection_to(owner, "http://127.0.0.1:9"))
        Schedule.objects.filter(pk=broken.pk).update(every_hours=0)
        scheduled(owner, betas=[])
        run_due(NOON)
        assert [check.betas for check in begins] == [active_betas()]

    def test_an_archived_connection_and_a_console_that_does_not_send_begin_nothing(self, owner, begins, settings):
        scheduled(owner)
        settings.SENDING_ENABLED = False
        run_due(NOON)
        settings.SENDING_ENABLED = True
        Connection.objects.update(archived_at=NOON)
        run_due(NOON)
        assert begins == []

    @pytest.mark.parametrize(
        ("field", "value"), [("every_hours", 0), ("daily_requests", 0), ("daily_usd", Decimal(-1)), ("betas", ["No!"])]
    )
    def test_a_schedule_that_makes_no_sense_is_refused(self, owner, field, value):
        with pytest.raises(probing.ProbingError) as refused:
            scheduled(owner, **{field: value})
        assert refused.value.field == field
        assert not Schedule.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_a_check_ends_where_the_budget_of_the_day_does(owner):
    with Upstream(FarEnd([ONE, OTHER, COUNT])) as upstream, running():
        scheduled(owner, connection_to(owner, upstream.url), betas=[ONE, OTHER, COUNT], daily_requests=5)
        run_due(timezone.now().replace(minute=1))
        probing.wait_for_ends(20)
        check = Check.objects.get()
        assert (check.status, check.requests, check.probes.count()) == (Check.Status.STOPPED, 5, 2)
        assert "budget of this day" in check.note
        # The next slot of the same day finds nothing left.
        run_due(timezone.now().replace(minute=1) + timedelta(hours=1))
        probing.wait_for_ends(20)
    assert sorted(Check.objects.values_list("requests", flat=True)) == [0, 5]
    assert len(upstream.requests) == 5


@pytest.mark.django_db(transaction=True)
def test_what_was_answered_is_kept_where_no_budget_is_left_to_ask_a_busy_far_end_again(owner):
    def special(peer, request, betas):
        return refusal(429, "slow", "retry-after-ms: 1", kind="rate_limit_error") if betas == [OTHER] else None

    with Upstream(FarEnd([ONE, OTHER], special=special)) as upstream, running():
        scheduled(owner, connection_to(owner, upstream.url), betas=[ONE, OTHER], daily_requests=5)
        run_due(timezone.now().replace(minute=1))
        probing.wait_for_ends(20)
    check = Check.objects.get()
    assert (check.status, check.requests) == (Check.Status.STOPPED, 5)
    assert dict(check.probes.values_list("beta", "state")) == {ONE: State.ACCEPTED}


@pytest.mark.django_db(transaction=True)
def test_without_dollars_only_what_is_free_is_asked(owner):
    with Upstream(FarEnd([ONE, THREADS])) as upstream, running():
        scheduled(owner, connection_to(owner, upstream.url), betas=[ONE, THREADS], daily_usd=Decimal(0))
        run_due(timezone.now().replace(minute=1))
        probing.wait_for_ends(20)
    assert Check.objects.get().status == Check.Status.STOPPED
    assert all("count_tokens" in request.line for request in upstream.requests)


@pytest.mark.django_db(transaction=True)
def test_a_check_that_goes_on_past_midnight_has_no_second_budget(owner):
    made = scheduled(owner, daily_requests=5)
    begun_at = NOON.replace(hour=23)
    Check.objects.create(team=owner.team, connection=made.connection, slot=begun_at, requests=4, created_at=begun_at)
    asks = controls(groups([ONE, OTHER], [MODEL])[0])
    assert len(asks) == 3
    assert schedule.room_in_budget(made, begun_at, asks) == 1
    assert schedule.room_in_budget(made, begun_at + timedelta(hours=2), asks) == 3


@pytest.mark.django_db(transaction=True)
def test_messages_of_no_known_price_use_the_dollars_up_too(owner):
    nameless = {**MESSAGE, "model": "no-model-of-the-catalogue"}

    def special(peer, request, betas):
        return answer(json.dumps(nameless).encode()) if THREADS in betas or not betas else None

    with Upstream(FarEnd([THREADS], special=special)) as upstream, running():
        connection = connection_to(owner, upstream.url, max_in_flight=2)
        scheduled(owner, connection, betas=[THREADS], models=["one", "two", "three"], daily_usd=Decimal("0.03"))
        run_due(timezone.now().replace(minute=1))
        probing.wait_for_ends(20)
    check = Check.objects.get()
    # Three controls without a beta take a cent each; the refusals of the made-up name cost nothing.
    assert (check.status, check.cost_usd) == (Check.Status.STOPPED, Decimal("0.03"))
    assert not any(request.header("anthropic-beta") == THREADS for request in upstream.requests)


@pytest.mark.django_db(transaction=True)
def test_a_schedule_outlives_the_role_of_who_set_it_up(owner):
    with Upstream(FarEnd([ONE])) as upstream, running():
        scheduled(owner, connection_to(owner, upstream.url, lowest_role="admin"))
        Membership.objects.filter(pk=owner.pk).update(role="member")
        run_due(timezone.now().replace(minute=1))
        probing.wait_for_ends(20)
    check = Check.objects.get()
    assert (check.status, check.note) == (Check.Status.DONE, "")


@pytest.mark.django_db(transaction=True)
def test_the_clock_ends_what_a_dead_process_left_and_begins_what_is_due(owner):
    connection = Connection.objects.get(team=owner.team)
    left = Check.objects.create(team=owner.team, connection=connection, lease_until=NOON - timedelta(days=1))
    schedule.chore.start()
    wait_for(lambda: Check.objects.get(pk=left.pk).status == Check.Status.STOPPED)
    schedule.chore.stop(20)
    assert not schedule.chore.is_alive
    assert not connection.probes.filter(state=State.ACCEPTED).exists()
