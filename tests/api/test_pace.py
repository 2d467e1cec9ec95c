"""Pausing, resuming and running more through the API."""

import pytest

from betaconsole.api.shapes import Added, ComparisonAnswer, Paused
from betaconsole.runs.models import Comparison
from tests.api.calling import Caller, error_of, fits

pytestmark = pytest.mark.django_db


def test_a_comparison_is_paused_and_resumed(caller: Caller) -> None:
    made = caller.compare(repeats=2).json()
    answer = caller.post(f"/comparisons/{made['id']}/pause")
    assert answer.json() == {"id": made["id"], "state": "running", "paused": True}
    assert fits(answer.json(), Paused)
    told = caller.get(f"/comparisons/{made['id']}?wait=60").json()  # answered at once: nothing goes on
    assert (told["state"], told["paused"], told["repeats"]) == ("running", True, 2)
    assert fits(told, ComparisonAnswer)
    assert caller.post(f"/comparisons/{made['id']}/resume").json()["paused"] is False


def test_a_batch_is_not_paused(caller: Caller) -> None:
    made = caller.compare().json()
    Comparison.objects.update(engine="batch")
    answer = caller.post(f"/comparisons/{made['id']}/pause")
    assert (answer.status_code, error_of(answer)["type"]) == (409, "conflict")


def test_more_repeats_are_added_once_for_each_token(caller: Caller) -> None:
    made = caller.compare(repeats=2).json()
    asked = {"repeats": 3, "client_token": "more-1"}
    answer = caller.post(f"/comparisons/{made['id']}/more", asked)
    assert answer.status_code == 202
    assert fits(answer.json(), Added)
    assert (answer.json()["repeats"], len(answer.json()["exchanges"])) == (5, 6)
    assert caller.post(f"/comparisons/{made['id']}/more", asked).json() == answer.json()
    again = caller.post(f"/comparisons/{made['id']}/more", {**asked, "repeats": 4})
    assert (again.status_code, error_of(again)["field"]) == (409, "client_token")
    for repeats in (0, 96, True, "3"):
        refused = caller.post(f"/comparisons/{made['id']}/more", {"repeats": repeats})
        assert (refused.status_code, error_of(refused)["field"]) == (422, "repeats")
