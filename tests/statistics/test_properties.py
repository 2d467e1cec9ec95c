"""What holds for whatever values there are."""

import math
import random
from dataclasses import fields, replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from betaconsole.statistics.inputs import MOST, Column, Inputs
from betaconsole.statistics.results import Result, Results
from betaconsole.statistics.working import work_out

from .columns import OUTPUT_TOKENS, REFUSAL, TOTAL_MS

FIGURES = (OUTPUT_TOKENS, TOTAL_MS, REFUSAL)
# No wall clock: the machine that runs this may be slow.
FEW = settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))

quantities = st.one_of(
    st.integers(0, 3).map(float),
    st.integers(0, 5000).map(float),
    st.floats(0, 1e4, allow_nan=False),
    st.floats(-MOST, MOST, allow_nan=False),
)
CELLS = [(case, repeat) for case in (0, 1) for repeat in range(1, 8)]
cells = st.sampled_from(CELLS)


@st.composite
def columns(draw: st.DrawFn, position: int) -> Column:
    """Of two cases with up to seven repeats, any of which may be missing from any figure."""
    values = {
        OUTPUT_TOKENS.key: draw(st.dictionaries(cells, quantities, max_size=14)),
        TOTAL_MS.key: draw(st.one_of(st.dictionaries(cells, st.just(2.5)), st.dictionaries(cells, st.floats(0, 9)))),
        REFUSAL.key: draw(st.dictionaries(cells, st.sampled_from([0.0, 1.0]))),
    }
    return Column(position, 0 if position else None, "", (), "model", 14, values, {}, {})


@st.composite
def full_columns(draw: st.DrawFn, position: int) -> Column:
    """Nearly every cell has its value, and the columns may lie apart: what a verdict can be reached on."""
    apart = draw(st.sampled_from([0.0, 300.0, 3000.0]))
    present = draw(st.lists(st.sampled_from(CELLS), min_size=12, max_size=14, unique=True))
    some = {cell: apart + draw(st.integers(0, 99)) for cell in present}
    refused = {cell: draw(st.sampled_from([0.0, 1.0])) for cell in present}
    values = {OUTPUT_TOKENS.key: some, TOTAL_MS.key: {cell: value / 8 for cell, value in some.items()}}
    return Column(position, 0 if position else None, "", (), "model", 14, {**values, REFUSAL.key: refused}, {}, {})


both = st.tuples(columns(0), columns(1)) | st.tuples(full_columns(0), full_columns(1))
looks = st.booleans()


@FEW
@given(both, looks)
def test_no_number_is_nan_or_infinite(pair: tuple[Column, Column], extended: bool):
    results = work_out(Inputs(pair, FIGURES, extended=extended))
    assert all(math.isfinite(number) for number in _numbers(results.dump()))
    assert Results.load(results.dump()) == results


@FEW
@given(both, looks)
def test_every_interval_holds_its_estimate_and_every_p_value_is_one(pair: tuple[Column, Column], extended: bool):
    for result in work_out(Inputs(pair, FIGURES, extended=extended)).results:
        rounding = 1e-9 * max(abs(result.value or 0), abs(result.baseline_value or 0), 1e-300)
        if result.low is not None:
            assert result.low - rounding <= result.difference <= result.high + rounding
        if result.shift_low is not None:
            assert result.shift_low - rounding <= result.shift <= result.shift_high + rounding
        if result.p is not None:
            assert 0 < result.p <= 1
            assert result.p <= result.p_corrected <= 1
        assert result.n + result.excluded == 14


def test_every_verdict_is_among_what_is_drawn():
    states = set()

    @settings(FEW, database=None, derandomize=True)
    @given(both, looks)
    def look(pair: tuple[Column, Column], extended: bool) -> None:
        states.update(result.state for result in work_out(Inputs(pair, FIGURES, extended=extended)).results)

    look()
    assert states == {"differs", "no_difference", "identical", "not_enough"}


