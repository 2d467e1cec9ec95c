"""The pages of history: filters in the address, rows that open, and what people do to comparisons."""

import csv
import io
import json

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from betaconsole.drafts.models import Draft
from betaconsole.runs.finding import index_pending, search
from betaconsole.runs.models import Comparison, ToIndex
from betaconsole.teams.models import Membership, Role
from tests.builders import THINKING, make_comparison, make_exchange, make_team

pytestmark = pytest.mark.django_db


def finished(team, author, *, title="Refund triage", answer="Fourteen days."):
    comparison = make_comparison(team, author, title=title, exchanges=False)
    for variant in comparison.variants.all():
        make_exchange(comparison, variant, answer=answer)
    Comparison.objects.filter(pk=comparison.pk).update(finished_at=timezone.now())
    while index_pending():
        pass
    comparison.refresh_from_db()
    return comparison


@pytest.fixture
def refunds(team, ann):
    return finished(team, ann)


def shown(client, query="", **more):
    return client.get(reverse("runs:history"), {"q": query, **more}).content.decode()


def act(client, name, comparison, **values):
    return client.post(reverse(f"runs:{name}", args=[comparison.public_id]), values, headers={"HX-Request": "true"})


def test_the_address_filters_and_says_what_it_does_not_understand(client, refunds):
    assert "Refund triage" in shown(client, "beta:interleaved")
    page = shown(client, "beta:interleaved foo:bar")
    assert "Refund triage" in page
    assert "There is no filter “foo”" in page
    assert "Nothing matches" in shown(client, "state:failed")
    assert "Nothing was sent yet with the tag" in shown(client, "tag:launch")
    assert "Refund triage" not in shown(client, "", state="failed")
    assert 'value="state:failed"' in shown(client, "", state="failed")


def test_an_empty_history_teaches(client, owner):
    assert "Nothing was sent yet" in shown(client)


def test_hostile_queries_are_shown_as_text(client, refunds):
    page = shown(client, '<script>alert(1)</script> tag:"<b>x</b>"')
    assert "<script>alert" not in page
    assert "<b>x</b>" not in page


def test_a_row_opens_to_its_exchanges_those_that_match_first(client, refunds):
    address = reverse("runs:comparison_exchanges", args=[refunds.public_id])
    opened = client.get(address).content.decode()
    assert opened.count("data-choose=") == 2
    assert "Fourteen days." in opened
    assert "Exchanges that match" not in opened


def test_what_is_searched_stands_alone_in_an_opened_row_and_nothing_is_said_to_match_nothing(client, team, ann):
    comparison = finished(team, ann)
    for variant, answer in zip(comparison.variants.all(), ("Fourteen days.", "A fortnight."), strict=True):
        one = comparison.exchanges.get(variant=variant)
        type(one).objects.filter(pk=one.pk).update(text=answer)
        ToIndex.objects.create(comparison=comparison, exchange=one)
    while index_pending():
        pass
    address = reverse("runs:comparison_exchanges", args=[comparison.public_id])
    found = client.get(address, {"q": "fortnight"}).content.decode()
    assert ("Exchanges that match" in found, "A fortnight." in found, "Fourteen" in found) == (True, True, False)
    assert "Exchanges that match" not in client.get(address).content.decode()


def test_an_exchange_of_many_says_which_it_is(client, team, ann):
    comparison = make_comparison(team, ann, exchanges=False, repeats=2)
    comparison.cases.create(position=1, name="<b>Ann</b>")
    variant = comparison.variants.first()
    make_exchange(comparison, variant, repeat=2, case=comparison.cases.last(), turn=3)
    opened = client.get(reverse("runs:comparison_exchanges", args=[comparison.public_id])).content.decode()
    assert f'data-label="#{comparison.number} A × 2, &lt;b&gt;Ann&lt;/b&gt;, turn 3"' in opened


