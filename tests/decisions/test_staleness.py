"""Why a decision may no longer hold."""

from datetime import UTC, date, datetime

import pytest

from betaconsole.availability.models import Standing
from betaconsole.catalogue.model_specs import all_models
from betaconsole.decisions.models import Decision, subject_of
from betaconsole.decisions.staleness import LastRun, why_stale
from betaconsole.teams.models import Connection

BETA, MODEL = "context-management-2025-06-27", "claude-sonnet-4-6"
DECIDED = datetime(2026, 10, 30, 9, 0, tzinfo=UTC)
TODAY = date(2026, 11, 22)
RETIRED = next(
    name for name, spec in all_models().items() if spec.retires_on and date(2026, 1, 1) < spec.retires_on < TODAY
)


def decision(**values) -> Decision:
    fields = {"betas": [BETA], "models_sent": [MODEL], "versions_sent": ["2023-06-01"], "connection_id": 7}
    return Decision(**{**fields, "created_at": DECIDED, **values})


def standing(**values) -> Standing:
    fields = {"connection": Connection(pk=7, name="Production key"), "model": MODEL, "beta": BETA}
    moved = {"state": "refused", "previous": "accepted", "since": datetime(2026, 11, 12, 9, 14, tzinfo=UTC)}
    return Standing(**{**fields, **moved, **values})


def test_a_decision_stands_where_nothing_has_changed():
    same = LastRun([MODEL, "claude-opus-4-5"], ["2023-06-01"])
    assert why_stale(decision(look_again_on=date(2026, 11, 23)), today=TODAY, last=same) == []


@pytest.mark.parametrize(
    ("decided", "known", "said"),
    [
        ({}, {"last": LastRun(["claude-opus-4-5"], ["2023-06-01"])}, "the model is now opus-4-5"),
        ({}, {"last": LastRun([MODEL], ["2026-10-21"])}, "anthropic-version is now 2026-10-21"),
        ({}, {"moved": [standing()]}, f"{BETA} is refused on Production key since 12 Nov"),
        ({"look_again_on": TODAY}, {}, "to be looked at again since 2026-11-22"),
        (
            {"models_sent": [RETIRED], "created_at": datetime(2026, 1, 1, tzinfo=UTC)},
            {},
            "is retired since",
        ),
    ],
    ids=["model", "version", "availability", "date", "retired"],
)
def test_it_is_stale_for_each_thing_that_changed_and_says_which(decided, known, said):
    found = why_stale(decision(**decided), today=TODAY, **known)
    assert len(found) == 1
    assert said in found[0]


@pytest.mark.parametrize(
    "moved",
    [
        {"since": datetime(2026, 10, 1, tzinfo=UTC)},
        {"previous": ""},
        {"state": "inconclusive"},
        {"model": "claude-opus-4-5"},
        {"beta": "another-2025-01-01"},
        {"connection": Connection(pk=8, name="Another")},
    ],
    ids=["before", "first answer", "says nothing", "other model", "other beta", "other connection"],
)
def test_what_does_not_touch_it_leaves_it_standing(moved):
    assert why_stale(decision(), today=TODAY, moved=[standing(**moved)]) == []


def test_a_combination_is_the_same_in_any_order_and_a_beta_is_itself():
    assert subject_of(["b", "a"]) == subject_of(["a", "b"]) != subject_of(["a", "b", "c"])
    assert subject_of([BETA]) == BETA
