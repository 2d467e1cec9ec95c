"""Conditions on a verdict: what they say, and what they refuse to read."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from betaconsole.api.conditions import ColumnTold, ConditionError, Told, Untold, check_planned, is_true, read_condition
from betaconsole.statistics.results import Result


def result(figure: str, **values) -> Result:
    names = ("low", "high", "relative_low", "relative_high", "shift", "shift_low", "shift_high", "p", "p_corrected")
    known = {**dict.fromkeys(("baseline_value", "value", "difference", "relative", *names)), **values}
    return Result(figure, 1, 0, 20, 20, True, 0, "", state="differs", needed=None, **known)


def told(*, trusted: bool = True, enough: bool = True) -> Told:
    tokens = result("output_tokens", relative=0.2, p_corrected=0.01, value=480.0)
    fewer = result("output_tokens", relative=-0.2, p_corrected=0.5, value=320.0)
    check = result("check:valid JSON", value=0.85)
    return Told(
        trusted,
        enough,
        [
            ColumnTold("B", "with it", False, {"output_tokens": tokens, "check:valid JSON": check}),
            ColumnTold("C", "without", True, {"output_tokens": fewer}),
        ],
    )


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("output_tokens.relative > 0.1", True),
        ("output_tokens.relative>10%", True),
        ("output_tokens.relative > 0.2", False),
        ("output_tokens.relative >= 20 %", True),
        ("C.output_tokens.relative > 0", False),
        ("C.output_tokens.relative < -1.5e-1", True),
        ('"with it".output_tokens.value == 480', True),
        ('B."check:valid JSON".value < 0.9', True),
        ("output_tokens.relative > 0.1 and output_tokens.p_corrected <= 0.05", True),
        ("output_tokens.relative < 0 and output_tokens.p_corrected <= 0.05", False),
        ("refused", True),
        ("B.refused", False),
        ("not B.refused", True),
        ("not trusted", False),
        ("enough and trusted", True),
    ],
)
def test_a_condition_is_true_where_it_is_true_of_a_column(text, expected):
    assert is_true(read_condition(text), told()) is expected


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("output_token.relative > 0.1", "output_token is no figure; figures are: output_tokens, "),
        ('"check:polite".value < 1', "no check polite is asked for; these are: valid JSON"),
        ("D.output_tokens.relative > 0", "no column D is planned; these are: A, B"),
        ("block.value > 0", "block is no figure"),
    ],
)
def test_what_no_run_could_have_is_refused_before_it(text, said):
    with pytest.raises(ConditionError, match=re.escape(said)):
        check_planned(read_condition(text), labels=["plain", "with it"], checks=["valid JSON"])


@pytest.mark.parametrize(
    "text",
    [
        "B.cost_usd.relative > 5%",
        '"with it".output_tokens.n < 5',
        '"check:valid JSON".value < 1',
        "block:thinking.value > 0",
        "refused",
    ],
)
def test_what_a_run_may_have_passes_before_it(text):
    check_planned(read_condition(text), labels=["plain", "with it"], checks=["valid JSON"])


def test_what_the_verdict_says_can_be_a_condition():
    assert is_true(read_condition("not trusted"), told(trusted=False))
    assert is_true(read_condition("not enough"), told(enough=False))
    assert is_true(read_condition("not enough"), Told(True, False, []))


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "a figure and its field are missing"),
        ("output_tokens > 3", "is no figure with a field"),
        ("output_tokens.size > 3", "fields are value"),
        ("output_tokens.relative", "and a number"),
        ("output_tokens.relative > x", "and a number"),
        ("output_tokens.relative = 1", "cannot be read"),
        ("output_tokens.relative > 0.1 or refused", "joined with and"),
        ("not output_tokens.relative > 0.1", "not stands before"),
        ("B.trusted", "said of the whole comparison"),
        ("__import__('os')", "is no figure"),
        ("output_tokens.relative > 1e999", "is no number"),
        ('"output_tokens.relative > 1', "cannot be read"),
    ],
)
def test_what_cannot_be_read_is_refused_with_the_reason(text, why):
    with pytest.raises(ConditionError, match=why):
        read_condition(text)


@pytest.mark.parametrize(
    ("text", "why"), [("D.output_tokens.value > 1", "no column D"), ("cost.value > 1", "cost was not measured")]
)
def test_what_is_not_there_is_no_condition(text, why):
    with pytest.raises(ConditionError, match=why):
        is_true(read_condition(text), told())


def test_a_figure_without_a_value_leaves_it_open():
    with pytest.raises(Untold, match="output_tokens of B has no baseline"):
        is_true(read_condition("B.output_tokens.baseline > 1"), told())


@given(st.text(alphabet='ABn.o t"refusd<>=!%0123eE+-_:xp()', max_size=40))
def test_no_text_does_anything_but_be_read_or_refused(text):
    try:
        condition = read_condition(text)
        is_true(condition, told())
    except (ConditionError, Untold):
        pass
