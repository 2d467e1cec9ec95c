"""A draft as a whole: begin one, paste into it, save from it, take steps back."""

import html
import json
import re
from urllib.parse import parse_qs, urlsplit

import pytest
from django.urls import reverse

from betaconsole.drafts.columns import Column
from betaconsole.drafts.context import Composer
from betaconsole.drafts.models import Draft, OwnBody
from betaconsole.drafts.starting import blank_body
from betaconsole.library.models import Combination, Prompt
from betaconsole.teams.keys import keep_key, remove_key
from betaconsole.teams.models import Connection

from .desk import ADVISOR, BODY, COMPACT, CONTEXT, THINKING, Tab, a_draft, targets

pytestmark = pytest.mark.django_db
KEY = "sk-ant-api03-canary-canary-canary-canary-1234"
CURL = f"""curl https://api.anthropic.com/v1/messages -H "x-api-key: {KEY}" -H 'anthropic-version: 2023-06-01' \\
  -H 'anthropic-beta: {THINKING}' -H 'x-custom: 1' -d '{json.dumps(BODY)}'"""


@pytest.fixture
def tab(client, owner) -> Tab:
    return Tab(client, a_draft(columns=[Column("a", betas=(CONTEXT,)), Column("b", betas=(CONTEXT,))]))


def text(answer) -> str:
    return html.unescape(answer.content.decode())


def started(client, **values) -> Draft:
    answer = client.post(reverse("drafts:new"), values)
    assert answer.status_code == 302
    return Draft.objects.get(public_id=parse_qs(urlsplit(answer.url).query)["draft"][0])


def a_key(owner) -> Connection:
    return keep_key(KEY, team=owner.team, author=owner.user, name="Mine", base_url="https://api.anthropic.com")


def test_the_first_page_opens_an_empty_composer_and_the_next_the_same_one(client, owner):
    client.get("/")
    client.get("/")
    draft = Draft.objects.get()
    assert [column.betas for column in draft.sheet] == [(), ()]
    assert json.loads(draft.body_text)["stream"] is True


def test_an_example_always_goes_to_the_simulator(client, owner):
    a_key(owner)
    draft = started(client, example="wrong-header")
    assert draft.connection.is_simulator
    assert draft.title
    assert len(draft.columns) >= 2
    assert started(client).connection.name == "Mine"
    assert client.post(reverse("drafts:new"), {"example": "no-such"}).status_code == 404


def test_a_pasted_request_becomes_the_prompt_and_column_a_and_the_others_stay(tab):
    answer = tab.post("paste", request=CURL)
    draft = tab.draft
    assert (draft.body_text, draft.version) == (json.dumps(BODY), "2023-06-01")
    assert [column.betas for column in draft.sheet] == [(THINKING,), (CONTEXT,)]
    assert THINKING in draft.rows
    assert {"notice", "body", "parameters", "matrix", "prompt", "question"} <= targets(answer)
    assert "There was an x-api-key header in it. It was dropped." in text(answer)
    assert "x-custom" in text(answer)
    assert KEY not in text(answer)


def test_pasting_replaces_the_rows_by_those_that_are_ticked(tab):
    tab.post("add_row", beta=COMPACT)
    tab.post("tick", column="b", beta=COMPACT)
    tab.post("paste", request=CURL.replace(THINKING, ADVISOR))
    assert [row.name.full for row in Composer(tab.draft).rows] == [CONTEXT, ADVISOR]
    tab.post("paste", request=CURL)
    assert [row.name.full for row in Composer(tab.draft).rows] == [CONTEXT, THINKING]


def test_a_key_in_a_pasted_request_is_stored_nowhere(tab):
    tab.post("paste", request=CURL.replace('"Hello"', f'"My key is {KEY}"'))
    draft = tab.draft
    stored = [draft.body_text, draft.columns, draft.facts, *draft.steps.values_list("body_before", "before", "what")]
    assert KEY not in repr(stored)


