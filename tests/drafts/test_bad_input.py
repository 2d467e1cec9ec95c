"""Whatever is posted to the composer gets a clear answer, and never a crash."""

import pytest
from django.urls import reverse
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from betaconsole.drafts import urls
from betaconsole.drafts.columns import Column
from betaconsole.drafts.composing import NotReady, plan_inputs
from betaconsole.drafts.models import Draft

from .desk import CONTEXT, THINKING, Tab, a_draft

pytestmark = pytest.mark.django_db
NASTY = st.sampled_from(
    ["", "a", "b", "on", "0", "-1", "99999999", "²", "\x00", "a\r\nb", "\u2028", "😀", "x" * 5000, THINKING, CONTEXT, "form", "json",
     "\u202e", "👩\u200d🚀", "Z\u0301\u0328\u0353", "name", "model", "baseline", "stream", "max_tokens", "/system", "/messages/0/content", "/messages/0", "left", '{"a": 1', "[]", "null",
     '{"max_tokens": null}', '[{"op": "add", "path": "/tools", "value": []}]', '[{"op": "test", "path": "/nope", "value": NaN}]', "[" * 3000,
     '{"betas": [1, null, "a-2025-01-01"]}', '{"betas": {"a": 1}}', '{"messages": "no"}', '{"messages": [[], {"content": [null, {"type": 1}]}]}',
     '{"system": [{"type": "text", "text": 5}], "messages": [{}]}', "curl x -d '{'", "curl x -H 'anthropic-beta: a-2025-01-01' -d '{}'", "<b>",
     "tool", "match", "exact", "answer", "delay", "result", "error", "batch", "POST /v1/messages", "POST /v1/messages/count_tokens",
     "POST /v1/messages/batches", "GET /v1/models/{id}", "DELETE", "GET", "/v1/x?y=1", "/../x", "anthropic-workspace-id", "tools", "endpoint",
     "file_abc", "image/png", "0" * 32, "/messages/0/content/0"]
)  # fmt: skip
FIELDS = (
    "column",
    "beta",
    "on",
    "exact",
    "to",
    "field",
    "value",
    "name",
    "changes",
    "body",
    "text",
    "path",
    "role",
    "index",
    "request",
    "off",
    "as_new",
    "tool",
    "kind",
    "schema",
    "description",
    "known",
    "method",
    "query",
    "id-id",
    "opened",
    "key",
    "digest",
    "file_id",
    "media_type",
)
FORMS = st.dictionaries(st.sampled_from(FIELDS), NASTY, max_size=5)
ASKED_FOR = {"new", "show", "switch_view", "search", "column", "close_column", "tools", "close_tools", "endpoint", "close_endpoint", "file", "whole_body", "palette", "presets"}  # fmt: skip
EDITS = [pattern.name for pattern in urls.urlpatterns if pattern.name not in ASKED_FOR]
ANSWERS = {200, 404, 409, 422}


def post(tab: Tab, edit: str, values: dict[str, str]) -> int:
    key = ("b",) if "key" in str(next(p.pattern for p in urls.urlpatterns if p.name == edit)) else ()
    return tab.post(edit, *key, **values).status_code


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(st.sampled_from(EDITS), FORMS), min_size=1, max_size=6))
def test_b13_any_sequence_of_nasty_edits_is_answered_and_leaves_a_page(client, owner, edits):
    Draft.objects.all().delete()
    tab = Tab(client, a_draft(columns=[Column("a"), Column("b", betas=(CONTEXT,)), Column("c")]))
    for edit, values in edits:
        assert post(tab, edit, values) in ANSWERS
    assert client.get(f"/?draft={tab.id}").status_code == 200
    for view in ("form", "json"):
        assert tab.get("switch_view", to=view).status_code == 200
    try:
        plan_inputs(tab.draft)
    except NotReady as refusal:
        assert all(problem.message for problem in refusal.problems)  # noqa: PT017


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(NASTY)
def test_b13_any_search_is_answered(client, owner, typed):
    Draft.objects.all().delete()
    tab = Tab(client, a_draft())
    assert tab.get("search", beta=typed).status_code == 200
    assert client.post(reverse("drafts:new"), {"request": typed}).status_code in (302, 422)
