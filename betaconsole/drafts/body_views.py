"""Edits of the prompt: the form and the JSON are two views of one document."""

from collections.abc import Callable
from typing import Any

from django.http import HttpResponse
from django.views.decorators.http import require_POST, require_safe

from betaconsole.claude import jsontext
from betaconsole.claude.endpoints import MAX_BODY_BYTES
from betaconsole.library.names import one_line
from betaconsole.teams.access import TeamRequest, requires
from betaconsole.teams.models import Role

from . import document, matrix
from .answering import Fragment, composer_of, edited, own_draft, rendered, typed_text
from .columns import letter
from .context import FORM, JSON, Composer
from .document import DocumentError, put, put_field, read_path, rewritten
from .editing import Edit, Refused
from .form_view import form_view, place_of
from .models import Draft
from .pasting import betas_moved_out
from .sheet_view import BIG_TEXT
from .stubs_views import tools_if_open

LONGEST_MODEL = 200


def body_anew(composer: Composer) -> list[Fragment]:
    return [Fragment("body"), Fragment("parameters")]


@requires(Role.MEMBER)
@require_safe
def switch_view(request: TeamRequest, draft_id: str) -> HttpResponse:
    """The body in the view asked for: `view` is form or json; a big body's JSON comes only where `whole` is asked for."""
    composer = composer_of(request, own_draft(request, draft_id))
    composer.asked_view = JSON if request.GET.get("to") == JSON else FORM
    return rendered(request, composer, [Fragment("body", context={"whole": "whole" in request.GET})])


@requires(Role.MEMBER)
@require_POST
def set_body(request: TeamRequest, draft_id: str) -> HttpResponse:
    """The JSON as typed, whether it parses or not. Where a big file was in it, the page gets the text without it."""
    text = typed_text(request, "body")
    size = len(text.encode("utf-8", "surrogatepass"))

    def make(draft: Draft) -> Edit:
        if size > MAX_BODY_BYTES:
            raise Refused(
                "body", f"That is {size:,} bytes; a body has at most {MAX_BODY_BYTES:,} (32 MB). Nothing was saved."
            )
        return Edit("edit the JSON", body_text=text, place="body")

    def touched(composer: Composer) -> list[Fragment]:
        is_shorter = len(text) - len(composer.draft.body_text) > BIG_TEXT
        return [
            Fragment("body") if is_shorter else Fragment("mistake"),
            Fragment("parameters"),
            *(tools_if_open(composer) if composer.endpoint.is_messages else []),
        ]

    return edited(request, draft_id, make, place="body", touched=touched)


@requires(Role.MEMBER)
@require_POST
def set_text(request: TeamRequest, draft_id: str) -> HttpResponse:
    """One text of the form: `path` is a JSON pointer to a text that the form shows as one."""
    path, text = request.POST.get("path", ""), typed_text(request, "text")

    def change(body: dict[str, Any]) -> None:
        place = _place_of_text(body, path)
        if place == "/system":
            put_field(body, "system", text)
        else:
            put(body, read_path(place), text)

    return _document_edit(request, draft_id, "edit the prompt", change, place=path, touched=lambda composer: ())


def _place_of_text(body: dict[str, Any], path: str) -> str:
    """Where the text is: at `path`, or in the one text block that it became when a file was attached beside it."""
    paths = form_view(body).paths
    within = [other for other in paths if path and other.startswith(f"{path}/")]
    if path not in paths and len(within) != 1:
        raise DocumentError("That text is no longer there, or the form cannot show it.")
    return path if path in paths else within[0]


@requires(Role.MEMBER)
@require_POST
def set_role(request: TeamRequest, draft_id: str) -> HttpResponse:
    """The role of a message."""
    role = one_line(request.POST.get("role", ""))[:60]

    def change(body: dict[str, Any]) -> None:
        put(body, ["messages", _index(request), "role"], role)

    return _document_edit(request, draft_id, "change a role", change, touched=lambda composer: ())


