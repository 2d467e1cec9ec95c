"""Counting tokens from the composer: asked once for equal requests, kept, and never shown for what was not counted."""

import html
import json
import re

import pytest
from django.test import Client
from django.urls import reverse

from betaconsole.drafts import case_sets
from betaconsole.drafts.columns import Column
from betaconsole.drafts.models import Draft, TokenCount
from betaconsole.runs.models import Comparison, Exchange
from betaconsole.runs.sending.waiting import wait_while_running
from betaconsole.teams.solo import set_up_solo
from tests.drafts.desk import BODY, CONTEXT, THINKING, Tab, a_draft
from tests.runs.engines import connection_to, running
from tests.upstream import Upstream, answer, read, send

pytestmark = pytest.mark.django_db(transaction=True)

EDITS = {"context_management": {"edits": [{"type": "clear_tool_uses_20250919"}]}}


@pytest.fixture
def ann(transactional_db: None):
    return set_up_solo()


def counted(tab: Tab) -> str:
    """What the page shows once Count tokens was pressed and all it asked has been answered."""
    page = html.unescape(tab.client.post(reverse("runs:count_tokens"), {"draft": tab.id}).content.decode())
    while following := re.search(r'hx-(get|post)="([^"]*count-tokens/[^"]*)"[^>]*hx-trigger', page):
        if following[1] == "get":
            wait_while_running(Comparison.objects.order_by("-pk")[0], timeout_s=120)
            answered = tab.client.get(following[2])
        else:
            answered = tab.client.post(following[2], json.loads(re.search(r"hx-vals='([^']+)'", page)[1]))
        page = html.unescape(answered.content.decode())
    return page


def rows(page: str) -> list[list[str]]:
    """The cells of the two rows, as written."""
    foot = page[page.index('<tfoot id="costs"') :]
    found = [re.findall(r"<td>([^<]*)</td>", row) for row in foot[: foot.index("</tfoot>")].split("<tr")]
    return [row for row in found if row]


def shown(tab: Tab) -> str:
    return html.unescape(tab.client.get("/", {"draft": tab.id}).content.decode())


def asked() -> list[Exchange]:
    return list(Exchange.objects.order_by("pk").select_related("request_body"))


def test_equal_requests_are_counted_once_and_what_is_not_counted_is_left_out(client: Client, ann):
    columns = [Column("a"), Column("b", betas=(THINKING,)), Column("c", changes_text='{"max_tokens": 5}')]
    tab = Tab(client, a_draft({**BODY, "temperature": 1, "metadata": {"user_id": "x"}}, columns))
    with running():
        page = counted(tab)
    sent = [json.loads(exchange.request_body.data) for exchange in asked()]
    assert sent == [{"model": BODY["model"], "messages": BODY["messages"]}] * 2
    assert [dict(map(tuple, one.request_headers)).get("anthropic-beta") for one in asked()] == [None, THINKING]
    tokens = str(asked()[0].input_tokens)
    assert rows(page)[0] == [tokens, tokens, tokens]
    assert "≈" not in page
    assert rows(shown(tab)) == rows(page)
    assert Comparison.objects.get().is_errand


def test_a_count_holds_until_the_body_changes_and_again_once_that_is_undone(client: Client, ann):
    tab = Tab(client, a_draft(columns=[Column("a")]))
    with running():
        tokens = rows(counted(tab))[0]
        other = html.unescape(tab.post("set_text", path="/messages/0/content", text="Hello, world").content.decode())
        assert rows(other)[0][0].startswith("≈ ")
        assert "edited since they were counted" in other
        assert "At most about $" in other
        assert rows(html.unescape(tab.post("undo").content.decode()))[0] == tokens
        assert (
            rows(html.unescape(tab.post("set_parameter", name="max_tokens", value="9").content.decode()))[0] == tokens
        )
        assert counted(tab)
    assert len(asked()) == 1
    connection = connection_to(ann, "https://example.com")
    switched = html.unescape(tab.post("set_connection", value=connection.public_id).content.decode())
    assert rows(switched)[0] != tokens


def test_another_draft_with_the_same_request_is_not_asked_about_again(client: Client, ann):
    with running():
        counted(Tab(client, a_draft(columns=[Column("a")])))
        again = Tab(client, a_draft(columns=[Column("a")]))
        assert "≈" not in counted(again)
    assert len(asked()) == 1


def test_a_beta_that_count_tokens_refuses_is_left_out_and_said(client: Client, ann):
    columns = [Column("a"), Column("b", betas=("made-up-2020-01-01", CONTEXT))]
    tab = Tab(client, a_draft({**BODY, **EDITS}, columns))
    with running():
        page = counted(tab)
    assert rows(page)[0][0].startswith("≈ ")  # refused: the field needs its beta
    assert re.fullmatch(r"\d+\*", rows(page)[0][1])
    assert "B</b> count_tokens refuses made-up-2020-01-01: * is counted without." in page
    assert "A</b> count_tokens answered 400 (invalid_request_error): context_management" in page
    assert dict(map(tuple, asked()[-1].request_headers))["anthropic-beta"] == CONTEXT


