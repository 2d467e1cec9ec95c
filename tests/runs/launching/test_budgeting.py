"""What a run may cost is put aside before it is queued, and settled when it has ended: nobody spends more than a budget."""

import threading
from datetime import timedelta
from decimal import Decimal

import pytest
from django.db import connections as databases
from django.utils import timezone

from betaconsole.runs.launching.budgeting import OverBudget, Promise, budgets_left, spending_of
from betaconsole.runs.launching.continuing import say
from betaconsole.runs.launching.launching import NotAllowed, launch
from betaconsole.runs.models import Comparison, Exchange, Reservation
from betaconsole.runs.states import State
from betaconsole.teams.models import AuditEntry, Connection, Membership, Role
from tests.builders import make_comparison, message, succeeded_fields
from tests.runs.engines import connection_to, plan, run

pytestmark = [pytest.mark.django_db, pytest.mark.both_databases]
DEAR = plan([[]], max_tokens=96_000)
NOTHING = Decimal(0)


@pytest.fixture
def connection(owner):
    budgets = {"daily_budget_usd": Decimal("1.50"), "monthly_budget_usd": Decimal("3.00")}
    return connection_to(owner, "https://api.anthropic.com", **budgets)


def upper() -> Decimal:
    """What one run of DEAR costs at most: more than half of a day's budget, so that no two fit."""
    cost = Promise.of_plan(DEAR).upper_usd
    assert Decimal("0.75") < cost < Decimal("1.50")
    return cost


def ended(comparison: Comparison, **fields) -> None:
    """All its exchanges ended so."""
    comparison.exchanges.update(**{"state": State.SUCCEEDED, "cost_usd": Decimal("0.25"), **fields})
    Comparison.objects.filter(pk=comparison.pk).update(finished_at=timezone.now())


def spending(connection):
    return spending_of([connection])[connection.pk]


def test_what_a_run_may_cost_is_put_aside_and_its_cost_takes_the_place(owner, connection):
    made = run(owner, connection, DEAR)
    assert spending(connection).reserved_today_usd == upper()
    assert [left.left_usd for left in budgets_left(connection, spending(connection))] == [
        Decimal("1.50") - upper(),
        Decimal("3.00") - upper(),
    ]
    ended(made)
    found = spending(connection)
    assert (found.spent_today_usd, found.reserved_today_usd) == (Decimal("0.25"), NOTHING)


def test_what_would_pass_the_budget_is_not_queued_and_says_how_much_is_left(owner, connection, bo):
    run(owner, connection, DEAR)
    with pytest.raises(OverBudget) as refused:
        launch(DEAR, team=owner.team, author=bo, connection=connection)
    said = refused.value.message
    assert f"This may cost up to ${upper():.2f}" in said
    assert f"${Decimal('1.50') - upper():.2f} of today's $1.50 is left on Upstream: nothing was sent." in said
    assert said.endswith("or ask an admin to let it pass.")
    assert Comparison.objects.filter(connection=connection).count() == 1
    assert Reservation.objects.count() == 1


def test_a_month_holds_what_earlier_days_spent(owner, connection):
    Connection.objects.filter(pk=connection.pk).update(daily_budget_usd=None)
    first = timezone.now().date().replace(day=1)
    spent = {"connection": connection, "requests": 1, "settled_at": timezone.now()}
    Reservation.objects.create(day=first - timedelta(days=1), spent_usd=Decimal(100), **spent)
    run(owner, connection, DEAR)
    Reservation.objects.create(day=first, spent_usd=Decimal("2.50"), **spent)
    with pytest.raises(OverBudget, match=r"nothing of this month's \$3\.00 is left"):
        run(owner, connection, DEAR)


