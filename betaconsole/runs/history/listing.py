"""The list of a team's comparisons, newest first. The number of queries is the same for any number of rows."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from django.db.models import Count, Max, Q, Sum

from betaconsole.drafts.columns import letter
from betaconsole.runs.finding import search
from betaconsole.runs.models import Comparison, ComparisonBeta, ComparisonQuerySet, Exchange, Variant
from betaconsole.runs.pages.overview import summary
from betaconsole.runs.pages.showing import latest_of_cells
from betaconsole.runs.states import UNFINISHED, State
from betaconsole.storage.fields import showable
from betaconsole.teams.models import Team, User
from betaconsole.web.paging import SIZE, Page, page

MAX_LETTERS = 4
MAX_BETAS = 2


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
    cost_usd: Decimal | None


@dataclass(frozen=True)
class HistoryPage:
    """A page of the list. `next_before` is the number of the last row where older ones follow."""

    rows: list[HistoryRow]
    next_before: int | None


def history(user: User, team: Team, *, query: str = "", before: int | None = None) -> HistoryPage:
    """The team's comparisons that match the query (empty: all), those with numbers below `before` where given.

    Errands are left out: each is found where it was run from.
    """
    visible = Comparison.objects.visible_to(user).filter(team=team, is_errand=False).select_related("author")
    found = _matching(visible, team, query, before) if query else page(visible, key="number", before=before)
    return HistoryPage(rows_for(found.rows), found.next_before)


def _matching(visible: ComparisonQuerySet, team: Team, query: str, before: int | None) -> Page:
    last = Comparison.objects.filter(team=team, number=before).values_list("pk", flat=True).first() if before else None
    ids = search(team, query, before=last, limit=SIZE + 1)
    rows = list(visible.filter(pk__in=ids).order_by("-pk"))
    shown = rows[:SIZE]
    return Page(shown, shown[-1].number if len(rows) > SIZE else None)


def rows_for(comparisons: Sequence[Comparison]) -> list[HistoryRow]:
    """The rows of these comparisons, in their order."""
    ids = [comparison.pk for comparison in comparisons]
    columns = _columns(ids)
    betas = defaultdict(list)
    for comparison, beta in ComparisonBeta.objects.filter(comparison__in=ids).values_list("comparison", "beta"):
        betas[comparison].append(beta)
    states = _states(ids)
    return [
        HistoryRow(
            comparison=comparison,
            columns=_columns_text(columns.get(comparison.pk, 0), comparison.repeats),
            betas=sorted(betas[comparison.pk]) if len(betas[comparison.pk]) <= MAX_BETAS else [],
            beta_count=len(betas[comparison.pk]),
            state=states[comparison.pk].text,
            is_running=comparison.finished_at is None and not states[comparison.pk].is_at_rest,
            is_waiting=comparison.finished_at is None and states[comparison.pk].is_at_rest,
            cost_usd=states[comparison.pk].cost_usd,
        )
        for comparison in comparisons
    ]


def _columns(ids: Sequence[int]) -> Mapping[int, int]:
    counted = Variant.objects.filter(comparison__in=ids).order_by().values_list("comparison").annotate(Count("pk"))
    return dict(counted)


def _columns_text(columns: int, repeats: int) -> str:
    """`A, B × 20`, `8 columns × 10`."""
    letters = ", ".join(letter(position) for position in range(columns))
    said = letters if columns <= MAX_LETTERS else f"{columns} columns"
    return f"{said} × {repeats}" if repeats > 1 else said


@dataclass
class _States:
    """What became of a comparison's cells, and what all of its exchanges cost. `is_at_rest`: cells wait, and nothing runs."""

    text: str = "nothing sent"
    is_at_rest: bool = False
    cost_usd: Decimal | None = None


def _states(ids: Sequence[int]) -> dict[int, _States]:
    is_refused = Q(state=State.FAILED) & ~Q(refused_betas=[])
    counted = (
        latest_of_cells(Exchange.objects.filter(comparison__in=ids))
        .values("comparison", "state", "wait__reason")
        .annotate(
            count=Count("pk"),
            refused=Count("pk", filter=is_refused),
            status=Max("status"),
            error=Max("error_type"),
        )
        .order_by()
    )
    by_comparison = defaultdict(list)
    for row in counted:
        by_comparison[row["comparison"]].append(row)
    found: dict[int, _States] = defaultdict(_States)
    costs = Exchange.objects.filter(comparison__in=ids).order_by().values_list("comparison").annotate(Sum("cost_usd"))
    cost_of = dict(costs)
    for comparison, rows in by_comparison.items():
        waits = any(row["wait__reason"] for row in rows)
        is_at_rest = waits and not any(row["state"] in UNFINISHED for row in rows)
        found[comparison] = _States(_said(rows), is_at_rest, cost_of.get(comparison))
    return found


def _said(rows: Sequence[Mapping]) -> str:
    """`40 done, 1 refused, 19 skipped`; one failure says which: `1 failed: 529 overloaded_error`."""
    counts = {row["wait__reason"] or row["state"]: row["count"] for row in rows}
    failed = next((row for row in rows if row["state"] == State.FAILED), None)
    refused = failed["refused"] if failed else 0
    text = summary(counts, refused=refused)
    if failed and failed["count"] == 1 and not refused:
        why = showable(" ".join(filter(None, [str(failed["status"] or ""), failed["error"]])))
        text = text.replace("1 failed", f"1 failed: {why}", 1) if why else text
    return text
