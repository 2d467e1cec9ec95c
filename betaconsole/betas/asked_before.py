"""How a beta was answered so far, place by place: the last probes of each, and every time an answer changed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from betaconsole.availability.models import Probe, Standing
from betaconsole.availability.standings import Change, changes_of, standings, strips
from betaconsole.availability.wording import Stood, Words, day_and_time, short_model, stood, words_of
from betaconsole.teams.models import Connection, Team, User


@dataclass(frozen=True)
class Mark:
    """One probe of a strip: `state` for its look, `title` in words."""

    state: str
    title: str


@dataclass(frozen=True)
class Row:
    """A connection and model: how it stands there, and its last probes, oldest first."""

    standing: Standing
    marks: Sequence[Mark]

    @property
    def connection(self) -> Connection:
        return self.standing.connection

    @property
    def model(self) -> str:
        return short_model(self.standing.model)

    @property
    def here(self) -> Stood:
        return stood(self.standing)

    @property
    def last_check(self) -> str:
        """The public id of the check that asked last."""
        return self.standing.last_probe.check_of.public_id

    @property
    def words(self) -> str:
        """What the far end said last time that it said anything of the beta."""
        return self.standing.probe.message

    @property
    def summary(self) -> str:
        """The strip for who does not see it: `Last 3 probes: 2 accepted, 1 refused`."""
        counts = Counter(mark.state for mark in self.marks)
        told = ", ".join(f"{number} {words_of(state).text}" for state, number in counts.items())
        return f"Last {len(self.marks)} probe{'s' if len(self.marks) != 1 else ''}: {told}"


@dataclass(frozen=True)
class Turned:
    """One change in the history: what it became and what it was before."""

    change: Change
    now: Words
    before: Words

    @property
    def when(self) -> str:
        return day_and_time(self.change.since)

    @property
    def model(self) -> str:
        return short_model(self.change.model)


@dataclass(frozen=True)
class AskedBefore:
    """All that was asked about a beta. Refused places come first."""

    rows: list[Row]
    turned: list[Turned]


def asked_before(user: User, team: Team, beta: str) -> AskedBefore:
    """What the team knows of a beta's availability. Three queries."""
    rows = standings(user, team=team, betas=[beta])
    marks = {place: [_mark(probe) for probe in probes] for place, probes in strips(user, team=team, beta=beta).items()}
    found = [Row(row, marks.get((row.connection_id, row.model), [])) for row in rows.values()]
    found.sort(key=lambda row: (row.here.words.tone != "bad", row.connection.archived_at is not None))
    turned = [
        Turned(change, words_of(change.state), words_of(change.previous))
        for change in changes_of(user, team=team, beta=beta)
    ]
    return AskedBefore(found, turned)


def _mark(probe: Probe) -> Mark:
    said = f"{day_and_time(probe.checked_at)} UTC: {words_of(probe.state).text}"
    return Mark(probe.state, said)
