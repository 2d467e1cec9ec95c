"""The prompt in the composer: a form and JSON, two views of one document."""

import html
import json

import pytest

from betaconsole.drafts.models import Step

from .desk import BODY, Tab, a_draft, targets

pytestmark = pytest.mark.django_db
SPELLED = '{"model": "m", "max_tokens": 1e3, "n": 12345678901234567890123, "messages": [{"role": "user", "content": "Hi", "x": 1.0}]}'
MEGABYTE = 1024 * 1024


@pytest.fixture
def tab(client, owner) -> Tab:
    return Tab(client, a_draft(text=SPELLED))


def text(answer) -> str:
    return html.unescape(answer.content.decode())


def test_typing_a_text_changes_only_its_place(tab):
    answer = tab.post("set_text", path="/messages/0/content", text='Say "é"\r\nplease')
    body = tab.draft.body_text
    assert json.loads(body)["messages"][0]["content"] == 'Say "é"\nplease'
    for spelling in ("1e3", "12345678901234567890123", '"x":1.0'):
        assert spelling in body
    assert "body" not in targets(answer)


def test_a_system_prompt_begins_where_there_was_none(tab):
    tab.post("set_text", path="/system", text="Be brief.")
    assert list(json.loads(tab.draft.body_text)) == ["model", "max_tokens", "n", "system", "messages"]


@pytest.mark.parametrize(
    "path", ["/messages/0/role", "/messages/9/content", "/model", "", "/messages/0/content/0/text", "/x" * 500]
)
def test_only_texts_that_the_form_shows_can_be_typed_into(tab, path):
    answer = tab.post("set_text", path=path, text="x")
    assert answer.status_code == 422
    assert tab.draft.body_text == SPELLED


def test_messages_are_added_given_roles_and_removed(tab):
    assert {"body", "parameters"} <= targets(tab.post("add_message"))
    tab.post("set_role", index=1, role="system")
    assert [message["role"] for message in json.loads(tab.draft.body_text)["messages"]] == ["user", "system"]
    tab.post("remove_message", index=0)
    assert [message["role"] for message in json.loads(tab.draft.body_text)["messages"]] == ["system"]
    assert tab.post("remove_message", index=7).status_code == 422
    assert tab.post("remove_message", index="x").status_code == 422


@pytest.mark.parametrize(
    ("name", "value", "written"),
    [("model", "claude-opus-5", '"model":"claude-opus-5"'), ("max_tokens", "64", '"max_tokens":64,'),
     ("max_tokens", "1.50", '"max_tokens":1.50,'), ("stream", "on", '"stream":true')],
)  # fmt: skip
def test_parameters_are_written_as_typed(tab, name, value, written):
    tab.post("set_parameter", name=name, value=value)
    assert written in tab.draft.body_text
    assert tab.draft.facts["model"] == json.loads(tab.draft.body_text)["model"]


def test_an_empty_limit_is_taken_out_and_an_unset_stream_switched_off(tab):
    tab.post("set_parameter", name="max_tokens", value="")
    tab.post("set_parameter", name="stream")
    assert set(json.loads(tab.draft.body_text)) == {"model", "n", "messages"}
    tab.post("set_parameter", name="stream", value="on")
    tab.post("set_parameter", name="stream")
    assert json.loads(tab.draft.body_text)["stream"] is False


@pytest.mark.parametrize("value", ["many", "true", "[1]", "NaN", "1e", "Infinity"])
def test_a_limit_that_is_no_number_is_refused_at_its_field(tab, value):
    answer = tab.post("set_parameter", name="max_tokens", value=value)
    assert (answer.status_code, targets(answer)) == (422, {"problem-max_tokens"})
    assert tab.draft.body_text == SPELLED


def test_b14_json_is_kept_as_typed_even_where_it_does_not_parse(tab):
    answer = tab.post("set_body", body='{\n  "model": oops', view="json")
    assert answer.status_code == 200
    assert tab.draft.body_text == '{\n  "model": oops'
    assert "line 2, column 12" in text(answer)
    page = text(tab.client.get(f"/?draft={tab.id}"))
    assert '"model": oops</textarea>' in page
    form = text(tab.get("switch_view", to="form", view="json"))
    assert "does not parse (line 2, column 12" in form
    assert "<select" not in form


