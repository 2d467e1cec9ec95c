"""A comparison as a decision record, for paper: what was asked, what came of it, what to change, what the team decided."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from betaconsole.claude import jsontext
from betaconsole.diffing.requests import RequestDiff, Sent, request_diff
from betaconsole.runs.models import Comparison, Exchange, Variant
from betaconsole.runs.pages.header_line import HeaderPart, header_parts
from betaconsole.runs.standpoints import Standpoint, decisions_on
from betaconsole.storage.fields import Damaged, showable
from betaconsole.web.redaction import redact

MOST_LETTERS = 4_000  # of the request, and of a patch
MOST_CHANGES = 8  # columns whose change is spelled out


@dataclass(frozen=True)
class RecordColumn:
    """One column: its header line with what its baseline does not send marked, and what it asks for otherwise."""

    variant: Variant
    baseline: Variant | None
    header: Sequence[HeaderPart]


@dataclass(frozen=True)
class Change:
    """What makes a column's request of its baseline's: "turn this on". `patch` is the body's, as JSON; empty where it is the
    same or no JSON."""

    column: RecordColumn
    added: Sequence[str]
    removed: Sequence[str]
    version: str
    patch: str
    patch_kind: str
    is_same: bool


def record_columns(variants: Sequence[Variant]) -> list[RecordColumn]:
    by_key = {variant.pk: variant for variant in variants}
    found = []
    for variant in variants:
        baseline = by_key.get(variant.baseline_id or 0)
        parts = header_parts(variant.betas, baseline=baseline.betas if baseline else None)
        found.append(RecordColumn(variant, baseline, parts))
    return found


def changes_of(comparison: Comparison, columns: Sequence[RecordColumn]) -> list[Change]:
    """Of the first columns that are compared with another one, as they were sent first. One query."""
    compared = [column for column in columns if column.baseline][:MOST_CHANGES]
    wanted = {one.pk for column in compared for one in (column.variant, column.baseline) if one}
    first = _first_requests(comparison, wanted)
    return [
        _change(column, request_diff(first[column.baseline.pk], first[column.variant.pk]))
        for column in compared
        if column.baseline and column.baseline.pk in first and column.variant.pk in first
    ]


def _first_requests(comparison: Comparison, variants: set[int]) -> Mapping[int, Sent]:
    rows = comparison.exchanges.filter(variant__in=variants, case__position=0, repeat=1, turn=1, attempt=1)
    light = rows.select_related("request_body").only(
        "comparison", "variant", "method", "url", "request_headers", "request_body__data"
    )
    return {row.variant_id: _sent(row) for row in light if not isinstance(row.request_headers, Damaged)}


def _sent(row: Exchange) -> Sent:
    return Sent(row.method, row.url, row.request_headers, bytes(row.request_body.data) if row.request_body else b"")


def _change(column: RecordColumn, diff: RequestDiff) -> Change:
    old, new = diff.version
    return Change(
        column=column,
        added=diff.betas.added,
        removed=diff.betas.removed,
        version=f"{old or 'none'} → {new or 'none'}" if old != new else "",
        patch=written(diff.body.patch) if diff.body.patch_kind else "",
        patch_kind="merge patch" if diff.body.patch_kind == "merge_patch" else "JSON patch",
        is_same=diff.is_same,
    )


def written(value: Any) -> str:
    """JSON over several lines, without keys, cut where it is long."""
    text = redact(showable(jsontext.dumps(value, indent=2)))
    return (
        text if len(text) <= MOST_LETTERS else f"{text[:MOST_LETTERS]}\n… {len(text) - MOST_LETTERS:,} more characters"
    )


def asked_of(comparison: Comparison) -> str:
    """The request as composed, before the columns' changes."""
    raw = bytes(comparison.body.data)
    try:
        return written(jsontext.loads(raw.decode()))
    except (UnicodeDecodeError, jsontext.JsonError):
        return redact(showable(raw[:MOST_LETTERS].decode("utf-8", "replace")))


def decided_on(comparison: Comparison) -> list[Standpoint]:
    """What the team decided on the grounds of this comparison and still means."""
    return decisions_on([comparison]).get(comparison.public_id, [])