def test_a_pinned_row_stands_on_the_page_once(client, team, ann):
    pinned, other = finished(team, ann, title="Kept on top"), finished(team, ann, title="Beside it")
    act(client, "change_comparison", pinned, change="pin")
    page = shown(client)
    assert page.count(f'id="history-{pinned.public_id}"') == 1
    assert page.index("Kept on top") < page.index("All others") < page.index("Beside it")
    act(client, "change_comparison", other, change="pin")
    alone = shown(client)
    assert ("All others" in alone, "Nothing was sent yet" in alone, "exchanges as CSV" in alone) == (False, False, True)


def test_newer_ones_are_announced_and_not_shoved_in(client, refunds, team, ann):
    newer = reverse("runs:newer")
    assert client.get(newer, {"than": refunds.number}).status_code == 204
    finished(team, ann, title="Another")
    said = client.get(newer, {"than": refunds.number}).content.decode()
    assert "1 newer" in said
    assert "show it" in said
    assert client.get(newer, {"than": refunds.number, "q": "state:failed"}).status_code == 204


def test_it_is_pinned_named_and_tagged_and_found_so(client, refunds):
    act(client, "change_comparison", refunds, change="pin")
    act(client, "change_comparison", refunds, change="rename", title="  Launch \n check ")
    assert (
        "launch, week 3"
        in act(client, "change_comparison", refunds, change="tag", tags="Launch, week  3, launch").content.decode()
    )
    index_pending()
    assert "Launch check" in shown(client, 'tag:"week 3" is:pinned')
    assert "Pinned" in shown(client)
    assert search(refunds.team, "launch check") == [refunds.pk]
    refused = act(client, "change_comparison", refunds, change="tag", tags="x" * 50)
    assert (refused.status_code, "at most 40" in refused.content.decode()) == (422, True)


def test_deleting_hides_it_at_once_and_undo_brings_it_back(client, refunds):
    gone = act(client, "delete_comparison", refunds)
    assert "Undo" in gone.content.decode()
    assert "Refund triage" not in shown(client) + shown(client, "refund")
    assert client.get(refunds.get_absolute_url()).status_code == 404
    assert client.get(refunds.exchanges.first().get_absolute_url()).status_code == 404
    act(client, "restore_comparison", refunds)
    assert "Refund triage" in shown(client, "refund")


def test_a_comparison_is_named_tagged_and_pinned_on_its_own_page(client, refunds):
    page, change = refunds.get_absolute_url(), reverse("runs:change_comparison", args=[refunds.public_id])
    for values in (
        {"change": "rename", "title": "<b>Launch</b>"},
        {"change": "tag", "tags": "week 3"},
        {"change": "pin"},
    ):
        assert client.post(change, {**values, "from": "page"}).headers["Location"] == page
    said = client.get(page).content.decode()
    assert '<h1 dir="auto">&lt;b&gt;Launch&lt;/b&gt;</h1>' in said
    assert ("?tag=week%203" in said, "★ pinned" in said) == (True, True)
    refused = client.post(change, {"change": "tag", "tags": "x" * 50, "from": "page"})
    assert (refused.status_code, "at most 40 characters" in refused.content.decode()) == (422, True)


def test_what_is_deleted_on_its_own_page_can_be_taken_back_in_the_history(client, refunds, ann):
    left = client.post(reverse("runs:delete_comparison", args=[refunds.public_id])).headers["Location"]
    assert "Deleted “<bdi>Refund triage</bdi>”" in client.get(left).content.decode()
    client.post(reverse("runs:restore_comparison", args=[refunds.public_id]))
    assert "Deleted" not in client.get(left).content.decode()
    Membership.objects.filter(user=ann).update(role=Role.VIEWER)
    assert "Pin, rename, tag or delete" not in client.get(refunds.get_absolute_url()).content.decode()


def test_what_runs_is_not_deleted(client, team, ann):
    running = make_comparison(team, ann)
    refused = act(client, "delete_comparison", running)
    assert (refused.status_code, "stop it first" in refused.content.decode()) == (409, True)
    assert Comparison.objects.get(pk=running.pk).deleted_at is None


