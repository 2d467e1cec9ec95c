"""What the history finds: filters of comparisons and exchanges, by themselves and with words."""

import re
from datetime import timedelta
from decimal import Decimal

import pytest
from django.db import connection as database
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from betaconsole.runs.finding import index_pending
from betaconsole.runs.history import keeping
from betaconsole.runs.history.listing import history, newer_count
from betaconsole.runs.history.seeding import SMALL_TEAM, seed
from betaconsole.runs.models import Comparison, ComparisonBeta, ExchangeBeta, ToIndex
from betaconsole.runs.sending.recording import close_if_finished
from betaconsole.runs.states import State
from betaconsole.teams.models import Team
from tests.builders import CONTEXT, THINKING, make_comparison, make_exchange, make_team

pytestmark = [pytest.mark.django_db, pytest.mark.both_databases]
READ_WHOLE = re.compile(r"SCAN runs_(comparison|exchange|variant)\b(?!.* USING .*INDEX)")  # of SQLite's plan of a query


def indexed():
    while index_pending():
        pass


def ended(team, author, *, answers=("Hello.", "Hello there."), betas=((), (THINKING,)), **values):
    """A finished comparison with one exchange per column. `answers`: texts, or values of an exchange that has none."""
    comparison = make_comparison(team, author, betas=betas, exchanges=False, **values)
    for variant, answer in zip(comparison.variants.all(), answers, strict=False):
        given = {"answer": answer} if isinstance(answer, str) else dict(answer)
        exchange = make_exchange(comparison, variant, **given)
        ExchangeBeta.objects.bulk_create(ExchangeBeta(exchange=exchange, beta=beta) for beta in variant.betas)
        ToIndex.objects.create(comparison=comparison, exchange=exchange)
    close_if_finished(comparison.pk)
    indexed()
    return comparison


FAILED = {
    "state": State.FAILED, "status": 529, "error_type": "overloaded_error", "error_message": "Quite overloaded",
    "total_ms": 90.0,
}  # fmt: skip


@pytest.fixture
def plain(team, ann):
    return ended(team, ann, title="Refund triage", answers=("The window is fourteen days.", "Fourteen days."))


@pytest.fixture
def failing(team, ann):
    return ended(team, ann, title="Skills smoke test", betas=[[], [CONTEXT]], answers=("Fourteen words.", FAILED))


def found(user, team, query):
    return [row.comparison for row in history(user, team, query=query).rows]


FOUND = [
    ("", "failing plain"),
    (f"beta:{THINKING}", "plain"),
    ("beta:interleaved", "plain"),
    ("beta:interleaved,context", "failing plain"),
    ("beta:interleaved beta:context", ""),
    ("-beta:interleaved", "failing"),
    ("model:sonnet", "failing plain"),
    ("state:failed", "failing"),
    ("-state:failed", "plain"),
    ("status:529", "failing"),
    ("status:5xx", "failing"),
    ("status:error", "failing"),
    ("status:ok", "failing plain"),
    ("error:overloaded", "failing"),
    ("by:me", "failing plain"),
    ("connection:simulator", "failing plain"),
    ("is:simulated", "failing plain"),
    ("cost:>0.02", "plain"),
    ("cost:>0.0292", ""),
    ("cost:0.0146..0.0146", "failing"),
    ("latency:<10s", "failing plain"),
    ("latency:>6420ms", ""),
    ("after:1d", "failing plain"),
    ("before:1d", ""),
    ("fourteen", "failing plain"),
    ("fourteen state:failed", ""),
    ("overloaded status:529", "failing"),
    ('"fourteen days"', "plain"),
    ('"fourteen day"', ""),
    ("fourteen day", "plain"),
    ("fourteen -beta:context", "plain"),
    ("fourteen cost:>0.02", "plain"),
    ("refund", "plain"),
    ("beta:nothing-like-it", ""),
]


def test_a_comparison_is_found_by_what_is_true_of_it(plain, failing, team, ann):
    named = {plain.pk: "plain", failing.pk: "failing"}
    wrong = {}
    for query, expected in FOUND:
        if (titles := " ".join(named[one.pk] for one in found(ann, team, query))) != expected:
            wrong[query] = titles
    assert wrong == {}


def test_what_names_nothing_the_team_has_is_said(plain, team, ann):
    asked = history(ann, team, query="beta:nosuch by:nobody state:happy status:x").sought
    assert [one.text for one in asked.unknown] == ["beta:nosuch", "by:nobody"]
    assert [one.text for one in asked.ignored] == ["state:happy", "status:x"]


def test_a_stranger_finds_nothing_of_it(plain, ann, eve):
    theirs = make_team("Theirs", owner=eve)
    for query in ("", "beta:interleaved", "fourteen", "-state:failed", "by:me"):
        assert found(eve, theirs, query) == []
        assert found(eve, plain.team, query) == []


def test_the_row_says_what_became_of_it_what_it_cost_and_what_changed(plain, failing, team, ann):
    failed, answered = history(ann, team).rows
    assert (failed.state, failed.change, failed.cost_usd) == (
        "1 done, 1 failed: 529 overloaded_error", "B: failed", Decimal("0.0146"),
    )  # fmt: skip
    assert (answered.state, answered.change, answered.cost_usd) == ("2 done", "no difference seen", Decimal("0.0292"))


