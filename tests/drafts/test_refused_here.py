"""A column with a beta that the connection last refused says so before it is sent: in the composer and through the API."""

import html

import pytest
from django.urls import reverse

from betaconsole.availability.models import State
from betaconsole.drafts.columns import Column
from betaconsole.teams.models import Connection
from tests.api.calling import Caller, request
from tests.availability.probed import MODEL, a_connection, found
from tests.drafts.desk import BODY, COMPACT, CONTEXT, Tab, a_draft

pytestmark = pytest.mark.django_db
OPUS = "claude-opus-4-8"


@pytest.fixture
def simulator(owner):
    return Connection.objects.get(team=owner.team)


def tab_with(client, *columns: Column) -> Tab:
    return Tab(client, a_draft(BODY, columns))


def findings(tab: Tab) -> str:
    """The region's text as somebody reads it, the page being drawn anew."""
    page = html.unescape(tab.client.get(reverse("runs:compose"), {"draft": tab.id}).text)
    return page[page.index('id="findings"') :]


def test_the_columns_that_send_it_say_so_with_date_and_words_and_one_press_takes_it_out(client, simulator):
    found(simulator, {COMPACT: State.REFUSED})
    tab = tab_with(client, Column("a"), Column("b", betas=(COMPACT, CONTEXT)))
    shown = findings(tab)
    assert "is refused on Simulator since 1 Nov, 09:14 UTC: “Unexpected value(s)" in shown
    assert f'href="{reverse("betas:beta", args=[COMPACT])}"' in shown
    asked = shown.split('"finding": "')
    finding = next(part.split('"')[0] for at, part in enumerate(asked[1:]) if "is refused on Simulator" in asked[at])
    tab.post("fix", finding=finding)
    assert [column.betas for column in tab.draft.sheet] == [(), (CONTEXT,)]
    assert "is refused on Simulator" not in findings(tab)


def test_a_refusal_for_a_model_is_told_where_the_column_asks_that_model(client, simulator):
    found(simulator, {CONTEXT: State.REFUSED_MODEL}, model=OPUS)
    tab = tab_with(client, Column("a", betas=(CONTEXT,)), Column("b", betas=(CONTEXT,)))
    assert "refused on" not in findings(tab)
    tab.post("set_column", "b", field="model", value=OPUS)
    shown = findings(tab)
    assert "is refused on Simulator for this model" in shown
    assert "In B" in shown


def test_another_connection_of_the_draft_has_its_own_answers(client, simulator, owner):
    key = a_connection(owner.team)
    found(simulator, {CONTEXT: State.REFUSED})
    tab = tab_with(client, Column("a", betas=(CONTEXT,)))
    tab.post("set_connection", value=key.public_id)
    assert "is refused on" not in findings(tab)
    tab.post("set_connection", value=simulator.public_id)
    assert "is refused on Simulator" in findings(tab)


def test_a_batch_is_asked_about_the_model_inside_it(client, simulator):
    found(simulator, {CONTEXT: State.REFUSED_MODEL}, model=MODEL)
    tab = tab_with(client, Column("a", betas=(CONTEXT,)), Column("b"))
    tab.post("set_engine", value="batch")
    assert "is refused on Simulator for this model" in findings(tab)


def test_preflight_of_the_api_says_the_same(ann, team, simulator):
    found(simulator, {CONTEXT: State.REFUSED_ACCOUNT}, message="Your account may not use this.")
    answer = Caller(ann, team).post("/preflight", request(variants=[{"betas": []}, {"betas": [CONTEXT]}])).json()
    said = [[one for one in column["findings"] if one["code"] == "refused_here"] for column in answer["columns"]]
    assert said == [
        [],
        [
            {
                "level": "warning",
                "code": "refused_here",
                "message": f"{CONTEXT} is refused on Simulator for this account since 1 Nov, 09:14 UTC: "
                "“Your account may not use this.”",
                "path": "",
                "fix": {"action": "remove_beta", "beta": CONTEXT},
            }
        ],
    ]


def test_a_team_is_not_told_what_another_teams_key_was_refused(client, simulator, eve):
    theirs = a_connection(eve.teams.get())
    found(theirs, {CONTEXT: State.REFUSED})
    assert "is refused on" not in findings(tab_with(client, Column("a", betas=(CONTEXT,))))