def test_an_error_is_told_in_words_and_not_remembered_as_a_count(client: Client, ann):
    said = json.dumps({"type": "error", "error": {"type": "authentication_error", "message": "invalid x-api-key"}})
    tab = Tab(client, a_draft())
    with Upstream([read(), send(answer(said.encode(), 401))]) as upstream, running():
        Draft.objects.update(connection=connection_to(ann, upstream.url))
        page = counted(tab)
    assert "count_tokens answered 401 (authentication_error): invalid x-api-key" in page
    assert rows(page)[0][0].startswith("≈ ")
    assert not TokenCount.objects.exists()


@pytest.mark.parametrize(
    "body",
    [b"[]", b"{}", b'{"input_tokens": "5"}', b'{"input_tokens": -5}', b'{"input_tokens": 1e400}', b"\xff", b"[" * 9000],
)
def test_whatever_count_tokens_answers_no_wrong_number_is_shown(client: Client, ann, body: bytes):
    tab = Tab(client, a_draft(columns=[Column("a")]))
    with Upstream([read(), send(answer(body))]) as upstream, running():
        Draft.objects.update(connection=connection_to(ann, upstream.url))
        page = counted(tab)
    assert rows(page)[0][0].startswith("≈ ")
    assert not TokenCount.objects.exists()


def test_a_far_end_that_refuses_names_nobody_sent_is_asked_once(client: Client, ann):
    message = "Unexpected value(s) `<b>x</b>`, `never-sent-2020-01-01` for the `anthropic-beta` header."
    said = json.dumps({"type": "error", "error": {"type": "invalid_request_error", "message": message}})
    tab = Tab(client, a_draft(columns=[Column("a", betas=(THINKING,))]))
    with Upstream([read(), send(answer(said.encode(), 400))]) as upstream, running():
        Draft.objects.update(connection=connection_to(ann, upstream.url))
        tab.client.post(reverse("runs:count_tokens"), {"draft": tab.id})
        errand = Comparison.objects.get()
        wait_while_running(errand, timeout_s=120)
        address = reverse("runs:counting_tokens", args=[errand.public_id])
        page = tab.client.get(address, {"draft": tab.id}).content.decode()
    assert len(asked()) == 1
    assert "count_tokens answered 400" in page
    assert "<b>x</b>" not in page


def test_recorded_requests_are_summed_and_those_past_the_limit_estimated(client: Client, ann):
    tab = Tab(client, a_draft(columns=[Column("a"), Column("b", model="claude-opus-5-5")]))
    bodies = [(str(n), json.dumps({**BODY, "messages": [{"role": "user", "content": "x" * n}]})) for n in range(1, 21)]
    case_sets.add_bodies(tab.draft, bodies, source="calls.jsonl", is_trace=False)
    before = shown(tab)
    assert rows(before) == [["—", "—"], ["—", "—"]]
    assert "What recorded requests cost shows once their tokens are counted." in before
    with running():
        first = counted(tab)
        assert "of 20 requests are estimated: count again to count more of them." in first
        assert rows(first)[0][1].startswith("≈ ")
        page = counted(tab)
    assert len(asked()) == 40
    assert "≈" not in page
    assert rows(page)[0][0] == str(sum(one.input_tokens for one in asked() if one.model == BODY["model"]))
    assert rows(page)[1][0].startswith("$")


def test_what_keeps_a_draft_from_being_counted_is_said(client: Client, ann, settings):
    tab = Tab(client, a_draft(text="{not json"))
    assert "The body is not JSON" in counted(tab)
    Draft.objects.update(body_text=json.dumps(BODY))
    settings.SENDING_ENABLED = False
    assert "Sending is switched off" in counted(tab)
    Draft.objects.update(connection=None)
    assert "The connection this draft used is gone" in counted(tab)
    assert not asked()


def test_only_the_drafts_author_counts_and_only_errands_are_looked_at(client: Client, ann, eve):
    tab = Tab(client, a_draft(columns=[Column("a")]))
    with running():
        counted(tab)
    address = reverse("runs:counting_tokens", args=[Comparison.objects.get().public_id])
    assert client.get(address, {"draft": tab.id, "without": 'x"><script>'}).status_code == 400
    Comparison.objects.update(is_errand=False)
    assert client.get(address, {"draft": tab.id}).status_code == 400
    Draft.objects.update(author=eve)
    assert client.post(reverse("runs:count_tokens"), {"draft": tab.id}).status_code == 404
    assert client.get(address, {"draft": tab.id}).status_code in (400, 404)
