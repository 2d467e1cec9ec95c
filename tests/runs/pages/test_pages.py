"""The pages of runs through a browser's eyes: compose, run, watch, add, look back."""

import json
import re

import pytest
from django.db import connection as database
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from betaconsole.drafts import starting
from betaconsole.drafts.columns import Column
from betaconsole.drafts.facts import facts_of
from betaconsole.drafts.models import Draft
from betaconsole.runs.finding import index_pending
from betaconsole.runs.models import Comparison, Exchange, ToIndex
from betaconsole.runs.pages.showing import fingerprint
from betaconsole.runs.states import State
from betaconsole.teams.models import Connection
from tests.builders import BODY, CONTEXT, THINKING, make_comparison, make_exchange, make_team

pytestmark = pytest.mark.django_db
HTMX = {"HX-Request": "true"}


def text(response):
    return " ".join(re.sub(r"<[^>]*>", " ", response.content.decode()).split())


def finish(comparison):
    """Everything of a comparison succeeded."""
    comparison.exchanges.all().delete()
    for variant in comparison.variants.all():
        make_exchange(comparison, variant)
    Comparison.objects.filter(pk=comparison.pk).update(finished_at=comparison.created_at)


# Compose and run ----------------------------------------------------------------------------------------------------


@pytest.fixture
def draft(team, ann):
    draft = starting.blank(team, ann)
    Draft.objects.filter(pk=draft.pk).update(body_text=json.dumps(BODY), title="Refund triage")
    return Draft.objects.get(pk=draft.pk)


def press_run(client, draft, **values):
    form = {"draft": draft.public_id, "revision": draft.revision, "tab": "t", "client_token": "token-1"}
    return client.post("/comparisons/", {**form, **values.pop("form", {})}, **values)


def test_the_first_page_offers_three_questions_and_a_composer(client, owner):
    page = client.get("/")
    assert "Before the first run" in text(page)
    assert page.content.decode().count('name="example"') == 3
    assert 'id="composer"' in page.content.decode()


def form_values(page, action):
    """The hidden fields of the form that posts there."""
    form = re.search(rf'<form[^>]* action="{action}".*?</form>', page.content.decode(), re.DOTALL)[0]
    return dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', form))


def test_an_example_runs_on_the_simulator_with_one_click(client, owner):
    Connection.objects.create(
        team=owner.team, author=owner.user, name="Mine", kind="key", base_url="https://api.anthropic.com"
    )
    address = "/examples/wrong-header/run/"
    answer = client.post(address, form_values(client.get("/"), address))
    comparison = Comparison.objects.get()
    assert (answer.status_code, answer["Location"]) == (302, comparison.get_absolute_url())
    assert comparison.simulated
    assert comparison.title == "What does a wrong header look like?"
    assert comparison.exchanges.filter(state=State.QUEUED).count() == 3
    assert comparison.draft.author == owner.user


def test_trying_an_example_twice_sends_once_and_leaves_one_draft(client, owner):
    page = client.get("/")
    address, other = "/examples/wrong-header/run/", "/examples/thinking-between-tools/run/"
    before = Draft.objects.count()
    first, second = (client.post(address, form_values(page, address)) for _ in range(2))
    assert first["Location"] == second["Location"]
    assert (Comparison.objects.count(), Draft.objects.count()) == (1, before + 1)
    client.post(other, form_values(page, other))
    assert Comparison.objects.count() == 2


def test_an_example_can_be_opened_without_running_it(client, owner):
    page = client.get("/").content.decode()
    assert page.count(f'formaction="{reverse("drafts:new")}"') == 3


def test_an_example_that_is_not_there_or_must_not_be_sent_queues_nothing(client, owner, settings):
    assert client.post("/examples/no-such/run/").status_code == 404
    settings.SENDING_ENABLED = False
    answer = client.post("/examples/wrong-header/run/")
    assert answer.status_code == 503
    assert "What does a wrong header look like?" in text(answer)
    assert not Comparison.objects.exists()


@pytest.mark.parametrize("address", ["/comparisons/", "/examples/wrong-header/run/"])
def test_reloading_where_a_run_was_refused_leads_to_the_composer(client, owner, address):
    answer = client.get(address)
    assert (answer.status_code, answer["Location"]) == (302, "/")
    assert client.put(address).status_code == 405


