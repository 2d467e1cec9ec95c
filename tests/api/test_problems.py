"""Everything that can be wrong with a call, and the one form it is answered in."""

import json
from datetime import timedelta

import pytest
from django.http import HttpResponse
from django.test import Client

from betaconsole.runs.models import Comparison, Exchange
from betaconsole.teams.models import ApiToken, Membership, Role
from tests.api.calling import BODY, V1, Caller, error_of, request

pytestmark = pytest.mark.django_db

INVALID = [
    ({"title": 3}, "title"),
    ({"title": "a\x00b"}, "title"),
    ({"title": "x" * 201}, "title"),
    ({"titel": "x"}, "titel"),
    ({"connection": "nowhere"}, "connection"),
    ({"body": ...}, "body"),
    ({"body": "text"}, "body"),
    ({"body": {**BODY, "betas": ["a-2025-01-01"]}}, "body.betas"),
    ({"body": {**BODY, "anthropic_beta": ["a-2025-01-01"]}}, "body.anthropic_beta"),
    ({"variants": ...}, "variants"),
    ({"variants": []}, "variants"),
    ({"variants": [{"betas": []}] * 33}, "variants"),
    ({"variants": [{}]}, "variants.0.betas"),
    ({"variants": [{"betas": "a-2025-01-01"}]}, "variants.0.betas"),
    ({"variants": [{"betas": []}, {"betas": ["ok-2025-01-01", "Not OK"]}]}, "variants.1.betas.1"),
    ({"variants": [{"betas": ["a\r\nx-api-key: b"]}]}, "variants.0.betas.0"),
    ({"variants": [{"betas": ["a\x00"]}]}, "variants.0.betas.0"),
    ({"variants": [{"betas": ["a,b"]}]}, "variants.0.betas.0"),
    ({"variants": [{"betas": ["ä-2025-01-01"]}]}, "variants.0.betas.0"),
    ({"variants": [{"betas": ["\ud800"]}]}, "variants.0.betas.0"),
    ({"variants": [{"betas": [f"b{n}" for n in range(65)]}]}, "variants.0.betas"),
    ({"variants": [{"betas": [], "beta": 1}]}, "variants.0.beta"),
    ({"variants": [{"betas": [], "label": ""}]}, "variants.0.label"),
    ({"variants": [{"betas": [], "label": "\ud800"}]}, "variants.0.label"),
    ({"variants": [{"betas": [], "label": "a"}, {"betas": [], "label": "a"}]}, "variants.1.label"),
    ({"variants": [{"betas": [], "anthropic_version": "now"}]}, "variants.0.anthropic_version"),
    ({"variants": [{"betas": [], "patch": "x"}]}, "variants.0.patch"),
    ({"variants": [{"betas": [], "patch": [{"op": "remove", "path": "/nothing"}]}]}, "variants.0.patch"),
    ({"variants": [{"betas": [], "patch": [7]}]}, "variants.0.patch"),
    ({"variants": [{"betas": [], "patch": {"betas": []}}]}, "variants.0.patch.betas"),
    ({"variants": [{"betas": [], "body": []}]}, "variants.0.body"),
    ({"variants": [{"betas": [], "body": {"betas": []}}]}, "variants.0.body.betas"),
    ({"variants": [{"betas": [], "baseline": "Z"}]}, "variants.0.baseline"),
    ({"repeats": 0}, "repeats"),
    ({"repeats": 101}, "repeats"),
    ({"repeats": 1.0}, "repeats"),
    ({"repeats": True}, "repeats"),
    ({"repeats": 10**400}, "repeats"),
    ({"cases": []}, "cases"),
    ({"cases": [{"names": "x"}]}, "cases.0.names"),
    ({"cases": [{"variables": []}]}, "cases.0.variables"),
    ({"cases": [{"body": {"betas": []}}]}, "cases.0.body.betas"),
    ({"repeats": 100, "cases": [{"name": str(n)} for n in range(11)]}, "repeats"),
    ({"stream": "yes"}, "stream"),
    ({"max_turns": -1}, "max_turns"),
    ({"max_turns": 101}, "max_turns"),
    ({"tool_stubs": {}}, "tool_stubs"),
    ({"tool_stubs": [{"result": "x"}]}, "tool_stubs.0.tool"),
    ({"tool_stubs": [{"tool": "", "result": "x"}]}, "tool_stubs.0.tool"),
    ({"tool_stubs": [{"tool": "a"}]}, "tool_stubs.0"),
    ({"tool_stubs": [{"tool": "a", "result": "x"}, {"tool": "a", "result": "x", "error": "y"}]}, "tool_stubs.1"),
    ({"tool_stubs": [{"tool": "a", "result": "x", "delay_ms": 600_001}]}, "tool_stubs.0.delay_ms"),
    ({"tool_stubs": [{"tool": "a", "result": "x", "match_exactly": True}]}, "tool_stubs.0.match_exactly"),
    ({"tool_stubs": [{"tool": "a", "result": "x", "wait": 1}]}, "tool_stubs.0.wait"),
    ({"tool_stubs": [{"tool": "a", "result": "x"}] * 101}, "tool_stubs"),
    ({"client_token": ""}, "client_token"),
    ({"client_token": "x" * 129}, "client_token"),
]


