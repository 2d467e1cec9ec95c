"""How the composer answers: fetch the asker's draft, change it, send back only the fragments that were touched."""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

from django.http import HttpResponse
from django.shortcuts import get_object_or_404
from django.template.loader import render_to_string
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe

from betaconsole.claude.jsontext import JsonError
from betaconsole.library.names import BadName
from betaconsole.teams.access import TeamRequest

from .context import Composer
from .document import DocumentError
from .editing import Edit, Refused, Stale, change
from .facts import Facts
from .matrix import MatrixError
from .models import Draft
from .pasting import PasteError
from .shaping import ChangesError

TAB = re.compile(r"[0-9a-z]{1,24}")
LONGEST_KEPT = 100_000  # characters of typed text that a conflict shows again
REFUSALS = (MatrixError, DocumentError, PasteError, ChangesError, JsonError, BadName)


@dataclass(frozen=True)
class Fragment:
    """A template under `drafts/` and the id it replaces, by rule the template's name; `context` is beside `composer`."""

    name: str
    target: str = ""
    context: dict[str, Any] = field(default_factory=dict)

    def render(self, request: TeamRequest, composer: Composer) -> SafeString:
        html = render_to_string(f"drafts/_{self.name}.html", {"composer": composer, **self.context}, request)
        target = f"#{self.target or self.name}"
        return format_html('<hx-partial hx-target="{}" hx-swap="outerHTML">{}</hx-partial>', target, html)


# What every edit moves: the revision, the undo button, the findings, what Run would post, ask, send and cost.
ALWAYS = tuple(
    Fragment(name)
    for name in (
        "revision",
        "undo",
        "findings",
        "heed",
        "sending",
        "confirm",
        "count",
        "at_most",
        "costs",
        "prompt_state",
    )
)
IN_MATRIX = ("matrix", "line", "changes", "settings", "offers", "plan")
Touched = Callable[[Composer], Iterable[Fragment]]


def own_draft(request: TeamRequest, public_id: str) -> Draft:
    """The asker's draft, without its body; 404 for anybody else's."""
    return get_object_or_404(Draft.objects.visible_to(request.user).light(), public_id=public_id)


def stamp(request: TeamRequest) -> tuple[int, str]:
    """The revision the page was made from, and the tab that asks; a revision that makes no sense is stale."""
    revision, tab = request.POST.get("revision", ""), request.POST.get("tab", "")
    return (
        int(revision) if re.fullmatch(r"[0-9]{1,9}", revision) else 0,
        tab if TAB.fullmatch(tab) else "",
    )


def typed_text(request: TeamRequest, name: str) -> str:
    """What was typed into a text area: its lines end with LF, whatever a browser made of them on the way."""
    return request.POST.get(name, "").replace("\r\n", "\n").replace("\r", "\n")


def composer_of(request: TeamRequest, draft: Draft) -> Composer:
    asked = request.POST if request.method == "POST" else request.GET
    tab = asked.get("tab", "")
    return Composer(
        draft, tab=tab if TAB.fullmatch(tab) else "", view=asked.get("view", ""), opened=asked.getlist("opened")
    )


def edited(
    request: TeamRequest,
    public_id: str,
    make: Callable[[Draft], Edit | None],
    *,
    place: str = "",
    touched: Touched = lambda composer: (),
) -> HttpResponse:
    """Make an edit and answer with what it touched. `place` names the field whose problem is shown or cleared."""
    before = draft = own_draft(request, public_id)
    revision, tab = stamp(request)
    try:
        draft, _ = change(draft, make, revision=revision, tab=tab)
    except Stale:
        return conflict(request, draft)
    except Refused as refusal:
        return refused(request, draft, refusal.field or place, refusal.message)
    except REFUSALS as refusal:
        return refused(request, draft, place, str(refusal))
    return answer(request, draft, lambda composer: _all_touched(before, draft, touched(composer)), place=place)


def _all_touched(before: Draft, after: Draft, touched: Iterable[Fragment]) -> list[Fragment]:
    """What an edit touched, and what follows it here and there: fields for variables, controls, what the columns are for."""
    fragments = list(touched)
    if Facts.load(after.facts).variables != Facts.load(before.facts).variables:
        fragments.append(Fragment("values"))
    if _controls_of(before) != _controls_of(after):
        fragments = [*(each for each in fragments if each.name not in IN_MATRIX), Fragment("matrix")]
    elif after.preset != before.preset and not any(each.name == "matrix" for each in fragments):
        fragments.append(Fragment("plan"))
    return fragments


def _controls_of(draft: Draft) -> list[dict[str, Any]]:
    return [row for row in draft.columns if row.get("role")]


def answer(request: TeamRequest, draft: Draft, touched: Touched, *, place: str = "", status: int = 200) -> HttpResponse:
    """The touched fragments and those that follow every edit."""
    composer = composer_of(request, draft)
    fragments = [*ALWAYS, *touched(composer)]
    if place:
        fragments.append(problem(place, ""))
    return rendered(request, composer, fragments, status=status)


def rendered(
    request: TeamRequest, composer: Composer, fragments: Iterable[Fragment], *, status: int = 200
) -> HttpResponse:
    html = [fragment.render(request, composer) for fragment in fragments]
    return HttpResponse(mark_safe("\n".join(html)), status=status)  # noqa: S308 - each part was rendered by a template


def problem(place: str, message: str) -> Fragment:
    """What is wrong with one field of the form; an empty message clears it."""
    return Fragment("problem", f"problem-{place}", {"place": place, "message": message})


def refused(request: TeamRequest, draft: Draft, place: str, message: str) -> HttpResponse:
    """422: nothing was changed, the message stands at the field, what was typed stays there."""
    return rendered(request, composer_of(request, draft), [problem(place, message)], status=422)


def conflict(request: TeamRequest, draft: Draft) -> HttpResponse:
    """409: the draft moved on elsewhere. The page offers to reload and shows what was typed."""
    typed = next((request.POST[name] for name in ("text", "body", "value", "changes") if request.POST.get(name)), "")
    shown = Fragment("conflict", context={"typed": typed[:LONGEST_KEPT]})
    return rendered(request, composer_of(request, draft), [shown], status=409)
