"""Paging by key."""

import pytest

from betaconsole.teams.models import Team
from betaconsole.web.paging import number, page


@pytest.mark.django_db
def test_pages_follow_each_other_without_a_gap_or_a_double():
    for index in range(7):
        Team.objects.create(name=f"team {index}")
    seen, before = [], None
    while True:
        found = page(Team.objects.all(), key="pk", before=before, size=3)
        seen += [team.name for team in found.rows]
        before = found.next_before
        if before is None:
            break
    assert seen == [f"team {index}" for index in reversed(range(7))]


@pytest.mark.django_db
def test_what_is_added_meanwhile_moves_no_page():
    for index in range(4):
        Team.objects.create(name=f"team {index}")
    first = page(Team.objects.all(), key="pk", size=2)
    Team.objects.create(name="newer")
    second = page(Team.objects.all(), key="pk", before=first.next_before, size=2)
    assert [team.name for team in second.rows] == ["team 1", "team 0"]
    assert second.next_before is None


@pytest.mark.parametrize("text", [None, "", "-1", "1.5", "x", "٣", "9" * 10, "1e3", " 1"])
def test_only_a_positive_whole_number_is_a_place_to_go_on_from(text):
    assert number(text) is None


def test_a_number_is_one():
    assert number("418") == 418
