"""GET /betas and /betas/{name}: the catalogue and where betas are accepted, in the documented form."""

import pytest
from django.db import connection as database
from django.test.utils import CaptureQueriesContext

from betaconsole.api.betas import BetaAnswer, WholeBetaAnswer
from betaconsole.availability.models import State
from betaconsole.catalogue.betas import all_betas
from tests.api.calling import error_of, fits
from tests.availability.probed import BEGUN, MODEL, a_connection, days, found
from tests.builders import CONTEXT, THINKING, make_comparison
from tests.cases import hold_for

pytestmark = pytest.mark.django_db
OWN = "our-own-2026-01-01"


@pytest.fixture
def key(team):
    return a_connection(team)


def test_the_list_holds_the_catalogue_in_exactly_this_form(caller, key):
    found(key, {CONTEXT: State.ACCEPTED})
    found(key, {CONTEXT: State.REFUSED}, at=BEGUN + days(1))
    answer = caller.get("/betas").json()
    assert fits(answer, list[BetaAnswer])
    assert [beta["name"] for beta in answer] == list(all_betas())
    assert next(beta for beta in answer if beta["name"] == CONTEXT) == {
        "name": CONTEXT,
        "family": "context-management",
        "date": "2025-06-27",
        "status": "active",
        "superseded_by": None,
        "endpoints": ["messages", "messages.count_tokens"],
        "unlocks": list(all_betas()[CONTEXT].unlocks),
        "header_only": False,
        "docs_url": all_betas()[CONTEXT].docs_url,
        "availability": [
            {
                "connection": key.public_id,
                "model": MODEL,
                "state": "refused",
                "checked_at": "2026-11-02T09:14:00+00:00",
                "message": f"Unexpected value(s) `{CONTEXT}` for the `anthropic-beta` header.",
            }
        ],
    }
    assert "tools[].type=computer_20251124" in next(
        beta["unlocks"] for beta in answer if beta["name"] == "computer-use-2025-11-24"
    )


def test_it_takes_one_question_to_the_database_however_much_was_probed(caller, key):
    def queries() -> int:
        with CaptureQueriesContext(database) as asked:
            caller.get("/betas")
        return len(asked)

    caller.get("/betas")
    few = queries()
    found(key, dict.fromkeys(all_betas(), State.ACCEPTED))
    assert queries() == few


def test_every_known_beta_can_be_read_whole(caller):
    def can_be_read(name: str) -> None:
        answer = caller.get(f"/betas/{name}")
        assert answer.status_code == 200
        assert fits(answer.json(), WholeBetaAnswer)
        assert answer.json()["known"]["title"] == all_betas()[name].title

    hold_for(all_betas(), can_be_read)


def test_one_beta_is_told_with_its_example_its_strips_and_its_changes(caller, ann, team, key):
    make_comparison(team, ann, betas=((), (CONTEXT,)))
    found(key, {CONTEXT: State.ACCEPTED})
    found(key, {CONTEXT: State.REFUSED}, at=BEGUN + days(1), exchange="x1")
    answer = caller.get(f"/betas/{CONTEXT}").json()
    example = answer["known"]["example"]
    assert example["request"] == "POST /v1/messages"
    assert "context_management" in example["body"]
    assert "context_management" not in example["without"]
    assert answer["used"] == 1
    [strip] = answer["strips"]
    assert (strip["connection"], strip["model"]) == (key.public_id, MODEL)
    assert [probe["state"] for probe in strip["probes"]] == ["accepted", "refused"]
    assert [(change["previous"], change["state"], change["exchange"]) for change in answer["changes"]] == [
        ("accepted", "refused", "x1")
    ]


def test_a_name_that_nobody_knows_is_not_found_and_the_nearest_are_named(caller):
    refused = caller.get("/betas/context-managment-2025-06-27")
    assert refused.status_code == 404
    assert CONTEXT in error_of(refused)["message"]
    assert caller.get("/betas/Upper-Case").status_code == 404


def test_a_name_of_ones_own_is_found_once_it_was_asked_about_and_by_nobody_else(caller, stranger, key):
    found(key, {OWN: State.ACCEPTED, THINKING: State.REFUSED})
    answer = caller.get(f"/betas/{OWN}").json()
    assert fits(answer, WholeBetaAnswer)
    assert (answer["known"], answer["status"], answer["date"]) == (None, "unknown", "2026-01-01")
    assert answer["availability"][0]["state"] == "accepted"
    assert caller.get("/betas").json()[-1]["name"] == OWN
    assert stranger.get(f"/betas/{OWN}").status_code == 404
    assert stranger.get(f"/betas/{THINKING}").json()["availability"] == []


@pytest.mark.parametrize(
    ("name", "family", "date"),
    [
        ("our-own-2026-02-03", "our-own", "2026-02-03"),
        ("our-own-2026-02-30", "our-own", None),
        ("our-own", "our-own", None),
    ],
)
def test_a_name_of_ones_own_has_the_family_and_date_that_stand_in_it(caller, key, name, family, date):
    found(key, {name: State.ACCEPTED})
    answer = caller.get(f"/betas/{name}").json()
    assert (answer["family"], answer["date"]) == (family, date)
