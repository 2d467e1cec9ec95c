"""The history as a file, whatever its length: the comparisons that match, page after page as they are read."""

import json
from collections.abc import Iterator
from typing import Any

from betaconsole.runs.models import Comparison, ComparisonBeta
from betaconsole.runs.summaries import Summary
from betaconsole.teams.models import Team, User
from betaconsole.web.csv_cells import csv_chunks

from .listing import history, summaries_for
from .typed_query import Query

PAGE = 200
COLUMNS = (
    *(
        "number",
        "id",
        "title",
        "author",
        "created_at",
        "finished_at",
        "simulated",
        "betas",
        "models",
        "columns",
        "repeats",
    ),
    *("states", "refused", "failure", "change", "cost_usd", "slowest_ms", "tags"),
)


def as_jsonl(user: User, team: Team, query: Query) -> Iterator[bytes]:
    """One comparison to a line."""
    for row in rows(user, team, query):
        yield json.dumps(row).encode() + b"\n"


def as_csv(user: User, team: Team, query: Query) -> Iterator[bytes]:
    """One comparison to a row; what a spreadsheet would run is defused. Several values stand with blanks between."""
    return csv_chunks(COLUMNS, ([_cell(row[name]) for name in COLUMNS] for row in rows(user, team, query)))


def rows(user: User, team: Team, query: Query) -> Iterator[dict[str, Any]]:
    """The comparisons that match, newest first."""
    before: int | None = None
    while True:
        found = history(user, team, query=query, before=before, size=PAGE)
        comparisons = [row.comparison for row in found.rows]
        summaries, betas = summaries_for(comparisons), _betas(comparisons)
        for comparison in comparisons:
            yield _row(comparison, summaries[comparison.pk], betas.get(comparison.pk, []))
        if found.next_before is None:
            return
        before = found.next_before


def _row(comparison: Comparison, summary: Summary, betas: list[str]) -> dict[str, Any]:
    return {
        "number": comparison.number,
        "id": comparison.public_id,
        "title": comparison.title,
        "author": str(comparison.author) if comparison.author else None,
        "created_at": comparison.created_at.isoformat(),
        "finished_at": comparison.finished_at.isoformat() if comparison.finished_at else None,
        "simulated": comparison.simulated,
        "betas": betas,
        "models": list(summary.models),
        "columns": summary.columns,
        "repeats": comparison.repeats,
        "states": dict(summary.states),
        "refused": summary.refused,
        "failure": summary.failure or None,
        "change": summary.change or None,
        "cost_usd": None if summary.cost_usd is None else float(summary.cost_usd),
        "slowest_ms": summary.slowest_ms,
        "tags": list(comparison.tags or ()),
    }


def _betas(comparisons: list[Comparison]) -> dict[int, list[str]]:
    found: dict[int, list[str]] = {}
    used = ComparisonBeta.objects.filter(comparison__in=comparisons).order_by("beta")
    for comparison, beta in used.values_list("comparison", "beta"):
        found.setdefault(comparison, []).append(beta)
    return found


def _cell(value: Any) -> Any:
    if isinstance(value, dict):
        return " ".join(f"{name}:{count}" for name, count in value.items())
    return " ".join(value) if isinstance(value, list) else value
