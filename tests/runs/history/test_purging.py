"""What was deleted goes for good, a little at a time, and nothing else goes with it."""

import subprocess
import sys
from datetime import timedelta

import pytest
from django.core.management import call_command
from django.db import connection, transaction
from django.utils import timezone

from betaconsole.runs.finding import index_pending, search
from betaconsole.runs.history import keeping, purging, retention, sweeping
from betaconsole.runs.models import Batch, Body, Comparison, Exchange, Reservation
from betaconsole.runs.states import State
from betaconsole.storage.fields import pack
from betaconsole.teams.models import Connection
from tests.builders import make_comparison, make_exchange
from tests.environment import CHECKOUT, clean_environment

LATER = timedelta(days=2)


def finished(team, author, *, title="Refund triage", answer="Fourteen days.", days_ago=0, **values):
    comparison = make_comparison(team, author, title=title, exchanges=False, **values)
    for variant in comparison.variants.all():
        make_exchange(comparison, variant, answer=answer)
    then = timezone.now() - timedelta(days=days_ago)
    Comparison.objects.filter(pk=comparison.pk).update(finished_at=then, created_at=then)
    while index_pending():
        pass
    comparison.refresh_from_db()
    return comparison


def used_bodies():
    return {pk for pair in Exchange.objects.values_list("request_body", "response_body") for pk in pair} | set(
        Comparison.objects.values_list("body", flat=True)
    )


@pytest.mark.both_databases
@pytest.mark.django_db
def test_a_day_later_it_is_gone_with_every_body_nothing_else_has(team, ann):
    gone, kept = finished(team, ann), finished(team, ann, answer="Another answer.")
    keeping.delete(gone)
    assert purging.purge(timezone.now()) == 0
    assert purging.purge(timezone.now() + LATER) == 1
    assert list(Comparison.objects.all()) == [kept]
    assert search(team, "refund") == [kept.pk]
    assert {body.pk for body in Body.objects.all()} == used_bodies()


@pytest.mark.both_databases
@pytest.mark.django_db
def test_s16_it_goes_in_small_steps_and_a_step_that_was_the_last_goes_on_later(team, ann, monkeypatch):
    monkeypatch.setattr(purging, "EXCHANGES", 2)
    gone = finished(team, ann, betas=[(), ("a",), ("b",), ("c",), ("d",)])
    keeping.delete(gone)
    then, left = timezone.now() + LATER, []
    while purging.step(then):
        left.append(Exchange.objects.count())
    assert left == [5, 3, 1, 0, 0]  # its document, its exchanges, itself
    assert not Comparison.objects.exists()
    assert not Body.objects.exists()


PURGER = """
import sys
import django
django.setup()
from datetime import timedelta
from django.db import connection
from django.utils import timezone
from betaconsole.runs.history import purging

steps = []

def stand_still(execute, sql, params, many, context):
    if len(steps) == 2:  # its exchanges are deleted, their bodies are not
        print("in the middle", flush=True)
        sys.stdin.read()
    steps.extend([sql] * sql.startswith('DELETE FROM "runs_exchange" '))
    return execute(sql, params, many, context)

purging.EXCHANGES = 2
with connection.execute_wrapper(stand_still):
    while purging.step(timezone.now() + timedelta(days=2)):
        pass
"""


