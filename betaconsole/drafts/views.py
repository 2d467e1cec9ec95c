"""A draft as a whole: begin one, look at it, paste into it, save from it, take steps back."""

from dataclasses import replace
from typing import Any, TypeVar

from django.db.models import QuerySet
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.views.decorators.http import require_POST, require_safe

from betaconsole.catalogue.examples import find_example
from betaconsole.claude.endpoints import Endpoint
from betaconsole.claude.headers import HeaderError, check_version
from betaconsole.library.models import Combination, CombinationVersion, Prompt, PromptVersion
from betaconsole.library.names import checked_name, checked_note, one_line
from betaconsole.teams.access import TeamRequest, requires
from betaconsole.teams.models import Connection, Role
from betaconsole.web.paging import identifier, number

from . import editing, matrix, starting
from .answering import Fragment, answer, composer_of, conflict, edited, own_draft, rendered, stamp
from .case_values import value_rows
from .case_views import imported_text
from .columns import MAX_CELLS, MAX_REPEATS, Column
from .context import Composer
from .editing import Edit, Refused, Stale
from .endpoint_choice import takes
from .importing import holds_several, wraps_a_request
from .kept_files import whole
from .models import Draft
from .moving import moved
from .pasting import Pasted, PasteError, read_request
from .sheet_view import Name

AnyVersion = TypeVar("AnyVersion", PromptVersion, CombinationVersion)


@requires(Role.MEMBER)
@require_POST
def new(request: TeamRequest) -> HttpResponse:
    """A new draft: an `example`, a saved `prompt` or `combination` (and `version`), a pasted `request`, or blank."""
    team, author = request.team, request.user
    if slug := identifier(request.POST.get("example")):
        example = find_example(slug)
        if example is None:
            return HttpResponse("There is no such example.", status=404)
        draft = starting.from_example(team, author, example)
    elif public_id := identifier(request.POST.get("prompt")):
        draft = starting.from_prompt(team, author, _version_asked_for(request, public_id))
    elif public_id := identifier(request.POST.get("combination")):
        draft = starting.from_combination(team, author, _combination_asked_for(request, public_id))
    elif text := request.POST.get("request"):
        if holds_several(text) or wraps_a_request(text):
            return imported_text(request, starting.blank(team, author).public_id, text)
        try:
            pasted = read_request(text)
        except PasteError as error:
            return HttpResponse(str(error), status=422, content_type="text/plain; charset=utf-8")
        draft = starting.blank(team, author)
        editing.change(draft, lambda blank: _pasted_edit(blank, pasted), revision=draft.revision, tab="")
    else:
        draft = starting.blank(team, author)
    return redirect(f"{reverse('runs:compose')}?draft={draft.public_id}")


@requires(Role.MEMBER)
@require_safe
def show(request: TeamRequest, draft_id: str) -> HttpResponse:
    """The composer anew, for a page whose draft was changed elsewhere."""
    composer = composer_of(request, own_draft(request, draft_id))
    return rendered(request, composer, [Fragment("desk"), Fragment("revision")])


@requires(Role.MEMBER)
@require_POST
def undo(request: TeamRequest, draft_id: str) -> HttpResponse:
    """Undo the last edit; the parts of the composer it had changed come back."""
    draft = own_draft(request, draft_id)
    revision, tab = stamp(request)
    try:
        draft, step = editing.undo(draft, revision=revision, tab=tab)
    except Stale:
        return conflict(request, draft)
    if step is None:
        return answer(request, draft, lambda composer: ())
    changed = set(step.before) | ({"body_text"} if step.body_before is not None else set())
    return answer(request, draft, lambda composer: _showing(composer, changed))


def _showing(composer: Composer, changed: set[str]) -> list[Fragment]:
    """The fragments that show these fields of a draft; all of them where it goes elsewhere now."""
    if changed & {"method", "path", "query"}:
        composer.asked_view = ""
        return [Fragment("desk")]
    names = [name for name, fields in SHOWN_IN.items() if fields & changed]
    return [Fragment(name) for name in names] + ([CLOSED] if "matrix" in names else [])


