"""Taking comparisons and exchanges away as files, and bringing them back."""

import json
from collections.abc import Iterator

from django.http import HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_http_methods, require_safe

from betaconsole.runs.models import Exchange
from betaconsole.runs.pages.views import visible_comparison
from betaconsole.teams.access import TeamRequest, requires
from betaconsole.teams.audit import record
from betaconsole.teams.models import Role
from betaconsole.web.csv_cells import csv_chunks
from betaconsole.web.incoming import takes_files, too_much
from betaconsole.web.paging import identifier

from . import exporting
from .asking import asked_for
from .export_lines import comparison_lines, whole_exchange
from .import_reading import MAX_FILE_BYTES, ImportRefused
from .importing import import_history

JSONL, CSV = "application/x-ndjson", "text/csv; charset=utf-8"
TOO_MUCH = f"That file has more than {MAX_FILE_BYTES // 1_000_000} MB. Nothing was imported."
NOTHING = "No file came along: choose one first."


@requires(Role.VIEWER)
@require_safe
def export_whole(request: TeamRequest) -> HttpResponseBase:
    """Every finished comparison that matches, with all of its exchanges: what is imported again."""
    query = asked_for(request.GET)
    record(request, "history exported", about=str(query) or "everything", detail={"form": "whole"})
    return _file("comparisons.jsonl", JSONL, exporting.whole_lines(request.user, request.team, query))


@requires(Role.VIEWER)
@require_safe
def export_exchanges(request: TeamRequest) -> HttpResponseBase:
    """A row for each exchange of the comparisons that match."""
    query = asked_for(request.GET)
    record(request, "history exported", about=str(query) or "everything", detail={"form": "exchanges"})
    rows = exporting.exchange_rows(request.user, request.team, query)
    return _file("exchanges.csv", CSV, csv_chunks(exporting.EXCHANGE_COLUMNS, rows))


@requires(Role.VIEWER)
@require_safe
def export_comparison(request: TeamRequest, public_id: str) -> HttpResponseBase:
    """One comparison, in the form that is imported again."""
    found = visible_comparison(request, public_id)
    record(request, "comparison exported", about=f"#{found.number} {found.title}")
    return _file(f"comparison-{found.number}.jsonl", JSONL, comparison_lines(found))


@requires(Role.VIEWER)
@require_safe
def export_exchange(request: TeamRequest, public_id: str) -> HttpResponse:
    """One exchange as JSON, its bodies in it."""
    related = ("comparison", "variant", "case", "request_body", "response_body")
    found = get_object_or_404(Exchange.objects.visible_to(request.user).select_related(*related), public_id=public_id)
    record(request, "exchange exported", about=f"#{found.comparison.number} {found.variant.letter}")
    response = HttpResponse(json.dumps(whole_exchange(found), indent=2), content_type="application/json")
    response.headers["Content-Disposition"] = f'attachment; filename="exchange-{identifier(public_id)}.json"'
    return response


@requires(Role.MEMBER)
@require_http_methods(["GET", "HEAD", "POST"])
@takes_files(MAX_FILE_BYTES)
def import_comparisons(request: TeamRequest) -> HttpResponse:
    """An exported file (`history`) in again: all of its comparisons, or none and why."""
    if request.method != "POST":
        return render(request, "runs/import.html", {})
    sent = None if too_much(request) else request.FILES.get("history")
    if sent is None or sent.file is None:
        return _refused(request, TOO_MUCH if too_much(request) else NOTHING)
    try:
        report = import_history(sent.file, name=sent.name or "", team=request.team, author=request.user)
    except ImportRefused as refusal:
        return _refused(request, str(refusal), refusal.problems)
    record(request, "history imported", about=sent.name or "", detail=report.counts)
    return render(request, "runs/import.html", {"report": report})


def _refused(request: TeamRequest, message: str, problems: list[tuple[int, str]] | None = None) -> HttpResponse:
    return render(request, "runs/import.html", {"message": message, "problems": problems or []}, status=422)


def _file(name: str, content_type: str, chunks: Iterator[bytes]) -> StreamingHttpResponse:
    response = StreamingHttpResponse(chunks, content_type=content_type)
    response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    response.headers["X-Content-Type-Options"] = "nosniff"
    return response