@pytest.mark.skipif(connection.vendor != "sqlite", reason="the other process is given SQLite's file")
@pytest.mark.django_db(transaction=True)
def test_s16_a_purge_that_is_killed_in_the_middle_is_gone_on_with_and_takes_nothing_else(team, ann, tmp_path):
    betas = [(), ("a",), ("b",), ("c",), ("d",), ("e",), ("f",)]
    gone = finished(team, ann, betas=betas)
    pinned = finished(team, ann, title="Pinned", days_ago=99)
    keeping.pin(pinned, is_pinned=True)
    retention.keep(team, retention.Rule(30))
    keeping.delete(gone)
    address = f"sqlite:///{connection.settings_dict['NAME']}"
    connection.close()
    own = {"DATABASE_URL": address, "BETACONSOLE_DATA": str(tmp_path), "DJANGO_SETTINGS_MODULE": "betaconsole.settings"}
    command, environment = [sys.executable, "-c", PURGER], {**clean_environment(), **own}
    with subprocess.Popen(
        command, cwd=CHECKOUT, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as purger:
        assert purger.stdout.readline() == "in the middle\n"
        purger.kill()
    assert gone.exchanges.count() == len(betas) - 2  # the first step stays done, the second is undone
    assert {body.pk for body in Body.objects.all()} == used_bodies()
    assert purging.purge(timezone.now() + LATER) == 1
    assert list(Comparison.objects.all()) == [pinned]
    assert {body.pk for body in Body.objects.all()} == used_bodies()


@pytest.mark.django_db
def test_a_comparison_is_not_taken_from_under_a_request_on_its_way(team, ann):
    gone = finished(team, ann)
    on_its_way = make_exchange(gone, gone.variants.first(), state=State.STREAMING, repeat=2)
    keeping.delete(gone)
    assert purging.purge(timezone.now() + LATER) == 0
    assert list(Exchange.objects.all()) == [on_its_way]


@pytest.mark.django_db
def test_what_is_on_its_way_out_is_not_taken_back_half(team, ann):
    gone = finished(team, ann)
    Comparison.objects.filter(pk=gone.pk).update(deleted_at=timezone.now() - LATER)
    with pytest.raises(keeping.KeepingError):
        keeping.restore(gone)


@pytest.mark.django_db
def test_sums_of_budgets_stay(team, ann):
    gone = finished(team, ann)
    connection = Connection.objects.filter(team=team).first()
    Reservation.objects.create(
        connection=connection, comparison=gone, day=timezone.now().date(), requests=2, spent_usd=3
    )
    keeping.delete(gone)
    purging.purge(timezone.now() + LATER)
    assert Reservation.objects.get().spent_usd == 3


@pytest.mark.both_databases
@pytest.mark.django_db
def test_s16_a_teams_rule_removes_what_is_old_and_spares_what_is_pinned_new_running_or_a_batch_rests_on(team, ann):
    retention.keep(team, retention.Rule(30))
    old, new = finished(team, ann, days_ago=40), finished(team, ann, title="New", days_ago=20)
    pinned = finished(team, ann, title="Pinned", days_ago=50)
    keeping.pin(pinned, is_pinned=True)
    running = make_comparison(team, ann, title="Runs")
    Comparison.objects.filter(pk=running.pk).update(created_at=timezone.now() - timedelta(days=60))
    errand, free = (finished(team, ann, days_ago=45, is_errand=True) for _ in range(2))
    Batch.objects.create(comparison=pinned, errand=errand, position=0)
    assert purging.purge(timezone.now()) == 0  # nothing goes on the first day
    # Two days from now, of the 30.
    assert purging.purge(timezone.now() + LATER) == 2
    assert {old.pk, free.pk}.isdisjoint(Comparison.objects.values_list("pk", flat=True))
    assert set(Comparison.objects.all()) == {new, pinned, running, errand}
    retention.keep(team, retention.Rule(30, takes_pinned=True))
    assert purging.purge(timezone.now() + LATER) == 2
    assert set(Comparison.objects.all()) == {new, running}


@pytest.mark.django_db
def test_the_command_and_the_console_itself_do_the_same(team, ann, capsys):
    for title in "AB":
        gone = finished(team, ann, title=title)
        Comparison.objects.filter(pk=gone.pk).update(deleted_at=timezone.now() - LATER)
        if title == "A":
            call_command("purge")
            assert "1 comparison removed." in capsys.readouterr().out
    sweeping.sweep()
    assert not Comparison.objects.exists()


@pytest.mark.both_databases
@pytest.mark.django_db(transaction=True)
def test_a_body_that_is_about_to_be_sent_again_is_not_purged(team, ann):
    with transaction.atomic():
        first = Body.keep(team.pk, b"the same again")
        assert Body.keep(team.pk, b"the same again") == first
    assert Body.keep_all(team.pk, [b"another", b"the same again"])[1] == first
    assert Body.objects.get(pk=first).data == b"the same again" != pack(b"the same again")