CLOSED = Fragment("column", context={"column": None})
SHOWN_IN = {
    "question": {"title"},
    "prompt": {"prompt_version_id"},
    "body": {"body_text", "tool_stubs", "case_set_id", "parts"},
    "tools": {"body_text", "tool_stubs", "max_turns"},
    "parameters": {"body_text", "repeats", "version", "case_set_id"},
    "more": {"engine", "separate_caches"},
    "matrix": {"columns", "changed_columns", "rows"},
    "connection": {"connection_id"},
    "carried": {"checks"},
}


@requires(Role.MEMBER)
@require_POST
def set_title(request: TeamRequest, draft_id: str) -> HttpResponse:
    """The question the comparison is to answer."""
    title = one_line(request.POST.get("value", ""))

    def make(draft: Draft) -> Edit:
        if len(title) > 200:
            raise Refused("title", "A question has at most 200 characters.")
        return Edit("edit the question", values={"title": title}, place="title")

    return edited(request, draft_id, make, place="title")


@requires(Role.MEMBER)
@require_POST
def set_repeats(request: TeamRequest, draft_id: str) -> HttpResponse:
    """How often each column is sent."""
    value = one_line(request.POST.get("value", ""))

    def make(draft: Draft) -> Edit:
        repeats = int(value) if value.isascii() and value.isdigit() and len(value) < 7 else 0
        if not 1 <= repeats <= MAX_REPEATS:
            raise Refused("repeats", f"Repeats: choose 1 to {MAX_REPEATS}.")
        cells = repeats * Composer(draft).cells_per_repeat
        if cells > MAX_CELLS:
            most = f"with these columns and cases, up to {MAX_CELLS // Composer(draft).cells_per_repeat} repeats"
            raise Refused("repeats", f"{cells:,} requests; one comparison holds at most {MAX_CELLS:,}: {most}.")
        return Edit("change repeats", values={"repeats": repeats}, place="repeats")

    return edited(request, draft_id, make, place="repeats")


@requires(Role.MEMBER)
@require_POST
def set_version(request: TeamRequest, draft_id: str) -> HttpResponse:
    """The anthropic-version of every column that names none."""
    value = one_line(request.POST.get("value", ""))

    def make(draft: Draft) -> Edit:
        try:
            return Edit("change the version", values={"version": check_version(value)}, place="version")
        except HeaderError as error:
            raise Refused("version", str(error)) from error

    return edited(request, draft_id, make, place="version")


@requires(Role.MEMBER)
@require_POST
def set_connection(request: TeamRequest, draft_id: str) -> HttpResponse:
    """Where the requests go."""

    mine = Connection.objects.visible_to(request.user).filter(team=request.team)
    chosen = get_object_or_404(mine, public_id=identifier(request.POST.get("value")))

    def make(draft: Draft) -> Edit:
        if not Connection.objects.usable_by(request.user).filter(pk=chosen.pk).exists():
            raise Refused("connection", f"{chosen.name} cannot be used (any more) by you. Choose another connection.")
        return Edit(f"switch to {chosen.name}", values={"connection_id": chosen.pk})

    return edited(request, draft_id, make, place="connection", touched=lambda composer: [Fragment("connection")])


@requires(Role.MEMBER)
@require_POST
def paste(request: TeamRequest, draft_id: str) -> HttpResponse:
    """A request copied from elsewhere becomes the body, the version and column A."""
    text = request.POST.get("request", "")
    if holds_several(text) or wraps_a_request(text):
        return imported_text(request, draft_id, text)
    read: list[Pasted] = []
    went: list[Endpoint] = []

    def make(draft: Draft) -> Edit:
        read[:], went[:] = [read_request(text)], [draft.endpoint]
        return _pasted_edit(draft, read[0])

    def touched(composer: Composer) -> list[Fragment]:
        said = {"pasted": read[0], "names": [Name.of(beta) for beta in read[0].betas]}
        if composer.endpoint != went[0]:
            return [replace(part, context=said) for part in _showing(composer, {"path"})]
        return [Fragment("notice", context=said), *(Fragment(name) for name in SHOWN_IN), CLOSED]

    return edited(request, draft_id, make, place="paste", touched=touched)