def test_the_composer_opens_the_draft_the_address_names_and_only_ones_own(client, draft, eve):
    assert "Refund triage" in client.get(f"/?draft={draft.public_id}").content.decode()
    hers = starting.blank(make_team("Eve", owner=eve), eve)
    assert client.get(f"/?draft={hers.public_id}").status_code == 404


def test_run_makes_a_comparison_and_leads_to_it(client, draft):
    answer = press_run(client, draft)
    comparison = Comparison.objects.get()
    assert answer.status_code == 302
    assert answer["Location"] == comparison.get_absolute_url()
    assert comparison.title == "Refund triage"
    assert comparison.exchanges.filter(state=State.QUEUED).count() == 2


def test_b5_pressing_twice_sends_once(client, draft):
    first, second = press_run(client, draft), press_run(client, draft)
    assert first["Location"] == second["Location"]
    assert Comparison.objects.count() == 1


def test_htmx_is_told_where_to_go(client, draft):
    answer = press_run(client, draft, headers=HTMX)
    assert answer["HX-Redirect"] == Comparison.objects.get().get_absolute_url()


def test_a_draft_that_was_changed_in_another_tab_is_not_run_unseen(client, draft):
    answer = press_run(client, draft, form={"revision": draft.revision - 1})
    assert answer.status_code == 409
    assert "changed in another tab" in text(answer)
    assert not Comparison.objects.exists()


def test_a_body_that_does_not_parse_is_shown_again_with_line_and_column(client, draft):
    broken = '{"model": }'
    Draft.objects.filter(pk=draft.pk).update(body_text=broken, facts=facts_of(broken).dump())
    answer = press_run(client, draft)
    assert answer.status_code == 422
    assert "line 1, column" in text(answer)
    assert not Exchange.objects.exists()


def test_the_same_token_with_another_request_sends_nothing(client, draft):
    press_run(client, draft)
    Draft.objects.filter(pk=draft.pk).update(repeats=2)
    answer = press_run(client, draft)
    assert answer.status_code == 409
    assert "press Run once more" in text(answer)
    assert Comparison.objects.count() == 1


def test_a_console_that_must_not_send_queues_nothing(client, draft, settings):
    settings.SENDING_ENABLED = False
    assert press_run(client, draft).status_code == 503
    assert not Comparison.objects.exists()


def test_a_connection_that_is_gone_is_said_before_anything_is_queued(client, draft):
    Draft.objects.filter(pk=draft.pk).update(connection=None)
    answer = press_run(client, draft)
    assert answer.status_code == 422
    assert "connection this draft used is gone" in text(answer)


def test_a_run_without_a_title_is_called_by_its_question(client, draft):
    Draft.objects.filter(pk=draft.pk).update(title="")
    press_run(client, draft)
    assert Comparison.objects.get().title == "Order A-1043 arrived broken."


# One comparison -----------------------------------------------------------------------------------------------------


@pytest.fixture
def comparison(team, ann):
    return make_comparison(team, ann)


def test_a_running_comparison_is_watched_and_can_be_stopped(client, comparison):
    page = client.get(comparison.get_absolute_url()).content.decode()
    positions = ",".join(f"{exchange.pk}:q0" for exchange in comparison.exchanges.order_by("variant__position"))
    assert f'hx-sse:connect="/comparisons/{comparison.public_id}/live/?at={positions}&amp;' in page
    assert 'hx-sse:close="finished"' in page
    assert 'data-key="stop"' in page


def test_a_finished_comparison_asks_now_and_then_whether_runs_were_added(client, comparison):
    finish(comparison)
    page = client.get(comparison.get_absolute_url()).content.decode()
    assert "hx-sse:connect" not in page
    assert f'hx-get="/comparisons/{comparison.public_id}/lanes/?seen={fingerprint(comparison)}"' in page
    assert 'hx-trigger="every 10s"' in page


def test_where_nothing_was_added_nothing_is_swapped(client, comparison):
    finish(comparison)
    lanes = f"/comparisons/{comparison.public_id}/lanes/?seen={fingerprint(comparison)}"
    assert client.get(lanes, headers=HTMX).status_code == 204
    make_exchange(comparison, comparison.variants.first(), attempt=2, state=State.QUEUED)
    Comparison.objects.filter(pk=comparison.pk).update(finished_at=None)
    answer = client.get(lanes, headers=HTMX).content.decode()
    assert 'id="lanes-area"' in answer
    assert '<hx-partial hx-target="#comparison-state"' in answer


