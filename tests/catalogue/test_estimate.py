"""At most what a request costs, before it is sent. Worked by hand from the prices of models.toml."""

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from betaconsole.catalogue.checks.estimate import Terms, most_cost, terms_of
from betaconsole.catalogue.pricing import Cost, cost_of

SONNET = {"model": "claude-sonnet-5-5", "max_tokens": 1_000, "messages": [{"role": "user", "content": "Hello."}]}
MARKED = [{"type": "text", "text": "Rules.", "cache_control": {"type": "ephemeral"}}]


def most(body: dict[str, Any], input_tokens: int, **how: Any) -> Cost:
    return most_cost(terms_of(body), input_tokens, **how)


def test_it_is_its_input_and_all_of_max_tokens():
    # 2 USD a million for 10,000 in, 10 USD a million for 1,000 out
    assert most(SONNET, 10_000) == Cost(Decimal("0.03"))
    assert most(SONNET, 10_000, is_batch=True) == Cost(Decimal("0.015"))
    assert most({**SONNET, "inference_geo": "us"}, 10_000).usd == Decimal("0.033")
    assert most({**SONNET, "model": "claude-opus-5", "speed": "fast"}, 1_000_000).usd == Decimal("10.05")


def test_the_long_context_price_holds_above_its_limit():
    haiku = {**SONNET, "model": "claude-haiku-5-5"}
    assert most(haiku, 100_000).usd == Decimal("0.0105")
    assert most(haiku, 100_001).usd == Decimal("0.0525005")


@pytest.mark.parametrize(
    ("where", "ttl", "usd"),
    [("system", None, "0.035"), ("system", "1h", "0.05"), ("cache_control", None, "0.035"), ("tools", "5m", "0.035")],
)
def test_what_is_marked_for_caching_is_counted_as_written(where: str, ttl: str | None, usd: str):
    mark = {"type": "ephemeral", **({"ttl": ttl} if ttl else {})}
    value: Any = mark if where == "cache_control" else [{"name": "a tool", "cache_control": mark}]
    assert most({**SONNET, where: value}, 10_000).usd == Decimal(usd)


def test_of_two_marks_the_longer_kept_one_decides():
    hour = [{"type": "text", "text": "More.", "cache_control": {"type": "ephemeral", "ttl": "1h"}}]
    turns = [{"role": "user", "content": hour}]
    assert terms_of({**SONNET, "system": MARKED, "messages": turns}).cache == "1h"


def test_each_turn_reads_all_that_came_before():
    # in: 10,000 then 10,000 + 1,000 + 500 then 13,000; out: 1,000 each time
    assert most(SONNET, 10_000, turns=3, result_tokens=500).usd == Decimal("0.069") + Decimal("0.03")


def test_no_turn_reads_more_than_the_context_holds():
    endless = most({**SONNET, "max_tokens": 128_000}, 500_000, turns=20)
    contexts = [min(500_000 + turn * 128_000, 1_000_000) for turn in range(20)]
    assert endless.usd == sum(Decimal(2 * tokens + 10 * 128_000) / 1_000_000 for tokens in contexts)


@pytest.mark.parametrize(
    ("more", "why"),
    [
        ({"model": "claude-nobody"}, "No price of claude-nobody is known."),
        ({"model": None}, "No price of the model is known."),
        ({"model": ["odd"]}, "No price of ? is known."),
        ({"model": "\ud800"}, "No price of \ufffd is known."),
        ({"max_tokens": None}, "How long an answer may be is not known: there is no max_tokens."),
        ({"max_tokens": "many"}, "How long an answer may be is not known: there is no max_tokens."),
        ({"max_tokens": 10**30}, "A count of its tokens is missing or makes no sense."),
        ({"speed": {}}, "What the speed ? costs is not known."),
        ({"inference_geo": "moon"}, "What inference in moon costs on claude-sonnet-5-5 is not known."),
        ({"fallbacks": "default"}, "How an answer of a fallback model is billed is not known."),
        (
            {"model": "claude-sonnet-4-6", "system": MARKED},
            "The price of a cache write on claude-sonnet-4-6 is not known.",
        ),
        ({"model": "claude-opus-5-5", "speed": "fast"}, "No price of claude-opus-5-5 in fast mode is known."),
    ],
)
def test_what_is_not_known_is_said_in_words(more: dict[str, Any], why: str):
    assert most({**SONNET, **more}, 10_000) == Cost(None, why)


def test_a_finished_answer_says_why_it_has_no_cost():
    read = {"input_tokens": 5, "output_tokens": 5, "cache_read_input_tokens": 900}
    cached = cost_of(read, model="claude-sonnet-4-6")
    assert cached == Cost(None, "The price of a cache read on claude-sonnet-4-6 is not known.")
    assert cost_of(None, model="claude-sonnet-4-6").why_unknown == "The answer brought no usage."
    assert cost_of({**read, "service_tier": "priority"}, model="claude-opus-5-5").why_unknown.startswith(
        "What the serv"
    )


NAMES = ["model", "max_tokens", "speed", "inference_geo", "cache_control", "ttl", "fallbacks", "system", "messages"]
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(NAMES), inner, max_size=4),
    max_leaves=12,
)


@given(JSON, st.integers(0, 10**7), st.integers(1, 4))
def test_whatever_a_body_is_made_of_the_cost_is_a_number_or_a_reason(body: Any, input_tokens: int, turns: int):
    cost = most_cost(terms_of(body), input_tokens, turns=turns)
    assert (cost.usd is None) == bool(cost.why_unknown)
    cost.why_unknown.encode()


def test_terms_of_nothing_are_unknown():
    assert terms_of(None) == Terms(model="", most_output_tokens=None)
