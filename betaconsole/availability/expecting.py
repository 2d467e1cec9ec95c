"""What earlier probes say about a request before it is sent: a warning for each beta that was last refused there. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from betaconsole.catalogue.checks.findings import Finding, remove_beta, warning

from .models import State
from .standings import Stand, refusal_of
from .wording import day_and_time

CODE = "refused_here"
MOST_LETTERS = 240  # of the refusal's words in a finding
WHOM = {State.REFUSED_MODEL: " for this model", State.REFUSED_ACCOUNT: " for this account"}


def refusals_expected(betas: Sequence[str], model: str, stands: Iterable[Stand]) -> list[Finding]:
    """A warning for each beta that was refused when the connection was last asked about it; a click takes it out."""
    known = tuple(stands)
    found = [(beta, refusal_of(beta, model, known)) for beta in dict.fromkeys(betas)]
    return [warning(CODE, _said(stand), fix=remove_beta(beta)) for beta, stand in found if stand is not None]


def model_in(body: Any) -> str:
    """The model that a request's body names, in a batch that of its first request; empty where it names none."""
    match body:
        case {"model": str(model)} | {"requests": [{"params": {"model": str(model)}}, *_]}:
            return model
    return ""


def _said(stand: Stand) -> str:
    since = day_and_time(stand.since)
    last = "" if stand.since == stand.checked_at else f", last asked {day_and_time(stand.checked_at)}"
    said = f"{stand.beta} is refused on {stand.connection}{WHOM.get(stand.state, '')} since {since} UTC{last}"
    words = " ".join(stand.message.split())
    quoted = words if len(words) <= MOST_LETTERS else f"{words[:MOST_LETTERS].rstrip()}…"
    return f"{said}: “{quoted}”" if quoted else f"{said}."
