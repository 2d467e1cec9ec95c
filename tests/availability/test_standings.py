"""Reading where betas stand: strips, changes, and the refusals to expect of a column."""

from datetime import timedelta

import pytest

from betaconsole.availability.expecting import refusals_expected
from betaconsole.availability.models import State
from betaconsole.availability.standings import (
    changes_of,
    probes_of,
    refusal_of,
    standings,
    stands_on,
    state_changes,
    strip,
    strips,
)
from betaconsole.teams.models import Membership
from tests.availability.probed import BEGUN, MODEL, a_connection, days, found
from tests.builders import CONTEXT, THINKING, make_team

pytestmark = pytest.mark.django_db
OTHER = "claude-opus-4-8"
ACCEPTED, REFUSED, FOR_MODEL, FOR_ACCOUNT = (
    State.ACCEPTED,
    State.REFUSED,
    State.REFUSED_MODEL,
    State.REFUSED_ACCOUNT,
)


@pytest.fixture
def key(team):
    return a_connection(team)


def test_all_standings_of_a_team_come_with_one_query_and_no_other_teams(ann, team, key, django_assert_num_queries):
    found(key, {CONTEXT: ACCEPTED, THINKING: REFUSED})
    found(key, {CONTEXT: REFUSED}, model=OTHER)
    strangers = make_team("Strangers")
    found(strangers.connections.get(), {CONTEXT: REFUSED})
    with django_assert_num_queries(1):
        rows = standings(ann, team=team)
        said = {place: (one.state, one.probe.message[:10], one.connection.name) for place, one in rows.items()}
    assert said == {
        (key.pk, MODEL, CONTEXT): (ACCEPTED, "", "Production key"),
        (key.pk, MODEL, THINKING): (REFUSED, "Unexpected", "Production key"),
        (key.pk, OTHER, CONTEXT): (REFUSED, "Unexpected", "Production key"),
    }
    assert set(standings(ann, team=team, connection=key, model=MODEL, betas=[CONTEXT])) == {(key.pk, MODEL, CONTEXT)}
    eve = Membership.objects.get(team=strangers).user
    assert standings(eve, team=team) == {}


def test_a_strip_holds_the_last_probes_oldest_first(ann, team, key, django_assert_num_queries):
    for number in range(5):
        found(key, {CONTEXT: REFUSED if number == 4 else ACCEPTED}, at=BEGUN + days(number))
        found(key, {CONTEXT: ACCEPTED}, model=OTHER)
    assert [probe.state for probe in strip(key, MODEL, CONTEXT, limit=3)] == [ACCEPTED, ACCEPTED, REFUSED]
    with django_assert_num_queries(1):
        every = strips(ann, team=team, beta=CONTEXT, limit=2)
    assert {place: [probe.state for probe in probes] for place, probes in every.items()} == {
        (key.pk, MODEL): [ACCEPTED, REFUSED],
        (key.pk, OTHER): [ACCEPTED, ACCEPTED],
    }


def test_a_change_is_an_answer_other_than_the_one_before(team, key):
    found(key, {CONTEXT: ACCEPTED, THINKING: REFUSED})
    assert state_changes(team, BEGUN - days(1)) == [], "first answers"
    found(key, {CONTEXT: State.UNREACHABLE, THINKING: REFUSED}, at=BEGUN + days(1))
    found(key, {CONTEXT: REFUSED, THINKING: REFUSED}, at=BEGUN + days(2), exchange="x1")
    [change] = state_changes(team, BEGUN + days(1))
    assert (change.beta, change.state, change.previous, change.since) == (CONTEXT, REFUSED, ACCEPTED, BEGUN + days(2))
    assert change.message.startswith("Unexpected value(s) `context-management")
    assert (change.exchange, change.connection.name) == ("x1", "Production key")
    assert state_changes(team, BEGUN + days(2)) == [], "nothing since"


def test_the_history_of_a_beta_tells_every_change_and_no_silence(ann, team, key):
    for number, state in enumerate([ACCEPTED, State.INCONCLUSIVE, ACCEPTED, REFUSED, State.UNREACHABLE, ACCEPTED]):
        found(key, {CONTEXT: state}, at=BEGUN + days(number))
        found(key, {CONTEXT: ACCEPTED}, at=BEGUN + days(number), model=OTHER)
    assert [(change.state, change.previous, change.model) for change in changes_of(ann, team=team, beta=CONTEXT)] == [
        (ACCEPTED, REFUSED, MODEL),
        (REFUSED, ACCEPTED, MODEL),
    ]


def test_what_a_check_found_knows_what_was_known_before_it(key):
    found(key, {CONTEXT: ACCEPTED})
    found(key, {CONTEXT: State.UNREACHABLE})
    check = found(key, {CONTEXT: REFUSED, THINKING: REFUSED})
    assert {probe.beta: probe.before for probe in probes_of(check)} == {CONTEXT: ACCEPTED, THINKING: None}


def refused_on(connection, model, betas):
    stands = stands_on(connection.pk, betas)
    return {beta: stand for beta in betas if (stand := refusal_of(beta, model, stands))}


def test_of_a_model_its_own_answer_decides_and_else_the_newest_that_is_not_about_a_model(key):
    found(key, {CONTEXT: REFUSED, THINKING: FOR_MODEL}, model=OTHER)
    assert set(refused_on(key, MODEL, [CONTEXT, THINKING])) == {CONTEXT}
    assert set(refused_on(key, OTHER, [CONTEXT, THINKING])) == {CONTEXT, THINKING}
    found(key, {CONTEXT: ACCEPTED}, model="claude-haiku-4-5")
    assert refused_on(key, MODEL, [CONTEXT]) == {}, "a newer answer on another model"
    assert set(refused_on(key, OTHER, [CONTEXT])) == {CONTEXT}
    found(key, {CONTEXT: FOR_ACCOUNT}, model=MODEL)
    assert refused_on(key, MODEL, [CONTEXT])[CONTEXT].state is FOR_ACCOUNT
    assert refused_on(a_connection(key.team, "Another key"), MODEL, [CONTEXT]) == {}


def test_a_warning_says_where_since_when_and_with_which_words(key, django_assert_num_queries):
    found(key, {CONTEXT: REFUSED})
    found(key, {CONTEXT: REFUSED}, at=BEGUN + timedelta(hours=2))
    with django_assert_num_queries(1):
        stands = stands_on(key.pk, [CONTEXT, THINKING])
    [warning] = refusals_expected([THINKING, CONTEXT], MODEL, stands)
    assert warning.message == (
        f"{CONTEXT} is refused on Production key since 1 Nov, 09:14 UTC, last asked 1 Nov, 11:14: "
        f"“Unexpected value(s) `{CONTEXT}` for the `anthropic-beta` header.”"
    )
    assert warning.level == "warning"
    assert warning.fix.as_json() == {"action": "remove_beta", "beta": CONTEXT}


def test_long_words_of_a_refusal_are_cut_in_a_warning(key):
    found(key, {CONTEXT: FOR_MODEL}, message="no " * 500)
    [warning] = refusals_expected([CONTEXT], MODEL, stands_on(key.pk, [CONTEXT]))
    assert "refused on Production key for this model since" in warning.message
    assert len(warning.message) < 400
    assert warning.message.endswith("no…”")
