"""Checks of availability, sent by a real engine: on the simulator, and on far ends that are scripted."""

import threading
from collections.abc import Iterator

import pytest
from django.conf import settings
from django.db import connections
from django.db.models.functions import Now

from betaconsole.availability.models import Check, Method, Probe, State
from betaconsole.betas import probing, probing_run
from betaconsole.betas.probing_run import DEAD, LEASE, Sending, noted
from betaconsole.betas.results import results_of
from betaconsole.catalogue.betas import MADE_UP, all_betas
from betaconsole.runs.models import Comparison, Exchange
from betaconsole.runs.sending import simulated
from betaconsole.teams.models import Connection, Membership
from betaconsole.teams.solo import set_up_solo
from tests.betas.far_end import COUNT, MODEL, ONE, OTHER, FarEnd, betas_of, refusal
from tests.runs.engines import connection_to, running, wait_for
from tests.upstream import Upstream, answer

pytestmark = pytest.mark.django_db(transaction=True)
CONTEXT, FAST, THREADS = "context-management-2025-06-27", "fast-mode-2026-02-01", "message-threads-2026-08-12"


@pytest.fixture
def owner(transactional_db: None) -> Membership:
    return set_up_solo()


@pytest.fixture
def at_once(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(settings, "SIMULATOR_SPEED", 10_000)
    simulated.simulator.cache_clear()
    yield
    simulated.simulator.cache_clear()


def ended(check: Check) -> Check:
    wait_for(lambda: Check.objects.filter(pk=check.pk).exclude(status=Check.Status.RUNNING).exists(), timeout_s=40)
    check.refresh_from_db()
    return check


def checked(owner: Membership, upstream: Upstream, *betas: str, models: tuple[str, ...] = (), **limits: int) -> Check:
    """A check against a far end, once it has ended."""
    connection = connection_to(owner, upstream.url, **limits)
    with running():
        return ended(probing.start(owner.team, owner.user, connection, betas, models))


def states(check: Check) -> dict[str, str]:
    return dict(check.probes.values_list("beta", "state"))


# The simulator ------------------------------------------------------------------------------------------------------


def test_the_whole_catalogue_is_probed_on_the_simulator(owner, at_once):
    connection = Connection.objects.get(team=owner.team)
    with running():
        check = ended(probing.start(owner.team, owner.user, connection, list(all_betas())))
    found = states(check)
    assert (check.status, check.note, len(found)) == (Check.Status.DONE, "", len(all_betas()))
    assert {name for name, state in found.items() if state == State.REFUSED} == {
        name for name, beta in all_betas().items() if beta.refused
    }
    assert (found[CONTEXT], found[THREADS], found["files-api-2025-04-14"]) == ("accepted",) * 3
    assert (found[FAST], found["computer-use-2025-11-24"]) == ("refused_model",) * 2
    assert (found["managed-agents-2026-04-01"], found["oidc-federation-2026-04-01"]) == ("inconclusive",) * 2
    assert State.UNREACHABLE not in found.values()
    assert check.requests == Exchange.objects.count()
    assert check.cost_usd is not None
    assert 0 < check.cost_usd < 1


def test_what_the_header_opens_is_sent_with_it_and_every_probe_names_its_exchange(owner, at_once):
    connection = Connection.objects.get(team=owner.team)
    with running():
        check = ended(probing.start(owner.team, owner.user, connection, [CONTEXT], ["claude-opus-5-5"]))
    probe = check.probes.get()
    exchange = Exchange.objects.get(public_id=probe.exchange)
    assert b"clear_tool_uses_20250919" in bytes(exchange.request_body.data)
    assert (exchange.model, exchange.url.rpartition("/")[2]) == ("claude-opus-5-5", "count_tokens")
    assert set(Comparison.objects.values_list("is_errand", flat=True)) == {True}


def test_each_model_has_its_own_answer(owner, at_once):
    connection = Connection.objects.get(team=owner.team)
    models = ["claude-opus-5", MODEL, "claude-nothing"]
    with running():
        check = ended(probing.start(owner.team, owner.user, connection, [FAST], models))
    assert dict(check.probes.values_list("model", "state")) == {
        "claude-opus-5": "accepted",
        MODEL: "refused_model",
        "claude-nothing": "unreachable",
    }
    assert "claude-nothing" in check.probes.get(model="claude-nothing").message
    assert "claude-nothing" in check.note


# Far ends that are scripted -----------------------------------------------------------------------------------------


def test_u2_unknown_names_are_found_with_one_request_where_all_are_listed(owner):
    with Upstream(FarEnd([COUNT])) as upstream:
        check = checked(owner, upstream, ONE, COUNT, OTHER)
    told = {probe.beta: (probe.state, probe.method) for probe in check.probes.all()}
    assert told[ONE] == told[OTHER] == (State.REFUSED, Method.LISTED)
    assert told[COUNT] == (State.ACCEPTED, Method.COUNT_TOKENS)
    assert check.probes.get(beta=ONE).exchange == check.probes.get(beta=OTHER).exchange
    sent = sorted(betas_of(request) for request in upstream.requests)
    assert sent == sorted([[], [MADE_UP], [ONE, COUNT, OTHER, MADE_UP], [COUNT]])


def test_names_are_asked_about_one_by_one_where_a_refusal_names_only_the_first(owner):
    with Upstream(FarEnd([COUNT], lists_all=False)) as upstream:
        check = checked(owner, upstream, ONE, COUNT, OTHER)
    assert states(check) == {ONE: "refused", COUNT: "accepted", OTHER: "refused"}
    assert [OTHER] in map(betas_of, upstream.requests)


def test_what_is_wrong_everywhere_is_said_once():
    said = noted({"No connection.": ["POST /a", "POST /b", "GET /c", "GET /d", "GET /e"], "Took too long.": ["GET /f"]})
    assert said == "POST /a, POST /b, GET /c and 2 more: No connection. GET /f: Took too long."
    assert noted({}) == ""


def test_nothing_is_green_where_a_made_up_name_is_accepted_too(owner):
    with Upstream(FarEnd(None)) as upstream:
        check = checked(owner, upstream, ONE, THREADS)
    assert set(states(check).values()) == {State.NOT_CHECKED}
    assert results_of(check).controls_hold is False
    assert all(MADE_UP in probe.message and probe.exchange for probe in check.probes.all())
    assert MADE_UP in check.note
    # Two controls each, and no request for a beta: it would prove nothing.
    assert check.requests == len(upstream.requests) == 4


@pytest.mark.parametrize("status", [401, 403, 404, 413])
def test_nothing_is_green_where_the_made_up_name_was_turned_away_for_something_else(owner, status):
    special = lambda peer, request, betas: refusal(status, "No.", kind="denied") if MADE_UP in betas else None  # noqa: E731
    with Upstream(FarEnd(None, special=special)) as upstream:
        check = checked(owner, upstream, ONE, OTHER)
    assert set(states(check).values()) == {State.UNREACHABLE}
    assert results_of(check).controls_hold is False
    assert f"With the made-up name {MADE_UP}: {status} denied: No." in check.note


def test_a_gateway_may_refuse_the_made_up_name_with_a_status_of_its_own(owner):
    special = lambda peer, request, betas: refusal(403, f"{MADE_UP} is not allowed") if MADE_UP in betas else None  # noqa: E731
    with Upstream(FarEnd(None, special=special)) as upstream:
        check = checked(owner, upstream, ONE)
    assert states(check) == {ONE: "accepted"}


@pytest.mark.parametrize("status", [401, 500, 404])
def test_nothing_is_told_of_betas_where_the_request_without_one_fails(owner, status):
    with Upstream(FarEnd(special=lambda *_: refusal(status, "not you", "retry-after-ms: 1"))) as upstream:
        check = checked(owner, upstream, ONE, OTHER)
    assert set(states(check).values()) == {State.UNREACHABLE}
    assert {probe.message for probe in check.probes.all()} == {
        f"Without any beta: {status} invalid_request_error: not you"
    }


def test_a_far_end_that_is_gone_is_not_reachable(owner):
    with Upstream() as upstream:
        pass
    check = checked(owner, upstream, ONE, THREADS)
    assert set(states(check).values()) == {State.UNREACHABLE}
    assert check.status == Check.Status.DONE


def test_a_limit_of_zero_is_a_refusal_of_the_account_and_is_not_asked_again(owner):
    words = "This request would exceed your rate limit of 0 fast mode input tokens per minute."

    def special(peer, request, betas):
        return refusal(429, words, kind="rate_limit_error") if betas == [FAST] else None

    with Upstream(FarEnd([FAST], special=special)) as upstream:
        check = checked(owner, upstream, FAST)
    [probe] = check.probes.all()
    assert (probe.state, words in probe.message) == (State.REFUSED_ACCOUNT, True)
    assert [betas_of(each) for each in upstream.requests].count([FAST]) == 1


def test_a_busy_far_end_is_asked_once_more(owner):
    seen = []

    def special(peer, request, betas):
        seen.append(betas)
        first = betas == [ONE] and seen.count(betas) == 1
        return refusal(429, "slow down", "retry-after-ms: 5", kind="rate_limit_error") if first else None

    with Upstream(FarEnd([ONE], special=special)) as upstream:
        check = checked(owner, upstream, ONE)
    assert states(check) == {ONE: "accepted"}
    assert seen.count([ONE]) == 2
    assert check.requests == 4


def test_u5_no_far_end_makes_a_check_wait_longer_than_its_own_limit(owner, monkeypatch):
    assert probing_run.LONGEST_REST_S == 60
    monkeypatch.setattr(probing_run, "LONGEST_REST_S", 0.01)
    waits = iter(["1e9", "99999999999", "Fri, 31 Dec 9999 23:59:59 GMT"])

    def special(peer, request, betas):
        wait = next(waits, None) if betas == [ONE] else None
        date = "date: Wed, 21 Oct 2026 07:28:00 GMT"
        return wait and refusal(429, "slow down", f"retry-after: {wait}", date, kind="rate_limit_error")

    with Upstream(FarEnd([ONE], special=special)) as upstream:
        assert states(checked(owner, upstream, ONE)) == {ONE: "inconclusive"}
        assert states(checked(owner, upstream, ONE)) == {ONE: "accepted"}


def test_u6_a_busy_far_end_that_asks_to_be_left_alone_is_not_asked_again(owner):
    def special(peer, request, betas):
        busy = refusal(429, "slow down", "retry-after-ms: 5", "X-Should-Retry: False", kind="rate_limit_error")
        return busy if betas == [ONE] else None

    with Upstream(FarEnd([ONE], special=special)) as upstream:
        check = checked(owner, upstream, ONE)
        assert [betas_of(each) for each in upstream.requests].count([ONE]) == 1
    assert states(check) == {ONE: "inconclusive"}


def test_what_may_have_been_billed_is_not_asked_again(owner):
    special = lambda peer, request, betas: refusal(500, "oops", kind="api_error") if betas == [THREADS] else None  # noqa: E731
    with Upstream(FarEnd([THREADS], special=special)) as upstream:
        check = checked(owner, upstream, THREADS)
    assert states(check) == {THREADS: "inconclusive"}
    assert [betas_of(each) for each in upstream.requests].count([THREADS]) == 1


def test_the_controls_hold_where_only_a_beta_was_not_answered(owner):
    def special(peer, request, betas):
        if betas == [ONE]:
            raise ConnectionResetError

    with Upstream(FarEnd([ONE], special=special)) as upstream:
        check = checked(owner, upstream, ONE)
    assert states(check) == {ONE: "unreachable"}
    assert results_of(check).controls_hold is True


def test_one_bad_answer_never_stops_the_others(owner):
    def special(peer, request, betas):
        if betas == [ONE]:
            raise ConnectionResetError
        if betas == [OTHER]:
            return answer(b'{"type": "error", "error": "no')
        if betas == ["effort-2025-11-24"]:
            peer.wait(20)
        return None

    betas = [ONE, OTHER, "effort-2025-11-24", COUNT]
    with Upstream(FarEnd(betas, special=special)) as upstream, running():
        check = a_check(owner, connection_to(owner, upstream.url), betas)
        probing.in_background(check, Sending(owner.user, patience_s=1.5))
        ended(check)
    assert states(check) == {ONE: "unreachable", OTHER: "inconclusive", betas[2]: "unreachable", COUNT: "accepted"}
    assert "No answer came in time" in check.probes.get(beta=betas[2]).message


def test_a_name_is_asked_about_alone_where_its_field_was_refused_for_something_else(owner):
    def special(peer, request, betas):
        return refusal(400, "messages.0: too odd") if b"clear_tool_uses" in request.body else None

    with Upstream(FarEnd([CONTEXT], special=special)) as upstream:
        check = checked(owner, upstream, CONTEXT)
    [probe] = check.probes.all()
    assert probe.state == State.ACCEPTED
    assert probe.message.startswith("The name alone.")
    assert "too odd" in probe.message


def test_no_more_is_in_flight_than_half_of_what_the_connection_allows(owner):
    far = FarEnd(None, special=lambda peer, request, betas: peer.wait(0.02))
    with Upstream(far) as upstream:
        checked(owner, upstream, *list(all_betas())[:40], max_in_flight=4)
    assert far.most <= 2


@pytest.mark.both_databases
def test_the_same_asked_for_twice_is_asked_once_while_it_runs(owner):
    connection = connection_to(owner, "http://127.0.0.1:9")
    begun: list[Check] = []

    def press() -> None:
        try:
            begun.append(probing.start(owner.team, owner.user, connection, [ONE]))
        finally:
            connections.close_all()

    presses = [threading.Thread(target=press) for _ in range(3)]
    for each in presses:
        each.start()
    for each in presses:
        each.join()
    assert len({check.pk for check in begun}) == 1
    other = probing.start(owner.team, owner.user, connection, [OTHER])
    probing.stop(begun[0])
    probing.stop(other)
    again = probing.start(owner.team, owner.user, connection, [ONE])
    probing.stop(again)
    probing.wait_for_ends(20)
    assert len({begun[0].pk, other.pk, again.pk}) == Check.objects.count() == 3


# Stopping ------------------------------------------------------------------------------------------------------------


def a_check(owner: Membership, connection: Connection, betas: list[str]) -> Check:
    return Check.objects.create(
        team=owner.team, connection=connection, betas=betas, models_asked=[MODEL], lease_until=Now() + LEASE
    )


def test_a_stopped_check_cuts_what_is_in_flight_and_keeps_what_it_found(owner):
    waits = ["effort-2025-11-24"]
    special = lambda peer, request, betas: peer.wait(20) if betas == waits else None  # noqa: E731
    with Upstream(FarEnd([ONE, *waits], special=special)) as upstream, running():
        check = probing.start(owner.team, owner.user, connection_to(owner, upstream.url), [ONE, OTHER, *waits])
        wait_for(lambda: waits in map(betas_of, upstream.requests))
        assert probing.stop(check)
        assert not probing.stop(check)
        wait_for(lambda: not Exchange.objects.unfinished().exists(), what="the end of all exchanges")
        probing.wait_for_ends(10)
    check.refresh_from_db()
    assert (check.status, check.note[:7], check.lease_until) == (Check.Status.STOPPED, "Stopped", None)
    assert states(check)[OTHER] == State.REFUSED
    assert waits[0] not in states(check)


def test_a_check_ends_with_the_engine(owner):
    with Upstream(FarEnd(special=lambda peer, *_: peer.wait(20))) as upstream:
        with running():
            check = probing.start(owner.team, owner.user, connection_to(owner, upstream.url), [ONE])
            upstream.wait_for_requests(1)
        probing.wait_for_ends(10)
    check.refresh_from_db()
    assert (check.status, check.note) == (Check.Status.STOPPED, DEAD)


@pytest.mark.both_databases
def test_a_check_is_marked_whose_process_is_dead_or_silent(owner):
    connection = Connection.objects.get(team=owner.team)
    with running() as here:
        silent, locked_no_more, alive, elsewhere = (a_check(owner, connection, [ONE]) for _ in range(4))
        Check.objects.filter(pk=silent.pk).update(lease_until=Now() - LEASE)
        Check.objects.filter(pk=locked_no_more.pk).update(worker=f"{here.host}:gone")
        Check.objects.filter(pk=alive.pk).update(worker=here.worker)
        Check.objects.filter(pk=elsewhere.pk).update(worker="another-host:gone")
        assert probing.mark_abandoned() == 2
    ended = Check.objects.filter(status=Check.Status.STOPPED, note=DEAD)
    assert set(ended) == {silent, locked_no_more}


@pytest.mark.parametrize(
    ("field", "betas", "models"),
    [
        ("betas", ["Not A Beta"], []),
        ("betas", [f"beta-{number}" for number in range(300)], []),
        ("models", [], [""]),
        ("models", [ONE], [f"model-{number}" for number in range(21)]),
        ("models", [f"beta-{number}" for number in range(200)], [f"model-{number}" for number in range(20)]),
    ],
)
def test_what_cannot_be_checked_is_said_and_nothing_is_made(owner, field, betas, models):
    with pytest.raises(probing.ProbingError) as refused:
        probing.start(owner.team, owner.user, Connection.objects.get(team=owner.team), betas, models)
    assert refused.value.field == field
    assert not Check.objects.exists()


def test_a_connection_that_is_archived_or_of_another_team_is_not_checked(owner, eve):
    connection = Connection.objects.get(team=owner.team)
    with pytest.raises(probing.ProbingError, match="connection"):
        probing.start(eve.teams.get(), eve, connection)
    Membership.objects.filter(pk=owner.pk).update(role="member")
    real = connection_to(owner, "http://127.0.0.1:9", lowest_role="admin")
    with pytest.raises(probing.ProbingError, match="not for your role"):
        probing.start(owner.team, owner.user, real)
    Connection.objects.update(archived_at=Now())
    with pytest.raises(probing.ProbingError, match="connection"):
        probing.start(owner.team, owner.user, connection)
    assert not Probe.objects.exists()