def test_only_an_admin_lets_one_pass_and_that_is_written_down(owner, connection, bo):
    run(owner, connection, DEAR)
    with pytest.raises(OverBudget) as refused:
        launch(DEAR, team=owner.team, author=bo, connection=connection, over_budget=True)
    assert not refused.value.may_pass
    with pytest.raises(OverBudget) as refused:
        run(owner, connection, DEAR)
    assert refused.value.may_pass
    run(owner, connection, DEAR, over_budget=True)
    entry = AuditEntry.objects.get(action="budget passed")
    assert (entry.person, entry.about) == (owner.user, "Upstream")
    assert Decimal(entry.detail["at_most_usd"]) == upper()
    assert budgets_left(connection, spending(connection))[0].left_usd < 0


@pytest.mark.parametrize(
    ("fields", "counts"),
    [
        ({"state": State.INTERRUPTED, "cost_usd": None}, True),
        ({"state": State.UNKNOWN_OUTCOME, "cost_usd": None}, True),
        ({"state": State.CANCELLED, "cost_usd": None, "sent_at": timezone.now()}, True),
        ({"state": State.CANCELLED, "cost_usd": None}, False),
        ({"state": State.FAILED, "cost_usd": None, "status": 400}, False),
        ({"state": State.SKIPPED, "cost_usd": None}, False),
    ],
)
def test_what_was_cut_and_may_have_been_billed_counts_with_what_it_could_cost(owner, connection, fields, counts):
    ended(run(owner, connection, DEAR), **fields)
    assert spending(connection).spent_today_usd.quantize(Decimal("0.0001")) == (
        upper().quantize(Decimal("0.0001")) if counts else NOTHING
    )


def test_without_a_price_a_run_passes_while_anything_is_left_and_is_told_apart(owner, connection):
    unpriced = plan([[]], model="claude-of-tomorrow")
    made = run(owner, connection, unpriced)
    assert (spending(connection).reserved_today_usd, spending(connection).unpriced) == (NOTHING, 1)
    ended(made, cost_usd=Decimal("1.60"))
    with pytest.raises(OverBudget, match=r"What this costs is not known, and nothing of today's \$1\.50 is left"):
        run(owner, connection, unpriced)


def test_the_simulator_costs_nothing(owner):
    simulator = Connection.objects.get(kind="simulator")
    run(owner, simulator, DEAR)
    assert not Reservation.objects.exists()


def test_a_next_message_needs_room_in_the_budget_too(owner, connection):
    made = make_comparison(owner.team, owner.user, betas=[()], connection=connection)
    answered = message("Hello.")
    made.exchanges.update(state=State.SUCCEEDED, **succeeded_fields(owner.team.pk, answered))
    Connection.objects.filter(pk=connection.pk).update(daily_budget_usd="0.01")
    on = {"case": 0, "repeat": 1, "content": "And then?", "author": owner.user}
    with pytest.raises(OverBudget):
        say(made, list(made.variants.all()), **on)
    assert Exchange.objects.count() == 1
    [next_turn] = say(made, list(made.variants.all()), over_budget=True, **on)
    row = Reservation.objects.get()
    assert row.after_exchange < next_turn.pk
    ended(made, cost_usd=Decimal("0.002"))
    assert spending(connection).spent_today_usd == Decimal("0.002")  # of the second turn alone


def test_a_connection_for_admins_sends_nothing_for_a_member(owner, connection, bo):
    Connection.objects.filter(pk=connection.pk).update(lowest_role=Role.ADMIN)
    with pytest.raises(NotAllowed, match="not for your role"):
        launch(DEAR, team=owner.team, author=bo, connection=connection)
    Membership.objects.filter(user=bo).update(role=Role.ADMIN)
    launch(DEAR, team=owner.team, author=bo, connection=connection)


@pytest.mark.django_db(transaction=True)
def test_of_two_that_would_each_fit_only_one_passes(owner, connection):
    both = threading.Barrier(2)
    told: list[str] = []

    def press() -> None:
        try:
            both.wait(20)
            run(owner, connection, DEAR)
            told.append("queued")
        except OverBudget:
            told.append("refused")
        finally:
            databases.close_all()

    threads = [threading.Thread(target=press) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert sorted(told) == ["queued", "refused"]
    assert Comparison.objects.filter(connection=connection).count() == 1