def test_a_page_that_may_not_stream_polls(client, comparison):
    answer = client.get(f"/comparisons/{comparison.public_id}/lanes/?polling=1", headers=HTMX).content.decode()
    assert "hx-sse:connect" not in answer
    assert 'hx-trigger="every 2s"' in answer


def test_the_address_chooses_repeat_case_and_columns(client, team, ann):
    comparison = make_comparison(team, ann, betas=[[]] * 10, repeats=2, cases=["first", "second"])
    page = client.get(f"{comparison.get_absolute_url()}?case=1&repeat=2&columns=9&columns=0")
    assert "case 2 of 2" in text(page)
    assert "repeat 2 of 2" in text(page)
    assert re.findall(r'id="lane-(\d+)"', page.content.decode()) == ["0", "9"]


@pytest.mark.parametrize(
    "query", ["repeat=99", "repeat=-1", "repeat=x", "case=7", "columns=99", "columns=,,x", "columns=" + "1," * 999]
)
def test_an_address_that_asks_for_what_is_not_there_still_shows_the_comparison(client, comparison, query):
    page = client.get(f"{comparison.get_absolute_url()}?{query}")
    assert page.status_code == 200
    assert 'id="lane-0"' in page.content.decode() or "columns=1" in query


def test_with_the_readers_own_draft_the_composer_stands_beside_the_lanes(client, draft):
    press_run(client, draft)
    page = client.get(Comparison.objects.get().get_absolute_url()).content.decode()
    assert 'data-layout="beside"' in page
    assert 'id="composer"' in page


def test_from_five_columns_on_the_composer_folds_into_one_line(client, draft):
    Draft.objects.filter(pk=draft.pk).update(columns=[{"key": f"k{number}"} for number in range(5)], repeats=2)
    press_run(client, draft)
    page = client.get(Comparison.objects.get().get_absolute_url())
    assert 'data-layout="wide"' in page.content.decode()
    assert "claude-sonnet-4-6 · 5 columns × 2 · Simulator" in text(page)
    assert '<details class="composer-fold">' in page.content.decode()


def test_a_teammates_comparison_has_no_composer_of_theirs(client, team, bo):
    comparison = make_comparison(team, bo, draft=starting.blank(team, bo))
    page = client.get(comparison.get_absolute_url()).content.decode()
    assert 'id="composer"' not in page
    assert "Edit a copy" in page


def test_a_simulated_comparison_says_so_in_its_head_and_in_every_lane(client, comparison):
    assert client.get(comparison.get_absolute_url()).content.decode().count(">simulated</span>") == 3


def test_a_real_one_names_its_connection(client, team, ann):
    real = Connection.objects.create(
        team=team, author=ann, name="Production", kind="key", base_url="https://api.anthropic.com"
    )
    page = client.get(make_comparison(team, ann, connection=real).get_absolute_url())
    assert "Production" in text(page)
    assert "simulated" not in text(page)


def test_a_page_costs_the_same_queries_for_two_columns_and_for_twelve(client, team, ann):
    few, many = make_comparison(team, ann), make_comparison(team, ann, betas=[[]] + [[THINKING]] * 11, repeats=5)
    counts = []
    for comparison in (few, many):
        finish(comparison)
        with CaptureQueriesContext(database) as captured:
            client.get(comparison.get_absolute_url())
        counts.append(len(captured))
    assert counts[0] == counts[1] <= 16


# Stop, add, again, edit ---------------------------------------------------------------------------------------------


def test_stop_ends_what_is_queued_and_answers_htmx_with_nothing_to_swap(client, comparison):
    url = reverse("runs:cancel", args=[comparison.public_id])
    assert client.post(url, {"variant": "1"}, headers=HTMX).status_code == 204
    assert set(comparison.exchanges.values_list("variant__position", "state")) == {(0, "queued"), (1, "cancelled")}
    assert client.post(url)["Location"] == comparison.get_absolute_url()
    assert not comparison.exchanges.unfinished().exists()


def test_one_exchange_can_be_stopped(client, comparison):
    exchange = comparison.exchanges.last()
    client.post(reverse("runs:cancel", args=[comparison.public_id]), {"exchange": exchange.public_id})
    assert list(comparison.exchanges.filter(state=State.CANCELLED)) == [exchange]


