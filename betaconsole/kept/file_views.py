"""The library as files, and files of ours as a library: prompts and combinations out and in."""

from collections.abc import Iterator

from django.http import HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_http_methods, require_safe

from betaconsole.library.models import Combination, Prompt
from betaconsole.teams import audit
from betaconsole.teams.access import TeamRequest, requires
from betaconsole.teams.models import Role
from betaconsole.web.csv_cells import csv_chunks
from betaconsole.web.incoming import takes_files, too_much

from . import exporting
from .importing import MAX_FILE_BYTES, ImportRefused, import_lines
from .listing import visible

JSONL, CSV = "application/x-ndjson; charset=utf-8", "text/csv; charset=utf-8"
TOO_MUCH = f"That file has more than {MAX_FILE_BYTES // 1_000_000} MB. Nothing was imported."
NOTHING = "No file came along: choose one first."


@requires(Role.VIEWER)
@require_safe
def export_prompts(request: TeamRequest) -> HttpResponseBase:
    """Every prompt of the team with all versions, archived ones too, as it is imported again."""
    return _file(request, "prompts.jsonl", JSONL, exporting.prompt_lines(visible(Prompt, request)))


@requires(Role.VIEWER)
@require_safe
def export_prompts_csv(request: TeamRequest) -> HttpResponseBase:
    rows = exporting.prompt_rows(visible(Prompt, request))
    return _file(request, "prompts.csv", CSV, csv_chunks(exporting.PROMPT_HEADING, rows))


@requires(Role.VIEWER)
@require_safe
def export_combinations(request: TeamRequest) -> HttpResponseBase:
    lines = exporting.combination_lines(visible(Combination, request))
    return _file(request, "combinations.jsonl", JSONL, lines)


@requires(Role.VIEWER)
@require_safe
def export_combinations_csv(request: TeamRequest) -> HttpResponseBase:
    rows = exporting.combination_rows(visible(Combination, request))
    return _file(request, "combinations.csv", CSV, csv_chunks(exporting.COMBINATION_HEADING, rows))


@requires(Role.MEMBER)
@require_http_methods(["GET", "HEAD", "POST"])
@takes_files(MAX_FILE_BYTES)
def import_library(request: TeamRequest) -> HttpResponse:
    """An exported file (`library`) in again: all of it or nothing, and a sentence about each line."""
    if request.method != "POST":
        return render(request, "library/import.html", {})
    sent = None if too_much(request) else request.FILES.get("library")
    if sent is None or sent.file is None:
        context = {"message": TOO_MUCH if too_much(request) else NOTHING}
        return render(request, "library/import.html", context, status=422)
    try:
        report = import_lines(sent.file, team=request.team, author=request.user)
    except ImportRefused as refusal:
        refused = {"message": str(refusal), "problems": refusal.problems}
        return render(request, "library/import.html", refused, status=422)
    audit.record(request, "library imported", about=sent.name or "", detail=report.counts)
    return render(request, "library/import.html", {"report": report})


def _file(request: TeamRequest, name: str, content_type: str, chunks: Iterator[bytes]) -> StreamingHttpResponse:
    audit.record(request, "library exported", about=name)
    response = StreamingHttpResponse(chunks, content_type=content_type)
    response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return response
