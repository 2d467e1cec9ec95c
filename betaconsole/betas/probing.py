"""Checking which betas a connection and its models accept, in the background.

A check runs on a thread of the process that was asked for it. It survives nothing: where the process dies, what was found
stands, and the check is marked as stopped by the next one that starts (`mark_abandoned`).
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Sequence

from django.conf import settings
from django.db import connection as database
from django.db import transaction
from django.db.models import Q
from django.db.models.functions import Now

from betaconsole.availability.models import Check
from betaconsole.catalogue.model_specs import default_model
from betaconsole.claude.headers import HeaderError, check_beta
from betaconsole.runs.sending import engine
from betaconsole.storage.fields import showable
from betaconsole.teams.models import Connection, Team, User

from .probing_plan import usable_betas
from .probing_run import DEAD, LEASE, Run, Sending, end

logger = logging.getLogger(__name__)

MOST_BETAS, MOST_MODELS, MOST_PROBES = 256, 20, 2_000


class ProbingError(ValueError):
    """A check that cannot be started: `field` is `connection`, `betas` or `models`, `message` says what is wrong."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(f"{field}: {message}")
        self.field = field
        self.message = message


def start(
    team: Team, author: User, connection: Connection, betas: Sequence[str] = (), models: Sequence[str] = ()
) -> Check:
    """Begin a check of betas × models and return at once. No betas: all that are not retired; no models: the default one.

    Whoever asks for the same again while it runs is given the one that runs. Raises `ProbingError`; then nothing was made.
    """
    betas, models = chosen(betas, models)
    if connection.team_id != team.pk or not Connection.objects.usable().filter(pk=connection.pk).exists():
        raise ProbingError("connection", f"The connection {connection.name} is gone or has no key: choose another one.")
    if not Connection.objects.filter(pk=connection.pk).usable_by(author).exists():
        raise ProbingError("connection", f"The connection {connection.name} is not for your role: choose another one.")
    if not settings.SENDING_ENABLED or engine.is_stopping():
        raise ProbingError("connection", "Sending is switched off at the moment: nothing is asked.")
    with transaction.atomic():
        # The lock: of two presses at the same moment the second one finds the check of the first.
        Connection.objects.select_for_update(no_key=True).get(pk=connection.pk)
        if running := _running(author, connection, betas, models):
            return running
        check = Check.objects.create(
            team=team,
            author=author,
            connection=connection,
            betas=betas,
            models_asked=models,
            worker=engine.worker(),
            lease_until=Now() + LEASE,
        )
        in_background(check, Sending(author))
    return check


def _running(author: User, connection: Connection, betas: list[str], models: list[str]) -> Check | None:
    """The check of the same that this person has begun and that has not ended."""
    running = Check.objects.filter(status=Check.Status.RUNNING, lease_until__gt=Now())
    mine = running.filter(author=author, connection=connection, slot=None).select_related("connection")
    return next((check for check in mine if (check.betas, check.models_asked) == (betas, models)), None)


def stop(check: Check, note: str = "Stopped by a person; what was found stands.") -> bool:
    """End a check that runs, in whatever process; what it had in flight is cut. False where it had ended already."""
    return end(check, Check.Status.STOPPED, note)


def chosen(betas: Sequence[str], models: Sequence[str]) -> tuple[list[str], list[str]]:
    """The names asked for without repeats, or the usual ones. Raises `ProbingError`."""
    names = list(dict.fromkeys(betas)) or usable_betas()
    asked = list(dict.fromkeys(models)) or [default_model()]
    if len(names) > MOST_BETAS:
        raise ProbingError("betas", f"{len(names)} names; one check asks about {MOST_BETAS} at most.")
    if len(asked) > MOST_MODELS:
        raise ProbingError("models", f"{len(asked)} models; one check asks about {MOST_MODELS} at most.")
    if len(names) * len(asked) > MOST_PROBES:
        raise ProbingError("models", f"{len(names) * len(asked):,} probes; one check makes {MOST_PROBES:,} at most.")
    for name in names:
        try:
            check_beta(name)
        except HeaderError as error:
            raise ProbingError("betas", str(error)) from error
    for model in asked:
        if not 0 < len(model) <= 200 or showable(model) != model:
            raise ProbingError("models", "The name of a model has 1 to 200 characters.")
    return names, asked


def in_background(check: Check, sending: Sending) -> None:
    """Run a check that was made, once it is committed."""
    thread = threading.Thread(target=_run, args=(check, sending), name=f"check {check.public_id}", daemon=True)

    def begin() -> None:
        _threads.add(thread)
        thread.start()

    transaction.on_commit(begin)


def mark_abandoned() -> int:
    """Mark checks as stopped whose process is dead: its lock is free, or their lease is over. How many there were."""
    running = Check.objects.filter(status=Check.Status.RUNNING)
    owners = running.exclude(worker="").order_by().values_list("worker", flat=True).distinct()
    dead = [owner for owner in owners if engine.is_dead(owner)]
    left = running.filter(Q(lease_until__lt=Now()) | Q(worker__in=dead))
    return left.update(status=Check.Status.STOPPED, note=DEAD, finished_at=Now(), lease_until=None)


def wait_for_ends(timeout_s: float) -> None:
    """Once the engine stops: let the checks of this process write down that they ended, so long at most all together."""
    until = time.monotonic() + timeout_s
    for thread in list(_threads):
        if thread.is_alive():
            thread.join(max(0.0, until - time.monotonic()))


_threads: set[threading.Thread] = set()


def _run(check: Check, sending: Sending) -> None:
    try:
        Run(check, sending).go()
    except Exception as error:
        # No traceback: its values are what a far end sent.
        logger.error("check %s failed: %s", check.public_id, type(error).__name__)
        end(check, Check.Status.STOPPED, "The console made a mistake; its log says more.")
    finally:
        _threads.discard(threading.current_thread())
        database.close()