@requires(Role.MEMBER)
@require_POST
def add_message(request: TeamRequest, draft_id: str) -> HttpResponse:
    return _document_edit(request, draft_id, "add a message", document.add_message, touched=body_anew)


@requires(Role.MEMBER)
@require_POST
def remove_message(request: TeamRequest, draft_id: str) -> HttpResponse:
    def change(body: dict[str, Any]) -> None:
        document.remove_message(body, _index(request))

    return _document_edit(request, draft_id, "remove a message", change, touched=body_anew)


@requires(Role.MEMBER)
@require_POST
def set_parameter(request: TeamRequest, draft_id: str) -> HttpResponse:
    """A field of the body that the form shows beside the messages: `name` is model, max_tokens or stream."""
    name, value = request.POST.get("name", ""), request.POST.get("value", "")

    def change(body: dict[str, Any]) -> None:
        if name not in PARAMETERS:
            raise DocumentError("The form has no such field.")
        PARAMETERS[name](body, one_line(value))

    place = name if name in PARAMETERS else ""
    return _document_edit(request, draft_id, f"change {place}", change, place=place, touched=_json_if_shown)


@requires(Role.MEMBER)
@require_POST
def move_betas(request: TeamRequest, draft_id: str) -> HttpResponse:
    """Take `betas` out of the body and tick them in column A."""

    def make(draft: Draft) -> Edit:
        text, names = betas_moved_out(draft.body_text)
        first, columns, rows = draft.sheet[0].key, draft.sheet, list(draft.rows)
        for name in names:
            columns, rows = matrix.tick(columns, first, name, on=True), matrix.add_row(rows, name)
        return Edit(f"move betas to {letter(0)}", columns=columns, body_text=text, values={"rows": rows})

    return edited(
        request, draft_id, make, place="matrix", touched=lambda composer: [*body_anew(composer), Fragment("matrix")]
    )


def _set_model(body: dict[str, Any], value: str) -> None:
    if len(value) > LONGEST_MODEL:
        raise Refused("model", f"A model's name has at most {LONGEST_MODEL} characters.")
    put_field(body, "model", value, ahead_of="max_tokens" if "max_tokens" in body else "messages")


def _set_max_tokens(body: dict[str, Any], value: str) -> None:
    if not value:
        body.pop("max_tokens", None)
        return
    try:
        number = jsontext.loads(value)
    except jsontext.JsonError:
        number = None
    if isinstance(number, bool) or not isinstance(number, int | float):
        raise Refused("max_tokens", "Max tokens is a number; anything else goes into the JSON view.")
    put_field(body, "max_tokens", number)


def _set_stream(body: dict[str, Any], value: str) -> None:
    if value == "on" or "stream" in body:
        put_field(body, "stream", value == "on")


PARAMETERS: dict[str, Callable[[dict[str, Any], str], None]] = {
    "model": _set_model,
    "max_tokens": _set_max_tokens,
    "stream": _set_stream,
}


def _json_if_shown(composer: Composer) -> list[Fragment]:
    return [Fragment("body")] if composer.view == JSON else []


def _document_edit(
    request: TeamRequest,
    draft_id: str,
    what: str,
    change: Callable[[dict[str, Any]], None],
    *,
    touched: Callable[[Composer], Any],
    place: str = "",
) -> HttpResponse:
    """An edit of one place of the document; typing on in that place is one step."""

    def make(draft: Draft) -> Edit:
        return Edit(what, body_text=rewritten(draft.body_text, change), place=place)

    return edited(request, draft_id, make, place=place_of(place) or "body", touched=touched)


def _index(request: TeamRequest) -> int:
    value = request.POST.get("index", "")
    if not (value.isascii() and value.isdigit() and len(value) < 7):
        raise DocumentError("That message is no longer there.")
    return int(value)