@FEW
@given(both, looks)
def test_exchanged_columns_give_the_mirror_image(pair: tuple[Column, Column], extended: bool):
    baseline, column = pair
    there = work_out(Inputs(pair, FIGURES, extended=extended)).results
    back = work_out(
        Inputs(
            (replace(column, position=0, baseline=None), replace(baseline, position=1, baseline=0)),
            FIGURES,
            extended=extended,
        )
    ).results
    for one, other in zip(there, back, strict=True):
        assert (one.difference, one.shift) == (_negative(other.difference), _negative(other.shift))
        assert (one.low, one.high) == (_negative(other.high), _negative(other.low))
        assert (one.shift_low, one.shift_high) == (_negative(other.shift_high), _negative(other.shift_low))
        assert (one.p, one.state, one.n, one.n_baseline) == (other.p, other.state, other.n_baseline, other.n)


@FEW
@given(both, st.randoms(use_true_random=False))
def test_the_order_of_the_cells_does_not_matter(pair: tuple[Column, Column], rng: random.Random):
    mixed = tuple(
        replace(column, values={key: _mixed(rows, rng) for key, rows in column.values.items()}) for column in pair
    )
    assert work_out(Inputs(mixed, FIGURES)).results == work_out(Inputs(pair, FIGURES)).results


@FEW
@given(st.dictionaries(cells, quantities, min_size=2), looks)
def test_the_same_values_are_identical(values: dict, extended: bool):
    pair = tuple(Column(at, 0 if at else None, "", (), "m", 14, {OUTPUT_TOKENS.key: values}, {}, {}) for at in (0, 1))
    result = work_out(Inputs(pair, (OUTPUT_TOKENS,), extended=extended)).results[0]
    assert (result.state, result.difference, result.low, result.high, result.p) == ("identical", 0, 0, 0, None)


@FEW
@given(st.lists(st.integers(0, 4000), min_size=2, max_size=25), st.integers(1, 500), looks)
def test_a_constant_that_is_added_comes_out_exactly(values: list[int], added: int, extended: bool):
    result = _result([float(value) for value in values], [float(value + added) for value in values], extended=extended)
    assert (result.difference, result.low, result.high, result.shift) == (added, added, added, added)
    assert result.state == ("differs" if result.p_corrected <= 0.05 else "not_enough")


@FEW
@given(st.lists(st.floats(1, 5000), min_size=4, max_size=25), st.integers(1, 9))
def test_another_unit_changes_the_numbers_and_not_what_is_found(values: list[float], seed: int):
    rng = random.Random(seed)
    column = [value + rng.gauss(200, 300) for value in values]
    one, other = _result(values, column), _result([4 * value for value in values], [4 * value for value in column])
    assert (one.p, one.state) == (other.p, other.state)
    assert other.low == pytest.approx(4 * one.low, rel=1e-9, abs=1e-6)
    assert other.relative == pytest.approx(one.relative, rel=1e-9, abs=1e-12)


def _result(baseline: list[float], column: list[float], *, extended: bool = False) -> Result:
    pair = tuple(
        Column(
            at,
            0 if at else None,
            "",
            (),
            "m",
            len(row),
            {OUTPUT_TOKENS.key: {(0, n): value for n, value in enumerate(row)}},
            {},
            {},
        )
        for at, row in enumerate((baseline, column))
    )
    return work_out(Inputs(pair, (OUTPUT_TOKENS,), extended=extended)).results[0]


def _negative(number: float | None) -> float | None:
    return None if number is None else -number


def _mixed(rows: dict, rng: random.Random) -> dict:
    found = list(rows.items())
    rng.shuffle(found)
    return dict(found)


def _numbers(data: object) -> list[float]:
    if isinstance(data, dict):
        return [number for value in data.values() for number in _numbers(value)]
    if isinstance(data, list | tuple):
        return [number for value in data for number in _numbers(value)]
    return [data] if isinstance(data, int | float) else []


def test_every_field_of_a_result_is_in_its_dump():
    assert {field.name for field in fields(Result)} == set(_result([1, 2, 3], [2, 2, 4]).dump())
