"""`{{variables}}` in a body, and what is said of them."""

import pytest

from betaconsole.library.names import BadName, tags_of
from betaconsole.library.patches import BadPatch, checked_patch
from betaconsole.library.reading import readable, searchable_words
from betaconsole.library.variables import (
    Variable,
    VariableError,
    read_described,
    variables_in_text,
    variables_of,
    written,
)

TEXT = '{"system": "For {{ country }}.", "messages": [{"role": "user", "content": [{"type": "text", "text": "{{year}} {{country}} {{1}} {{}}"}]}]}'


def test_variables_are_found_in_every_string_once_and_in_order():
    assert variables_in_text(TEXT) == ["country", "year"]
    assert variables_in_text("{ {{not}} json") == []


def test_what_is_said_of_a_variable_stays_with_the_bodies_that_have_it():
    said = [{"name": "year", "default": "1990"}, {"name": "gone", "default": "x"}, {"name": "country"}]
    assert written(said, TEXT) == [{"name": "year", "default": "1990"}]
    assert variables_of(["country", "year"], said) == [Variable("country"), Variable("year", default="1990")]


@pytest.mark.parametrize(
    ("value", "place"),
    [
        ({}, "variables"),
        ([1], "variables.0"),
        ([{"name": "a b"}], "variables.0.name"),
        ([{"name": "a", "default": 1}], "variables.0.default"),
        ([{"name": "a", "description": "x" * 501}], "variables.0.description"),
        ([{"name": "a", "more": ""}], "variables.0.more"),
    ],
)
def test_what_cannot_be_said_names_its_place(value, place):
    with pytest.raises(VariableError) as refused:
        read_described(value)
    assert refused.value.place == place


def test_a_body_is_read_with_its_line_breaks():
    text = '{"model": "m", "max_tokens": 1.0, "system": "One\\nTwo", "messages": [{"role": "user", "content": "Hi"}]}'
    assert readable(text) == 'model: "m"\nmax_tokens: 1.0\n\n— system —\nOne\nTwo\n\n— user —\nHi'
    assert readable("{ broken") == "{ broken"
    assert searchable_words('{"system": "Ärger \\u0000"}') == "— system —\närger \ufffd"


@pytest.mark.parametrize("text", ["[]", "{", '"x"', '{"betas": []}', '{"a": NaN}'])
def test_a_patch_that_no_column_could_use_is_refused(text):
    with pytest.raises(BadPatch):
        checked_patch(text)


def test_a_patch_is_kept_as_it_was_typed():
    assert checked_patch(' {"temperature": 1.0, "top_k": null}\n') == '{"temperature": 1.0, "top_k": null}'
    assert checked_patch("  ") == ""


def test_tags_are_words_between_commas():
    assert tags_of(" Support, support ,,\tbilling\n") == ["support", "billing"]
    for text in ("x" * 41, ",".join(map(str, range(21)))):
        with pytest.raises(BadName):
            tags_of(text)
