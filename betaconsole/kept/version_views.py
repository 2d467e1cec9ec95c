"""The versions of a prompt: what changed between two, what is said of the variables."""

from typing import Any

from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_POST, require_safe

from betaconsole.drafts.kept_files import whole
from betaconsole.drafts.models import Draft
from betaconsole.library.models import Prompt, PromptVersion
from betaconsole.library.names import BadName, checked_note
from betaconsole.library.reading import readable
from betaconsole.library.variables import VariableError, read_described, variables_in_text
from betaconsole.teams.access import TeamRequest, requires
from betaconsole.teams.models import Role
from betaconsole.web.paging import identifier

from .answering import Refusal, own, version_of
from .changes import changes
from .prompt_page import refused


@requires(Role.VIEWER)
@require_safe
def diff(request: TeamRequest, public_id: str) -> HttpResponse:
    """What changed from version `from` to version `to`, word by word; without them the newest and the one before."""
    found = own(Prompt, request, public_id)
    new = version_of(found.versions.all(), request.GET.get("to"))
    old = version_of(found.versions.all(), request.GET.get("from") or str(max(1, new.number - 1)))
    numbers = found.versions.order_by("-number").values_list("number", flat=True)[:500]
    context = {**_place(found), "old": old, "new": new, "numbers": list(numbers), **_changes(old.state, new.state)}
    return render(request, "library/diff.html", context)


@requires(Role.VIEWER)
@require_safe
def changed(request: TeamRequest, public_id: str) -> HttpResponse:
    """What the asker's `draft` has changed since the version that it was opened from; without one, the last version."""
    found = own(Prompt, request, public_id)
    if "draft" not in request.GET:
        return redirect("library:diff", found.public_id)
    mine = Draft.objects.visible_to(request.user).filter(team=request.team, prompt_version__prompt=found)
    draft = get_object_or_404(mine.select_related("prompt_version"), public_id=identifier(request.GET.get("draft")))
    old: PromptVersion = draft.prompt_version  # type: ignore[assignment]  # found by it
    state = {"body_text": whole(draft, draft.body_text), "tool_stubs": draft.tool_stubs, "max_turns": draft.max_turns}
    context = {**_place(found), "old": old, "draft": draft, **_changes(old.state, {**old.state, **state})}
    return render(request, "library/diff.html", context)


@requires(Role.MEMBER)
@require_POST
def describe_variables(request: TeamRequest, public_id: str) -> HttpResponse:
    """Descriptions and default values of the newest version's variables: they make its next version."""
    found = own(Prompt, request, public_id)
    newest = version_of(found.versions.all(), None)
    try:
        described = read_described(_typed(request, newest))
        note = checked_note(request.POST.get("note", "")) or "Variables described"
    except (VariableError, BadName) as error:
        return refused(request, found, Refusal("variables", str(error), request.POST.dict()))
    found.add_version(author=request.user, **{**newest.state, "variables": described}, note=note)
    return redirect(found)


def _typed(request: TeamRequest, newest: PromptVersion) -> list[dict[str, str]]:
    return [
        {
            "name": name,
            "description": " ".join(request.POST.get(f"description-{name}", "").split()),
            "default": request.POST.get(f"default-{name}", "").replace("\r\n", "\n"),
        }
        for name in variables_in_text(newest.body_text)
    ]


def _place(prompt: Prompt) -> dict[str, Any]:
    """What the page says of where it stands."""
    address = prompt.get_absolute_url()
    return {"kept": prompt, "kind": "Prompts", "place": reverse("library:prompts"), "address": address}


def _changes(old: dict[str, Any], new: dict[str, Any]) -> dict[str, Any]:
    """What `library/diff.html` shows. Where only the JSON is written otherwise, the JSON is compared."""
    texts = [_text(old), _text(new)]
    is_spelling = texts[0] == texts[1] and old["body_text"] != new["body_text"]
    if is_spelling:
        texts = [old["body_text"], new["body_text"]]
    return {**changes(*texts), "is_spelling": is_spelling}


def _text(state: dict[str, Any]) -> str:
    text = readable(state["body_text"], stubs=state["tool_stubs"], max_turns=state["max_turns"])
    said = [
        f"{one['name']}: {one.get('description', '')} (default: {one.get('default', 'none')})"
        for one in state["variables"]
    ]
    return "\n".join([text, "", "— variables —", *said]) if said else text
