import copy
import json
import pickle
import random
import time

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from betaconsole.claude import jsontext
from betaconsole.claude.jsontext import Integer, JsonError, PatchError, Real

integers = st.from_regex(r"-?(0|[1-9][0-9]{0,30})", fullmatch=True)
reals = st.from_regex(
    r"-?(0|[1-9][0-9]{0,20})(\.[0-9]{1,20}([eE][+-]?[0-9]{1,3})?|[eE][+-]?[0-9]{1,3})", fullmatch=True
)
words = st.sampled_from(["null", "true", "false"])
strings = st.text(max_size=6).map(lambda text: jsontext.dumps(text))
numbers = integers | reals


def documents(leaves):
    """Compact JSON texts."""
    return st.recursive(
        leaves,
        lambda inner: (
            st.lists(inner, max_size=4).map(lambda items: f"[{','.join(items)}]")
            | st.dictionaries(strings, inner, max_size=4).map(
                lambda members: "{" + ",".join(f"{key}:{value}" for key, value in members.items()) + "}"
            )
        ),
        max_leaves=15,
    )


texts = documents(numbers | words | strings)
objects = st.dictionaries(strings, texts, max_size=5).map(
    lambda members: "{" + ",".join(f"{key}:{value}" for key, value in members.items()) + "}"
)


@given(texts)
def test_a_document_is_written_as_it_was_read(text):
    assert jsontext.dumps(jsontext.loads(text)) == text


@given(texts, st.sampled_from([0, 1, 2, 4]))
def test_indenting_changes_only_the_white_space(text, indent):
    indented = jsontext.dumps(jsontext.loads(text), indent=indent)
    assert jsontext.dumps(jsontext.loads(indented)) == text
    if not any(character in text for character in ".eE-"):
        assert indented == json.dumps(json.loads(text), indent=indent, ensure_ascii=False)


@given(texts)
def test_values_are_those_of_pythons_own_reader(text):
    assert jsontext.loads(text) == json.loads(text)


@pytest.mark.parametrize(
    "spelling", ["1.0", "1e2", "1E+2", "-0", "0.10", "12345678901234567890123", "1e400", "9" * 5000, "-" + "8" * 5000]
)
def test_a_number_keeps_its_spelling(spelling):
    value = jsontext.loads(f'{{"n":{spelling}}}')
    assert value["n"].spelling == spelling
    for same in (value, copy.deepcopy(value), copy.copy(value), pickle.loads(pickle.dumps(value))):
        assert jsontext.dumps(same) == f'{{"n":{spelling}}}'
    assert str(value["n"])


def test_numbers_are_ordinary_numbers_to_whoever_calculates_with_them():
    value = jsontext.loads('{"max_tokens": 1024, "temperature": 0.50}')
    assert value == {"max_tokens": 1024, "temperature": 0.5}
    assert isinstance(value["max_tokens"], Integer)
    assert isinstance(value["temperature"], Real)
    assert value["max_tokens"] + 1 == 1025
    assert json.dumps(value) == '{"max_tokens": 1024, "temperature": 0.5}'


@pytest.mark.parametrize(
    ("text", "line", "column", "words"),
    [
        ('{"a": 1,\n "b": NaN}', 2, 7, "NaN is not JSON"),
        ('{"a": "NaN", "b": [Infinity]}', 1, 20, "Infinity is not JSON"),
        ("-Infinity", 1, 1, "-Infinity is not JSON"),
        ('{"a": 1, "model": 2,\n\n  "model": 3}', 3, 3, 'the key "model" stands twice'),
        ('{"x": {"y": 1, "\\u0079": 2}, "x": 3}', 1, 16, 'the key "y" stands twice'),
        ('[{"a": [{"a": 1}], "b": 1}, {"b": 1, "a": "b", "b": 2}]', 1, 48, 'the key "b" stands twice'),
        ("[" * 65 + "]" * 65, 1, 65, "64 levels"),
        ('{"a":\n' * 70 + "1" + "}" * 70, 65, 1, "64 levels"),
        ("[" * 100_000, 1, 65, "64 levels"),
        ("[" * 100_000 + "]" * 100_000, 1, 65, "64 levels"),
        ('{"a" 1}', 1, 6, "Expecting ':'"),
        ("[1,\n2,]", 2, 3, "Expecting value"),
        ("", 1, 1, "Expecting value"),
        ('{"a": "abc', 1, 7, "Unterminated string"),
        ('"a\nb"', 1, 3, "control character"),
        ("01", 1, 2, "Extra data"),
        ("{'a': 1}", 1, 2, "double quotes"),
    ],
)
def test_b14_text_that_is_no_json_is_refused_with_its_place(text, line, column, words):
    with pytest.raises(JsonError) as caught:
        jsontext.loads(text)
    assert (caught.value.line, caught.value.column) == (line, column)
    assert words in caught.value.message
    assert str(caught.value) == f"line {line}, column {column}: {caught.value.message}"


