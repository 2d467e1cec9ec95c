"""The list of a team's comparisons, newest first. The number of queries is the same for any number of rows."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal

from django.db.models import Exists, OuterRef
from django.utils import timezone

from betaconsole.drafts.columns import letter
from betaconsole.runs.finding import comparisons_found
from betaconsole.runs.models import Comparison, ComparisonBeta, ComparisonQuerySet
from betaconsole.runs.pages.overview import summary as states_said
from betaconsole.runs.standpoints import Standpoint, decisions_on
from betaconsole.runs.states import State
from betaconsole.runs.summaries import Summary, summaries_of
from betaconsole.teams.models import Membership, Team, User
from betaconsole.web.paging import SIZE, Page, page

from .filters import Sought, sought
from .typed_query import Query, parse

MAX_LETTERS = 4
MAX_BETAS = 2
MOST_PINNED = 20
MOST_NEWER = 100
MORE_AT_ONCE = 5
ROUNDS = 4  # of looking further back for a page before it is shown as it is


@dataclass(frozen=True)
class HistoryRow:
    """One comparison in the list. `betas` is empty where `beta_count` says it shorter."""

    comparison: Comparison
    columns: str
    betas: list[str]
    beta_count: int
    state: str
    is_running: bool
    is_waiting: bool  # for a person, and nothing else is to be done
    is_paused: bool
    cost_usd: Decimal | None
    change: str = ""
    verdict: str = ""  # its first sentence; says more than `change`, where it has been worked out
    tags: Sequence[str] = ()
    decisions: Sequence[Standpoint] = ()  # that rest on it and stand


@dataclass(frozen=True)
class HistoryPage:
    """A page of the list. `next_before` is the number of the last row where older ones follow.

    `newest` is the team's newest number when the page was made. `sought` is what was looked for; None where nothing was.
    """

    rows: list[HistoryRow]
    next_before: int | None
    sought: Sought | None = None
    newest: int = 0
    pinned: Sequence[HistoryRow] = ()


def history(
    user: User, team: Team, *, query: str | Query = "", before: int | None = None, size: int = SIZE
) -> HistoryPage:
    """The team's comparisons that match the query (empty: all), those with numbers below `before` where given."""
    asked = sought(_read(query), user=user, team=team, now=timezone.now())
    found = found_comparisons(user, team, asked, before=before, size=size)
    pinned = pinned_comparisons(user, team) if asked.wanted is None and not before else []
    above = {one.pk for one in pinned}  # a row stands on the page once: its id is what opens it
    rows = rows_for([*pinned, *(one for one in found.rows if one.pk not in above)])
    newest = team_newest(user, team) if not before else 0
    return HistoryPage(rows[len(pinned) :], found.next_before, asked, newest, rows[: len(pinned)])


def _read(query: str | Query) -> Query:
    return parse(query) if isinstance(query, str) else query


def listed(user: User, team: Team) -> ComparisonQuerySet:
    """What the team's history shows to this person: `visible_to`, asked so that the order of the index is kept.

    Beside a join SQLite sorts all that is older first: at a million exchanges half a second for a page in the middle.
    """
    if user.asks_in not in (None, team.pk):
        return Comparison.objects.none()
    is_member = Exists(Membership.objects.filter(user=user, team=OuterRef("team")))
    return Comparison.objects.filter(is_member, team=team, deleted_at=None).listed()


def found_comparisons(user: User, team: Team, asked: Sought, *, before: int | None, size: int = SIZE) -> Page:
    """The comparisons that were sought, by number. A page may be short where much was looked at in vain; `next_before` goes on."""
    rows = listed(user, team).select_related("author")
    if asked.wanted is None:
        return page(rows, key="number", before=before, size=size)
    wanted = asked.wanted
    if before is not None:
        last = Comparison.objects.filter(team=team, number__gte=before).order_by("number").values_list("pk", flat=True)
        wanted = replace(wanted, below=min(wanted.below, last.first() or wanted.below))
    found: list[Comparison] = []
    # Where rows may still fall away, more are looked at in one go: a few queries, whatever there is.
    limit = (size + 1) * (MORE_AT_ONCE if asked.exact else 1)
    for _ in range(ROUNDS):
        keys = comparisons_found(wanted, limit)
        found += rows.filter(pk__in=keys).filter(asked.exact).order_by("-pk")
        if len(found) > size:
            return Page(found[:size], found[size - 1].number)
        if len(keys) < limit:
            return Page(found, None)
        # What fell away was deleted, or is not exactly what was asked for: look further back.
        wanted, limit = replace(wanted, below=keys[-1]), (size + 1) * MORE_AT_ONCE
    return Page(found, Comparison.objects.values_list("number", flat=True).get(pk=wanted.below))