def test_members_change_their_own_and_admins_all(client, team, ann, bo):
    hers, his = finished(team, ann), finished(team, bo)
    Membership.objects.filter(user=ann).update(role=Role.MEMBER)
    assert act(client, "delete_comparison", his).status_code == 403
    assert act(client, "delete_comparison", hers).status_code == 200
    Membership.objects.filter(user=ann).update(role=Role.ADMIN)
    assert act(client, "delete_comparison", his).status_code == 200


def test_chosen_exchanges_stand_side_by_side_as_they_were_answered(client, team, ann):
    one, other = finished(team, ann, answer="Fourteen <days>."), finished(team, ann, title="Second", answer="A month.")
    chosen = [other.exchanges.last().public_id, one.exchanges.first().public_id]
    page = client.get(reverse("runs:side_by_side"), {"exchange": chosen}).content.decode()
    assert page.index("A month.") < page.index("Fourteen &lt;days&gt;.")
    assert f'without <a class="mono" href="/betas/{THINKING}/"' in page
    assert f"left={chosen[0]}&amp;right={chosen[1]}" in page
    assert Draft.objects.count() == 0
    assert client.get(reverse("runs:side_by_side"), {"exchange": chosen[:1]}).status_code == 422
    strangers = make_team("Strangers")
    theirs = make_comparison(strangers, strangers.members.first()).exchanges.first().public_id
    assert client.get(reverse("runs:side_by_side"), {"exchange": [chosen[0], theirs]}).status_code == 404
    act(client, "delete_comparison", one)
    assert client.get(reverse("runs:side_by_side"), {"exchange": chosen}).status_code == 404


def test_eight_exchanges_side_by_side_cost_no_more_queries_than_two(client, team, ann, django_assert_num_queries):
    found = [finished(team, ann).exchanges.first() for _ in range(8)]
    make_exchange(found[7].comparison, found[7].variant, state="failed", turn=2)
    with CaptureQueriesContext(connection) as two:
        client.get(reverse("runs:side_by_side"), {"exchange": [one.public_id for one in found[:2]]})
    with django_assert_num_queries(len(two)):
        eight = client.get(reverse("runs:side_by_side"), {"exchange": [one.public_id for one in found]})
    assert "left out" not in eight.content.decode()
    found.append(found[7].comparison.exchanges.last())
    nine = client.get(reverse("runs:side_by_side"), {"exchange": [one.public_id for one in found]})
    assert "1 more was chosen and is left out: a page holds 8." in nine.content.decode()


def test_chosen_exchanges_open_as_columns_of_a_draft(client, team, ann):
    one, other = finished(team, ann), finished(team, ann, title="Second")
    chosen = [other.exchanges.last().public_id, one.exchanges.first().public_id]
    answer = client.post(reverse("runs:compare_exchanges"), {"exchange": chosen})
    draft = Draft.objects.get(public_id=answer.url.partition("draft=")[2])
    assert [column["betas"] for column in draft.columns] == [[THINKING], []]
    assert draft.title == f"From #{other.number}, #{one.number}"


def test_one_exchange_alone_is_no_comparison(client, refunds):
    answer = client.post(reverse("runs:compare_exchanges"), {"exchange": [refunds.exchanges.first().public_id]})
    assert (answer.status_code, "Choose 2 to 32" in answer.content.decode()) == (422, True)


def test_b26_what_matches_is_exported_as_lines_and_as_a_table_no_spreadsheet_runs(client, team, ann):
    finished(team, ann, title="=HYPERLINK(1)")
    finished(team, ann, title="Plain")
    lines = client.get("/history/export.jsonl").getvalue().decode().splitlines()
    assert [json.loads(line)["title"] for line in lines] == ["Plain", "=HYPERLINK(1)"]
    table = list(csv.DictReader(io.StringIO(client.get("/history/export.csv?q=beta:interleaved").getvalue().decode())))
    assert [row["title"] for row in table] == ["Plain", "'=HYPERLINK(1)"]
    assert table[0]["betas"] == THINKING
    assert client.get("/history/export.csv?q=state:failed").getvalue().decode().count("\n") == 1
