"""Recorded requests in place of the prompt: import them, say what they are, let them go."""

import io
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from django.http import HttpResponse
from django.views.decorators.http import require_POST

from betaconsole.claude import jsontext
from betaconsole.storage.fields import unpack
from betaconsole.teams.access import TeamRequest, requires
from betaconsole.teams.models import Role
from betaconsole.web.incoming import takes_files, too_much

from . import case_sets, matrix
from .answering import Fragment, edited
from .case_sets import Spool
from .editing import Edit, Refused
from .file_kinds import safe_name
from .importing import CASES, MAX_FILE_BYTES, TRACE, ImportRefused, Recording, read_recording
from .matrix import MatrixError
from .models import Draft
from .without_script import changed

TOO_MUCH = "That file has more than 200 MB: cut out the part that matters. Nothing was imported."
NOTHING = "No file came along: choose one first."
PASTED = "pasted lines"
CHANGED = ("notice", "body", "parameters", "matrix", "prompt")


@requires(Role.MEMBER)
@require_POST
@takes_files(MAX_FILE_BYTES)
def import_requests(request: TeamRequest, draft_id: str) -> HttpResponse:
    """A file of recorded requests (`recording`) becomes the turns or cases of the draft; one alone becomes its prompt."""
    sent = None if too_much(request) else request.FILES.get("recording")
    if sent is None or sent.file is None:
        return _answer(request, draft_id, _refusing(TOO_MUCH if too_much(request) else NOTHING))
    return imported(request, draft_id, sent.file, safe_name(sent.name or ""))  # type: ignore[arg-type]


def imported_text(request: TeamRequest, draft_id: str, text: str) -> HttpResponse:
    """The same for lines that were pasted."""
    return imported(request, draft_id, io.BytesIO(text.encode("utf-8", "replace")), PASTED)


def imported(request: TeamRequest, draft_id: str, file: io.BufferedIOBase, name: str) -> HttpResponse:
    """Read the file, then write all of it at once: nothing is half done."""
    with Spool() as spool:
        try:
            recording = read_recording(file, name, spool.keep)  # type: ignore[arg-type]
        except ImportRefused as refusal:
            return _answer(request, draft_id, _refusing(str(refusal)))

        def make(draft: Draft) -> Edit:
            return _import_of(draft, recording, name, spool)

        return _answer(request, draft_id, make, {"recording": recording, "source": name})


@requires(Role.MEMBER)
@require_POST
def set_case_kind(request: TeamRequest, draft_id: str) -> HttpResponse:
    """Take the recorded requests for a trace or for independent cases."""
    kind = TRACE if request.POST.get("kind") == TRACE else CASES

    def make(draft: Draft) -> Edit:
        if draft.recorded is None:
            raise Refused("import", "There are no recorded requests any more.")
        draft.recorded.kind = kind
        draft.recorded.save(update_fields=["kind"])
        return Edit("treat as a trace" if kind == TRACE else "treat as cases", undoable=False)

    return edited(request, draft_id, make, touched=lambda composer: [Fragment("body")])


@requires(Role.MEMBER)
@require_POST
def remove_cases(request: TeamRequest, draft_id: str) -> HttpResponse:
    """Back to the prompt; undo brings the recorded requests back."""

    def make(draft: Draft) -> Edit:
        return Edit("remove the recorded requests", values={"case_set_id": None})

    return _answer(request, draft_id, make, {})


def _import_of(draft: Draft, recording: Recording, name: str, spool: Spool) -> Edit:
    rows = list(draft.rows)
    with suppress(MatrixError):
        for beta in recording.betas:
            rows = matrix.add_row(rows, beta)
    values: dict[str, Any] = {"rows": rows, "case_set_id": None}
    if recording.count == 1:
        [(_, stored)] = spool.rows()
        body = jsontext.loads(_text_of(stored))
        return Edit(f"import {name}", body_text=jsontext.dumps(body, indent=2), values=values)
    case_sets.sweep(draft)
    values["case_set_id"] = case_sets.add(draft, recording, name, spool).pk
    return Edit(f"import {name}", values=values)


def _text_of(stored: bytes) -> str:
    return unpack(stored).decode("utf-8", "surrogatepass")


def _refusing(message: str) -> Callable[[Draft], Edit]:
    def make(draft: Draft) -> Edit:
        raise Refused("import", message)

    return make


def _answer(
    request: TeamRequest, draft_id: str, make: Callable[[Draft], Edit], told: dict[str, Any] | None = None
) -> HttpResponse:
    """The parts of the composer that the import changed."""
    contexts = {"notice": told or {}}
    return changed(
        request,
        draft_id,
        make,
        place="import",
        touched=lambda composer: [Fragment(name, context=contexts.get(name, {})) for name in CHANGED],
    )
