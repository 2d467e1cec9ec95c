"""In which team one asks, for people who are in several."""

import pytest

from betaconsole.runs.models import Comparison
from betaconsole.teams.members.switching import same_place
from betaconsole.teams.models import Membership, Role
from tests.builders import make_comparison, make_team
from tests.team_mode import browser_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def both(crew):
    """The owner is a viewer in a second team, which has a comparison of its own."""
    home = crew["owner"].teams.get()
    away = make_team("Away")
    Membership.objects.create(user=crew["owner"], team=away, role=Role.VIEWER)
    author = away.members.first()
    return {
        "user": crew["owner"],
        "home": home,
        "away": away,
        "own": make_comparison(home, crew["owner"], title="Ours at home"),
        "theirs": make_comparison(away, author, title="Theirs away"),
    }


def test_a_list_holds_what_is_of_the_current_team_only(both):
    browser = browser_of(both["user"])
    assert "Ours at home" in browser.get("/history/").content.decode()
    assert "Theirs away" not in browser.get("/history/").content.decode()
    browser.post("/team/switch/", {"team": both["away"].public_id, "next": "/history/"})
    assert "Theirs away" in browser.get("/history/").content.decode()
    assert "Ours at home" not in browser.get("/history/").content.decode()


def test_a_permalink_of_another_of_ones_teams_opens_there_and_says_so(both):
    browser = browser_of(both["user"])
    page = browser.get(both["theirs"].get_absolute_url()).content.decode()
    assert "Theirs away" in page
    assert "you are in that team now" in page
    assert "Theirs away" in browser.get("/history/").content.decode(), "and stays there"


def test_the_role_that_counts_is_the_one_in_the_objects_team(both):
    browser = browser_of(both["user"])
    assert browser.post(f"/comparisons/{both['theirs'].public_id}/cancel/").status_code == 403
    assert browser.post(f"/comparisons/{both['own'].public_id}/cancel/").status_code == 302
    assert "Run again" not in browser.get(both["theirs"].get_absolute_url()).content.decode()
    assert "Run again" in browser.get(both["own"].get_absolute_url()).content.decode()


def test_a_fragment_asks_in_the_team_of_its_page_and_switches_nothing(both):
    browser = browser_of(both["user"])
    fragment = {"hx-request": "true", "x-team": both["away"].public_id}
    assert "Theirs away" in browser.get("/history/", headers=fragment).content.decode()
    browser.get(f"/comparisons/{both['theirs'].public_id}/lanes/", headers={"hx-request": "true"})
    assert "Ours at home" in browser.get("/history/").content.decode()


def test_a_page_cannot_ask_in_a_team_its_reader_is_not_in(both, crew):
    others = crew["stranger"].teams.get()
    make_comparison(others, crew["stranger"], title="Not yours")
    browser = browser_of(both["user"])
    assert "Not yours" not in browser.get("/history/", headers={"x-team": others.public_id}).content.decode()
    assert browser.post("/team/switch/", {"team": others.public_id}).status_code == 404


def test_a_link_made_in_one_team_is_a_stranger_in_another(both, crew):
    assert browser_of(crew["stranger"]).get(both["own"].get_absolute_url()).status_code == 404
    assert browser_of(crew["member"]).get(both["theirs"].get_absolute_url()).status_code == 404


@pytest.mark.parametrize(
    ("path", "place"),
    [
        ("/history/", "/history/"),
        ("/betas/context-management-2025-06-27/", "/betas/context-management-2025-06-27/"),
        ("/comparisons/{id}/", "/history/"),
        ("/exchanges/{id}/", "/history/"),
        ("/prompts/{id}/", "/prompts/"),
        ("/connections/{id}/remove/", "/connections/"),
        ("https://evil.example/", "/"),
        ("//evil.example/", "/"),
        ("/nowhere/at/all/", "/"),
        ("/history/?q=beta%3Acontext-1m+status%3Aerror&before=40", "/history/?q=beta%3Acontext-1m+status%3Aerror"),
        ("/?draft={id}", "/"),
        ("/comparisons/{id}/?case=2&q=x", "/history/"),
    ],
)
def test_b25_a_switch_keeps_the_kind_of_page(path, place, team_mode):
    assert same_place(path.format(id="abc")) == place


def test_a_switch_keeps_what_was_typed_into_the_search_since_the_page_came(both):
    browser = browser_of(both["user"])
    to_away = {"team": both["away"].public_id, "next": "/history/"}
    typed = {"referer": "http://localhost/history/?q=by%3Ame"}
    assert browser.post("/team/switch/", to_away, headers=typed).headers["Location"] == "/history/?q=by%3Ame"
    elsewhere = {"referer": "https://evil.example/betas/?q=x"}
    assert browser.post("/team/switch/", to_away, headers=elsewhere).headers["Location"] == "/history/"


def test_who_is_in_one_team_pays_nothing_for_the_others(crew, django_assert_num_queries):
    made = make_comparison(crew["owner"].teams.get(), crew["owner"])
    assert Comparison.objects.visible_to(crew["owner"]).get() == made
    browser = browser_of(crew["owner"])
    browser.get("/team/tokens/")
    with django_assert_num_queries(6):  # session, person, teams, tokens, the bar's connection and mentions
        browser.get("/team/tokens/")
