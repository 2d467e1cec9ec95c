"""Where a draft's requests go, and how: chosen, typed, undone, and never at the price of the prompt."""

import html
import json
import re

import pytest
from django.urls import reverse

from betaconsole.claude.endpoints import Endpoint
from betaconsole.drafts.columns import Column
from betaconsole.drafts.composing import NotReady, plan_inputs
from betaconsole.drafts.models import Draft, Engine, OwnBody
from betaconsole.drafts.starting import blank_body, from_comparison_parts
from betaconsole.runs.models import Comparison

from .desk import BODY, THINKING, Tab, a_draft, targets

pytestmark = pytest.mark.django_db
COUNT = "POST /v1/messages/count_tokens"
MESSAGES = "POST /v1/messages"
LONG = {**BODY, "system": [{"type": "text", "text": "x" * 4_000, "cache_control": {"type": "ephemeral"}}]}


@pytest.fixture
def tab(client, owner) -> Tab:
    return Tab(client, a_draft({**BODY, "stream": True}))


def text(answer) -> str:
    return html.unescape(answer.content.decode())


def page(tab: Tab) -> str:
    return text(tab.client.get(f"/?draft={tab.id}"))


def go(tab: Tab, known: str, **values: str):
    return tab.post("set_endpoint", known=known, **values)


def test_the_endpoint_stands_under_the_parameters_and_its_choice_opens(tab):
    assert "POST /v1/messages</span>" in page(tab)
    opened = tab.get("endpoint")
    assert targets(opened) == {"endpoint"}
    assert '<optgroup label="Files">' in text(opened)
    assert 'name="id-version"' in text(tab.get("endpoint", known="GET /v1/skills/{id}/versions/{version}"))
    assert 'name="path"' in text(tab.get("endpoint", known="other"))
    assert '<div id="endpoint" hidden>' in text(tab.get("close_endpoint", opened="endpoint"))


def test_a_request_without_a_body_keeps_the_prompt_and_gives_it_back(tab):
    before = tab.draft.body_text
    answer = go(tab, "GET /v1/models")
    assert "desk" in targets(answer)
    assert "This request has no body" in text(answer)
    assert 'id="parameter-model"' not in text(answer)
    composed = plan_inputs(tab.draft)
    assert composed.endpoint == Endpoint("GET", "/v1/models")
    assert (composed.body, composed.raw_body, composed.content_type, composed.stream) == (None, None, "", False)
    go(tab, MESSAGES)
    assert (tab.draft.body_text, tab.draft.messages_body) == (before, "")
    assert plan_inputs(tab.draft).stream is True


def test_what_a_body_without_use_is_wrong_with_stands_in_nobodys_way(client, owner):
    columns = [Column("a", changes_text="{"), Column("b", model="other", own_body="gone")]
    tab = Tab(client, a_draft(text="{ not json", columns=columns))
    go(tab, "GET /v1/models")
    assert "not JSON" not in page(tab)
    assert [(column.changes, column.own_body, column.model) for column in plan_inputs(tab.draft).columns] == [(None, None, "")] * 2  # fmt: skip


def test_the_body_for_messages_outlives_bodies_for_others(tab):
    before = tab.draft.body_text
    go(tab, COUNT)
    assert tab.draft.body_text == before
    tab.post("set_body", body='{"model": "counted"}')
    go(tab, "POST /v1/messages/batches")
    assert json.loads(tab.draft.body_text)["requests"][0]["params"] == BODY
    go(tab, MESSAGES)
    assert tab.draft.body_text == before
    tab.post("own_body", "b")
    tab.post("undo")
    tab.post("undo")
    assert (tab.draft.path, "requests" in tab.draft.body_text) == ("/v1/messages/batches", True)
    go(tab, MESSAGES)
    assert tab.draft.body_text == before


def test_another_id_of_the_same_endpoint_leaves_the_body_alone(tab):
    tab.post("set_endpoint", method="POST", path="/v1/made/up", known="other")
    assert tab.draft.body_text == "{}"
    tab.post("set_body", body='{"typed": 1.0}')
    tab.post("set_endpoint", method="PUT", path="/v1/made/up/2", known="other", query="a=b")
    assert tab.draft.body_text == '{"typed": 1.0}'
    assert str(plan_inputs(tab.draft).endpoint) == "PUT /v1/made/up/2?a=b"


