"""Where a beta stands after each probe: what moves it, what does not, and what happens when two processes probe at once."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connections
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from betaconsole.availability.keeping import CONCLUSIVE, keep
from betaconsole.availability.models import Check, Method, Probe, Standing, State
from betaconsole.teams.models import Connection, Membership, Team
from betaconsole.teams.solo import set_up_solo

pytestmark = pytest.mark.both_databases
MODEL, BETA = "claude-sonnet-5-5", "context-management-2025-06-27"


def a_check(team: Team) -> Check:
    return Check.objects.create(team=team, connection=Connection.objects.get(team=team), betas=[BETA])


def kept(team: Team, *states: State) -> Standing:
    """The standing after one check for each of these."""
    for state in states:
        keep(a_check(team), model=MODEL, beta=BETA, state=state, method=Method.COUNT_TOKENS, message=f"says {state}")
    return Standing.objects.get()


@pytest.mark.django_db
def test_a_new_state_says_since_when_and_what_was_before(team):
    first = kept(team, State.ACCEPTED)
    assert (first.state, first.previous, first.since) == (State.ACCEPTED, "", first.probe.checked_at)
    moved = kept(team, State.ACCEPTED, State.REFUSED_ACCOUNT, State.REFUSED_ACCOUNT)
    probes = list(Probe.objects.order_by("pk"))
    assert (moved.state, moved.previous, moved.since) == (State.REFUSED_ACCOUNT, "accepted", probes[2].checked_at)
    assert moved.probe == moved.last_probe == probes[3]
    assert [probe.message for probe in probes[2:]] == ["says refused_account"] * 2


@pytest.mark.django_db
@pytest.mark.parametrize("silent", [State.UNREACHABLE, State.INCONCLUSIVE, State.NOT_CHECKED])
def test_a_probe_that_says_nothing_leaves_what_is_known(team, silent):
    standing = kept(team, State.REFUSED, silent)
    assert (standing.state, standing.probe.state, standing.last_probe.state) == (State.REFUSED, State.REFUSED, silent)


@pytest.mark.django_db
def test_the_same_answer_twice_is_kept_once(team):
    check = a_check(team)
    first, second = (
        keep(check, model=MODEL, beta=BETA, state=state, method=Method.MESSAGE)
        for state in (State.REFUSED, State.ACCEPTED)
    )
    assert first == second
    assert Standing.objects.get().state == State.REFUSED


@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
@given(states=st.lists(st.sampled_from(State), min_size=1, max_size=8))
@pytest.mark.django_db
def test_the_standing_is_the_last_conclusive_word_and_since_its_first_in_a_row(team, states):
    Check.objects.all().delete()
    standing = kept(team, *states)
    probes = list(Probe.objects.order_by("pk"))
    telling = [probe for probe in probes if probe.state in CONCLUSIVE]
    row = telling or probes
    same = next((at for at, probe in enumerate(reversed(row)) if probe.state != row[-1].state), len(row))
    assert standing.last_probe == probes[-1]
    assert (standing.state, standing.probe, standing.since) == (row[-1].state, row[-1], row[-same].checked_at)


@pytest.mark.django_db(transaction=True)
def test_checks_at_the_same_moment_leave_one_standing_that_fits_its_probe():
    owner: Membership = set_up_solo()
    checks = [a_check(owner.team) for _ in range(12)]

    def probe(at: int) -> None:
        state = State.ACCEPTED if at % 2 else State.REFUSED
        try:
            keep(checks[at], model=MODEL, beta=BETA, state=state, method=Method.MESSAGE)
        finally:
            connections.close_all()

    with ThreadPoolExecutor(6) as pool:
        list(pool.map(probe, range(12)))
    standing = Standing.objects.get()
    assert Probe.objects.count() == 12
    assert standing.probe == standing.last_probe
    assert standing.state == standing.probe.state
