import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jiter import from_json

from betaconsole.claude import payload
from betaconsole.claude.payload import PayloadError

scalars = (
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=8)
)
values = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=4), inner, max_size=4),
    max_leaves=15,
)
objects = st.dictionaries(st.text(max_size=4), values, max_size=5)


@settings(max_examples=200)
@given(objects, st.booleans(), st.sampled_from([None, 1]), st.data())
def test_an_object_cut_anywhere_reads_as_the_sdk_reads_it(value, ascii_only, indent, data):
    text = json.dumps(value, ensure_ascii=ascii_only, indent=indent)
    start = text[: data.draw(st.integers(1, len(text)))]
    assert payload.parse_start(start) == from_json(start.encode(), partial_mode=True)


def test_each_kind_of_cut_reads_as_the_sdk_reads_it():
    text = '{"a": [1, -2.5e+3, true, null, {"b\\"": "x\\u00e9\\n", "c": {}}], "d" : [] , "e": "z"}'
    for cut in range(1, len(text) + 1):
        assert payload.parse_start(text[:cut]) == from_json(text[:cut].encode(), partial_mode=True)


@given(values)
def test_a_whole_value_reads_as_it_is(value):
    assert payload.parse(json.dumps(value)) == value


@pytest.mark.parametrize("text", ["", '{"a" 1', "}", '["\n"', "tru", "[nope, 1", "[1] ?", "[1, 2.x, 3"])
def test_what_is_no_beginning_of_json_is_refused(text):
    with pytest.raises(PayloadError):
        payload.parse_start(text)


@pytest.mark.parametrize(
    "text",
    ["", "[NaN]", "[Infinity]", "[-1e999]", "[" + "9" * 5000 + "]", "[" * 100_000, "[" * 201 + "]" * 201, "{} x"],
)
def test_what_this_console_does_not_read_is_refused(text):
    with pytest.raises(PayloadError):
        payload.parse(text)


def test_many_shallow_brackets_are_not_deep():
    assert payload.parse("[" + "[]," * 1000 + "[]]") == [[]] * 1001


def test_the_limit_of_depth_itself_is_read():
    assert payload.parse("[" * 200 + "]" * 200)


def test_a_long_string_without_an_end_is_left_out_quickly():
    assert payload.parse_start('{"a": 1, "b": "' + "x\\n" * 1_000_000) == {"a": 1}