def test_count_tokens_offers_to_drop_what_it_refuses(tab):
    assert "count_tokens refuses a body with max_tokens and stream." in text(go(tab, COUNT))
    answer = tab.post("drop_fields")
    assert {"body", "parameters"} <= targets(answer)
    assert "refuses a body" not in text(answer)
    assert list(json.loads(tab.draft.body_text)) == ["model", "messages"]
    assert 'id="parameter-max-tokens"' not in page(tab)
    assert 'id="parameter-model"' in page(tab)
    go(tab, MESSAGES)
    assert "max_tokens" in tab.draft.body_text


@pytest.mark.parametrize(
    "values",
    [{"known": "GET /v1/models/{id}"}, {"known": "GET /v1/models/{id}", "id-id": ".."}, {"method": "BREW", "path": "/v1/x"}, {"method": "GET", "path": "//evil.example/"},
     {"method": "GET", "path": "/v1/x#y"}, {"method": "GET", "path": "/v1/x", "query": "a b"}, {"method": "GET", "path": "/v1/x?key=sk-ant-api03-abcdefghij"}, {}],
)  # fmt: skip
def test_an_endpoint_that_cannot_be_is_refused_at_its_form(tab, values):
    answer = tab.post("set_endpoint", **values)
    assert (answer.status_code, targets(answer)) == (422, {"problem-endpoint"})
    assert tab.draft.endpoint == Endpoint.MESSAGES


def test_undo_goes_back_to_the_endpoint_before(tab):
    go(tab, COUNT)
    tab.post("set_body", body="{}")
    tab.post("undo")
    answer = tab.post("undo", view="json")
    assert "desk" in targets(answer)
    assert tab.draft.endpoint == Endpoint.MESSAGES
    assert 'name="view" value="form"' in answer.content.decode()


def test_a_stored_endpoint_that_leads_elsewhere_is_said_and_not_sent(tab):
    Draft.objects.update(path="/v1/../../x", method="GET")
    assert "a segment of dots" in page(tab)
    with pytest.raises(NotReady, match="segment of dots"):
        plan_inputs(tab.draft)


def test_deleting_asks_before_it_is_sent_and_says_what_columns_meet(tab):
    assert "data-asks" not in page(tab)
    go(tab, "DELETE /v1/files/{id}", **{"id-id": "file_1"})
    assert "data-asks" in page(tab)
    assert "DELETE cannot be taken back" in page(tab)
    assert "the others will not find it" in page(tab)


def test_a_delete_that_was_not_confirmed_is_asked_about_and_the_next_press_is_the_answer(tab):
    go(tab, "DELETE /v1/files/{id}", **{"id-id": "file_1"})
    press = {"draft": tab.id, "revision": tab.revision, "client_token": "t1"}
    asked = tab.client.post(reverse("runs:run"), press)
    assert asked.status_code == 422
    assert "Press Run once more" in text(asked)
    assert 'name="confirmed" value="on"' in text(asked)
    assert "data-asks" not in text(asked)
    assert not Comparison.objects.exists()
    assert tab.client.post(reverse("runs:run"), {**press, "confirmed": "on"}).status_code == 302
    assert Comparison.objects.get().path == "/v1/files/file_1"


def test_only_messages_are_saved_as_prompts(tab):
    go(tab, COUNT)
    answer = tab.post("save", name="Count")
    assert answer.status_code == 422
    assert "/v1/messages" in text(answer)


# How ------------------------------------------------------------------------------------------------------------------


def test_requests_go_out_live_unless_a_batch_is_asked_for(tab):
    assert plan_inputs(tab.draft).engine == Engine.LIVE
    answer = tab.post("set_engine", value="batch")
    assert "as a Message Batch" in text(answer)
    assert "more_gist" in targets(answer)
    assert plan_inputs(tab.draft).engine == Engine.BATCH
    assert tab.post("set_engine", value="pigeon").status_code == 422
    assert "more" in targets(tab.post("undo"))
    assert tab.draft.engine == Engine.LIVE


def test_a_batch_takes_no_turns_and_says_so_before_run(client, owner):
    tab = Tab(client, a_draft(tool_stubs=[{"tool": "look", "result": "x"}]))
    answer = tab.post("set_engine", value="batch")
    assert "answers each request once" in text(answer)
    with pytest.raises(NotReady, match="answers each request once"):
        plan_inputs(tab.draft)
    answer = tab.post("set_engine", value="live", fix="on")
    assert "answers each request once" not in text(answer)
    assert "more" in targets(answer)
    tab.post("remove_stub", index="0")
    tab.post("set_engine", value="batch")
    assert plan_inputs(tab.draft).engine == Engine.BATCH


