"""The cases of a prompt: typed in a small table, taken from a file, given out as JSONL."""

from collections.abc import Iterator

from django.http import HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_POST, require_safe

from betaconsole.claude import jsontext
from betaconsole.library.case_table import typed_rows
from betaconsole.library.cases import MAX_CASES, MAX_FILE_BYTES, CasesRefused, read_cases
from betaconsole.library.models import Prompt
from betaconsole.storage.fields import showable
from betaconsole.teams.access import TeamRequest, requires
from betaconsole.teams.models import Role
from betaconsole.web.incoming import takes_files, too_much

from .answering import Refusal, own
from .prompt_page import refused

TOO_MUCH = f"That file has more than {MAX_FILE_BYTES // 1_000_000} MB."
NOTHING = "No file came along: choose one first."


@requires(Role.MEMBER)
@require_POST
def set_cases(request: TeamRequest, public_id: str) -> HttpResponse:
    """The cases as they stand in the table; a row without any text is dropped."""
    found = own(Prompt, request, public_id)
    try:
        rows = typed_rows(request.POST.dict())
    except CasesRefused as refusal:
        return _not_taken(request, found, str(refusal))
    found.set_cases(rows)
    return redirect(f"{request.path.removesuffix('cases/')}#cases")


@requires(Role.MEMBER)
@require_POST
@takes_files(MAX_FILE_BYTES)
def import_cases(request: TeamRequest, public_id: str) -> HttpResponse:
    """The cases of a file in place of those there were, or with `add` after them. All of them or none."""
    found = own(Prompt, request, public_id)
    sent = None if too_much(request) else request.FILES.get("cases")
    if sent is None:
        return _not_taken(request, found, TOO_MUCH if too_much(request) else NOTHING, place="file")
    try:
        rows = read_cases(sent.read(), showable(sent.name or "The file")[:100])
        if "add" in request.POST:
            rows = [*(case.row for case in found.cases.all()), *rows]
        if len(rows) > MAX_CASES:
            raise CasesRefused(f"That makes {len(rows):,} cases; a comparison holds at most {MAX_CASES:,}.")
    except CasesRefused as refusal:
        return _not_taken(request, found, str(refusal), place="file")
    found.set_cases(rows)
    return redirect(f"{request.path.removesuffix('cases/import/')}#cases")


@requires(Role.VIEWER)
@require_safe
def export_cases(request: TeamRequest, public_id: str) -> HttpResponseBase:
    """One case to a line, as it is imported again."""
    found = own(Prompt, request, public_id)
    response = StreamingHttpResponse(_lines(found), content_type="application/x-ndjson; charset=utf-8")
    response.headers["Content-Disposition"] = f'attachment; filename="cases-{found.public_id}.jsonl"'
    return response


def _lines(prompt: Prompt) -> Iterator[str]:
    for case in prompt.cases.iterator(chunk_size=200):
        yield jsontext.dumps({"name": case.name, "variables": case.values}) + "\n"


def _not_taken(request: TeamRequest, prompt: Prompt, message: str, *, place: str = "cases") -> HttpResponse:
    return refused(request, prompt, Refusal(place, message, request.POST.dict()))
