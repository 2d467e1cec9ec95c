"""The history as a file, whatever its length: the comparisons that match, page after page as they are read."""

import json
from collections.abc import Iterator
from typing import Any

from betaconsole.runs.models import Comparison, ComparisonBeta
from betaconsole.runs.summaries import Summary
from betaconsole.storage.fields import DamagedValue, damaged_columns
from betaconsole.teams.models import Team, User
from betaconsole.web.csv_cells import csv_chunks

from .export_lines import comparison_lines
from .listing import history, summaries_for
from .records import with_damage
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
    *("states", "refused", "failure", "change", "verdict", "cost_usd", "slowest_ms", "tags", "damaged"),
)

OF_EXCHANGES = (
    *("sent_at", "repeat", "turn", "attempt", "state", "status", "failure_kind", "error_type", "error_message"),
    *("model", "model_used", "stop_reason", "input_tokens", "output_tokens", "cache_read_tokens", "cache_write_tokens"),
    *("cost_usd", "connect_ms", "queue_ms", "first_byte_ms", "first_text_ms", "total_ms", "request_id", "text"),
)
EXCHANGE_COLUMNS = (
    *("number", "comparison", "title", "simulated", "id", "column", "label", "betas", "case"),
    *OF_EXCHANGES,
    "damaged",
)


def as_jsonl(user: User, team: Team, query: Query) -> Iterator[bytes]:
    """One comparison to a line."""
    for row in rows(user, team, query):
        yield json.dumps(row).encode() + b"\n"


def as_csv(user: User, team: Team, query: Query) -> Iterator[bytes]:
    """One comparison to a row; what a spreadsheet would run is defused. Several values stand with blanks between."""
    return csv_chunks(COLUMNS, ([_cell(row.get(name)) for name in COLUMNS] for row in rows(user, team, query)))


def whole_lines(user: User, team: Team, query: Query) -> Iterator[bytes]:
    """The finished comparisons that match with all they are made of, newest first: `importing` reads them again."""
    for comparisons in _pages(user, team, query):
        for comparison in comparisons:
            if comparison.finished_at is not None:
                yield from comparison_lines(comparison)


def exchange_rows(user: User, team: Team, query: Query) -> Iterator[list[Any]]:
    """A row for each exchange of the comparisons that match, under `EXCHANGE_COLUMNS`; where the next of a comparison
    cannot be read, a row that says so ends it."""
    for comparisons in _pages(user, team, query):
        for comparison in comparisons:
            try:
                yield from _exchange_rows(comparison)
            except DamagedValue as damage:
                about = [comparison.number, comparison.public_id, comparison.title, comparison.simulated]
                unknown = [None] * (len(EXCHANGE_COLUMNS) - len(about) - 1)
                yield [*about, *unknown, f"the rest is left out: {damage}"]


def _exchange_rows(comparison: Comparison) -> Iterator[list[Any]]:
    rows = comparison.exchanges.select_related("variant", "case").order_by("pk")
    for one in rows.only(
        *OF_EXCHANGES, "variant__position", "variant__label", "variant__betas", "case__name"
    ).iterator():
        about = [comparison.number, comparison.public_id, comparison.title, comparison.simulated, one.public_id]
        column = [one.variant.letter, one.variant.label, " ".join(one.variant.betas), one.case.name]
        sent_at = one.sent_at.isoformat() if one.sent_at else None
        damaged = " ".join(damaged_columns(one))
        yield [*about, *column, sent_at, *(getattr(one, name) for name in OF_EXCHANGES[1:]), damaged]


def rows(user: User, team: Team, query: Query) -> Iterator[dict[str, Any]]:
    """The comparisons that match, newest first."""
    for comparisons in _pages(user, team, query):
        summaries, betas = summaries_for(comparisons), _betas(comparisons)
        for comparison in comparisons:
            yield _row(comparison, summaries[comparison.pk], betas.get(comparison.pk, []))


def _pages(user: User, team: Team, query: Query) -> Iterator[list[Comparison]]:
    before: int | None = None
    while True:
        found = history(user, team, query=query, before=before, size=PAGE)
        yield [row.comparison for row in found.rows]
        if found.next_before is None:
            return
        before = found.next_before


def _row(comparison: Comparison, summary: Summary, betas: list[str]) -> dict[str, Any]:
    record = {
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
        "verdict": comparison.verdict,
        "cost_usd": None if summary.cost_usd is None else float(summary.cost_usd),
        "slowest_ms": summary.slowest_ms,
        "tags": list(comparison.tags or ()),
    }
    return with_damage(record, comparison)


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
