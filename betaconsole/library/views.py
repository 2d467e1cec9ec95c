"""Pages of saved prompts and combinations. Deleting marks a row; the page that follows offers to undo it."""

from typing import Any

from django.db.models import Max
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_POST

from betaconsole.claude import jsontext
from betaconsole.storage.fields import showable
from betaconsole.teams.access import TeamRequest, requires
from betaconsole.teams.models import Role
from betaconsole.web.paging import identifier, number, page

from .models import Combination, Kept, KeptQuerySet, Prompt
from .names import BadName, checked_name

SHOWN_CHARACTERS = 100_000


@requires(Role.VIEWER)
@require_GET
def prompts(request: TeamRequest) -> HttpResponse:
    rows = _visible(Prompt, request).filter(archived_at=None).annotate(newest=Max("versions__number"))
    return _list(request, "library/prompts.html", rows, Prompt)


@requires(Role.VIEWER)
@require_GET
def combinations(request: TeamRequest) -> HttpResponse:
    rows = _visible(Combination, request).filter(archived_at=None)
    return _list(request, "library/combinations.html", rows, Combination)


@requires(Role.VIEWER)
@require_GET
def prompt(request: TeamRequest, public_id: str) -> HttpResponse:
    """A prompt and its versions, read only; `version` is the one shown in full, the newest where none is asked for."""
    found = get_object_or_404(_visible(Prompt, request), public_id=public_id, archived_at=None)
    versions = list(found.versions.order_by("-number").defer("body_text", "tool_stubs")[:200])
    asked = number(request.GET.get("version"))
    shown = get_object_or_404(found.versions, number=asked or versions[0].number) if versions else None
    texts = [("Body", shown.body_text)] if shown else []
    if shown and shown.tool_stubs:
        texts.append(("Tool stubs", jsontext.dumps(shown.tool_stubs, indent=2)))
    context = {"prompt": found, "versions": versions, "shown": shown, "texts": [_cut(*text) for text in texts]}
    return render(request, "library/prompt.html", context)


def _cut(name: str, text: str) -> tuple[str, str, int]:
    """Name and text as a page shows them, and how many characters are left out."""
    return name, showable(text[:SHOWN_CHARACTERS]), max(0, len(text) - SHOWN_CHARACTERS)


@requires(Role.MEMBER)
@require_POST
def rename_prompt(request: TeamRequest, public_id: str) -> HttpResponse:
    return _rename(request, get_object_or_404(_visible(Prompt, request), public_id=public_id), "library:prompts")


@requires(Role.MEMBER)
@require_POST
def delete_prompt(request: TeamRequest, public_id: str) -> HttpResponse:
    return _delete(get_object_or_404(_visible(Prompt, request), public_id=public_id), "library:prompts")


@requires(Role.MEMBER)
@require_POST
def restore_prompt(request: TeamRequest, public_id: str) -> HttpResponse:
    return _restore(get_object_or_404(_visible(Prompt, request), public_id=public_id), "library:prompts")


@requires(Role.MEMBER)
@require_POST
def rename_combination(request: TeamRequest, public_id: str) -> HttpResponse:
    found = get_object_or_404(_visible(Combination, request), public_id=public_id)
    return _rename(request, found, "library:combinations")


@requires(Role.MEMBER)
@require_POST
def delete_combination(request: TeamRequest, public_id: str) -> HttpResponse:
    return _delete(get_object_or_404(_visible(Combination, request), public_id=public_id), "library:combinations")


@requires(Role.MEMBER)
@require_POST
def restore_combination(request: TeamRequest, public_id: str) -> HttpResponse:
    return _restore(get_object_or_404(_visible(Combination, request), public_id=public_id), "library:combinations")


def _visible(kind: type[Kept], request: TeamRequest) -> KeptQuerySet:
    return kind.objects.visible_to(request.user)


def _list(request: TeamRequest, template: str, rows: KeptQuerySet, kind: type[Kept]) -> HttpResponse:
    deleted = identifier(request.GET.get("deleted"))
    gone = _visible(kind, request).filter(public_id=deleted).exclude(archived_at=None).first() if deleted else None
    found = page(rows.select_related("author"), key="pk", before=number(request.GET.get("before")))
    context: dict[str, Any] = {"page": found, "deleted": gone}
    return render(request, template, context)


def _rename(request: TeamRequest, found: Kept, back: str) -> HttpResponse:
    try:
        found.rename(checked_name(request.POST.get("name", "")))
    except BadName as error:
        return render(request, "library/refused.html", {"message": str(error), "back": reverse(back)}, status=422)
    return redirect(back)


def _delete(found: Kept, back: str) -> HttpResponse:
    found.archive()
    return redirect(f"{reverse(back)}?deleted={found.public_id}")


def _restore(found: Kept, back: str) -> HttpResponse:
    found.restore()
    return redirect(back)
