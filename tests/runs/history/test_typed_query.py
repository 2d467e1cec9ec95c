"""What is typed into the search of history: read, or ignored with a reason."""

from datetime import date, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from betaconsole.runs.history.typed_query import MAX_CHARS, Choice, Query, Range, Since, filtered, parse


def test_filters_words_and_quotes_are_told_apart():
    query = parse('beta:context-1m status:error by:me "exact words" -beta:x refund')
    assert query.choices == (
        Choice("beta", ("context-1m",)),
        Choice("status", ("error",)),
        Choice("by", ("me",)),
        Choice("beta", ("x",), is_without=True),
    )
    assert (query.words, query.phrases, query.ignored) == (("refund",), ("exact words",), ())


def test_a_comma_is_or_and_quotes_keep_blanks():
    assert parse('state:failed,incomplete connection:"My key"').choices == (
        Choice("state", ("failed", "incomplete")),
        Choice("connection", ("My key",)),
    )


@pytest.mark.parametrize(
    ("typed", "bounds"),
    [
        ("cost:>0.1", (("gt", Decimal("0.1")),)),
        ("cost:<=$2", (("lte", Decimal(2)),)),
        ("cost:0.1..2", (("gte", Decimal("0.1")), ("lte", Decimal(2)))),
        ("latency:>5s", (("gt", Decimal(5000)),)),
        ("latency:200ms..1.5s", (("gte", Decimal(200)), ("lte", Decimal(1500)))),
        ("latency:<2min", (("lt", Decimal(120_000)),)),
    ],
)
def test_ranges_are_read_in_dollars_and_milliseconds(typed, bounds):
    (found,) = parse(typed).ranges
    assert found.bounds == bounds


def test_times_are_days_or_how_long_ago():
    assert parse("after:2026-11-01 before:7d").times == (
        Since("after", date(2026, 11, 1), "2026-11-01"),
        Since("before", timedelta(days=7), "7d"),
    )


@pytest.mark.parametrize(
    ("typed", "why"),
    [
        ("sta:failed", "There is no filter “sta”; state: perhaps"),
        ("-refund", "Words cannot be excluded"),
        ("cost:5", "Give bounds: cost:>0.1"),
        ("cost:>NaN", "is no amount"),
        ("cost:2..1", "The first bound is larger"),
        ("latency:>5x", "A time is a number with ms, s or min"),
        ("after:yesterday", "Give a day (after:2026-11-01)"),
        ("after:2026-13-01", "Give a day"),
        ("-cost:>1", "cannot be turned round"),
        ("beta:", "beta: needs a value"),
        ("beta:,", "beta: needs a value"),
    ],
)
def test_what_is_not_understood_comes_back_with_the_reason_and_the_rest_counts(typed, why):
    query = parse(f"state:failed {typed} refund")
    assert [one.text for one in query.ignored] == [typed]
    assert why in query.ignored[0].why
    assert query.choices == (Choice("state", ("failed",)),)
    assert query.words == ("refund",)


def test_an_address_is_words():
    assert parse("https://example.com/a").words == ("https://example.com/a",)


def test_an_endless_query_is_cut_and_says_so():
    assert "Only the first" in parse("a" * (MAX_CHARS + 1)).ignored[0].why
    assert "Only the first" in parse("a " * 100).ignored[0].why


def test_a_form_gives_one_filter_with_blanks_and_a_minus():
    assert filtered("connection", "My key") == Query(choices=(Choice("connection", ("My key",)),))
    assert filtered("beta", "-x").choices[0].is_without
    assert filtered("cost", ">1").ranges == (Range("cost", (("gt", Decimal(1)),), ">1"),)
    assert not filtered("tag", "  ").asks


@given(st.text(max_size=200))
def test_b31_any_text_is_read_and_what_was_read_can_be_typed_again(text):
    query = parse(text)
    again = parse(str(query))
    assert (again.choices, again.ranges, again.times) == (query.choices, query.ranges, query.times)
