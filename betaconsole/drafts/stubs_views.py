"""Edits of the tools of a prompt, of the stubs that answer for them, and of how many turns a cell may take."""

from collections.abc import Callable, Iterable
from typing import Any

from django.http import HttpResponse
from django.views.decorators.http import require_POST, require_safe

from betaconsole.library.names import one_line
from betaconsole.teams.access import TeamRequest, requires
from betaconsole.teams.models import Role

from . import stubbing
from .answering import Fragment, composer_of, edited, own_draft, rendered, typed_text
from .context import TOOLS, Composer
from .document import rewritten
from .editing import Edit, Refused
from .models import Draft
from .stub_view import stub_view
from .stubbing import StubMistake, Stubs
from .tools import ToolMistake, add_tool, remove_tool

CHIP = Fragment("tools_chip")


def tools_if_open(composer: Composer) -> list[Fragment]:
    """The chip, and the panel where it is open: what follows an edit of the body."""
    return [CHIP, Fragment("tools")] if composer.tools_are_open else [CHIP]


@requires(Role.MEMBER)
@require_safe
def tools(request: TeamRequest, draft_id: str) -> HttpResponse:
    """The tools and their stubs, opened under the prompt."""
    composer = composer_of(request, own_draft(request, draft_id))
    composer.opened.add(TOOLS)
    return rendered(request, composer, tools_if_open(composer))


@requires(Role.MEMBER)
@require_safe
def close_tools(request: TeamRequest, draft_id: str) -> HttpResponse:
    composer = composer_of(request, own_draft(request, draft_id))
    composer.opened.discard(TOOLS)
    return rendered(request, composer, [CHIP, Fragment("tools")])


@requires(Role.MEMBER)
@require_POST
def add_to_tools(request: TeamRequest, draft_id: str) -> HttpResponse:
    """A tool of a name, a description and an input schema, at the end of the body's list."""
    name = request.POST.get("name", "").strip()
    description, schema = typed_text(request, "description").strip(), typed_text(request, "schema")

    def make(draft: Draft) -> Edit:
        try:
            text = rewritten(
                draft.body_text, lambda body: add_tool(body, name=name, description=description, schema=schema)
            )
        except ToolMistake as mistake:
            raise Refused(f"tool-{mistake.field}", str(mistake)) from mistake
        return Edit(f"add the tool {name[:60]}", body_text=text)

    return edited(request, draft_id, make, place="tools", touched=_after_the_body)


@requires(Role.MEMBER)
@require_POST
def remove_from_tools(request: TeamRequest, draft_id: str) -> HttpResponse:
    """Take a tool out of the body (`index` and `name`); its stubs stay. Nothing where that tool is gone already."""
    name = request.POST.get("name", "")

    def make(draft: Draft) -> Edit | None:
        removed: list[str] = []
        text = rewritten(draft.body_text, lambda body: removed.append(remove_tool(body, _index(request))))
        return Edit(f"remove the tool {name[:60]}", body_text=text) if removed == [name] else None

    return edited(request, draft_id, make, place="tools", touched=_after_the_body)


@requires(Role.MEMBER)
@require_POST
def add_stub(request: TeamRequest, draft_id: str) -> HttpResponse:
    """One more stub for `tool`."""
    tool = request.POST.get("tool", "")
    return _reshaped(
        request, draft_id, "add a stub", lambda stubs: (stubbing.add(stubs, tool), len(stubs)), is_new=True
    )


@requires(Role.MEMBER)
@require_POST
def remove_stub(request: TeamRequest, draft_id: str) -> HttpResponse:
    return _reshaped(request, draft_id, "remove a stub", lambda stubs: (stubbing.remove(stubs, _index(request)), None))


@requires(Role.MEMBER)
@require_POST
def move_stub(request: TeamRequest, draft_id: str) -> HttpResponse:
    """Ask a stub earlier or later (`to`: up or down) than the others of its tool."""
    by = 1 if request.POST.get("to") == "down" else -1
    return _reshaped(request, draft_id, "reorder stubs", lambda stubs: stubbing.move(stubs, _index(request), by=by))


