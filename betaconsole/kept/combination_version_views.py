"""The versions of a combination: the next one, what changed between two."""

from dataclasses import replace

from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_POST, require_safe

from betaconsole.claude.headers import HeaderError
from betaconsole.library.models import Combination, CombinationVersion
from betaconsole.library.names import BadName, checked_note
from betaconsole.library.patches import BadPatch, checked_patch
from betaconsole.teams.access import TeamRequest, requires
from betaconsole.teams.models import Role

from .answering import Refusal, own, version_of
from .changes import changes
from .combination_page import Edited, page_context, stepped


@requires(Role.MEMBER)
@require_POST
def edit_combination(request: TeamRequest, public_id: str) -> HttpResponse:
    """The form of the next version: each beta as `beta` in order, `add`, `patch`, `note`.

    `up`, `down` and `remove` name a beta, and show the form anew with nothing saved, as does whatever is typed in `add`
    where `save` was not pressed.
    """
    found = own(Combination, request, public_id)
    newest = version_of(found.versions.all(), None)
    edited = Edited.typed(request.POST, newest)
    is_step = any(name in request.POST for name in ("up", "down", "remove")) or edited.add.strip()
    try:
        edited = replace(edited, betas=stepped(edited.betas, request.POST.dict()), add="")
        if is_step and "save" not in request.POST:
            shown = replace(edited, is_changed=True)
            return render(request, "library/combination.html", page_context(request, found, newest, edited=shown))
        note, patch = checked_note(edited.note), checked_patch(edited.patch)
        found.add_version(author=request.user, betas=edited.betas, patch=patch, note=note)
    except (BadName, BadPatch, HeaderError) as error:
        refusal = Refusal("edit", str(error))
        context = page_context(request, found, newest, edited=edited, refusal=refusal)
        return render(request, "library/combination.html", context, status=422)
    return redirect(found)


@requires(Role.VIEWER)
@require_safe
def diff_combination(request: TeamRequest, public_id: str) -> HttpResponse:
    """What changed from version `from` to version `to`; without them the newest and the one before."""
    found = own(Combination, request, public_id)
    new = version_of(found.versions.all(), request.GET.get("to"))
    old = version_of(found.versions.all(), request.GET.get("from") or str(max(1, new.number - 1)))
    numbers = found.versions.order_by("-number").values_list("number", flat=True)[:500]
    context = {
        "kept": found,
        "kind": "Combinations",
        "place": reverse("library:combinations"),
        "address": found.get_absolute_url(),
        "old": old,
        "new": new,
        "numbers": list(numbers),
        **changes(_text(old), _text(new)),
    }
    return render(request, "library/diff.html", context)


def _text(version: CombinationVersion) -> str:
    """One beta to a line, then the patch."""
    return "\n".join([*version.betas, "", "— changes to the body —", version.patch] if version.patch else version.betas)