def test_the_deepest_nesting_allowed_is_read_and_written():
    text = "[" * 64 + "]" * 64
    assert jsontext.dumps(jsontext.loads(text)) == text


@given(st.text(max_size=40) | st.text('{}[]:,"\\eE+-.0123456789 \nNaInfity', max_size=40))
def test_b14_any_text_is_read_or_refused_with_a_place_in_it(text):
    try:
        jsontext.dumps(jsontext.loads(text))
    except JsonError as error:
        line = text.split("\n")[error.line - 1]
        assert 1 <= error.column <= len(line) + 1  # noqa: PT017


@given(st.text(st.characters(codec=None, exclude_categories=()), max_size=10))
@example("\ud800")
@example("a\udfffé")
@example("\x00\x7f\u2028")
def test_whatever_a_string_holds_the_text_encodes_and_reads_back(value):
    text = jsontext.dumps({"k": value})
    text.encode()
    assert jsontext.loads(text)["k"].encode("utf-16", "surrogatepass") == value.encode("utf-16", "surrogatepass")


def test_only_lone_surrogates_are_escaped():
    assert jsontext.dumps("é\u2028😀\ud83d") == '"é\u2028😀\\ud83d"'
    assert jsontext.loads('"\\ud83d"') == "\ud83d"


@pytest.mark.parametrize("value", [float("nan"), float("inf"), {"a": -float("inf")}])
def test_nan_is_not_written(value):
    with pytest.raises(ValueError, match="not JSON compliant"):
        jsontext.dumps(value)


@pytest.mark.parametrize("value", [{1: 2}, {"a": {2}}, b"x", object()])
def test_what_json_has_no_form_for_is_not_written(value):
    with pytest.raises(TypeError):
        jsontext.dumps(value)


@pytest.mark.parametrize(
    ("body", "patch", "result"),
    [
        ('{"a":"b"}', '{"a":"c"}', '{"a":"c"}'),
        ('{"a":"b"}', '{"b":"c"}', '{"a":"b","b":"c"}'),
        ('{"a":"b"}', '{"a":null}', "{}"),
        ('{"a":"b","b":"c"}', '{"a":null}', '{"b":"c"}'),
        ('{"a":["b"]}', '{"a":"c"}', '{"a":"c"}'),
        ('{"a":{"b":"c"}}', '{"a":{"b":"d","c":null}}', '{"a":{"b":"d"}}'),
        ('{"a":[{"b":"c"}]}', '{"a":[1]}', '{"a":[1]}'),
        ('["a","b"]', '["c","d"]', '["c","d"]'),
        ('{"a":"b"}', '["c"]', '["c"]'),
        ('{"a":"foo"}', "null", "null"),
        ('{"a":"foo"}', '"bar"', '"bar"'),
        ('{"e":null}', '{"a":1}', '{"e":null,"a":1}'),
        ("[1,2]", '{"a":"b","c":null}', '{"a":"b"}'),
        ("{}", '{"a":{"bb":{"ccc":null}}}', '{"a":{"bb":{}}}'),
    ],
)
def test_a_merge_patch_does_what_rfc_7396_shows(body, patch, result):
    assert jsontext.dumps(jsontext.merge_patch(jsontext.loads(body), jsontext.loads(patch))) == result


