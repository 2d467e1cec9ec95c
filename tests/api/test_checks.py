"""Checks on outputs, for programs: asked for with a comparison, and set on one that has answered."""

import pytest

from betaconsole.runs.models import Comparison
from tests.api.calling import Caller, error_of
from tests.builders import make_comparison

pytestmark = pytest.mark.django_db
CHECKS = [{"name": "polite", "kind": "contains", "value": "sorry"}, {"name": "cheap", "kind": "cost", "max": 0.010}]


def test_a_comparison_is_asked_for_with_checks(caller: Caller):
    made = caller.compare(checks=CHECKS)
    assert made.status_code == 201
    assert caller.get(f"/comparisons/{made.json()['id']}").json()["checks"] == CHECKS


def test_checks_are_set_on_a_comparison_that_has_answered(caller: Caller, team, ann):
    comparison = make_comparison(team, ann)
    said = caller.post(f"/comparisons/{comparison.public_id}/checks", {"checks": CHECKS})
    assert (said.status_code, said.json()["checks"]) == (200, CHECKS)
    assert Comparison.objects.get(pk=comparison.pk).checks == CHECKS


@pytest.mark.parametrize("checks", [[{"kind": "nice"}], [{"kind": "regex", "value": "("}], [{}], ["x"], "x"])
def test_checks_that_cannot_be_used_are_refused_and_change_nothing(caller: Caller, team, ann, checks):
    comparison = make_comparison(team, ann)
    asked, refused = (
        caller.compare(checks=checks),
        caller.post(f"/comparisons/{comparison.public_id}/checks", {"checks": checks}),
    )
    assert (asked.status_code, refused.status_code) == (422, 422)
    assert error_of(refused)["field"].startswith("checks")
    assert error_of(asked)["field"].startswith("checks")
    assert Comparison.objects.get(pk=comparison.pk).checks == []