@pytest.mark.parametrize(
    ("typed", "said"),
    [('{"a": NaN}', "NaN"), ('{"a": 1, "a": 2}', "twice"), ("[" * 100_000, "levels deep"), ('{"a":' * 200 + "1" + "}" * 200, "levels deep"),
     ("[]", "object"), ("", "line 1"), ("\x00", "line 1"), ('"\\ud800"', "object")],
)  # fmt: skip
def test_b14_every_kind_of_bad_json_gets_a_plain_answer(tab, typed, said):
    answer = tab.post("set_body", body=typed, view="json")
    assert answer.status_code == 200
    assert said in text(answer)
    assert tab.draft.body_text == typed
    for view in ("form", "json"):
        assert tab.get("switch_view", to=view).status_code == 200
    assert tab.client.get(f"/?draft={tab.id}").status_code == 200


def test_switching_views_loses_nothing(tab):
    odd = '{"system": [{"type": "text", "text": "a\\r\\nb"}],\n\n "unknown": {"deep": [1.00, "\\u0000", "\\ud800"]}, "messages": []}'
    tab.post("set_body", body=odd, view="json")
    for view in ("form", "json", "form"):
        tab.get("switch_view", to=view)
    assert tab.draft.body_text == odd
    tab.post("set_parameter", name="model", value="m")
    assert all(spelling in tab.draft.body_text for spelling in ("1.00", "\\u0000", "\\ud800", "a\\r\\nb"))


def test_a_text_keeps_the_empty_line_it_begins_with(tab):
    tab.post("set_text", path="/messages/0/content", text="\n\nHi")
    assert ">\n\n\nHi</textarea>" in tab.client.get(f"/?draft={tab.id}").content.decode()


def test_hostile_text_is_escaped(tab):
    hostile = "</textarea><script>alert(1)</script>"
    for path in ("/messages/0/content", "/system"):
        tab.post("set_text", path=path, text=hostile)
    tab.post("set_title", value=hostile)
    tab.post("set_column", "b", field="name", value=hostile)
    for page in (tab.client.get(f"/?draft={tab.id}"), tab.get("column", "b"), tab.get("switch_view", to="json")):
        assert "<script>alert" not in page.content.decode()


def test_b14_a_body_of_ten_megabytes_works_and_its_view_is_cut(tab):
    body = json.dumps({**BODY, "system": "y" * 10 * MEGABYTE})
    assert tab.post("set_body", body=body, view="json").status_code == 200
    for view in ("form", "json"):
        assert len(tab.get("switch_view", to=view).content) < 40_000
    assert len(tab.get("switch_view", to="json", whole="on").content) > 10 * MEGABYTE
    assert len(tab.client.get(f"/?draft={tab.id}").content) < 80_000
    tab.post("set_text", path="/messages/0/content", text="changed")
    tab.post("undo")
    assert tab.draft.body_text == body


def test_b12_a_body_over_the_limit_is_refused_naming_it(tab):
    answer = tab.post("set_body", body='"' + "z" * (32 * MEGABYTE) + '"', view="json")
    assert (answer.status_code, targets(answer)) == (422, {"problem-body"})
    assert "33,554,432 (32 MB)" in text(answer)
    assert tab.draft.body_text == SPELLED


def test_betas_in_a_body_are_explained_and_moved_with_one_click(tab):
    answer = tab.post("set_body", body='{"betas": ["a-2025-01-01"], "n": 1.0, "messages": []}', view="json")
    assert "not part of the body" in text(answer)
    assert "Move to column A" in text(answer)
    moved = tab.post("move_betas", view="json")
    assert tab.draft.body_text == '{"n":1.0,"messages":[]}'
    assert tab.draft.sheet[0].betas == ("a-2025-01-01",)
    assert "not part of the body" not in text(moved)


def test_a_malformed_name_among_betas_in_a_body_moves_nothing(tab):
    tab.post("set_body", body='{"betas": ["Not A Beta"]}', view="json")
    answer = tab.post("move_betas")
    assert answer.status_code == 422
    assert "'Not A Beta'" in text(answer)
    assert tab.draft.body_text == '{"betas": ["Not A Beta"]}'


def test_typing_on_is_one_step_to_undo(tab):
    for typed in ("a", "ab", "abc"):
        tab.post("set_text", path="/messages/0/content", text=typed)
    assert Step.objects.count() == 1
    tab.post("undo")
    assert tab.draft.body_text == SPELLED


@pytest.mark.parametrize(
    ("typed", "said"),
    [('{"model": ', "It is kept as typed."), ("[]", "A request body is a JSON object: { … }. It is kept as typed.")],
)
def test_while_a_body_cannot_be_sent_nothing_is_said_about_what_columns_send(tab, typed, said):
    assert "A and B send the same request so far." in html.unescape(tab.post("set_title", value="x").content.decode())
    answer = html.unescape(tab.post("set_body", body=typed).content.decode())
    assert said in answer
    assert "The body is not JSON: line 1" in answer
    assert "same request" not in answer