def pinned_comparisons(user: User, team: Team) -> list[Comparison]:
    """Those that stand above the list, the last pinned first."""
    rows = listed(user, team).filter(pinned_at__isnull=False).select_related("author")
    return list(rows.order_by("-pinned_at")[:MOST_PINNED])


def team_newest(user: User, team: Team) -> int:
    """The number of the newest comparison."""
    return listed(user, team).order_by("-number").values_list("number", flat=True).first() or 0


def newer_count(user: User, team: Team, query: str | Query, *, since: int, now: datetime) -> int:
    """How many comparisons that match came after the one with this number, at most `MOST_NEWER`."""
    asked = sought(_read(query), user=user, team=team, now=now)
    newer = listed(user, team).filter(number__gt=since)
    if asked.wanted is not None:
        first = newer.order_by("number").values_list("pk", flat=True).first()
        if first is None:
            return 0
        wanted = replace(asked.wanted, above=max(asked.wanted.above, first - 1))
        newer = newer.filter(asked.exact, pk__in=comparisons_found(wanted, MOST_NEWER))
    return newer.order_by()[:MOST_NEWER].count()


def rows_for(comparisons: Sequence[Comparison]) -> list[HistoryRow]:
    """The rows of these comparisons, in their order."""
    ids = [comparison.pk for comparison in comparisons]
    betas = defaultdict(list)
    for comparison, beta in ComparisonBeta.objects.filter(comparison__in=ids).values_list("comparison", "beta"):
        betas[comparison].append(beta)
    summaries = summaries_for(comparisons)
    decisions = decisions_on(comparisons)
    return [
        _row(one, sorted(betas[one.pk]), summaries[one.pk], decisions.get(one.public_id, ())) for one in comparisons
    ]


def summaries_for(comparisons: Sequence[Comparison]) -> dict[int, Summary]:
    """As kept; of what runs, or finished just now, as it stands."""
    kept = {one.pk: Summary.load(one.summary) for one in comparisons if one.summary and one.finished_at}
    return kept | summaries_of([one.pk for one in comparisons if one.pk not in kept])


def _row(
    comparison: Comparison, betas: list[str], summary: Summary, decisions: Sequence[Standpoint] = ()
) -> HistoryRow:
    return HistoryRow(
        comparison=comparison,
        columns=_columns_text(summary.columns, comparison.repeats),
        betas=betas if len(betas) <= MAX_BETAS else [],
        beta_count=len(betas),
        state=said(summary),
        is_running=comparison.finished_at is None and comparison.paused_at is None and not summary.is_waiting,
        is_waiting=comparison.finished_at is None and summary.is_waiting,
        is_paused=comparison.paused_at is not None,
        cost_usd=summary.cost_usd,
        change=summary.change,
        verdict=comparison.verdict or "",
        tags=comparison.tags or (),
        decisions=decisions,
    )


def _columns_text(columns: int, repeats: int) -> str:
    """`A, B × 20`, `8 columns × 10`."""
    letters = ", ".join(letter(position) for position in range(columns))
    shown = letters if columns <= MAX_LETTERS else f"{columns} columns"
    return f"{shown} × {repeats}" if repeats > 1 else shown


def said(summary: Summary) -> str:
    """`40 done, 1 refused, 19 skipped`; one failure says which: `1 failed: 529 overloaded_error`."""
    text = states_said(summary.states, refused=summary.refused)
    if summary.failure and summary.states.get(State.FAILED) == 1:
        text = text.replace("1 failed", f"1 failed: {summary.failure}", 1)
    return text
