"""Why a decision may no longer hold. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date

from betaconsole.availability.models import Standing
from betaconsole.availability.standings import CONCLUSIVE
from betaconsole.availability.wording import day, short_model, words_of
from betaconsole.catalogue.model_specs import find_model

from .models import Decision


@dataclass(frozen=True)
class LastRun:
    """With what a subject was last sent after the decision, on the same connection."""

    models: Sequence[str]
    versions: Sequence[str]


def why_stale(
    decision: Decision, *, today: date, moved: Iterable[Standing] = (), last: LastRun | None = None
) -> list[str]:
    """Each reason as a sentence without its full stop; none where the decision stands.

    `moved`: standings of the decision's betas on its connection. `last` is None where nothing was sent since.
    """
    found = [*_model(decision, today, last), *_version(decision, last), *_availability(decision, moved)]
    if decision.look_again_on is not None and decision.look_again_on <= today:
        found.append(f"to be looked at again since {decision.look_again_on:%Y-%m-%d}")
    return found


def _model(decision: Decision, today: date, last: LastRun | None) -> list[str]:
    decided_on = decision.created_at.date()
    retired = [
        f"{short_model(model)} is retired since {spec.retires_on:%Y-%m-%d}"
        for model in decision.models_sent
        if (spec := find_model(model)) and spec.retires_on and decided_on < spec.retires_on <= today
    ]
    if last is None or not last.models or set(last.models) & set(decision.models_sent):
        return retired
    return [*retired, f"the model is now {', '.join(map(short_model, last.models))}"]


def _version(decision: Decision, last: LastRun | None) -> list[str]:
    if last is None or not last.versions or set(last.versions) & set(decision.versions_sent):
        return []
    return [f"anthropic-version is now {', '.join(last.versions)}"]


def _availability(decision: Decision, moved: Iterable[Standing]) -> list[str]:
    return [
        f"{row.beta} is {words_of(row.state).text} on {row.connection.name} since {day(row.since)}"
        for row in moved
        if row.connection_id == decision.connection_id
        and row.beta in decision.betas
        and row.model in decision.models_sent
        and row.since > decision.created_at
        and row.state in CONCLUSIVE
        and row.previous in CONCLUSIVE
    ]