@pytest.mark.parametrize(("fields", "field"), INVALID)
def test_what_is_invalid_is_answered_with_the_field_that_is_and_nothing_is_sent(caller, fields, field):
    response = caller.compare(**fields)
    assert response.status_code == 422
    error = error_of(response)
    assert (error["type"], error["field"]) == ("invalid", field)
    assert error["message"].startswith(f"{field}: ")
    assert not Comparison.objects.exists()


@pytest.mark.parametrize("name", ["Capital-2025-01-01", "with space", "a,b", "comma,", "naïve"])
def test_a_refused_beta_name_is_quoted(caller, name):
    message = error_of(caller.compare(variants=[{"betas": [name]}]))["message"]
    assert f"'{name}'" in message


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"title": "x" * 201}, "at most 200 characters"),
        ({"variants": [{"betas": [], "label": ""}]}, "at least 1 character"),
        ({"variants": [{"betas": [], "baseline": "x" * 201}]}, "at most 200 characters"),
        ({"client_token": "x" * 129}, "at most 128 characters"),
    ],
)
def test_a_text_of_the_wrong_length_is_told_in_characters(caller, fields, said):
    message = error_of(caller.compare(**fields))["message"]
    assert said in message
    assert "items" not in message


def test_betas_in_the_body_are_explained(caller):
    message = error_of(caller.compare(body={**BODY, "betas": []}))["message"]
    assert "anthropic-beta header" in message


BROKEN = [
    ("{", "line 1, column 2"),
    ('{\n  "title": "x",\n  "repeats": NaN\n}', "line 3, column 14"),
    ('{"title": "a",\n "title": "b"}', '"title" stands twice'),
    ('{"body": ' + "[" * 100 + "]" * 100 + "}", "64 levels"),
    ('{"body": ' + "[" * 100_000, "line 1"),
    ("[]", "one JSON object"),
    ("null", "one JSON object"),
    ("", "one JSON object"),
    (b'{"title": "\xff"}', "not UTF-8: byte 12"),
]


@pytest.mark.parametrize(("text", "said"), BROKEN, ids=range(len(BROKEN)))
def test_what_is_not_json_is_answered_with_line_and_column(caller, text, said):
    response = caller.post("/comparisons", text)
    assert response.status_code == 422
    assert said in error_of(response)["message"]


def test_more_than_32_mb_is_refused_with_the_limit_named(caller):
    response = caller.compare(title="x" * (32 * 1024 * 1024))
    assert response.status_code == 413
    assert "32 MB" in error_of(response)["message"]


def test_a_request_far_too_large_is_refused_unread(caller):
    response = caller.compare(title="x" * (100 * 1024 * 1024))
    assert response.status_code == 413
    assert "32 MB" in error_of(response)["message"]


@pytest.mark.parametrize("fields", [{"match": {"n": "HUGE"}}, {"result": [{"type": "text", "text": "x", "n": "HUGE"}]}])
def test_a_number_that_could_not_be_kept_is_refused(caller, fields):
    stub = {"tool": "a", "result": "x", **fields}
    response = caller.post("/comparisons", json.dumps(request(tool_stubs=[stub])).replace('"HUGE"', "1e999"))
    assert response.status_code == 422
    assert error_of(response)["field"] == f"tool_stubs.0.{next(iter(fields))}"


def test_sending_that_is_switched_off_is_answered_503_and_when_to_come_back(caller, settings):
    settings.SENDING_ENABLED = False
    response = caller.compare()
    assert response.status_code == 503
    assert int(response.headers["Retry-After"]) > 0
    assert error_of(response)["type"] == "sending_disabled"
    assert not Comparison.objects.exists()


def test_an_address_that_does_not_exist_is_answered_in_json(caller):
    for path in ("/nothing", "/", "/comparisons/", "/comparisons/%00", "/exchanges/a%2Fb", "/comparisons/nothing"):
        for response in (caller.get(path), caller.post(path)):
            assert response.status_code in (404, 405), path
            error_of(response)


def test_a_wrong_method_is_answered_with_the_right_one(caller):
    response = caller.get("/comparisons")
    assert (response.status_code, response.headers["Allow"]) == (405, "POST")
    assert "POST" in error_of(response)["message"]


def test_head_is_answered_where_get_is(caller):
    def head(path: str) -> HttpResponse:
        return caller.client.head(f"{V1}{path}", headers={"authorization": f"Bearer {caller.secret}"})

    assert [head(path).status_code for path in ("/history", "/exchanges/nothing", "/comparisons")] == [200, 404, 405]
    assert head("/history").headers["Content-Length"] == caller.get("/history").headers["Content-Length"]
    answer = caller.post("/history")
    assert (answer.status_code, answer.headers["Allow"]) == (405, "GET, HEAD")