@given(objects, objects)
def test_a_merge_patch_keeps_the_spelling_of_what_it_does_not_touch_and_changes_no_input(body, patch):
    body_value, patch_value = jsontext.loads(body), jsontext.loads(patch)
    merged = jsontext.merge_patch(body_value, patch_value)
    for key, value in body_value.items():
        if key not in patch_value:
            assert jsontext.dumps(merged[key]) == jsontext.dumps(value)
    assert jsontext.dumps(body_value) == body
    assert jsontext.dumps(patch_value) == patch


def test_the_result_of_a_patch_shares_nothing_with_the_patch():
    patch = {"tools": [{"name": "a"}]}
    jsontext.merge_patch({}, patch)["tools"].append("more")
    operations = [{"op": "add", "path": "/tools", "value": [1]}]
    jsontext.apply_patch({}, operations)["tools"].append(2)
    assert patch == {"tools": [{"name": "a"}]}
    assert operations == [{"op": "add", "path": "/tools", "value": [1]}]


def test_a_json_patch_keeps_the_spelling_of_what_it_does_not_touch_and_changes_no_input():
    body = '{"n":1.0,"list":[1e2,{"x":12345678901234567890123}],"tail":-0}'
    value = jsontext.loads(body)
    operations = jsontext.loads(
        '[{"op":"add","path":"/list/1","value":2.50},{"op":"remove","path":"/tail"},'
        '{"op":"replace","path":"/n","value":null},{"op":"copy","from":"/list/2","path":"/c"},'
        '{"op":"move","from":"/list/0","path":"/m"},{"op":"test","path":"/m","value":100}]'
    )
    result = jsontext.apply_patch(value, operations)
    assert jsontext.dumps(result) == (
        '{"n":null,"list":[2.50,{"x":12345678901234567890123}],"c":{"x":12345678901234567890123},"m":1e2}'
    )
    assert jsontext.dumps(value) == body


@pytest.mark.parametrize(
    ("operations", "words"),
    [
        (
            [{"op": "add", "path": "/a", "value": 1}, {"op": "remove", "path": "/missing"}],
            "Operation 2 (remove /missing)",
        ),
        ([{"op": "test", "path": "", "value": 1}], "Operation 1 (test )"),
        ([{"op": "nonsense", "path": "/a"}], "Operation 1 (nonsense /a)"),
        (["add"], "Operation 1"),
        ([1], "Operation 1"),
        ([{}], "Operation 1"),
        ([{"op": "add"}], "Operation 1"),
        ([{"op": "add", "path": "a", "value": 1}], "Operation 1"),
        ([{"op": "add", "path": 5, "value": 1}], "Operation 1"),
        ([{"op": "add", "path": "/x"}], "Operation 1"),
        ([{"op": "copy", "path": "/x"}], "Operation 1"),
        ([{"op": "copy", "from": 5, "path": "/x"}], "Operation 1"),
        ([{"op": "copy", "from": "/none", "path": "/x"}], "Operation 1"),
        ([{"op": "copy", "from": "/l/-", "path": "/x"}], "Operation 1"),
        ([{"op": "add", "path": "/a/b", "value": 1}], "Operation 1"),
        ([{"op": "add", "path": "/l/9", "value": 1}], "Operation 1"),
        ([{"op": "add", "path": "/l/x", "value": 1}], "Operation 1"),
    ],
)
def test_a_json_patch_that_cannot_be_applied_says_which_operation_it_was(operations, words):
    with pytest.raises(PatchError) as caught:
        jsontext.apply_patch({"a": 1, "l": [1]}, operations)
    assert words in str(caught.value)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-3, 3) | st.sampled_from(["", "a", "/", "~", "-"]),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["a", "b", "op", "0", ""]), inner, max_size=3)
    ),
    max_leaves=8,
)
pointers = st.lists(st.sampled_from(["a", "b", "0", "-", "op", "01", "~", "~0", ""]), max_size=3).map(
    lambda parts: "".join(f"/{part}" for part in parts)
)
operations = st.fixed_dictionaries(
    {"op": st.sampled_from(["add", "remove", "replace", "move", "copy", "test"]), "path": pointers | json_values},
    optional={"value": json_values, "from": pointers | json_values},
)


