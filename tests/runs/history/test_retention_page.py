"""The owner's page: how long history is kept, what would go, and saying so twice."""

from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from betaconsole.decisions.models import Decision
from betaconsole.runs.history import retention
from betaconsole.runs.models import Comparison
from betaconsole.sharing.models import PublicLink
from betaconsole.teams.models import AuditEntry, Membership, Role
from tests.runs.history.test_purging import finished

pytestmark = pytest.mark.django_db
URL = "/history/retention/"
SOON = {"keep": "days", "days": "30"}


@pytest.fixture
def old(team, ann):
    found = [finished(team, ann, title=f"Old {number}", days_ago=40 + number) for number in range(3)]
    finished(team, ann, title="New")
    Decision.objects.create(
        team=team,
        author=ann,
        betas=["a"],
        subject="a",
        stand="wait",
        simulated=True,
        comparison=found[0].public_id,
        comparison_key=found[0].pk,
        number=found[0].number,
    )
    return found


def test_it_shows_what_would_go_before_anything_is_said(client, old):
    page = client.get(URL, SOON).content.decode()
    assert "2 comparisons would go" in page
    assert "<dt>Exchanges</dt><dd>4</dd>" in page
    assert "1 that a decision rests on" in page
    assert page.index("Old 2") < page.index("Old 1")
    assert "Old 0" not in page
    assert "3 comparisons would go" in client.get(URL, {**SOON, "takes_decided": "on"}).content.decode()
    assert "Nothing would go now" in client.get(URL, {**SOON, "days": "900"}).content.decode()


def test_what_somebody_outside_reads_by_a_link_stays_until_the_link_has_ended(client, old, ann, team):
    link, _ = PublicLink.issue(old[2], author=ann, days=30)
    page = client.get(URL, SOON).content.decode()
    assert "1 comparison would go" in page
    assert "1 that a decision rests on, 1 with a public link" in page
    now = timezone.now()
    assert old[2] not in retention.due(team, retention.Rule(30), now)
    assert old[2] in retention.due(team, retention.Rule(30), now + timedelta(days=30, minutes=1))
    link.revoke()
    assert old[2] in retention.due(team, retention.Rule(30), now)


def test_it_is_kept_once_it_was_seen_and_noted(client, old, team):
    assert "would go" in client.post(URL, SOON).content.decode()
    team.refresh_from_db()
    assert team.keep_days is None
    assert client.post(URL, {**SOON, "seen": "2"}).status_code == 302
    team.refresh_from_db()
    assert retention.Rule.of(team) == retention.Rule(30)
    assert retention.begins_at(team) > timezone.now() + timedelta(hours=23)
    said = AuditEntry.objects.get(action="retention setting changed")
    assert (said.about, said.detail) == ("for 30 days", {"comparisons due": "2"})
    assert "until then nothing goes" in client.get(URL).content.decode()
    assert "kept for 30 days" in client.get(reverse("runs:history")).content.decode()
    client.post(URL, {"keep": "ever"})
    team.refresh_from_db()
    assert team.keep_days is None


@pytest.mark.parametrize("days", ["", "0", "-1", "1e3", "36501", "9" * 40, "<b>"])
def test_nonsense_is_refused_and_stays_typed(client, owner, days):
    answer = client.get(URL, {"keep": "days", "days": days})
    assert (answer.status_code, 'role="alert"' in answer.content.decode()) == (422, True)


def test_who_is_no_owner_neither_sees_nor_sets_it(client, old, ann, team):
    Membership.objects.filter(user=ann).update(role=Role.ADMIN)
    assert client.get(URL).status_code == 403
    assert client.post(URL, {**SOON, "seen": "2"}).status_code == 403
    assert URL not in client.get(reverse("runs:history")).content.decode()
    team.refresh_from_db()
    assert team.keep_days is None


def test_a_preview_costs_the_same_number_of_queries_for_any_number(client, old, team, ann, django_assert_num_queries):
    rule, now = retention.Rule(30), timezone.now()
    with django_assert_num_queries(6):
        retention.preview(team, rule, now)
    for number in range(20):
        finished(team, ann, title=f"More {number}", days_ago=60)
    Comparison.objects.update(author=ann)
    with django_assert_num_queries(6):
        assert retention.preview(team, rule, now).comparisons == 22
