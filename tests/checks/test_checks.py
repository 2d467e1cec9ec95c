"""Checks: what they hold for, what they refuse to be, and that no pattern runs for ever."""

import json
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from betaconsole.checks.checks import CheckError, Output, read_checks

SCHEMA = {
    "type": "object",
    "required": ["id"],
    "properties": {"id": {"type": "string", "pattern": "^A-[0-9]+$"}, "next": {"$ref": "#"}},
}
CALLS = [("look", {"id": 1, "deep": {"a": True, "b": 2}}), ("buy", {})]
HOLDS = [
    ({"kind": "contains", "value": "sorry"}, "I am sorry", True),
    ({"kind": "contains", "value": "SORRY"}, "I am sorry", False),
    ({"kind": "contains", "value": "SORRY", "ignore_case": True}, "I am sorry", True),
    ({"kind": "contains", "value": "sorry", "not": True}, "I am sorry", False),
    ({"kind": "regex", "value": r"A-\d{4}"}, "order A-1043.", True),
    ({"kind": "regex", "value": r"^A-\d{4}$"}, "order A-1043.", False),
    ({"kind": "equals", "value": "yes"}, "  yes\n", True),
    ({"kind": "equals", "value": "yes"}, "yes!", False),
    ({"kind": "json"}, '{"a": 1}', True),
    ({"kind": "json"}, '```json\n{"a": 1}\n```', True),
    ({"kind": "json"}, 'Here: {"a": 1}', False),
    ({"kind": "json"}, "NaN", False),
    ({"kind": "json"}, "[" * 100_000, False),
    ({"kind": "json_schema", "schema": SCHEMA}, '{"id": "A-1", "next": {"id": "A-2"}}', True),
    ({"kind": "json_schema", "schema": SCHEMA}, '{"id": "A-1", "next": {"id": "B"}}', False),
    ({"kind": "json_schema", "schema": SCHEMA}, "no JSON", False),
    ({"kind": "tool_called", "tool": "look"}, "", True),
    ({"kind": "tool_called", "tool": "look", "input": {"deep": {"a": True}}}, "", True),
    ({"kind": "tool_called", "tool": "look", "input": {"deep": {"a": 1}}}, "", False),
    ({"kind": "tool_called", "tool": "sell"}, "", False),
    ({"kind": "length", "max": 3}, "four", False),
    ({"kind": "length", "min": 4, "max": 4}, "four", True),
    ({"kind": "cost", "max": 0.01}, "", True),
    ({"kind": "cost", "max": 0.001}, "", False),
]
REFUSED = [
    ("nonsense", "checks"),
    ([{}] * 21, "checks"),
    (["x"], "checks.0"),
    ([{"kind": "nice"}], "checks.0.kind"),
    ([{"kind": ["contains"]}], "checks.0.kind"),
    ([{"kind": "json", "value": "x"}], "checks.0.value"),
    ([{"kind": "contains", "value": ""}], "checks.0.value"),
    ([{"kind": "contains", "value": "a", "name": "a\nb"}], "checks.0.name"),
    ([{"kind": "contains", "value": "a", "not": "yes"}], "checks.0.not"),
    ([{"kind": "json", "name": "a"}, {"kind": "json", "name": "a"}], "checks.1.name"),
    ([{"kind": "regex", "value": "("}], "checks.0.value"),
    ([{"kind": "regex", "value": "a{1,99999999999}"}], "checks.0.value"),
    ([{"kind": "json_schema", "schema": {"type": "nice"}}], "checks.0.schema"),
    ([{"kind": "json_schema", "schema": {"$ref": "http://somewhere.example/schema"}}], "checks.0.schema"),
    ([{"kind": "json_schema", "schema": {"pattern": "("}}], "checks.0.schema"),
    ([{"kind": "json_schema", "schema": {"patternProperties": {"(a+)+$": {}}}}], "checks.0.schema"),
    ([{"kind": "tool_called"}], "checks.0.tool"),
    ([{"kind": "length"}], "checks.0"),
    ([{"kind": "length", "max": -1}], "checks.0.max"),
    ([{"kind": "length", "max": True}], "checks.0.max"),
    ([{"kind": "cost"}], "checks.0"),
]


@pytest.mark.parametrize(("check", "text", "expected"), HOLDS)
def test_a_check_holds_for_what_it_says(check, text, expected):
    [read] = read_checks([check])
    assert read.holds(Output(text, calls=CALLS, cost_usd=0.005)) is expected


@pytest.mark.parametrize(("checks", "place"), REFUSED)
def test_what_cannot_be_checked_is_refused_at_its_place(checks, place):
    with pytest.raises(CheckError) as refused:
        read_checks(checks)
    assert refused.value.place == place
    assert refused.value.message


def test_without_a_cost_nothing_is_said_of_it_either_way_round():
    plain, turned = read_checks([{"kind": "cost", "max": 1, "name": "a"}, {"kind": "cost", "max": 1, "not": True}])
    assert plain.holds(Output("")) is None
    assert turned.holds(Output("")) is None


def test_a_pattern_that_would_run_for_ever_is_given_up():
    checks = [
        {"kind": "regex", "value": "(a|aa)+$"},
        {"kind": "json_schema", "schema": {"pattern": "(a|aa)+$"}},
    ]
    text = "a" * 60 + "!"
    assert read_checks(checks)[0].holds(Output(text)) in (None, False)
    assert read_checks(checks)[1].holds(Output(json.dumps(text))) in (None, False)


def test_a_check_without_a_name_is_called_by_what_it_says():
    [read] = read_checks([{"kind": "length", "max": 1200}])
    assert read.name == read.said == "has at most 1,200 characters"


@given(st.recursive(st.none() | st.booleans() | st.floats() | st.text(), lambda inner: st.lists(inner, max_size=4)
    | st.dictionaries(st.sampled_from(["name", "kind", "value", "schema", "tool", "input", "min", "max", "not"]), inner), max_leaves=8))  # fmt: skip
def test_whatever_is_typed_is_read_or_refused(value):
    with suppress(CheckError):
        read_checks([value] if isinstance(value, dict) else value)
