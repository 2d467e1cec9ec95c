"""POST /availability and what it found: which betas a connection accepts, for programs."""

import pytest
from django.conf import settings as console

from betaconsole.api.availability import EXAMPLE, CheckAnswer
from betaconsole.availability.models import Check
from betaconsole.betas import probing
from betaconsole.catalogue.betas import Status, all_betas
from betaconsole.runs.models import Exchange
from betaconsole.runs.sending import simulated
from betaconsole.teams.models import Connection, Membership
from tests.api.calling import Caller, error_of, fits, request
from tests.availability.probed import a_connection
from tests.runs.engines import running

CONTEXT, UNKNOWN = "context-management-2025-06-27", "context-managment-2025-06-27"


@pytest.mark.django_db(transaction=True)
def test_a_program_checks_betas_and_reads_what_was_found(caller: Caller, monkeypatch):
    monkeypatch.setattr(console, "SIMULATOR_SPEED", 10_000)
    simulated.simulator.cache_clear()
    with running():
        begun = caller.post("/availability", {**EXAMPLE, "betas": [CONTEXT, UNKNOWN]})
        assert (begun.status_code, list(begun.json())) == (202, ["id"])
        probing.wait_for_ends(30)
    simulated.simulator.cache_clear()
    answer = caller.get(f"/availability/{begun.json()['id']}").json()
    assert fits(answer, CheckAnswer)
    assert (answer["status"], answer["models"], answer["betas"]) == ("done", EXAMPLE["models"], [CONTEXT, UNKNOWN])
    good, bad = answer["results"]
    assert (good["beta"], good["state"], good["method"], good["message"]) == (CONTEXT, "accepted", "count_tokens", "")
    assert (bad["beta"], bad["state"], bad["method"]) == (UNKNOWN, "refused", "listed")
    assert UNKNOWN in bad["message"]
    assert answer["requests"] == Exchange.objects.count() == 4
    exchange = caller.get(f"/exchanges/{good['exchange']}").json()
    assert dict(exchange["request"]["headers"])["anthropic-beta"] == CONTEXT


@pytest.mark.django_db
class TestAsking:
    def test_what_is_left_out_is_the_default(self, caller):
        check = Check.objects.get(public_id=caller.post("/availability", {}).json()["id"])
        assert check.connection == Connection.objects.default_for(check.team)
        assert check.betas == [name for name, beta in all_betas().items() if beta.status is not Status.RETIRED]
        assert check.models_asked == ["claude-sonnet-5-5"]
        answer = caller.get(f"/availability/{check.public_id}").json()
        assert fits(answer, CheckAnswer)
        assert (answer["status"], answer["results"], answer["finished_at"]) == ("running", [], None)

    @pytest.mark.parametrize(
        ("asked", "field"),
        [
            ({"betas": ["Not A Beta"]}, "betas.0"),
            ({"models": [""]}, "models.0"),
            ({"models": [f"model-{number}" for number in range(21)]}, "models"),
            ({"betas": []}, "betas"),
            ({"models": []}, "models"),
            ({"connection": "nowhere"}, "connection"),
            ({"beta": []}, "beta"),
        ],
    )
    def test_what_cannot_be_checked_is_refused(self, caller, asked, field):
        refused = caller.post("/availability", asked)
        assert (refused.status_code, error_of(refused)["field"]) == (422, field)
        assert not Check.objects.exists()

    def test_the_default_is_of_the_connections_that_the_person_may_send_on(self, caller, ann, team):
        Connection.objects.filter(pk=a_connection(team).pk).update(lowest_role="admin")
        Membership.objects.filter(user=ann).update(role="member")
        begun = caller.post("/availability", {"betas": [CONTEXT]})
        assert begun.status_code == 202, begun.content
        assert Check.objects.get().connection.is_simulator
        assert caller.post("/preflight", request(connection=...)).status_code == 200

    def test_a_viewer_reads_and_does_not_begin(self, caller):
        check_id = caller.post("/availability", {}).json()["id"]
        Membership.objects.update(role="viewer")
        assert caller.post("/availability", {}).status_code == 403
        assert caller.get(f"/availability/{check_id}").status_code == 200

    def test_another_team_finds_nothing(self, caller, stranger):
        check_id = caller.post("/availability", {}).json()["id"]
        assert stranger.get(f"/availability/{check_id}").status_code == 404

    def test_while_sending_is_switched_off_nothing_is_begun(self, caller, settings):
        settings.SENDING_ENABLED = False
        assert caller.post("/availability", {}).status_code == 503
        assert not Check.objects.exists()
