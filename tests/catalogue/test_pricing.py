import json
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import pytest

from betaconsole.catalogue.pricing import cost_usd, cost_without_caching_usd
from tests.recorded import exchanges

PLAIN = {"input_tokens": 1000, "output_tokens": 500}


def usage(**more: Any) -> dict[str, Any]:
    return {**PLAIN, **more}


def written(*, five_minutes: int = 0, one_hour: int = 0) -> dict[str, Any]:
    return {
        "cache_creation_input_tokens": five_minutes + one_hour,
        "cache_creation": {"ephemeral_5m_input_tokens": five_minutes, "ephemeral_1h_input_tokens": one_hour},
    }


def test_tokens_in_and_out_are_paid_at_their_price():
    assert cost_usd(PLAIN, model="claude-sonnet-4-6") == Decimal("0.0105")
    assert cost_usd(PLAIN, model="claude-opus-4-5-20251101") == Decimal("0.0175")


def test_cached_input_is_paid_apart_from_the_rest():
    sent = usage(**written(five_minutes=2000, one_hour=3000), cache_read_input_tokens=10_000)
    parts = ("0.004", "0.01", "0.01", "0.024", "0.002")
    assert cost_usd(sent, model="claude-opus-5-5") == sum(map(Decimal, parts))


def test_null_cache_counts_mean_none():
    sent = usage(cache_creation_input_tokens=None, cache_read_input_tokens=None, cache_creation=None)
    assert cost_usd(sent, model="claude-sonnet-4-6") == Decimal("0.0105")


def test_without_caching_everything_read_is_paid_as_plain_input():
    sent = usage(**written(five_minutes=2000, one_hour=3000), cache_read_input_tokens=10_000)
    assert cost_without_caching_usd(sent, model="claude-opus-5-5") == Decimal("0.064") + Decimal("0.01")
    assert cost_without_caching_usd(PLAIN, model="claude-sonnet-4-6") == cost_usd(PLAIN, model="claude-sonnet-4-6")
    of_unknown_lifetime = usage(cache_creation_input_tokens=2000)
    assert cost_usd(of_unknown_lifetime, model="claude-sonnet-4-6") is None
    assert cost_without_caching_usd(of_unknown_lifetime, model="claude-sonnet-4-6") == Decimal("0.0165")


@pytest.mark.parametrize("sent", [None, {}, usage(cache_read_input_tokens=-1), usage(speed="warp")])
def test_without_caching_what_is_not_known_stays_unknown(sent: Mapping[str, Any] | None):
    assert cost_without_caching_usd(sent, model="claude-sonnet-4-6") is None


def test_the_long_context_price_counts_all_input_cached_or_not():
    at_the_limit = usage(input_tokens=60_000, cache_read_input_tokens=40_000)
    assert cost_usd(at_the_limit, model="claude-haiku-5-5") == Decimal("0.00665")
    above = usage(input_tokens=60_001, cache_read_input_tokens=40_000)
    assert cost_usd(above, model="claude-haiku-5-5") == Decimal("0.0332505")


def test_a_batch_costs_half():
    assert cost_usd(PLAIN, model="claude-sonnet-4-6", batch=True) == Decimal("0.00525")
    assert cost_usd(usage(service_tier="batch"), model="claude-sonnet-4-6") == Decimal("0.00525")


def test_inference_in_the_us_costs_a_tenth_more_on_newer_models_only():
    assert cost_usd(usage(inference_geo="us"), model="claude-sonnet-4-6") == Decimal("0.01155")
    assert cost_usd(usage(inference_geo="us"), model="claude-haiku-4-5") == Decimal("0.0035")
    assert cost_usd(usage(inference_geo="global"), model="claude-sonnet-4-6") == Decimal("0.0105")
    assert cost_usd(usage(inference_geo="not_available"), model="claude-sonnet-4-5") == Decimal("0.0105")