def _pasted_edit(draft: Draft, pasted: Pasted) -> Edit:
    """What a pasted request changes: column A gets its betas, the other columns and the rows they tick stay."""
    first, *others = draft.sheet
    ticked = {beta for column in others for beta in column.betas}
    rows = [beta for beta in draft.rows if beta in ticked or beta in pasted.betas]
    for beta in pasted.betas:
        rows = matrix.add_row(rows, beta)
    columns = [Column(key=first.key, name=first.name, headers=pasted.headers), *others]
    moving, body_text = moved(draft, _endpoint_for(draft, pasted))
    values: dict[str, Any] = {"rows": rows, "prompt_version_id": None, "case_set_id": None, **moving}
    if pasted.version:
        values["version"] = pasted.version
    columns = matrix.set_betas(columns, columns[0].key, pasted.betas)
    text = body_text if pasted.body_text is None else pasted.body_text
    return Edit("paste a request", columns=columns, body_text=text, values=values)


def _endpoint_for(draft: Draft, pasted: Pasted) -> Endpoint:
    """Where a pasted request goes: as it says, else where the draft goes if that takes its body."""
    if pasted.endpoint is not None:
        return pasted.endpoint
    return draft.endpoint if pasted.body_text is None or takes(draft.endpoint) == "json" else Endpoint.MESSAGES


@requires(Role.MEMBER)
@require_POST
def save(request: TeamRequest, draft_id: str) -> HttpResponse:
    """Save the body as a prompt: the next version of the open one, or with `as_new` under a name of its own."""
    saved: list[PromptVersion] = []

    def make(draft: Draft) -> Edit:
        if not draft.endpoint.is_messages:
            raise Refused("save", "Only requests to POST /v1/messages are kept as prompts.")
        version = _saved(draft, request)
        saved[:] = [version]
        return Edit(f"save as {version}", values={"prompt_version_id": version.pk}, undoable=False)

    return edited(
        request,
        draft_id,
        make,
        place="save",
        touched=lambda composer: [Fragment("prompt"), Fragment("notice", context={"saved": saved[0]})],
    )


def _saved(draft: Draft, request: TeamRequest) -> PromptVersion:
    """The prompt kept: its next version, or a first one of its own; the cases that fill it in go with it."""
    opened = draft.prompt_version
    state: dict[str, Any] = {
        "author": draft.author,
        "body_text": whole(draft, draft.body_text),
        "tool_stubs": draft.tool_stubs,
        "max_turns": draft.max_turns,
        "note": checked_note(request.POST.get("note", "")),
    }
    if opened is None or opened.prompt.archived_at or "as_new" in request.POST:
        described = opened.variables if opened else ()
        name = checked_name(request.POST.get("name", ""))
        version = Prompt.keep(team=draft.team, name=name, variables=described, **state)
    else:
        version = opened.prompt.add_version(**state)
    if draft.recorded is None:
        version.prompt.set_cases(value_rows(draft.value_set) if draft.value_set else [])
    return version


def _version_asked_for(request: TeamRequest, public_id: str) -> PromptVersion:
    mine = Prompt.objects.visible_to(request.user).filter(team=request.team)
    prompt = get_object_or_404(mine.kept(), public_id=public_id)
    return _asked_for(prompt.versions.all(), request)


def _combination_asked_for(request: TeamRequest, public_id: str) -> CombinationVersion:
    mine = Combination.objects.visible_to(request.user).filter(team=request.team)
    combination = get_object_or_404(mine.kept(), public_id=public_id)
    return _asked_for(combination.versions.select_related("combination"), request)


def _asked_for(versions: QuerySet[AnyVersion], request: TeamRequest) -> AnyVersion:
    """The version of the number asked for; the newest where none is. 404 where there is none."""
    if asked := request.POST.get("version"):
        return get_object_or_404(versions, number=number(asked) or 0)
    newest = versions.order_by("-number").first()
    if newest is None:
        raise Http404
    return newest
