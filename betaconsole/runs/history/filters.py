"""What a query of history means for one team: which terms to look up in the index, and what is to be compared exactly."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta

from django.db.models import Exists, OuterRef, Q

from betaconsole.catalogue.outcomes import Verdict
from betaconsole.runs.documents import OFFERED
from betaconsole.runs.finding import finished, phrases_of, team_wants
from betaconsole.runs.fulltext import NEWEST, Wanted
from betaconsole.runs.models import Comparison, ComparisonBeta, SentValue
from betaconsole.runs.states import State
from betaconsole.runs.terms import EXCHANGE, MICRO, steps_within, term
from betaconsole.teams.models import Connection, Team, User

from .typed_query import Choice, Ignored, Query, Range

STATES = (*State.values, "running", "waiting", "refused")
OTHER_STATES = {
    "done": "succeeded",
    "ok": "succeeded",
    "error": "failed",
    "stopped": "cancelled",
    "canceled": "cancelled",
}
OUTCOMES = tuple(verdict.value for verdict in Verdict)
KINDS = ("pinned", "simulated", "batch", "trace")
STATUS = re.compile(r"[1-5]\d\d|[1-5]xx|error|ok")
MOST_VALUES = 40  # that one part of a name may stand for


@dataclass(frozen=True)
class Sought:
    """`wanted` is None where everything is meant. `exact` is asked of comparisons, `exact_exchange` of exchanges.

    `ignored` is what was typed and does nothing, `unknown` what names nothing the team has: both with the reason.
    """

    wanted: Wanted | None
    exact: Q = field(default_factory=Q)
    exact_exchange: Q = field(default_factory=Q)
    ignored: tuple[Ignored, ...] = ()
    unknown: tuple[Ignored, ...] = ()


class _NothingLikeItError(Exception):
    """Why a value cannot be looked up at all."""


def sought(query: Query, *, user: User, team: Team, now: datetime, exchanges: bool = False) -> Sought:
    """What the query asks for among the team's comparisons, or its exchanges. The number of queries depends on which kinds
    of filters there are, never on how much the team has sent."""
    if not query.asks and not exchanges:
        return Sought(None, ignored=query.ignored)
    return _Reader(query, user=user, team=team, exchanges=exchanges).read(now)


class _Reader:
    """Reads one query."""

    def __init__(self, query: Query, *, user: User, team: Team, exchanges: bool) -> None:
        self.query, self.user, self.team, self.exchanges = query, user, team, exchanges
        self.phrases = phrases_of([*query.phrases, *query.words])
        self.groups: list[list[str]] = [list(group) for group in team_wants(team).terms]
        self.without: list[str] = []
        self.exact, self.exact_exchange = Q(), Q()
        self.ignored, self.unknown = list(query.ignored), list[Ignored]()
        self._sent: dict[str, list[str]] | None = None

    def read(self, now: datetime) -> Sought:
        for choice in self.query.choices:
            try:
                self._choose(choice)
            except _NothingLikeItError as error:
                self.ignored.append(Ignored(str(choice), str(error)))
        for one in self.query.ranges:
            self._bound(one)
        if self.exchanges:
            self.groups.append([term(*EXCHANGE)])
        if (self.query.words or self.query.phrases) and not self.phrases:
            typed = " ".join([*self.query.phrases, *self.query.words])
            self.ignored.append(Ignored(typed, "There is no letter or digit to search for."))
        above, below = self._times(now)
        wanted = Wanted(
            self.groups, self.without, self.phrases, is_unfinished=bool(self.query.words), above=above, below=below
        )
        is_everything = not (self.phrases or self.without or len(self.groups) > 1 or self.query.times or self.exact)
        return Sought(
            None if is_everything else finished(wanted),
            self.exact,
            self.exact_exchange,
            tuple(self.ignored),
            tuple(self.unknown),
        )

    # Choices ----------------------------------------------------------------------------------------------------------

    def _choose(self, choice: Choice) -> None:
        values = [value for typed in choice.values for value in self._meant(choice.kind, typed)]
        terms = [term(choice.kind, value) for value in values]
        if not choice.is_without:
            self.groups.append(terms)
            return
        self.without += terms
        if choice.kind == "beta" and self.phrases:  # an exchange without it may stand in a comparison with it
            self.exact &= Q(~Exists(ComparisonBeta.objects.filter(comparison=OuterRef("pk"), beta__in=values)))

    def _meant(self, kind: str, typed: str) -> Sequence[str]:
        """The values a typed one stands for: itself, or all that it is a part of."""
        match kind:
            case "state":
                return [_known(kind, typed, STATES, others=OTHER_STATES)]
            case "is":
                return [_known(kind, typed, KINDS)]
            case "outcome":
                return _outcomes(typed)
            case "status":
                if not STATUS.fullmatch(typed.lower()):
                    raise _NothingLikeItError("A status is a number (529), a class (4xx), error or ok.")
                return [typed.lower()]
            case "by":
                return self._people(typed)
            case "connection":
                named = Connection.objects.filter(team=self.team).values_list("pk", "name", "public_id")
                found = [
                    str(pk) for pk, name, public_id in named if typed.lower() in name.lower() or typed == public_id
                ]
                return found or self._nothing(kind, typed)
        return self._like(kind, typed)

    def _like(self, kind: str, typed: str) -> Sequence[str]:
        if self._sent is None:
            asked = {choice.kind for choice in self.query.choices} & set(OFFERED)
            self._sent = {kind: [] for kind in OFFERED}
            for kept, value in SentValue.objects.filter(team=self.team, kind__in=asked).values_list("kind", "value"):
                self._sent[kept].append(value)
        sent, lower = self._sent[kind], typed.lower()
        if typed in sent:
            return [typed]
        return [value for value in sent if lower in value.lower()][:MOST_VALUES] or self._nothing(kind, typed)

    def _people(self, typed: str) -> Sequence[str]:
        lower = typed.lower()
        if lower == "me":
            return [str(self.user.pk)]
        people = User.objects.filter(memberships__team=self.team).values_list("pk", "email", "name")
        for same in (True, False):
            found = [
                str(pk)
                for pk, email, name in people
                if (lower in (email.lower(), name.lower()) if same else lower in f"{name} {email}".lower())
            ]
            if found:
                return found
        return self._nothing("by", typed)

    def _nothing(self, kind: str, typed: str) -> Sequence[str]:
        what = {"by": "Nobody in the team is called", "connection": "The team has no connection called"}
        why = f"{what.get(kind, f'Nothing was sent yet with the {kind}')} “{typed}”."
        self.unknown.append(Ignored(f"{kind}:{typed}", why))
        return [typed]

    # Ranges and times --------------------------------------------------------------------------------------------------

    def _bound(self, asked: Range) -> None:
        for lookup, value in asked.bounds:
            self.exact &= Q(**{f"{'cost_usd' if asked.kind == 'cost' else 'slowest_ms'}__{lookup}": value})
            self.exact_exchange &= Q(**{f"{'cost_usd' if asked.kind == 'cost' else 'total_ms'}__{lookup}": value})
        if not self.phrases or self.exchanges:  # else an exchange's document would speak for a comparison's sum
            steps = steps_within(asked.bounds, **({"unit": MICRO} if asked.kind == "cost" else {}))
            self.groups.append([term(asked.kind, str(step)) for step in steps] or [term(asked.kind, "none")])

    def _times(self, now: datetime) -> tuple[int, int]:
        """Between which keys what began then lies: keys and times grow together."""
        above, below = 0, NEWEST
        for one in self.query.times:
            first = self._first_since(_moment(one.moment, now))
            if one.kind == "after":
                above = max(above, first - 1)
            else:
                below = min(below, first)
        return above, below

    def _first_since(self, moment: datetime) -> int:
        began = Comparison.objects.filter(team=self.team, created_at__gte=moment).order_by("created_at", "pk")
        return began.values_list("pk", flat=True).first() or NEWEST


def _moment(moment: date | timedelta, now: datetime) -> datetime:
    if isinstance(moment, timedelta):
        return now - moment
    return datetime.combine(moment, time(), UTC)


def _known(kind: str, typed: str, values: Iterable[str], *, others: dict[str, str] | None = None) -> str:
    lower = typed.lower().replace(" ", "_")
    lower = (others or {}).get(lower, lower)
    if lower not in values:
        what = "kind of comparison" if kind == "is" else kind
        raise _NothingLikeItError(f"There is no {what} “{typed}”: {', '.join(values)}.")
    return lower


def _outcomes(typed: str) -> Sequence[str]:
    lower = re.sub(r"[\s-]+", "_", typed.lower())
    found = [lower] if lower in OUTCOMES else [value for value in OUTCOMES if lower in value]
    if not found:
        raise _NothingLikeItError(f"There is no outcome “{typed}”: {', '.join(OUTCOMES)}.")
    return found
