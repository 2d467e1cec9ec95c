"""What changed in availability, as sentences: since a person's last visit, and at the last check."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from betaconsole.availability.models import Check, State
from betaconsole.availability.standings import REFUSALS, Change, state_changes
from betaconsole.availability.wording import WORDS, day_and_time, number_word, short_model
from betaconsole.library.models import Combination
from betaconsole.teams.models import Connection, Team, User

from .spelling import Spelt, spelt

MOST_SENTENCES = 5
COUNTED = {State.NOT_CHECKED: "that this endpoint does not check"}


@dataclass(frozen=True)
class Sentence:
    """`X is refused on Production key for sonnet-4-6 since 12 Nov, 09:14. Two saved combinations use it.`

    `said` is `is refused on`; `combinations` is empty where none uses it.
    """

    name: Spelt
    said: str
    connection: Connection
    models: str
    since: datetime
    is_refusal: bool
    words: str
    exchange: str
    combinations: str

    @property
    def when(self) -> str:
        return day_and_time(self.since)


@dataclass(frozen=True)
class LastCheck:
    """The newest check of a team and what it found: (words of a state, how often)."""

    check: Check
    counts: Sequence[tuple[str, int]]


@dataclass(frozen=True)
class News:
    """`since_visit` and `at_last_check` hold each change once; the numbers are of those that are not shown."""

    since_visit: list[Sentence]
    at_last_check: list[Sentence]
    further_since_visit: int
    further_at_last_check: int
    last: LastCheck | None


def news_for(user: User, team: Team, news_from: datetime | None) -> News:
    """What to open the list of betas with. Four queries, five where something changed that a combination may use."""
    last = last_check(user, team)
    begins = [moment for moment in (news_from, last.check.created_at if last else None) if moment is not None]
    changes = state_changes(team, min(begins)) if begins else []
    combinations = _combinations(user, team) if changes else []
    is_news = [news_from is not None and change.since > news_from for change in changes]
    since = [change for change, new in zip(changes, is_news, strict=True) if new]
    rest = [
        change
        for change, new in zip(changes, is_news, strict=True)
        if not new and last and change.since >= last.check.created_at and change.connection == last.check.connection
    ]
    told, also = sentences(since, combinations), sentences(rest, combinations)
    return News(
        since_visit=told[:MOST_SENTENCES],
        at_last_check=also[:MOST_SENTENCES],
        further_since_visit=len(told[MOST_SENTENCES:]),
        further_at_last_check=len(also[MOST_SENTENCES:]),
        last=last,
    )


def sentences(changes: Iterable[Change], combinations: Sequence[Combination]) -> list[Sentence]:
    """A sentence for each beta, connection and answer, refusals first; what is true of several models is said once."""
    together: dict[tuple[int, str, State], list[Change]] = {}
    for change in changes:
        together.setdefault((change.connection.pk, change.beta, change.state), []).append(change)
    found = [_sentence(group, combinations) for group in together.values()]
    return sorted(found, key=lambda sentence: not sentence.is_refusal)


def last_check(user: User, team: Team) -> LastCheck | None:
    """The check that was begun last. Two queries."""
    rows = Check.objects.visible_to(user).filter(team=team).select_related("connection", "author")
    check = rows.order_by("-pk").first()
    if check is None:
        return None
    found = Counter(check.probes.values_list("state", flat=True))
    order = (State.ACCEPTED, *REFUSALS, State.NOT_CHECKED, State.UNREACHABLE, State.INCONCLUSIVE)
    return LastCheck(check, [(COUNTED.get(state, WORDS[state].text), found[state]) for state in order if found[state]])


def users_of(beta: str, combinations: Iterable[Combination]) -> str:
    """`Two saved combinations use it.`, or empty."""
    number = sum(beta in combination.betas for combination in combinations)
    if not number:
        return ""
    return f"{number_word(number)} saved combination{'s use' if number > 1 else ' uses'} it."


def _sentence(group: Sequence[Change], combinations: Sequence[Combination]) -> Sentence:
    change = min(group, key=lambda each: each.since)
    models = sorted({short_model(each.model) for each in group})
    whom = " for this account" if change.state == State.REFUSED_ACCOUNT else ""
    answer = "refused" if change.is_refusal else "now accepted"
    return Sentence(
        name=spelt(change.beta),
        said=f"is {answer}{whom} on",
        connection=change.connection,
        models=f"{', '.join(models[:3])}{f' and {len(models) - 3} more models' if len(models) > 3 else ''}",
        since=change.since,
        is_refusal=change.is_refusal,
        words=change.message,
        exchange=change.exchange,
        combinations=users_of(change.beta, combinations),
    )


def _combinations(user: User, team: Team) -> list[Combination]:
    return list(Combination.objects.visible_to(user).filter(team=team, archived_at=None).only("betas"))
