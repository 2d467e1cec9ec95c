"""Writing down what probes found: the probe itself, which stays for ever, and the standing it moves."""

from django.db import transaction
from django.utils import timezone

from betaconsole.storage.fields import showable

from .models import Check, Method, Probe, Standing, State

CONCLUSIVE = (State.ACCEPTED, State.REFUSED, State.REFUSED_MODEL, State.REFUSED_ACCOUNT)
MOST_LETTERS = 2_000  # of the far end's words; the exchange keeps them whole


def keep(
    check: Check, *, model: str, beta: str, state: State, method: Method, message: str = "", exchange: str = ""
) -> Probe:
    """Record what a check found out about a beta on a model, and move where the two stand on its connection.

    The first probe of all makes the standing, whatever it says. After that a conclusive one (accepted, or refused in one of
    three ways) moves it: `probe` always, `state`, `previous` and `since` where the state is another one. One that says
    nothing about the beta moves only `last_probe`, unless nothing conclusive was ever known.

    `exchange` is the public id of the exchange that told, `message` the far end's words. One transaction. Safe with several
    processes: who comes second waits, and moves what the first one left. A second answer for the same check, model and beta
    changes nothing and finds the first.
    """
    with transaction.atomic():
        # The standing first: its row is the lock, so that probes of two checks are ordered as their standing moves.
        standing = _locked(check, model, beta)
        found = Probe.objects.filter(check_of=check, model=model, beta=beta).first()
        if found is not None:
            return found
        probe = Probe.objects.create(
            team_id=check.team_id,
            check_of=check,
            connection_id=check.connection_id,
            model=model,
            beta=beta,
            state=state,
            method=method,
            message=showable(message)[:MOST_LETTERS],
            exchange=exchange,
            checked_at=timezone.now(),
        )
        if standing is None:
            _begin(probe)
        else:
            _move(standing, probe)
    return probe


def _locked(check: Check, model: str, beta: str) -> Standing | None:
    rows = Standing.objects.filter(connection=check.connection_id, model=model, beta=beta)
    return rows.select_for_update().first()


def _begin(probe: Probe) -> None:
    """The first standing of a beta and model; somebody else may make it at the same moment."""
    standing, is_new = Standing.objects.get_or_create(
        connection_id=probe.connection_id,
        model=probe.model,
        beta=probe.beta,
        defaults={
            "team_id": probe.team_id,
            "state": probe.state,
            "since": probe.checked_at,
            "probe": probe,
            "last_probe": probe,
        },
    )
    if not is_new:
        _move(Standing.objects.select_for_update().get(pk=standing.pk), probe)


def _move(standing: Standing, probe: Probe) -> None:
    standing.last_probe = probe
    moved = ["last_probe"]
    if probe.state in CONCLUSIVE or standing.state not in CONCLUSIVE:
        standing.probe = probe
        moved.append("probe")
        if probe.state != standing.state:
            standing.previous, standing.state, standing.since = standing.state, probe.state, probe.checked_at
            moved += ["previous", "state", "since"]
    standing.save(update_fields=moved)
