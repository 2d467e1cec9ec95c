"""The list of betas and the page of one."""

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from betaconsole.betas.beta_page import codes_of
from betaconsole.catalogue.betas import all_betas
from tests.builders import CONTEXT, THINKING, make_comparison, make_team
from tests.cases import hold_for

pytestmark = pytest.mark.django_db
UNKNOWN = "context-management-2099-01-01"


def text_of(client: Client, path: str, **asked: str) -> str:
    answer = client.get(path, asked)
    assert answer.status_code == 200
    return answer.text


def test_every_known_name_stands_in_the_list_whole_and_with_a_way_to_its_page(owner, client):
    page = text_of(client, "/betas/")
    for name in all_betas():
        assert f'href="/betas/{name}/"' in page
    assert "85 known values" in page
    assert "catalogue of" in page


def test_every_known_beta_has_a_page(owner, client):
    def has_a_page(name: str) -> None:
        beta = all_betas()[name]
        page = text_of(client, f"/betas/{name}/")
        assert ("Try it</button>" in page) == (beta.on_messages and not beta.refused)

    hold_for(all_betas(), has_a_page)


def test_a_well_formed_name_that_nobody_knows_has_a_page_with_the_nearest_ones(owner, client):
    page = text_of(client, f"/betas/{UNKNOWN}/")
    assert "Not in the catalogue" in page
    assert f'href="/betas/{CONTEXT}/"' in page


@pytest.mark.parametrize("name", ["Upper-Case", "a b", "a,b", "-a", "a" * 129, "a%0ab"])
def test_a_name_that_no_header_could_hold_is_not_found(name, owner, client):
    assert client.get(f"/betas/{name}/").status_code == 404
    assert client.post(f"/betas/{name}/try/").status_code == 404


def test_what_the_team_sent_comes_first_and_unknown_names_are_among_it(owner, client):
    make_comparison(owner.team, owner.user, betas=((THINKING,), (THINKING, UNKNOWN)))
    make_comparison(owner.team, owner.user, betas=((), (THINKING,)))
    page = text_of(client, "/betas/")
    own, rest = page.split("All known values")
    assert own.index(THINKING) < own.index(UNKNOWN)
    assert f'<a href="/betas/{THINKING}/#used">2<' in own
    assert UNKNOWN not in rest


def test_what_another_team_sent_is_not_counted_or_listed(owner, client):
    strangers = make_team("Strangers")
    foreign = make_comparison(strangers, strangers.memberships.get().user, betas=((THINKING,),))
    assert "What this team has sent" not in text_of(client, "/betas/")
    assert foreign.public_id not in text_of(client, f"/betas/{THINKING}/")


def test_the_list_takes_the_same_number_of_queries_however_much_was_sent(owner, client, django_assert_num_queries):
    make_comparison(owner.team, owner.user, betas=((THINKING,),))
    client.get("/betas/")  # the first visit leaves a row
    with CaptureQueriesContext(connection) as few:
        client.get("/betas/")
    for number in range(3):
        make_comparison(owner.team, owner.user, betas=((CONTEXT, f"made-up-{number}"), (THINKING,)))
    with django_assert_num_queries(len(few)):
        client.get("/betas/")


def test_a_betas_page_lists_the_comparisons_that_sent_it_newest_first(owner, client):
    for title in ("first", "second"):
        make_comparison(owner.team, owner.user, betas=((), (THINKING,)), title=title)
    make_comparison(owner.team, owner.user, betas=((CONTEXT,),), title="another beta")
    page = text_of(client, f"/betas/{THINKING}/")
    assert page.index("second") < page.index("first")
    assert "another beta" not in page
    assert "Nobody of this team" in text_of(client, "/betas/fast-mode-2026-02-01/")


def test_htmx_gets_the_rows_alone(owner, client):
    answer = client.get("/betas/", {"q": "compaction"}, headers={"hx-request": "true"})
    assert answer.text.lstrip().startswith('<div id="rows"')
    assert "compact-2026-09-04" in answer.text
    assert "fast-mode" not in answer.text


def test_a_search_that_finds_nothing_says_what_it_looked_at(owner, client):
    page = text_of(client, "/betas/", q="zzzz")
    assert "No beta of the catalogue matches" in page
    assert 'value="zzzz"' in page


def test_the_lines_of_the_example_that_are_the_betas_own_are_marked(owner, client):
    page = text_of(client, f"/betas/{CONTEXT}/")
    marks = [part.split("</mark>")[0] for part in page.split("<mark>")]
    assert any(CONTEXT in mark for mark in marks)
    assert any("context_management" in mark for mark in marks)
    assert not any("Can I call our offices" in mark for mark in marks)


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("compact-2026-09-04", "Global or us on all but claude-mythos-preview."),
        ("compact-2026-09-04", "Other dates:"),
        ("prompt-caching-2024-07-31", "Reported as refused on Vertex."),
        ("managed-agents-2026-04-01", "curl https://api.anthropic.com/v1/agents"),
        ("webhooks-2026-10-07", "an admin key here"),
    ],
)
def test_a_betas_page_says_where_it_runs_and_how_it_is_asked_for(name, said, owner, client):
    assert said in text_of(client, f"/betas/{name}/")


def test_every_beta_has_an_example_whose_header_is_marked():
    for beta in all_betas().values():
        for code in codes_of(beta):
            marks = [part.split("</mark>")[0] for part in code.html.split("<mark>")[1:]]
            assert any(beta.name in mark for mark in marks), (beta.name, code.label)