def test_what_still_runs_is_said_as_it_stands_and_found_as_running(team, ann):
    running = make_comparison(team, ann)
    indexed()
    (row,) = history(ann, team, query="state:running").rows
    assert (row.comparison, row.is_running, row.state) == (running, True, "2 waiting")
    assert Comparison.objects.get(pk=running.pk).summary is None


def test_tags_and_pins_are_filters_with_and_without_words(plain, failing, team, ann):
    keeping.tag(plain, "Launch day")
    keeping.pin(plain, is_pinned=True)
    indexed()
    for query in ('tag:"launch day"', "tag:launch", "is:pinned", "tag:launch fourteen", "is:pinned fourteen"):
        assert found(ann, team, query) == [plain], query
    for query in ("-tag:launch", "-tag:launch fourteen", "-is:pinned fourteen"):
        assert found(ann, team, query) == [failing], query
    assert [row.comparison for row in history(ann, team).pinned] == [plain]


def test_a_day_in_the_past_bounds_what_is_found(team, ann):
    old, new = (ended(team, ann) for _ in range(2))
    Comparison.objects.filter(pk=old.pk).update(created_at=timezone.now() - timedelta(days=10))
    day = timezone.now() - timedelta(days=5)
    assert found(ann, team, f"before:{day:%Y-%m-%d}") == [old]
    assert found(ann, team, f"after:{day:%Y-%m-%d}") == [new]
    assert found(ann, team, "after:3d hello") == [new]


def test_a_deleted_one_is_hidden_and_leaves_no_gap_in_the_pages(team, ann):
    made = [ended(team, ann, betas=[[]], answers=("Hello.",)) for _ in range(5)]
    Comparison.objects.filter(pk__in=[made[3].pk, made[2].pk]).update(deleted_at=timezone.now())
    for query in ("", "hello", "status:ok"):
        first = history(ann, team, query=query, size=2)
        assert [row.comparison for row in first.rows] == [made[4], made[1]], query
        rest = history(ann, team, query=query, size=2, before=first.next_before)
        assert ([row.comparison for row in rest.rows], rest.next_before) == ([made[0]], None), query


def test_newer_ones_that_match_are_counted(plain, team, ann):
    since = history(ann, team).newest
    ended(team, ann, betas=[[]])
    ended(team, ann, betas=[[THINKING]])
    count = {q: newer_count(ann, team, q, since=since, now=timezone.now()) for q in ("", "beta:interleaved", "tag:x")}
    assert count == {"": 2, "beta:interleaved": 1, "tag:x": 0}


QUERIES = (
    "",
    "beta:context",
    "state:failed",
    "refund",
    "cost:>0.05",
    "latency:>8s",
    "after:30d",
    "order -beta:context",
)


def test_as_many_queries_for_a_thousand_exchanges_as_for_a_few(team, ann):
    def counted():
        counts = {}
        for query in QUERIES:
            with CaptureQueriesContext(database) as captured:
                history(ann, team, query=query, size=5)
            counts[query] = len(captured)
        return counts

    seed(300)
    few = counted()
    seed(900)
    many = counted()
    assert many == few
    assert max(few.values()) <= (10 if database.vendor == "sqlite" else 40)


def test_a_seeded_history_is_like_one_that_was_sent(team, ann):
    made = seed(400)
    assert made.exchanges == 400
    assert Comparison.objects.count() == made.comparisons
    small = Team.objects.get(name=SMALL_TEAM)
    for query in ("refund", "beta:context", "status:529", "outcome:effective", "by:bo", "latency:>9s"):
        rows = history(ann, team, query=query, size=200).rows
        assert 0 < len(rows) < made.comparisons, query
        assert {row.comparison.team_id for row in rows} <= {team.pk}
    used = {row.comparison.pk for row in history(ann, team, query="beta:context-1m", size=500).rows}
    assert used == set(
        ComparisonBeta.objects.filter(beta="context-1m-2025-08-07")
        .exclude(comparison__team=small)
        .values_list("comparison", flat=True)
    )


def test_s13_a_clock_that_went_back_changes_no_order(team, ann):
    made = [make_comparison(team, ann, title=f"number {number}") for number in range(4)]
    # At night, or by NTP: the last two ran in an hour that had been before.
    Comparison.objects.filter(pk__in=[one.pk for one in made[2:]]).update(
        created_at=timezone.now() - timedelta(hours=1)
    )
    first = history(ann, team, size=2)
    then = history(ann, team, size=2, before=first.next_before)
    assert [row.comparison for row in (*first.rows, *then.rows)] == made[::-1]


@pytest.mark.skipif(database.vendor != "sqlite", reason="reads SQLite's query plans")
def test_s14_a_page_of_history_is_read_off_indexes_however_long_it_is(team, ann):
    for number in range(3):
        make_comparison(team, ann, title=f"number {number}")
    for before in (None, 3):
        with CaptureQueriesContext(database) as asked:
            assert history(ann, team, size=2, before=before).rows
        for query in asked:
            with database.cursor() as cursor:
                cursor.execute(f"EXPLAIN QUERY PLAN {query['sql']}")
                steps = [row[3] for row in cursor.fetchall()]
            for step in steps:
                # What is sorted or read from end to end takes the longer the more there is.
                assert not READ_WHOLE.match(step), steps
                # Those that somebody pinned are few.
                if "runs_comparison" in query["sql"].partition(" FROM ")[2][:20] and "pinned" not in query["sql"][-60:]:
                    assert "USE TEMP B-TREE FOR ORDER BY" not in step, steps
