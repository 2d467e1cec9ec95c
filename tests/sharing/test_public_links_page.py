"""The page with all public links of a team: for admins, who end them there."""

import pytest
from django.urls import reverse
from django.utils import timezone

from betaconsole.runs.models import Comparison
from betaconsole.sharing.models import PublicLink
from tests.builders import make_comparison
from tests.team_mode import browser_of

pytestmark = pytest.mark.django_db
URL = "/public-links/"


@pytest.fixture
def links(crew):
    member = crew["member"]
    made = [make_comparison(member.teams.get(), member, title=f"<b>{name}</b>") for name in "ABC"]
    links = [PublicLink.issue(one, author=member, days=7, shows_costs=True)[0] for one in made]
    PublicLink.objects.filter(pk=links[1].pk).update(expires_at=timezone.now())
    Comparison.objects.filter(pk=made[2].pk).update(deleted_at=timezone.now())
    return links


def test_an_admin_sees_all_that_work_and_all_that_ended_and_ends_one(crew, links):
    browser = browser_of(crew["admin"])
    page = browser.get(URL).content.decode()
    assert page.count('aria-label="Revoke the link') == 1
    assert "&lt;b&gt;A&lt;/b&gt;" in page
    assert "its comparison was deleted" in page
    assert "ended just now" in page
    answer = browser.post(reverse("sharing:revoke_share", args=[links[0].public_id]), {"from": "list"})
    assert (answer.status_code, answer.url) == (302, URL)
    assert "revoked just now" in browser.get(URL).content.decode()


def test_who_is_no_admin_is_not_shown_the_way(crew, links):
    for name in ("viewer", "member"):
        browser = browser_of(crew[name])
        assert browser.get(URL).status_code == 403
        assert URL not in browser.get(reverse("team:tokens")).content.decode()


def test_the_list_costs_the_same_for_any_number(crew, links, django_assert_max_num_queries):
    member = crew["member"]
    comparison = make_comparison(member.teams.get(), member)
    browser = browser_of(crew["admin"])
    browser.get(URL)
    for _ in range(30):
        PublicLink.issue(comparison, author=member, days=7)
    with django_assert_max_num_queries(10):
        assert browser.get(URL).content.decode().count("Revoke the link") == 31
