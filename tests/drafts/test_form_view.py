"""The body as a form shows it."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from betaconsole.claude import jsontext
from betaconsole.drafts.document import put, read_path
from betaconsole.drafts.form_view import LONGEST_TEXT, MOST_MESSAGES, form_view

JSON = st.recursive(
    st.none() | st.booleans() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["type", "text", "role", "content", "messages", "system", "x"]), inner, max_size=4
        )
    ),
    max_leaves=12,
)
BODIES = st.fixed_dictionaries(
    {}, optional=dict.fromkeys(("model", "max_tokens", "messages", "system", "stream", "x"), JSON)
)


def paths(body: dict[str, Any]) -> set[str]:
    return form_view(body).paths


def test_plain_strings_can_be_typed_into():
    body = {"system": "s", "messages": [{"role": "user", "content": "c"}]}
    assert paths(body) == {"/system", "/messages/0/content"}


def test_a_missing_system_is_a_text_to_be_begun():
    assert form_view({}).system[0].path == "/system"


def test_text_blocks_can_be_typed_into_and_say_what_else_they_hold():
    body = {"system": [{"type": "text", "text": "s", "cache_control": {"type": "ephemeral"}}], "messages": []}
    part = form_view(body).system[0]
    assert (part.path, part.hint) == ("/system/0/text", "text block with cache_control")


def test_other_blocks_are_summaries_with_a_label():
    tool = {"type": "tool_use", "id": "t", "name": "lookup", "input": {"a": 1}}
    body = {"messages": [{"role": "assistant", "content": [{"type": "text", "text": "x"}, tool]}]}
    first, second = form_view(body).messages[0].parts
    assert first.path == "/messages/0/content/0/text"
    assert (second.path, second.label) == ("", "tool_use")
    assert "lookup" in second.text


def test_what_a_text_area_would_change_is_edited_in_json():
    for text in ("a\r\nb", "a\x00b", "a\ud800b", "x" * (LONGEST_TEXT + 1)):
        assert paths({"system": text, "messages": []}) == set()
    assert paths({"system": "a\n\u2028\x0b\ufeffb", "messages": []}) == {"/system"}


def test_a_crowd_of_messages_is_cut_and_counted():
    form = form_view({"messages": [{"role": "user", "content": "x"}] * (MOST_MESSAGES + 3)})
    assert (len(form.messages), form.messages_left_out) == (MOST_MESSAGES, 3)


def test_numbers_are_shown_as_spelled_and_other_fields_are_named():
    form = form_view(jsontext.loads('{"max_tokens": 1e3, "thinking": {"type": "adaptive"}, "tools": [1, 2], "n": 1.0}'))
    assert form.max_tokens == "1e3"
    assert form.others == (("thinking", "adaptive"), ("n", "1.0"))


def test_an_unknown_role_is_offered_beside_the_known_ones():
    assert form_view({"messages": [{"role": "critic", "content": ""}]}).messages[0].roles[-1] == "critic"


@given(BODIES)
def test_any_body_has_a_form_and_every_text_in_it_is_where_it_says(body):
    form = form_view(body)
    for part in (*form.system, *(part for message in form.messages for part in message.parts)):
        if part.path:
            put(body, read_path(part.path), part.text + "!")
            (part.text + "!").encode()
