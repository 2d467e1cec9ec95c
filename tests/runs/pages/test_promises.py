"""The page of promises says something of everything it is asked about."""

import pytest

from betaconsole.runs.pages.promise_views import DOCUMENT
from betaconsole.runs.states import State
from tests.builders import make_comparison

pytestmark = pytest.mark.django_db
EXPLAINED = [State.UNKNOWN_OUTCOME, State.INTERRUPTED]


@pytest.mark.parametrize(
    "state", [state for state in State if state not in (State.QUEUED, State.SENDING, State.STREAMING)]
)
def test_it_says_of_every_ending_what_it_means_for_the_bill(state):
    table = DOCUMENT.read_text().split("## What each ending means for the bill")[1].split("\n## ")[0]
    assert state in table


def test_it_is_a_page_of_the_console(client, owner):
    page = client.get("/promises/").content.decode()
    assert "<h2>A request is sent at most once</h2>" in page
    assert "<td>nobody here can know" not in page  # bold there
    assert "<strong>nobody here can know</strong>" in page


@pytest.mark.parametrize("state", EXPLAINED)
def test_an_ending_whose_bill_nobody_knows_leads_there(state, client, owner):
    comparison = make_comparison(owner.team, owner.user, title="Cut")
    comparison.exchanges.update(state=state)
    assert '<a href="/promises/">What is promised</a>' in client.get(comparison.get_absolute_url()).content.decode()