@pytest.mark.parametrize(("value", "status"), [("99", 404), ("x", 400), ("-1", 400), ("", 400)])
def test_a_column_that_is_not_there_cannot_be_stopped(client, comparison, value, status):
    answer = client.post(reverse("runs:cancel", args=[comparison.public_id]), {"variant": value})
    assert answer.status_code == status
    assert comparison.exchanges.unfinished().count() == 2


@pytest.fixture
def refused(team, ann):
    comparison = make_comparison(team, ann, betas=[[], [THINKING, CONTEXT]], exchanges=False)
    make_exchange(comparison, comparison.variants.first())
    make_exchange(comparison, comparison.variants.last(), state=State.FAILED, status=400, refused_betas=[CONTEXT])
    return comparison


def test_a_column_without_the_refused_beta_is_added_and_nothing_overwritten(client, refused):
    answer = client.post(reverse("runs:without", args=[refused.public_id]), {"variant": "1"}, headers=HTMX)
    assert answer["HX-Redirect"] == refused.get_absolute_url()
    added = refused.variants.get(position=2)
    assert added.betas == [THINKING]
    assert added.origin == refused.variants.get(position=1)
    assert refused.exchanges.filter(state=State.QUEUED).get().variant == added


def test_a_column_that_was_not_refused_stays_alone(client, refused):
    answer = client.post(reverse("runs:without", args=[refused.public_id]), {"variant": "0"})
    assert answer.status_code == 409
    assert "Nothing was sent" in text(answer)


def test_a_column_can_be_run_again_as_a_further_attempt(client, refused):
    form = {"variant": "1", "case": "0", "repeat": "1"}
    client.post(reverse("runs:again", args=[refused.public_id]), form)
    assert refused.exchanges.get(attempt=2).state == State.QUEUED
    assert client.post(reverse("runs:again", args=[refused.public_id]), {**form, "variant": "0"}).status_code == 409


def test_a_whole_comparison_can_be_run_again_once_per_press(client, refused):
    for _ in range(2):
        answer = client.post(reverse("runs:again", args=[refused.public_id]), {"client_token": "again-1"})
    copy = Comparison.objects.exclude(pk=refused.pk).get()
    assert answer["Location"] == copy.get_absolute_url()
    assert [variant.betas for variant in copy.variants.all()] == [[], [THINKING, CONTEXT]]
    assert copy.variants.last().baseline == copy.variants.first()
    assert copy.exchanges.queued().count() == 2


def test_a_comparison_whose_connection_is_gone_is_not_run_again(client, team, ann):
    gone = Connection.objects.create(
        team=team,
        author=ann,
        name="Old",
        kind="key",
        base_url="https://api.anthropic.com",
        archived_at="2026-01-01T00:00Z",
    )
    comparison = make_comparison(team, ann, connection=gone)
    answer = client.post(reverse("runs:again", args=[comparison.public_id]), {"client_token": "x"})
    assert answer.status_code == 409
    assert "The connection Old is gone" in text(answer)


def test_a_copy_to_edit_is_the_comparison_as_it_was_sent(client, draft):
    columns = [
        Column(key="a", name="Plain"),
        Column(key="b", name="Thinks", betas=(THINKING,), model="claude-opus-5-5", changes_text='{"max_tokens": 9}'),
        Column(key="c", name="Alone", version="2023-06-01", baseline="c"),
    ]
    body = '{"model":"m","max_tokens":1.0,"messages":[],"unknown":12345678901234567890123}'
    Draft.objects.filter(pk=draft.pk).update(
        columns=[column.__dict__ | {"betas": list(column.betas), "examples": []} for column in columns],
        body_text=body,
        repeats=3,
    )
    press_run(client, draft)
    comparison = Comparison.objects.get()
    answer = client.post(reverse("runs:edit", args=[comparison.public_id]))
    copy = Draft.objects.get(public_id=answer["Location"].removeprefix("/?draft="))
    assert [(c.name, c.betas, c.model, c.version) for c in copy.sheet] == [
        ("Plain", (), "", ""),
        ("Thinks", (THINKING,), "claude-opus-5-5", ""),
        ("Alone", (), "", "2023-06-01"),
    ]
    assert json.loads(copy.sheet[1].changes_text) == {"max_tokens": 9}
    assert "1.0" in copy.body_text
    assert "12345678901234567890123" in copy.body_text
    assert (copy.repeats, copy.title) == (3, "Refund triage")
    digest = lambda one: {row[0] for row in one.exchanges.values_list("request_body__sha256")}  # noqa: E731
    press_run(client, copy, form={"client_token": "another"})
    assert digest(Comparison.objects.latest("pk")) == digest(comparison)