def test_a_mistake_of_ours_is_answered_without_its_details(caller, monkeypatch, caplog):
    monkeypatch.setattr("betaconsole.api.orders.launch", lambda *args, **options: 1 / 0)
    response = caller.compare()
    assert response.status_code == 500
    assert "division" not in error_of(response)["message"]
    assert "ZeroDivisionError" in caplog.text


@pytest.mark.parametrize("wait", ["-1", "soon", "nan", "inf"])
def test_a_wait_that_is_no_number_of_seconds_is_invalid(caller, wait):
    made = caller.compare().json()
    response = caller.get(f"/comparisons/{made['id']}?wait={wait}")
    assert response.status_code == 422
    assert error_of(response)["field"] == "wait"


class Test401:
    @pytest.mark.parametrize(
        "value", ["", "Bearer", "Bearer ", "Bearer bc_wrong", "Basic YTpi", "bc_wrong", "Bearer é"]
    )
    def test_nothing_but_a_live_token_opens(self, caller, value):
        client = Client(headers={"host": "localhost"})
        response = client.get(f"{V1}/comparisons/x", headers={"authorization": value})
        assert response.status_code == 401
        assert response.headers["WWW-Authenticate"] == "Bearer"
        assert error_of(response)["type"] == "unauthorized"

    def test_the_browser_of_the_local_owner_has_no_token(self, client, caller):
        made = caller.compare().json()
        client.get("/api/docs")
        for address in (f"/comparisons/{made['id']}", f"/exchanges/{made['exchanges'][0]}"):
            assert client.get(V1 + address).status_code == 401
        assert client.post(f"{V1}/comparisons", request(), content_type="application/json").status_code == 401
        assert client.post(f"{V1}/comparisons/{made['id']}/cancel").status_code == 401

    def test_a_revoked_token_opens_nothing(self, caller):
        ApiToken.objects.update(revoked_at="2026-01-01T00:00:00Z")
        assert caller.compare().status_code == 401

    def test_a_token_of_somebody_who_left_the_team_opens_nothing(self, caller, ann):
        ann.memberships.all().delete()
        assert caller.compare().status_code == 401

    def test_a_token_from_another_machine_opens_nothing(self, caller):
        headers = {"authorization": f"Bearer {caller.secret}"}
        assert caller.client.get(f"{V1}/comparisons/x", headers=headers, REMOTE_ADDR="192.0.2.1").status_code == 403


class TestForeign:
    def test_what_belongs_to_another_team_is_not_there(self, caller, stranger):
        made = caller.compare().json()
        comparison = f"/comparisons/{made['id']}"
        for response in (
            stranger.get(comparison),
            stranger.post(f"{comparison}/cancel"),
            stranger.get(f"/exchanges/{made['exchanges'][0]}"),
        ):
            assert response.status_code == 404
            assert error_of(response)["type"] == "not_found"
        assert not Exchange.objects.filter(state="cancelled").exists()

    def test_a_token_reaches_only_its_own_team_also_where_its_user_is_in_two(self, caller, stranger, eve, team):
        Membership.objects.create(user=eve, team=team)
        made = caller.compare().json()
        assert stranger.get(f"/comparisons/{made['id']}").status_code == 404
        assert stranger.get(f"/exchanges/{made['exchanges'][0]}").status_code == 404

    def test_another_teams_connection_is_unknown(self, caller, stranger, eve):
        foreign = eve.teams.get().connections.get()
        assert error_of(caller.compare(connection=foreign.public_id))["field"] == "connection"

    def test_another_teams_client_token_does_not_collide(self, caller, stranger):
        assert caller.compare(client_token="t").status_code == 201
        assert stranger.compare(client_token="t").status_code == 201

    def test_a_viewer_reads_but_starts_and_stops_nothing(self, caller, bo, team):
        made = caller.compare().json()
        bo.memberships.update(role=Role.VIEWER)
        viewer = Caller(bo, team)
        assert viewer.get(f"/comparisons/{made['id']}").status_code == 200
        for response in (viewer.compare(), viewer.post(f"/comparisons/{made['id']}/cancel")):
            assert response.status_code == 403
            assert error_of(response)["type"] == "forbidden"


def test_a_tokens_last_use_is_kept_at_most_once_a_minute(caller):
    caller.get("/comparisons/x")
    first = ApiToken.objects.get().last_used_at
    assert first is not None
    caller.get("/comparisons/x")
    assert ApiToken.objects.get().last_used_at == first
    ApiToken.objects.update(last_used_at=first - timedelta(seconds=61))
    caller.get("/comparisons/x")
    assert ApiToken.objects.get().last_used_at > first