def test_a_pasted_request_to_another_endpoint_takes_the_draft_there_and_undo_brings_it_back(tab):
    before = tab.draft.body_text
    answer = tab.post(
        "paste", request="curl 'https://api.anthropic.com/v1/models?limit=2' -H 'anthropic-workspace-id: w1'"
    )
    assert "desk" in targets(answer)
    assert "It asks GET /v1/models" in re.sub("<[^>]+>", "", text(answer))
    draft = tab.draft
    assert (str(draft.endpoint), draft.body_text) == ("GET /v1/models?limit=2", before)
    assert draft.sheet[0].headers == (("anthropic-workspace-id", "w1"),)
    tab.post("paste", request='{"model": "m"}')
    assert (str(tab.draft.endpoint), tab.draft.body_text) == ("POST /v1/messages", '{"model": "m"}')
    tab.post("paste", request="curl https://api.anthropic.com/v1/messages/count_tokens -d '{}'")
    assert (tab.draft.path, tab.draft.body_text) == ("/v1/messages/count_tokens", "{}")
    for _ in range(3):
        tab.post("undo")
    assert (str(tab.draft.endpoint), tab.draft.body_text) == ("POST /v1/messages", before)


def test_undoing_a_paste_brings_everything_back(tab):
    before = Draft.objects.values("body_text", "columns", "version", "rows", "facts").get()
    tab.post("paste", request=CURL)
    tab.post("undo")
    assert Draft.objects.values("body_text", "columns", "version", "rows", "facts").get() == before


def test_what_cannot_be_read_is_refused_and_nothing_changes(tab):
    answer = tab.post("paste", request="Dear API, please answer.")
    assert (answer.status_code, targets(answer)) == (422, {"problem-paste"})
    assert tab.draft.revision == 1


def test_a_request_can_be_pasted_without_javascript(client, owner):
    draft = started(client, request=CURL)
    assert (draft.sheet[0].betas, draft.rows) == ((THINKING,), [THINKING])
    assert client.post(reverse("drafts:new"), {"request": "nothing"}).status_code == 422
    assert Draft.objects.count() == 1
    batch = {"requests": []}
    draft = started(client, request=f"curl https://api.anthropic.com/v1/messages/batches -d '{json.dumps(batch)}'")
    assert (draft.path, json.loads(draft.body_text)) == ("/v1/messages/batches", batch)
    assert OwnBody.objects.get(digest=draft.messages_body).text == blank_body()


def test_a_prompt_is_saved_and_saving_again_makes_its_next_version(tab):
    assert tab.post("save", name=" ").status_code == 422
    answer = tab.post("save", name=" Refund  triage ")
    assert "Refund triage · v1" in text(answer)
    tab.post("set_text", path="/messages/0/content", text="More")
    answer = tab.post("save")
    assert "Refund triage · v2" in text(answer)
    prompt = Prompt.objects.get()
    assert [version.number for version in prompt.versions.order_by("number")] == [1, 2]
    assert prompt.versions.get(number=2).body_text == tab.draft.body_text


def test_undo_passes_over_a_save(tab):
    tab.post("set_title", value="Why?")
    tab.post("save", name="Kept")
    tab.post("undo")
    assert (tab.draft.title, tab.draft.prompt_version.prompt.name) == ("", "Kept")


def test_saving_what_did_not_change_makes_no_version(tab):
    tab.post("save", name="Same")
    tab.post("save")
    assert Prompt.objects.get().versions.count() == 1


def test_a_prompt_can_be_saved_under_a_name_of_its_own(tab):
    tab.post("save", name="One")
    tab.post("save", name="Two", as_new="on")
    assert set(Prompt.objects.values_list("name", flat=True)) == {"One", "Two"}
    assert tab.draft.prompt_version.prompt.name == "Two"


def test_a_saved_prompt_opens_in_any_version(client, tab):
    tab.post("save", name="One")
    first = tab.draft.body_text
    tab.post("set_text", path="/messages/0/content", text="Second")
    tab.post("save")
    prompt = Prompt.objects.get()
    newest = started(client, prompt=prompt.public_id)
    assert "Second" in newest.body_text
    assert newest.prompt_version.number == 2
    assert started(client, prompt=prompt.public_id, version=1).body_text == first
    assert client.post(reverse("drafts:new"), {"prompt": prompt.public_id, "version": "9"}).status_code == 404


