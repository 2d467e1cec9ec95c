"""Taking a decision: what it may be about, what may be decided, and writing it down."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

from django.utils import timezone

from betaconsole.storage.fields import showable
from betaconsole.teams.models import Connection, Membership, Role, Team, User

from .models import Decision, Stand, subject_of

MOST_LETTERS = 10_000  # of a reason
LATEST = timedelta(days=3 * 366)
ONLY_WAIT = "Answers of the simulator say nothing about the real API, so only Wait can be decided on them."


@dataclass(frozen=True)
class Column:
    """What one column of a comparison sent."""

    letter: str
    betas: tuple[str, ...]
    model: str
    version: str


@dataclass(frozen=True)
class Grounds:
    """The comparison a decision rests on, as plain values."""

    comparison: str
    key: int
    number: int
    title: str
    simulated: bool
    connection: Connection
    columns: Sequence[Column]

    @property
    def subjects(self) -> list[tuple[str, ...]]:
        """What can be decided about: each beta that a column sent, then each set of several."""
        single = dict.fromkeys((beta,) for column in self.columns for beta in column.betas)
        several = {subject_of(column.betas): column.betas for column in self.columns if len(column.betas) > 1}
        return [*single, *several.values()]


class Refused(Exception):
    """What was filled in cannot be decided: a message for each field."""

    def __init__(self, problems: Mapping[str, str]) -> None:
        super().__init__("; ".join(problems.values()))
        self.problems = dict(problems)


@dataclass
class Filled:
    """The form as it was sent, read field by field; `problems` has a message for each that is wrong."""

    betas: tuple[str, ...] = ()
    stand: Stand = Stand.WAIT
    reason: str = ""
    owner: User | None = None
    look_again_on: date | None = None
    problems: dict[str, str] = field(default_factory=dict)


def decide(grounds: Grounds, posted: Mapping[str, Any], *, team: Team, author: User) -> Decision:
    """Write down what the form says: `about` (a subject's key), `stand`, `reason`, `owner` (a membership's public id),
    `look_again_on`. Raises Refused."""
    filled = read(grounds, posted, team=team)
    if filled.problems:
        raise Refused(filled.problems)
    sent = [column for column in grounds.columns if set(filled.betas) <= set(column.betas)]
    return Decision.objects.create(
        team=team,
        author=author,
        betas=list(filled.betas),
        subject=subject_of(filled.betas),
        stand=filled.stand,
        reason=filled.reason,
        owner=filled.owner,
        look_again_on=filled.look_again_on,
        comparison=grounds.comparison,
        comparison_key=grounds.key,
        number=grounds.number,
        title=grounds.title,
        simulated=grounds.simulated,
        connection=grounds.connection,
        models_sent=list(dict.fromkeys(column.model for column in sent if column.model)),
        versions_sent=list(dict.fromkeys(column.version for column in sent)),
    )


def read(grounds: Grounds, posted: Mapping[str, Any], *, team: Team) -> Filled:
    """The form's values, with a message for each that is wrong."""
    filled = Filled(reason=str(posted.get("reason", "")).strip())
    about = {subject_of(betas): betas for betas in grounds.subjects}
    filled.betas = about.get(str(posted.get("about", "")), ())
    if not filled.betas:
        filled.problems["about"] = "Choose one of the betas of this comparison, or a combination."
    _read_stand(filled, grounds, str(posted.get("stand", "")))
    if not filled.reason:
        filled.problems["reason"] = "Say why: whoever meets this beta next will ask."
    elif len(filled.reason) > MOST_LETTERS:
        filled.problems["reason"] = f"At most {MOST_LETTERS:,} letters."
    _read_owner(filled, team, str(posted.get("owner", "")))
    _read_date(filled, str(posted.get("look_again_on", "")).strip())
    return filled


def _read_stand(filled: Filled, grounds: Grounds, asked: str) -> None:
    if asked not in Stand:
        filled.problems["stand"] = "Choose Adopt, Drop or Wait."
    elif grounds.simulated and asked != Stand.WAIT:
        filled.problems["stand"] = ONLY_WAIT
    else:
        filled.stand = Stand(asked)


def _read_owner(filled: Filled, team: Team, asked: str) -> None:
    if not asked:
        return
    place = people_of(team).get(showable(asked))
    if place is None:
        filled.problems["owner"] = "Choose somebody of the team who may do more than read."
    else:
        filled.owner = place.user


def _read_date(filled: Filled, asked: str) -> None:
    if not asked:
        return
    try:
        found = date.fromisoformat(asked)
    except ValueError:
        filled.problems["look_again_on"] = "Give a day as 2026-12-31."
        return
    today = timezone.now().date()
    if not today < found <= today + LATEST:
        filled.problems["look_again_on"] = "Give a day from tomorrow on, within three years."
    else:
        filled.look_again_on = found


def people_of(team: Team) -> dict[str, Membership]:
    """Who may own a decision, by the public id of the membership. One query."""
    rows = Membership.objects.filter(team=team).exclude(role=Role.VIEWER).select_related("user").order_by("pk")
    return {row.public_id: row for row in rows}
