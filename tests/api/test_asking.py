"""From what was asked to the plan: defaults, labels, streaming, variables, spelling."""

import json

import pytest

from betaconsole.api.asking import NewComparison
from betaconsole.api.orders import connection_for
from betaconsole.api.plans import plan_of
from betaconsole.claude import jsontext
from betaconsole.runs.launching.planning import Plan, askings
from betaconsole.runs.launching.repeating import run_whole_again
from betaconsole.runs.models import Comparison
from betaconsole.teams.models import Connection
from tests.api.calling import BODY, Caller, error_of

VERSION = "2026-10-21"


def planned(text: str = "{}", **fields: object) -> Plan:
    """The plan for these fields, from JSON text as it is posted; a body and one variant where nothing is said."""
    asked = {"body": BODY, "variants": [{"betas": []}], **fields}
    parsed = jsontext.loads(jsontext.dumps(asked))
    return plan_of(NewComparison.model_validate({**parsed, **jsontext.loads(text)}), version=VERSION)


def sent(plan: Plan) -> list[str]:
    return [asking.body.decode() for asking in askings(plan)]


def labels(*given: str | None) -> list[str]:
    variants = [{"betas": []} if label is None else {"betas": [], "label": label} for label in given]
    return [variant.label for variant in planned(variants=variants).variants]


def test_a_column_without_a_label_takes_its_letter():
    assert labels(None, None, None) == ["A", "B", "C"]
    assert labels("first", None) == ["first", "B"]


def test_a_letter_that_somebody_gave_is_not_given_again():
    assert labels("B", None, None) == ["B", "C", "D"]
    assert labels(None, "A") == ["B", "A"]


def test_32_columns_without_labels_have_32_labels():
    assert len(set(labels(*[None] * 32))) == 32


def test_what_is_left_out_and_what_is_null_mean_the_same():
    nulls = """{"title": null, "connection": null, "stream": null, "cases": null, "tool_stubs": null, "client_token": null,
        "variants": [{"betas": [], "label": null, "anthropic_version": null, "patch": null, "body": null, "baseline": null}]}"""
    assert planned(nulls) == planned()


def test_the_connections_version_holds_where_a_column_has_none():
    plan = planned(variants=[{"betas": []}, {"betas": [], "anthropic_version": "2023-06-01"}])
    assert [variant.version for variant in plan.variants] == [VERSION, "2023-06-01"]


@pytest.mark.parametrize(
    ("explicit", "in_body", "expected"),
    [
        (None, None, True),
        (None, False, False),
        (None, True, True),
        (True, None, True),
        (True, False, True),
        (False, True, False),
        (False, False, False),
    ],
)
def test_an_explicit_stream_wins_then_the_bodys_then_true(explicit, in_body, expected):
    body = BODY if in_body is None else {**BODY, "stream": in_body}
    plan = planned(body=body, **({} if explicit is None else {"stream": explicit}))
    assert [asking.stream for asking in askings(plan)] == [expected]


def test_bodies_of_columns_and_cases_stream_too():
    own = {**BODY, "max_tokens": 1}
    plan = planned(variants=[{"betas": []}, {"betas": [], "body": own}], cases=[{"body": {**BODY, "max_tokens": 2}}])
    assert [asking.stream for asking in askings(plan)] == [True, True]


def test_numbers_key_order_and_unknown_fields_of_a_body_are_sent_as_written():
    text = """{"body": {"z": 1.0, "a": 1e2, "model": "m", "huge": 12345678901234567890123, "zero": -0.0, "stream": true},
        "variants": [{"betas": [], "patch": {"temperature": 0.50, "z": 2.00}}]}"""
    assert sent(planned(text)) == [
        '{"z":2.00,"a":1e2,"model":"m","huge":12345678901234567890123,"zero":-0.0,"stream":true,"temperature":0.50}'
    ]


def test_a_model_name_that_no_column_could_hold_is_sent_all_the_same():
    plan = planned('{"body": {"model": "a\\u0000\\ud800", "stream": false}}')
    assert sent(plan) == ['{"model":"a\\u0000\\ud800","stream":false}']
    assert [asking.model for asking in askings(plan)] == ["a\ufffd\ufffd"]


def test_a_variable_is_put_in_where_a_case_has_it_and_left_where_not():
    body = {"system": "{{who}} {{what}} {{ n }}", "stream": False}
    cases = """{"cases": [{"name": "one", "variables": {"who": "Ann", "n": 1.50}}, {"variables": {"what": "q\\"\\u0000"}}, {}]}"""
    assert sent(planned(cases, body=body)) == [
        '{"system":"Ann {{what}} 1.50","stream":false}',
        '{"system":"{{who}} q\\"\\u0000 {{ n }}","stream":false}',
        '{"system":"{{who}} {{what}} {{ n }}","stream":false}',
    ]


@pytest.mark.django_db
class TestConnection:
    def test_it_is_found_by_id_by_name_and_by_kind(self, owner):
        key = Connection.objects.create(team=owner.team, name="Simulator 2", kind="key", base_url="http://127.0.0.1:9")
        simulator = owner.team.connections.get(kind="simulator")
        assert connection_for(owner.team, key.public_id) == key
        assert connection_for(owner.team, "Simulator 2") == key
        assert connection_for(owner.team, "Simulator") == simulator
        assert connection_for(owner.team, "simulator") == simulator

    def test_the_default_is_the_teams(self, owner):
        assert connection_for(owner.team, None) == Connection.objects.default_for(owner.team)

    def test_one_that_was_removed_is_not_found(self, caller, owner):
        owner.team.connections.update(archived_at="2026-01-01T00:00:00Z")
        assert error_of(caller.compare())["field"] == "connection"
        assert error_of(caller.compare(connection=...))["field"] == "connection"


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("asked", "inside", "expected"), [(False, ..., None), (False, True, False), (True, False, True), (None, ..., True)]
)
def test_what_was_asked_of_streaming_is_asked_again(caller: Caller, asked, inside, expected):
    body = {**BODY} if inside is ... else {**BODY, "stream": inside}
    made = Comparison.objects.get(public_id=caller.compare(body=body, stream=asked).json()["id"])
    again = run_whole_again(made, author=made.author, client_token=None)
    bodies = {bytes(one.request_body.data) for both in (made, again) for one in both.exchanges.all()}
    assert [json.loads(one).get("stream") for one in bodies] == [expected]