@settings(max_examples=500)
@given(json_values, st.lists(operations | json_values, max_size=4))
def test_any_json_patch_is_applied_or_refused_in_plain_words(body, patch):
    before = jsontext.dumps(body)
    try:
        jsontext.dumps(jsontext.apply_patch(body, patch))
    except PatchError as error:
        assert str(error)  # noqa: PT017
    assert jsontext.dumps(body) == before


def test_a_patch_cannot_blow_a_small_body_up():
    doubling = [{"op": "copy", "from": "/a", "path": "/a/-"}] * 60
    with pytest.raises(PatchError, match="larger than"):
        jsontext.apply_patch({"a": ["x" * 1000]}, doubling)


def test_changes_are_a_merge_patch_a_json_patch_or_nothing():
    body = {"a": 1, "b": 2}
    assert jsontext.apply_changes(body, {"a": None}) == {"b": 2}
    assert jsontext.apply_changes(body, [{"op": "replace", "path": "/a", "value": None}]) == {"a": None, "b": 2}
    assert jsontext.apply_changes(body, None) == body
    assert jsontext.apply_changes(body, None) is not body
    with pytest.raises(PatchError, match="object"):
        jsontext.apply_changes(body, "a")


@given(texts, texts)
@example('{"a":1}', '{"a":1.0}')
@example('{"a":1}', '{"a":true}')
@example('{"a":[1,{"b":0}]}', '{"a":[1.0,{"b":false}]}')
def test_the_difference_as_a_json_patch_makes_the_new_body_to_the_letter(old, new):
    patch = jsontext.make_patch(jsontext.loads(old), jsontext.loads(new))
    assert written(jsontext.apply_patch(jsontext.loads(old), patch)) == written(jsontext.loads(new))
    if written(jsontext.loads(old)) == written(jsontext.loads(new)):
        assert patch == []


without_null = documents(numbers | st.sampled_from(["true", "false"]) | strings)


@given(without_null, without_null)
@example('{"a":1}', '{"a":1.0}')
@example('{"a":1}', '{"a":true}')
@example('{"a":{"b":1}}', '{"a":{"b":1,"c":{}}}')
@example('{"a":{"b":1}}', '{"a":{}}')
@example('{"a":[1]}', '{"a":{"b":2}}')
def test_the_difference_as_a_merge_patch_makes_the_new_body_to_the_letter(old, new):
    patch = jsontext.make_merge_patch(jsontext.loads(old), jsontext.loads(new))
    assert written(jsontext.merge_patch(jsontext.loads(old), patch)) == written(jsontext.loads(new))


def test_a_merge_patch_that_would_have_to_set_null_is_not_made():
    with pytest.raises(PatchError, match="null"):
        jsontext.make_merge_patch({"a": 1}, {"a": None})
    with pytest.raises(PatchError, match="null"):
        jsontext.make_merge_patch({}, {"a": {"b": None}})
    assert jsontext.make_merge_patch({"a": None, "l": 1}, {"a": None, "l": [None]}) == {"l": [None]}


def written(value):
    """The JSON text with members in order of their names: patches keep values, not the order of members."""
    if isinstance(value, dict):
        return "{" + ",".join(f"{json.dumps(key)}:{written(value[key])}" for key in sorted(value)) + "}"
    return f"[{','.join(map(written, value))}]" if isinstance(value, list) else jsontext.dumps(value)


LONG_STRINGS = '{"messages":[' + ",".join('"' + ("é" * 50 + "x" * 950 + "\\n") * 10 + '"' for _ in range(1000)) + "]}"
SMALL_NUMBERS = "[" + ",".join(random.Random(2).choices(["1", "1.50", "-0", "123456", "1e5"], k=200_000)) + "]"


@pytest.mark.parametrize("text", [LONG_STRINGS, SMALL_NUMBERS], ids=["ten megabytes of strings", "200,000 numbers"])
def test_a_big_body_is_read_and_written_within_two_seconds(text):
    began = time.process_time()
    assert jsontext.dumps(jsontext.loads(text)) == text
    assert time.process_time() - began < 12
