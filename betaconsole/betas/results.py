"""What a check has found so far, as its page shows it: refusals first, what was answered alike together."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from betaconsole.availability.models import Check, Probe, State
from betaconsole.availability.standings import REFUSALS, probes_of
from betaconsole.availability.wording import WORDS, short_model, words_of
from betaconsole.catalogue.betas import MADE_UP

from .probing_verdicts import WITH_MADE_UP, WITHOUT_ANY
from .spelling import Spelt, spelt

ORDER = (*REFUSALS, State.NOT_CHECKED, State.UNREACHABLE, State.INCONCLUSIVE, State.ACCEPTED)


@dataclass(frozen=True)
class Named:
    """A beta in a group. `models`: on which, empty where the check has one model or all answered so; `was`: how it was
    answered before, empty where that is the same or nothing."""

    name: Spelt
    models: str
    was: str


@dataclass(frozen=True)
class Answer:
    """What was said in the same words, of one beta or several; `exchange` is one that told."""

    names: list[Named]
    words: str
    exchange: str


@dataclass(frozen=True)
class Group:
    """All answers of one kind; `number` counts probes."""

    state: State
    number: int
    answers: list[Answer]

    @property
    def title(self) -> str:
        return self.state.label

    @property
    def words(self) -> object:
        return WORDS[self.state]

    @property
    def is_refusal(self) -> bool:
        return self.state in REFUSALS


@dataclass(frozen=True)
class Results:
    """A check as far as it has come: `done` of `total` answers. `controls`: what they say, None while nothing is known."""

    check: Check
    groups: list[Group]
    done: int
    total: int
    controls_hold: bool | None

    @property
    def made_up(self) -> str:
        return MADE_UP

    @property
    def is_running(self) -> bool:
        return self.check.status == Check.Status.RUNNING


def results_of(check: Check) -> Results:
    """Everything a check found. One query."""
    probes = list(probes_of(check).order_by("beta", "pk"))
    by_state = {state: [probe for probe in probes if probe.state == state] for state in ORDER}
    groups = [
        Group(state, len(found), _answers(found, check.models_asked)) for state, found in by_state.items() if found
    ]
    return Results(check, groups, len(probes), len(check.betas) * len(check.models_asked), _controls(probes))


def _controls(probes: Sequence[Probe]) -> bool | None:
    """Whether the controls bear out what was found, somewhere at least; None while none was answered."""
    if any(probe.exchange and not _tells_of_control(probe) for probe in probes):
        return True
    return False if any(map(_tells_of_control, probes)) else None


def _tells_of_control(probe: Probe) -> bool:
    """Whether it says what a control that failed said; else a beta that was not answered was asked about itself."""
    is_unreached = probe.state == State.UNREACHABLE and probe.message.startswith((WITHOUT_ANY, WITH_MADE_UP))
    return probe.state == State.NOT_CHECKED or is_unreached


def _answers(probes: Iterable[Probe], models: Sequence[str]) -> list[Answer]:
    together: dict[str, list[Probe]] = {}
    for probe in probes:
        together.setdefault(probe.message, []).append(probe)
    return [
        Answer(_names(alike, models), words, next((probe.exchange for probe in alike if probe.exchange), ""))
        for words, alike in together.items()
    ]


def _names(probes: Sequence[Probe], models: Sequence[str]) -> list[Named]:
    by_beta: dict[str, list[Probe]] = {}
    for probe in probes:
        by_beta.setdefault(probe.beta, []).append(probe)
    return [_named(beta, found, models) for beta, found in by_beta.items()]


def _named(beta: str, probes: Sequence[Probe], models: Sequence[str]) -> Named:
    before = {probe.before for probe in probes if probe.before and probe.before != probe.state}  # type: ignore[attr-defined]
    was = " and ".join(sorted(words_of(state).text for state in before))
    on = "" if len(probes) == len(models) else ", ".join(short_model(probe.model) for probe in probes)
    return Named(spelt(beta), on, was)
