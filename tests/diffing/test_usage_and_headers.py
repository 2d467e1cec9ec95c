"""What two answers used, and what their headers said."""

from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from betaconsole.diffing.headers import header_diff
from betaconsole.diffing.trees import MISSING
from betaconsole.diffing.usage import MAX_ROWS, usage_diff

USAGE = st.none() | st.dictionaries(
    st.text(max_size=3),
    st.recursive(
        st.none() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=3),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
        max_leaves=6,
    ),
    max_size=4,
)


def rows(left, right):
    return [(row.path, row.left, row.right, row.difference) for row in usage_diff(left, right)]


def test_every_field_of_the_usage_has_a_row_nested_ones_and_iterations_too():
    left = {"input_tokens": 10, "cache_creation": {"ephemeral_5m_input_tokens": 0}, "service_tier": "standard"}
    right = {
        "input_tokens": 14,
        "cache_creation": None,
        "service_tier": "standard",
        "iterations": [{"type": "message", "output_tokens": 3}],
    }
    assert rows(left, right) == [
        ("input_tokens", 10, 14, 4),
        ("cache_creation.ephemeral_5m_input_tokens", 0, MISSING, None),
        ("service_tier", "standard", "standard", None),
        ("iterations[0].type", MISSING, "message", None),
        ("iterations[0].output_tokens", MISSING, 3, None),
    ]


def test_what_it_cost_is_the_last_row_and_exact():
    row = usage_diff({}, {}, costs_usd=(Decimal("0.0146"), Decimal("0.0134")))[-1]
    assert (row.path, row.difference) == ("cost_usd", Decimal("-0.0012"))
    assert usage_diff({}, {}, costs_usd=(None, Decimal(1)))[-1].left is MISSING
    assert usage_diff({}, {}) == []


@given(USAGE, USAGE)
def test_whatever_usage_holds_the_same_is_the_same(left, right):
    assert all(row.is_same for row in usage_diff(left, left))
    assert len(usage_diff(left, right)) <= MAX_ROWS


def test_usage_that_nests_without_end_is_cut():
    deep = {"a": 1}
    for _ in range(5_000):
        deep = {"a": deep}
    assert len(usage_diff(deep, {"a": 1})) == 1
    assert len(usage_diff(deep, deep)) == 1
    assert len(usage_diff({str(number): number for number in range(9_999)}, {})) == MAX_ROWS


def test_headers_stand_side_by_side_request_ids_and_rate_limits_first():
    left = [
        ("Date", "Mon"),
        ("anthropic-ratelimit-tokens-remaining", "400"),
        ("request-id", "req_1"),
        ("x", "1"),
        ("x", "2"),
    ]
    right = [
        ("date", "Tue"),
        ("Request-Id", "req_2"),
        ("anthropic-ratelimit-tokens-remaining", "390"),
        ("X", "1"),
        ("new", "1"),
    ]
    found = header_diff(left, right)
    assert [(row.name, row.kind, row.group, row.difference) for row in found] == [
        ("request-id", "changed", "ids", None),
        ("anthropic-ratelimit-tokens-remaining", "changed", "rate limits", -10),
        ("date", "changed", "others", None),
        ("new", "added", "others", None),
        ("x", "changed", "others", None),
    ]
    assert [row.name for row in found if row.is_drawn] == ["request-id", "date"]
    assert header_diff(None, None) == []
