"""A team that its owner deletes is closed at once, comes back as it was, or goes for good with all it has."""

from datetime import timedelta

import pytest
from django.apps import apps
from django.db import OperationalError
from django.db import connection as database
from django.utils import timezone

from betaconsole.runs.history import closing, purging, sweeping
from betaconsole.runs.launching.launching import launch
from betaconsole.runs.launching.planning import PlanError
from betaconsole.runs.models import Comparison, Exchange
from betaconsole.runs.states import State
from betaconsole.sharing.models import PublicLink
from betaconsole.teams.members.members import invite
from betaconsole.teams.models import ApiToken, AuditEntry, Connection, Membership, Role, Team, User
from betaconsole.teams.solo import set_up
from tests.builders import make_comparison, make_exchange
from tests.runs.engines import connection_to, plan, run
from tests.team_mode import browser_of
from tests.test_every_url import objects_of

pytestmark = [pytest.mark.django_db, pytest.mark.both_databases]


@pytest.fixture
def place(crew) -> Membership:
    """The owner's place in a team that has one of everything."""
    place = Membership.objects.select_related("team", "user").get(user=crew["owner"])
    objects_of(place)
    return place


def delete(place: Membership) -> None:
    answer = browser_of(place.user).post("/team/delete/", {"name": place.team.name})
    assert answer.status_code == 302


def rows_of(team: Team) -> dict[str, int]:
    """How many rows of each table name the team, the audit log left out."""
    found = {}
    for model in apps.get_models():
        of_team = [field.name for field in model._meta.fields if field.related_model is Team]
        if of_team and model is not AuditEntry:
            found[model.__name__] = model._default_manager.filter(**{of_team[0]: team}).count()
    return {name: count for name, count in found.items() if count}


def test_only_an_owner_deletes_it_and_only_by_its_name(crew, place):
    assert browser_of(crew["admin"]).get("/team/delete/").status_code == 403
    page = browser_of(place.user).get("/team/delete/")
    assert "1 prompt " in page.content.decode()
    refused = browser_of(place.user).post("/team/delete/", {"name": "Other"})
    assert refused.status_code == 422
    assert "not the name" in refused.content.decode()
    assert not Team.objects.filter(deletes_at__isnull=False).exists()


def test_nothing_of_a_deleted_team_opens_or_is_sent_and_its_owner_brings_it_back(crew, place, client):
    comparison = make_comparison(place.team, place.user, exchanges=False, finished_at=None)
    queued = make_exchange(comparison, comparison.variants.first(), state=State.QUEUED)
    Comparison.objects.filter(pk=comparison.pk).update(finished_at=None)
    _, token = ApiToken.issue(user=place.user, team=place.team, name="t")
    _, shared = PublicLink.issue(comparison, author=place.user, days=3)
    invitation = invite(place, role=Role.MEMBER, note="")
    opening = [f"/shared/{shared}/", f"/account/invited/{invitation}/"]
    assert [client.get(path).status_code for path in opening] == [200, 200]
    headers = {"Authorization": f"Bearer {token}"}
    assert client.get("/api/v1/prompts", headers=headers).status_code == 200
    delete(place)
    assert Exchange.objects.get(pk=queued.pk).state == State.CANCELLED
    assert 200 not in {client.get(path).status_code for path in opening}
    assert client.get("/api/v1/prompts", headers=headers).status_code == 401
    assert not Connection.objects.usable().filter(team=place.team).exists()
    for person in ("owner", "admin", "viewer"):
        assert browser_of(crew[person]).get("/history/").status_code == 403
    offered = {name: place.team.public_id in browser_of(crew[name]).get("/account/").content.decode() for name in crew}
    assert offered == {"owner": True, "admin": False, "member": False, "viewer": False, "stranger": False}
    back = {"team": place.team.public_id}
    assert browser_of(crew["admin"]).post("/team/bring-back/", back).status_code == 404
    assert browser_of(crew["owner"]).post("/team/bring-back/", back).status_code == 302
    assert browser_of(crew["viewer"]).get("/history/").status_code == 200
    assert client.get("/api/v1/prompts", headers=headers).status_code == 200
    noted = AuditEntry.objects.filter(team=place.team, action__startswith="team ").order_by("pk")
    assert list(noted.values_list("action", flat=True)) == ["team deleted", "team brought back"]


def test_a_run_that_was_allowed_just_before_the_deletion_is_refused(place):
    connection = connection_to(place, "http://127.0.0.1:1")

    def closed_after_the_look_at_the_connection(execute, sql, params, many, context):
        found = execute(sql, params, many, context)
        if "teams_connection" in sql and Team.objects.filter(pk=place.team_id, deletes_at=None).exists():
            closing.close(place)
        return found

    before = Comparison.objects.count()
    looking = database.execute_wrapper(closed_after_the_look_at_the_connection)
    with looking, pytest.raises(PlanError, match="This team was deleted"):
        launch(plan(), team=place.team, author=None, connection=connection)
    assert Comparison.objects.count() == before
    assert AuditEntry.objects.filter(action="team deleted").exists()


def test_what_could_not_be_stopped_at_once_holds_no_other_back_and_is_stopped_later(place):
    connection = connection_to(place, "http://127.0.0.1:1")
    first, second = (run(place, connection, plan([[]])) for _ in range(2))

    def busy_for_the_first(execute, sql, params, many, context):
        if sql.startswith('UPDATE "runs_exchange"') and first.pk in (params or ()):
            raise OperationalError("database is locked")
        return execute(sql, params, many, context)

    with database.execute_wrapper(busy_for_the_first):
        delete(place)
    assert [comparison.exchanges.get().state for comparison in (first, second)] == [State.QUEUED, State.CANCELLED]
    sweeping.sweep()
    assert first.exchanges.get().state == State.CANCELLED
    late = run_as_before_the_deletion(place, connection)
    assert closing.reopen(place.user, place.team)
    assert late.exchanges.get().state == State.CANCELLED


def run_as_before_the_deletion(place: Membership, connection: Connection) -> Comparison:
    """Queued, and nobody has looked for it since."""
    closed = Team.objects.filter(pk=place.team_id)
    [deletes_at] = closed.values_list("deletes_at", flat=True)
    closed.update(deletes_at=None)
    made = run(place, connection, plan([[]]))
    closed.update(deletes_at=deletes_at)
    return made


def test_a_week_later_it_goes_with_all_it_has_and_nothing_else_does(crew, place):
    other = Membership.objects.select_related("team", "user").get(user=crew["stranger"])
    objects_of(other)
    kept = rows_of(other.team)
    delete(place)
    before = rows_of(place.team)
    assert {"Comparison", "Exchange", "Prompt", "Combination", "Connection", "Body", "Membership"} <= set(before)
    purging.purge(timezone.now() + closing.GRACE - timedelta(hours=1))
    assert rows_of(place.team) == before
    purging.purge(timezone.now() + closing.GRACE + timedelta(hours=1))
    assert rows_of(place.team) == {}
    assert not Team.objects.filter(pk=place.team_id).exists()
    assert rows_of(other.team) == kept
    assert AuditEntry.objects.filter(team_id=place.team_id, action="team deleted").exists()
    assert browser_of(crew["admin"]).get("/account/").status_code == 200
    database.check_constraints()


def test_in_solo_mode_no_team_goes(place, settings):
    delete(place)
    User.objects.filter(pk=place.user_id).update(is_local=True)
    settings.MODE = "solo"
    assert not closing.go_on(timezone.now() + closing.GRACE + timedelta(days=1))
    set_up()
    assert Team.objects.get(pk=place.team_id).deletes_at is None