def _reshaped(
    request: TeamRequest,
    draft_id: str,
    what: str,
    reshape: Callable[[Stubs], tuple[Stubs, int | None]],
    *,
    is_new: bool = False,
) -> HttpResponse:
    """An edit after which the panel is another one; the stub that `reshape` names is open in it."""
    opened: list[int | None] = [None]

    def make(draft: Draft) -> Edit | None:
        if _is_overtaken(request, draft):
            return None
        stubs, place = _taken(lambda: reshape(draft.tool_stubs), "tools")
        opened[:] = [place]
        return Edit(what, values={"tool_stubs": stubs})

    def touched(composer: Composer) -> list[Fragment]:
        composer.opened.add(TOOLS)
        return [CHIP, Fragment("tools", context={"open_stub": opened[0], "is_new": is_new})]

    return edited(request, draft_id, make, place="tools", touched=touched)


@requires(Role.MEMBER)
@require_POST
def set_stub(request: TeamRequest, draft_id: str) -> HttpResponse:
    """One thing about a stub (`index`): `field` is tool, match, exact, answer (with `kind`) or delay."""
    field, value, index = request.POST.get("field", ""), typed_text(request, "value"), _index(request)

    def set_field(stubs: Stubs) -> Stubs:
        match field:
            case "tool":
                return stubbing.set_tool(stubs, index, value)
            case "match":
                return stubbing.set_match(stubs, index, value)
            case "exact":
                return stubbing.set_exact(stubs, index, on=value == "on")
            case "answer":
                return stubbing.set_answer(stubs, index, kind=request.POST.get("kind", ""), text=value)
            case "delay":
                return stubbing.set_delay(stubs, index, value)
        raise StubMistake("", "A stub has no such field.")

    def make(draft: Draft) -> Edit:
        if _is_overtaken(request, draft):
            raise Refused("tools", "The stubs changed while you typed. Type that once more.")
        stubs = _taken(lambda: set_field(draft.tool_stubs), f"stub-{index}")
        return Edit("edit a stub", values={"tool_stubs": stubs}, place=f"stub {index} {field}")

    return edited(
        request,
        draft_id,
        make,
        place=f"stub-{index}-{PLACES[field]}" if field in PLACES else "tools",
        touched=lambda composer: _after_the_stub(composer, index, field),
    )


PLACES = {"tool": "tool", "match": "match", "exact": "match", "answer": "answer", "delay": "delay"}


def _after_the_stub(composer: Composer, index: int, field: str) -> Iterable[Fragment]:
    """What says how a stub answers; what is being typed into stays."""
    if field == "tool":
        composer.opened.add(TOOLS)
        return [CHIP, Fragment("tools", context={"open_stub": index})]
    view = {"stub": stub_view(composer.draft.tool_stubs, index)}
    marks = [Fragment("stub_gist", f"stub-{index}-gist", view), Fragment("stub_note", f"stub-{index}-note", view)]
    return [*marks, Fragment("stub_exact", f"stub-{index}-exact", view)] if field == "match" else marks


@requires(Role.MEMBER)
@require_POST
def set_max_turns(request: TeamRequest, draft_id: str) -> HttpResponse:
    """How many turns a cell may take; empty: as many as usual."""
    value = one_line(request.POST.get("value", ""))

    def make(draft: Draft) -> Edit:
        turns = _taken(lambda: stubbing.read_turns(value), "stub")
        return Edit("change max turns", values={"max_turns": turns}, place="max turns")

    return edited(request, draft_id, make, place="stub-turns")


def _after_the_body(composer: Composer) -> list[Fragment]:
    composer.opened.add(TOOLS)
    return [Fragment("body"), Fragment("tools")]


def _taken(edit: Callable[[], Any], place: str) -> Any:
    """What the edit gives; a mistake in a field becomes a refusal at that field."""
    try:
        return edit()
    except StubMistake as mistake:
        raise Refused(f"{place}-{mistake.field}" if mistake.field else "tools", str(mistake)) from mistake


def _is_overtaken(request: TeamRequest, draft: Draft) -> bool:
    """Whether stubs came or went since the panel was made (it had `of`): its places are not to be trusted any more."""
    return request.POST.get("of", "") not in ("", str(len(draft.tool_stubs)))


def _index(request: TeamRequest) -> int:
    """The place of a tool or a stub; -1, where none is, for what is no number."""
    value = request.POST.get("index", "")
    return int(value) if value.isascii() and value.isdigit() and len(value) < 7 else -1