def test_a_prompt_is_saved_with_its_stubs_and_opens_with_them(client, tab):
    tab.post("add_stub", tool="look")
    tab.post("save", name="One")
    tab.post("set_max_turns", value="3")
    tab.post("save")
    prompt = Prompt.objects.get()
    opened = started(client, prompt=prompt.public_id)
    assert (opened.tool_stubs, opened.max_turns) == ([{"tool": "look", "result": ""}], 3)
    page = text(client.get(reverse("library:prompt", args=[prompt.public_id])))
    assert "— tool stubs —" in page
    assert "— at most 3 turns —" in page
    assert started(client, prompt=prompt.public_id, version=1).max_turns is None


def test_a_deleted_prompt_that_is_open_is_saved_as_a_new_one(tab):
    tab.post("save", name="One")
    Prompt.objects.get().archive()
    assert "Saved as" not in text(tab.client.get(f"/?draft={tab.id}"))
    tab.post("save", name="Again")
    assert Prompt.objects.count() == 2


def test_a_combination_opens_as_a_pair_with_and_without(client, owner):
    kept = Combination.keep(team=owner.team, author=owner.user, name="Both", betas=[THINKING, CONTEXT]).combination
    kept.add_version(author=owner.user, betas=[CONTEXT])
    old = started(client, combination=kept.public_id, version="1")
    assert old.sheet[1].betas == (THINKING, CONTEXT)
    assert old.sheet[1].combination == kept.versions.get(number=1).pk
    draft = started(client, combination=kept.public_id)
    assert [(column.name, column.betas) for column in draft.sheet] == [("", ()), ("Both", (CONTEXT,))]


@pytest.mark.parametrize(
    ("view", "value", "field", "kept"),
    [("set_title", " Does it\x00 help? ", "title", "Does it help?"), ("set_repeats", "20", "repeats", 20), ("set_version", "2023-06-01", "version", "2023-06-01")],
)  # fmt: skip
def test_what_surrounds_the_prompt_is_kept(tab, view, value, field, kept):
    assert tab.post(view, value=value).status_code == 200
    assert getattr(tab.draft, field) == kept


@pytest.mark.parametrize(
    ("view", "value"),
    [("set_repeats", "101"), ("set_repeats", "0"), ("set_repeats", "two"), ("set_repeats", "²"), ("set_version", "latest"), ("set_title", "x" * 201)],
)  # fmt: skip
def test_what_cannot_be_is_refused_at_its_field(tab, view, value):
    answer = tab.post(view, value=value)
    assert (answer.status_code, targets(answer)) == (422, {f"problem-{view.removeprefix('set_')}"})
    assert tab.draft.revision == 1


def test_the_button_says_how_many_requests_it_sends(tab):
    assert "6 requests" in text(tab.post("set_repeats", value="3"))
    assert "9 requests" in text(tab.post("add_column"))


def test_a_draft_switches_its_connection(tab, owner):
    mine = a_key(owner)
    answer = tab.post("set_connection", value=mine.public_id)
    assert tab.draft.connection == mine
    assert "Mine · …1234" in text(answer)


def test_a_connection_that_is_gone_is_said_before_run(tab, owner):
    mine = a_key(owner)
    tab.post("set_connection", value=mine.public_id)
    remove_key(mine)
    assert "connection this draft used is gone" in text(tab.client.get(f"/?draft={tab.id}"))


def test_undo_says_what_it_takes_back_and_ends(tab):
    assert "tick interleaved-thinking in B" in text(tab.post("tick", column="b", beta=THINKING, on="on"))
    tab.post("undo")
    answer = tab.post("undo")
    assert answer.status_code == 200
    assert '<span id="undo"></span>' in text(answer)


def test_garbage_for_a_revision_is_a_conflict_and_never_a_crash(tab):
    for revision in ("", "x", "-1", "1e9", "9" * 40, "²"):
        tab.revision = revision
        assert tab.post("set_title", value="x").status_code == 409


def test_a_teammate_does_not_see_a_draft(client, owner, bo):
    draft = a_draft()
    Draft.objects.update(author=bo)
    assert client.get(f"/?draft={draft.public_id}").status_code == 404
    assert Tab(client, draft).post("set_title", value="x").status_code == 404


def test_drafts_survive_a_reload_in_every_detail(tab):
    tab.post("set_title", value="Why?")
    tab.post("add_row", beta=THINKING)
    tab.post("set_changes", "b", changes="{ not json")
    page = text(tab.client.get("/"))
    for kept in ("Why?", THINKING, "Column B: The changes are not JSON"):
        assert kept in page