def test_fast_mode_is_priced_only_where_its_price_is_known():
    assert cost_usd(usage(speed="fast"), model="claude-opus-5") == Decimal("0.035")
    assert cost_usd(usage(speed="standard"), model="claude-opus-5") == Decimal("0.0175")
    assert cost_usd(usage(speed="fast"), model="claude-opus-5-5") is None


def test_a_compaction_is_added_at_the_price_of_the_model():
    entries = [
        {"type": "compaction", "input_tokens": 100_000, "output_tokens": 1000},
        {"type": "message", **PLAIN},
    ]
    assert cost_usd(usage(iterations=entries), model="claude-sonnet-4-6") == Decimal("0.3255")


def test_a_compaction_on_demand_costs_what_its_iteration_says():
    entries = [{"type": "compaction", "input_tokens": 100_000, "output_tokens": 1000}]
    zero = {"input_tokens": 0, "output_tokens": 0, "iterations": entries}
    assert cost_usd(zero, model="claude-sonnet-4-6") == Decimal("0.315")


def test_an_advisor_is_paid_at_its_own_price():
    entry = {"type": "advisor_message", "model": "claude-opus-5-5", **PLAIN}
    expected = Decimal("0.007") + Decimal("0.014")
    assert cost_usd(usage(iterations=[entry]), model="claude-sonnet-5-5") == expected
    assert cost_usd(usage(iterations=[{**entry, "model": "claude-nobody"}]), model="claude-sonnet-5-5") is None


@pytest.mark.parametrize(
    "sent",
    [
        None,
        {},
        {"input_tokens": 5},
        {"output_tokens": 5},
        {"input_tokens": 0, "output_tokens": 0},
        usage(input_tokens=None),
        usage(input_tokens=-1),
        usage(output_tokens=10**12),
        usage(output_tokens=10**5000),
        usage(output_tokens=True),
        usage(output_tokens=1.5),
        usage(output_tokens="500"),
        usage(cache_read_input_tokens=-5),
        usage(cache_creation=[1]),
        usage(cache_creation_input_tokens=7),
        usage(iterations={"type": "message"}),
        usage(iterations=["message"]),
        usage(iterations=[{"type": "compaction"}]),
        usage(iterations=[{"type": "fallback_message", "model": "claude-opus-5-5", **PLAIN}]),
        usage(iterations=[{"type": ["message"]}]),
        usage(speed="ludicrous"),
        usage(speed=["fast"]),
        usage(service_tier="priority"),
        usage(service_tier={}),
        usage(inference_geo="moon"),
        usage(inference_geo=["us"]),
    ],
)
def test_what_is_not_known_for_sure_has_no_cost_and_never_a_zero(sent: Mapping[str, Any] | None):
    assert cost_usd(sent, model="claude-opus-5-5") is None


def test_an_unknown_model_or_price_has_no_cost():
    assert cost_usd(PLAIN, model="claude-nobody") is None
    assert cost_usd(PLAIN, model=None) is None
    assert cost_usd(PLAIN, model="claude-3-opus-20240229") is None
    assert cost_usd(usage(cache_read_input_tokens=1), model="claude-sonnet-4-6") is None
    assert cost_usd(usage(cache_read_input_tokens=0), model="claude-sonnet-4-6") == Decimal("0.0105")


def test_every_recorded_message_has_a_cost_or_none():
    costs = [cost_usd(message.get("usage"), model=message.get("model")) for message in recorded_messages()]
    assert len(costs) > 400
    assert all(cost is None or cost > 0 for cost in costs)
    assert sum(cost is not None for cost in costs) > 250


def recorded_messages() -> list[dict[str, Any]]:
    whole = [row for row in exchanges() if row["response"]["status"] == 200 and not row["response"]["is_sse"]]
    bodies = (row["response"]["body_text"] for row in whole)
    messages = (json.loads(body) for body in bodies if body.startswith("{") and '"usage"' in body)
    return [message for message in messages if message.get("type") == "message"]
