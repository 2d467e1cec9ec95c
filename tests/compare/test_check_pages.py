"""The Checks tab: adding, removing, putting back, and how often each check holds."""

import re

import pytest
from django.test import Client

from betaconsole.runs.models import Comparison
from tests.builders import make_comparison, make_exchange

pytestmark = pytest.mark.django_db


@pytest.fixture
def comparison(team, ann) -> Comparison:
    made = make_comparison(team, ann, title="Checked", exchanges=False)
    for variant in made.variants.all():
        make_exchange(made, variant, answer="Fine.")
    return made


def address(comparison: Comparison, way: str = "") -> str:
    return f"/comparisons/{comparison.public_id}/checks/{way}"


def test_a_check_is_added_and_says_how_often_it_holds(client: Client, comparison):
    page = client.get(address(comparison)).content.decode()
    assert "Nothing is checked" in page
    added = client.post(
        address(comparison, "add/"), {"kind": "length", "max": "100000", "name": "not endless"}, follow=True
    )
    shown = added.content.decode()
    assert Comparison.objects.get(pk=comparison.pk).checks == [{"kind": "length", "name": "not endless", "max": 100000}]
    assert "not endless" in shown
    assert "1 of 1" in shown


def test_a_form_that_is_refused_comes_back_as_it_was_typed(client: Client, comparison):
    refused = client.post(address(comparison, "add/"), {"kind": "regex", "value": "(<b>", "name": "odd"})
    page = refused.content.decode()
    assert refused.status_code == 422
    assert "no regular expression" in page
    assert 'value="(&lt;b&gt;"' in page
    assert '<option value="regex" selected>' in page
    assert Comparison.objects.get(pk=comparison.pk).checks == []


@pytest.mark.parametrize(
    "typed",
    [
        {"kind": "json_schema", "schema": "{"},
        {"kind": "length", "max": "many"},
        {"kind": "tool_called", "tool": "look", "input": "[1]"},
        {"kind": "unheard of"},
        {"written": "[]"},
        {},
    ],
)
def test_what_cannot_be_checked_is_refused(client: Client, comparison, typed):
    refused = client.post(address(comparison, "add/"), typed)
    assert (refused.status_code, b'role="alert"' in refused.content) == (422, True)
    assert Comparison.objects.get(pk=comparison.pk).checks == []


def test_a_removed_check_can_be_put_back(client: Client, comparison):
    check = {"kind": "tool_called", "tool": "look", "input": {"id": 1.0}, "name": "looks"}
    Comparison.objects.filter(pk=comparison.pk).update(checks=[check])
    removed = client.post(address(comparison, "remove/"), {"name": "looks"})
    assert Comparison.objects.get(pk=comparison.pk).checks == []
    assert "Put it back" in removed.content.decode()
    client.post(
        address(comparison, "add/"),
        {"written": '{"kind": "tool_called", "tool": "look", "input": {"id": 1.0}, "name": "looks"}'},
    )
    assert Comparison.objects.get(pk=comparison.pk).checks == [check]


def test_a_verdict_that_is_shown_is_asked_for_anew_when_the_checks_change(client: Client, comparison):
    box = client.get(f"/comparisons/{comparison.public_id}/verdict/").content.decode()
    seen = re.search(r"seen=([^&\"]+)", box)
    assert seen
    ask = f"/comparisons/{comparison.public_id}/verdict/?seen={seen[1]}"
    assert client.get(ask).status_code == 204
    client.post(address(comparison, "add/"), {"kind": "json"})
    assert client.get(ask).status_code == 200