def test_what_only_messages_know_is_not_sent_elsewhere(client, owner):
    stubs = [{"tool": "look", "result": "x"}]
    tab = Tab(client, a_draft(tool_stubs=stubs, max_turns=3, engine="batch", separate_caches=True))
    Draft.objects.update(engine="live")
    composed = plan_inputs(tab.draft)
    assert (composed.tool_stubs, composed.max_turns, composed.separate_caches) == (stubs, 3, True)
    Draft.objects.update(engine="batch")
    go(tab, COUNT)
    composed = plan_inputs(tab.draft)
    assert (composed.tool_stubs, composed.max_turns, composed.engine, composed.separate_caches) == ([], None, Engine.LIVE, False)  # fmt: skip
    assert tab.draft.tool_stubs == stubs


def test_columns_that_share_a_cached_prefix_are_offered_caches_of_their_own(client, owner):
    tab = Tab(client, a_draft(LONG, columns=[Column("a"), Column("b", betas=(THINKING,)), Column("c", model="other")]))
    shown = page(tab)
    assert "2 columns begin the same way, marked for caching" in shown
    assert "In A and B" in shown
    finding = re.search(r'"finding": "(\w+)"\}\'>Turn on separate caches', shown)[1]
    answer = tab.post("fix", finding=finding)
    assert "more" in targets(answer)
    assert "begin the same way" not in text(answer)
    assert plan_inputs(tab.draft).separate_caches is True
    assert "more_gist" in targets(tab.post("set_separate_caches"))
    assert tab.draft.separate_caches is False


@pytest.mark.parametrize(
    ("body", "columns"),
    [(LONG, [Column("a"), Column("b", changes_text='{"system": "other"}')]), (LONG, [Column("a")]), (BODY, [Column("a"), Column("b")]),
     ({**LONG, "system": "x" * 4000}, [Column("a"), Column("b")])],
)  # fmt: skip
def test_columns_that_share_no_cached_prefix_are_left_in_peace(client, owner, body, columns):
    assert "begin the same way" not in page(Tab(client, a_draft(body, columns=columns)))


# Request headers ------------------------------------------------------------------------------------------------------


def test_a_column_says_for_whom_it_asks(tab):
    answer = tab.post("set_column", "b", field="anthropic-workspace-id", value=" wrkspc_1 ")
    assert "anthropic-workspace-id: wrkspc_1" in text(answer)
    assert tab.draft.sheet[1].headers == (("anthropic-workspace-id", "wrkspc_1"),)
    tab.post("set_column", "b", field="anthropic-user-profile-id", value="p-2")
    column = plan_inputs(tab.draft).columns[1]
    assert column.headers == (("anthropic-user-profile-id", "p-2"), ("anthropic-workspace-id", "wrkspc_1"))
    assert "workspace-id wrkspc_1" in column.label
    assert "send the same request" not in page(tab)
    tab.post("duplicate_column", "b")
    assert tab.draft.sheet[2].headers == column.headers
    assert "B and C send the same request" in page(tab)
    tab.post("set_column", "b", field="anthropic-workspace-id", value="")
    assert tab.draft.sheet[1].headers == (("anthropic-user-profile-id", "p-2"),)


@pytest.mark.parametrize(("field", "value"), [("anthropic-workspace-id", "a b"), ("anthropic-workspace-id", "a\r\nb: c"), ("x-api-key", "x"), ("anthropic-workspace-id", "x" * 129)])  # fmt: skip
def test_a_header_that_cannot_be_sent_is_refused_at_its_field(tab, field, value):
    answer = tab.post("set_column", "b", field=field, value=value)
    assert answer.status_code == 422
    assert tab.draft.sheet[1].headers == ()


def test_the_bodies_put_aside_are_kept_once_and_swept(tab):
    for _ in range(3):
        go(tab, COUNT)
        go(tab, MESSAGES)
    assert OwnBody.objects.count() == 1


def test_a_comparison_of_another_endpoint_opens_with_a_prompt_to_come_back_to(client, owner):
    text = '{"requests": []}'
    draft = from_comparison_parts(
        owner.team, owner.user, body_text=text, columns=[Column("a")], version="2026-10-21", repeats=1, connection=None,
        endpoint=Endpoint("POST", "/v1/messages/batches"),
    )  # fmt: skip
    tab = Tab(client, draft)
    assert tab.draft.body_text == text
    go(tab, MESSAGES)
    assert tab.draft.body_text == blank_body()
