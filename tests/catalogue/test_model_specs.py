import re
from collections import Counter
from dataclasses import fields
from datetime import date
from decimal import Decimal

import pytest

from betaconsole.catalogue import model_specs
from betaconsole.catalogue.betas import all_betas, catalogue_date
from betaconsole.catalogue.model_specs import Price, all_models, default_model, find_model
from tests import recorded

CURRENT = [
    "claude-fable-5-2",
    "claude-mythos-5-2",
    "claude-haiku-5-5",
    "claude-sonnet-5-5",
    "claude-fable-5-1",
    "claude-opus-5-5",
    "claude-mythos-5-1",
    "claude-sonnet-5",
    "claude-fable-5",
    "claude-mythos-5",
    "claude-opus-5",
    "claude-opus-4-8",
    "claude-opus-4-7",
    "claude-opus-4-6",
    "claude-sonnet-4-6",
    "claude-haiku-4-5",
    "claude-opus-4-5",
    "claude-sonnet-4-5",
]


@pytest.mark.parametrize("model_id", CURRENT)
def test_every_current_model_is_known_with_a_price(model_id: str):
    spec = all_models()[model_id]
    assert spec.price is not None
    assert spec.max_output_tokens is not None
    assert not spec.is_retired(catalogue_date())


@pytest.mark.parametrize(
    ("dated", "model_id"),
    [
        ("claude-opus-4-5-20251101", "claude-opus-4-5"),
        ("claude-haiku-4-5-20251001", "claude-haiku-4-5"),
        ("claude-sonnet-4-5-20250929", "claude-sonnet-4-5"),
        ("claude-sonnet-4-20250514", "claude-sonnet-4-0"),
        ("claude-3-7-sonnet-latest", "claude-3-7-sonnet-20250219"),
    ],
)
def test_a_dated_id_or_alias_is_the_same_model(dated: str, model_id: str):
    assert find_model(dated) is find_model(model_id) is all_models()[model_id]


def test_an_id_that_only_looks_like_a_model_is_unknown():
    assert find_model("claude-opus-4-5-20991231") is None
    assert find_model("") is None


def test_no_id_or_alias_stands_twice():
    names = Counter(name for spec in all_models().values() for name in (spec.id, *spec.aliases))
    assert [name for name, times in names.items() if times > 1] == []


def test_a_new_draft_starts_with_a_model_that_is_served():
    assert default_model() == "claude-sonnet-5-5"
    assert not all_models()[default_model()].is_retired(catalogue_date())


def test_a_model_is_retired_from_its_last_day_on():
    sonnet = all_models()["claude-sonnet-4-5"]
    assert not sonnet.is_retired(date(2026, 11, 29))
    assert sonnet.is_retired(date(2026, 11, 30))
    assert not all_models()["claude-opus-5-5"].is_retired(date(2030, 1, 1))


def test_prices_are_exact_and_positive():
    for spec in all_models().values():
        for price in (spec.price, spec.long_price, spec.fast_price):
            figures = [getattr(price, kind.name) for kind in fields(Price)] if price else []
            assert all(figure is None or (isinstance(figure, Decimal) and figure > 0) for figure in figures), spec.id
    assert all_models()["claude-haiku-5-5"].price == Price(*map(Decimal, ("0.10", "0.50", "0.125", "0.20", "0.01")))


def test_values_come_from_closed_lists():
    for spec in all_models().values():
        assert spec.line in {"haiku", "sonnet", "opus", "fable", "mythos", None}
        assert set(spec.thinking_types or ()) <= {"adaptive", "enabled", "disabled", "between_tools"}
        assert set(spec.effort_levels or ()) <= {"low", "medium", "high", "xhigh", "max"}
        assert spec.fast_mode in {"header", "built_in", "removed", None}
        assert spec.us_inference_multiplier in {Decimal("1.1"), Decimal(1), None}
        assert (spec.long_price is None) == (spec.long_price_above_tokens is None)
        assert spec.sources
        assert spec.display_name


def test_where_a_model_runs_agrees_with_what_a_region_costs():
    for spec in all_models().values():
        geo, factor = spec.inference_geo, spec.us_inference_multiplier
        assert geo in (None, (), ("global", "us")), spec.id
        assert geo != ("global", "us") or factor == Decimal("1.1"), spec.id
        assert geo != () or factor in (None, 1), spec.id


def test_where_a_model_ran_is_what_recorded_answers_say():
    said = set()
    for row in recorded.messages():
        answer = row["response"]["body_text"] or ""
        spec, geo = find_model(_last(r'"model" ?: ?"([^"]+)"', answer)), _last(r'"inference_geo" ?: ?"(\w+)"', answer)
        if spec and geo:
            said.add((spec, geo))
    assert said or not recorded.is_there()
    for spec, geo in said:
        assert spec.inference_geo == () if geo == "not_available" else geo in (spec.inference_geo or ()), spec.id


def _last(pattern: str, text: str) -> str:
    return (re.findall(pattern, text) or [""])[-1]


def test_a_model_that_always_thinks_does_not_take_disabled():
    for spec in all_models().values():
        if spec.always_thinks:
            assert spec.thinking_types == ("adaptive",)


def test_every_tool_type_a_model_refuses_is_one_the_betas_know():
    known = {kind for beta in all_betas().values() for kind in beta.tool_types}
    assert {kind for spec in all_models().values() for kind in spec.refused_tool_types} <= known


def test_sampling_parameters_belong_to_the_older_version():
    assert model_specs.sampling_versions() == ("2023-06-01",)
    assert model_specs.batch_multiplier() == Decimal("0.5")
