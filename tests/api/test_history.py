"""Finding comparisons and exchanges from a program."""

import pytest

from betaconsole.runs.history.seeding import seed
from betaconsole.runs.models import Comparison

pytestmark = pytest.mark.django_db


@pytest.fixture
def seeded(caller):
    return seed(200)


def every(caller, address):
    """All items, page after page."""
    items, before = [], ""
    while before is not None:
        page = caller.get(f"{address}{'&' if '?' in address else '?'}before={before}").json()
        items, before = items + page["items"], page["next"]
    return items


def test_pages_follow_each_other_and_lose_nothing(caller, team, seeded):
    found = every(caller, "/history?limit=7")
    assert [one["number"] for one in found] == list(
        Comparison.objects.filter(team=team).order_by("-number").values_list("number", flat=True)
    )
    exchanges = every(caller, "/exchanges?limit=60")
    assert len({one["id"] for one in exchanges}) == len(exchanges) == sum(sum(one["states"].values()) for one in found)


def test_filters_are_parameters_or_typed(caller, seeded):
    for address in ("/history?beta=context-1m", "/history?q=beta:context-1m"):
        found = every(caller, address)
        assert found
        assert all("context-1m-2025-08-07" in one["betas"] for one in found)
    failed = every(caller, "/exchanges?state=failed&limit=200")
    assert failed
    assert {one["state"] for one in failed} == {"failed"}
    slow = every(caller, "/exchanges?latency=>5s&cost=>0.02")
    assert slow
    assert all(one["total_ms"] > 5000 and one["cost_usd"] > 0.02 for one in slow)
    assert every(caller, f"/exchanges?q={slow[0]['request_id']}")[0]["id"] == slow[0]["id"]


@pytest.mark.parametrize("address", ["/history", "/exchanges"])
@pytest.mark.parametrize(
    ("asked", "why"),
    [
        ("state=happy", "state: There is no state"),
        ("is=odd", "is: "),
        ("colour=red", "colour: There is no such parameter"),
        ("q=foo:bar", "q: foo:bar: There is no filter"),
        ("cost=5", "cost: Give bounds"),
        ("limit=0", "greater than"),
        ("before=nothing-like-it", "the next of a page"),
        ("before=a%20b", "the next of a page"),
    ],
)
def test_a_misspelt_filter_is_refused_and_not_left_out(caller, address, asked, why):
    answer = caller.get(f"{address}?{asked}")
    assert answer.status_code == 422, answer.json()
    assert why in answer.json()["error"]["message"]


def test_a_stranger_finds_nothing(stranger, seeded):
    assert stranger.get("/history").json() == {"items": [], "next": None}
    assert stranger.get("/exchanges?q=refund").json() == {"items": [], "next": None}