# History ------------------------------------------------------------------------------------------------------------


def test_an_empty_history_teaches(client, owner):
    assert "Each press of Run leaves a comparison here" in text(client.get("/history/"))


def test_the_history_says_what_became_of_each_comparison(client, team, ann):
    comparison = make_comparison(
        team, ann, betas=[[], [THINKING], [CONTEXT]], repeats=2, title="Refund triage", exchanges=False
    )
    a, b, c = comparison.variants.all()
    for repeat in (1, 2):
        make_exchange(comparison, a, repeat=repeat)
        make_exchange(comparison, b, repeat=repeat)
    make_exchange(comparison, c, state=State.FAILED, refused_betas=[CONTEXT], status=400)
    make_exchange(comparison, c, repeat=2, state=State.SKIPPED)
    said = text(client.get("/history/"))
    assert f"Refund triage #{comparison.number} · A, B, C × 2 · simulated" in said
    assert "4 done, 1 refused, 1 skipped" in said
    assert "$0.0584" in said
    assert f"{CONTEXT} {THINKING}" in said


def test_a_single_failure_says_which(client, team, ann):
    comparison = make_comparison(team, ann, betas=[[]], exchanges=False)
    make_exchange(
        comparison, comparison.variants.first(), state=State.FAILED, status=529, error_type="overloaded_error"
    )
    assert "1 failed: 529 overloaded_error" in text(client.get("/history/"))


def test_many_columns_and_betas_are_counted(client, team, ann):
    make_comparison(team, ann, betas=[[f"beta-{number}"] for number in range(8)])
    said = text(client.get("/history/"))
    assert "8 columns" in said
    assert "8 betas" in said


def test_pages_of_the_history_go_on_where_the_last_ended(client, team, ann):
    for number in range(120):
        make_comparison(team, ann, betas=[[]], title=f"run {number}", exchanges=False)
    seen, url = [], "/history/"
    while url:
        page = client.get(url).content.decode()
        seen += [int(found) for found in re.findall(r">run (\d+)</a>", page)]
        older = re.search(r'href="(/history/\?before=\d+)" rel="next">Older', page)
        url = older.group(1) if older else None
    assert seen == list(range(119, -1, -1))


def test_searching_answers_with_the_rows_only_and_keeps_the_words_while_paging(client, team, ann):
    for number in range(55):
        make_comparison(team, ann, betas=[[]], title=f"refund {number}", exchanges=False)
    make_comparison(team, ann, betas=[[]], title="something else", exchanges=False)
    while index_pending():
        pass
    page = client.get("/history/?q=refu", headers=HTMX).content.decode()
    assert "<html" not in page
    assert page.count(">refund ") == 50
    older = re.search(r'href="(/history/\?q=refu&amp;before=\d+)"', page).group(1).replace("&amp;", "&")
    rest = client.get(older).content.decode()
    assert rest.count(">refund ") == 5
    assert "something else" not in rest


def test_a_search_without_a_result_says_what_is_searched(client, owner):
    said = text(client.get("/history/", {"q": "<zebra>"}))
    assert "Nothing matches &lt;zebra&gt;" in said
    assert "whole words" in said


@pytest.mark.parametrize(
    "query", ["q=%00", "q=%22*%22", "before=x", "before=99999999999999999999", "before=-1", "q=a&before=7"]
)
def test_no_address_of_the_history_is_a_fault(client, owner, query):
    assert client.get(f"/history/?{query}").status_code == 200


def test_the_history_shows_ones_own_team_only(client, owner, eve):
    hers = make_comparison(make_team("Hers", owner=eve), eve, title="Zebra plans")
    ToIndex.objects.create(comparison=hers)
    while index_pending():
        pass
    for url in ("/history/", "/history/?q=plans"):
        assert "Zebra" not in text(client.get(url))


def test_the_history_costs_the_same_queries_for_one_row_and_for_fifty(client, team, ann):
    def queries():
        with CaptureQueriesContext(database) as captured:
            client.get("/history/")
        return len(captured)

    make_comparison(team, ann)
    one = queries()
    for _ in range(55):
        make_comparison(team, ann)
    assert queries() == one <= 14
