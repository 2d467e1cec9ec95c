"""What a column makes of a body: examples of betas under typed changes, as one patch."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from betaconsole.claude import jsontext
from betaconsole.drafts.columns import Column
from betaconsole.drafts.shaping import ChangesError, applied, changes_of, fitted, joined, operations_of, read_changes

from .desk import ADVISOR, BODY, COMPACT, CONTEXT, THINKING

LEAVES = st.none() | st.integers(0, 3) | st.text("ab/~", max_size=3)
VALUES = st.recursive(
    LEAVES,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["a", "b", "~/"]), inner),
    max_leaves=8,
)
OBJECTS = st.dictionaries(st.sampled_from(["a", "b", "~/"]), VALUES, max_size=3)


def sent(column: Column, body: Any) -> Any:
    return applied(body, changes_of(column, body))


def test_a_column_without_changes_sends_the_body():
    assert changes_of(Column("a"), BODY) is None


def test_an_example_counts_only_while_its_beta_is_ticked():
    column = Column("b", betas=(CONTEXT,), examples=(CONTEXT,))
    assert "context_management" in sent(column, BODY)
    assert changes_of(Column("b", examples=(CONTEXT,)), BODY) is None


def test_a_beta_that_changes_nothing_has_no_example():
    assert changes_of(Column("b", betas=(THINKING,), examples=(THINKING,)), BODY) is None


def test_two_examples_that_fill_one_list_share_it():
    column = Column("b", betas=(CONTEXT, COMPACT), examples=(CONTEXT, COMPACT))
    types = [edit["type"] for edit in sent(column, BODY)["context_management"]["edits"]]
    assert types == ["clear_tool_uses_20250919", "compact_20260112"]


def test_the_example_of_a_tool_leaves_the_prompts_tools_alone():
    body = {**BODY, "tools": [{"name": "lookup", "input_schema": {"type": "object"}}]}
    names = [tool["name"] for tool in sent(Column("b", betas=(ADVISOR,), examples=(ADVISOR,)), body)["tools"]]
    assert names == ["lookup", "advisor"]
    assert len(body["tools"]) == 1


def test_typed_changes_win_over_examples():
    typed = '{"context_management": null, "max_tokens": 7}'
    column = Column("b", betas=(CONTEXT,), examples=(CONTEXT,), changes_text=typed)
    assert sent(column, BODY) == {**BODY, "max_tokens": 7}


def test_typed_operations_see_what_the_examples_left():
    typed = '[{"op": "replace", "path": "/context_management/edits/0/trigger/value", "value": 5}]'
    column = Column("b", betas=(CONTEXT,), examples=(CONTEXT,), changes_text=typed)
    assert sent(column, BODY)["context_management"]["edits"][0]["trigger"]["value"] == 5


@pytest.mark.parametrize("typed", ["{", "7", '"text"', '{"a": NaN}', "[" * 100_000])
def test_what_is_no_patch_is_refused_in_words(typed):
    with pytest.raises(ChangesError):
        read_changes(typed)


@pytest.mark.parametrize("typed", ['[{"op": "remove", "path": "/nowhere"}]', "[7]", '[{"op": "fly", "path": ""}]'])
def test_operations_that_do_not_fit_are_refused_in_words(typed):
    with pytest.raises(ChangesError):
        changes_of(Column("b", changes_text=typed), BODY)


def test_blank_changes_are_none():
    assert read_changes(" \n ") is None


@given(OBJECTS, OBJECTS)
def test_a_merge_patch_and_its_operations_do_the_same(body, patch):
    assert applied(body, list(operations_of(patch, body))) == jsontext.merge_patch(body, patch)


@given(OBJECTS, OBJECTS, OBJECTS)
def test_two_patches_joined_do_what_they_do_in_turn(body, first, second):
    in_turn = applied(applied(body, first), second)
    assert applied(body, joined(body, [first, second])) == in_turn


@given(OBJECTS, OBJECTS)
def test_a_fitted_example_never_shortens_a_list(body, patch):
    fit = applied(body, fitted(patch, body))
    for name, value in body.items():
        if isinstance(value, list) and isinstance(patch.get(name), list):
            assert fit[name][: len(value)] == value


def test_joining_keeps_the_spelling_of_numbers():
    body = jsontext.loads('{"a": 1.0}')
    layers = [jsontext.loads('{"b": 1e2}'), jsontext.loads('{"c": 100000000000000000000001}')]
    assert json.dumps(list(joined(body, layers))) == '["b", "c"]'
    assert '"b":1e2' in jsontext.dumps(applied(body, joined(body, layers)))
