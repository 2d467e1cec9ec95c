"""What is done to a prompt and to a combination alike: another name, a copy, the archive and back, an old version again.

`urls.py` says of each address which `kind` it is about.
"""

from django.http import HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.views.decorators.http import require_POST

from betaconsole.library.models import Combination, Prompt
from betaconsole.library.names import BadName, checked_name, copy_name
from betaconsole.teams.access import TeamRequest, requires
from betaconsole.teams.models import Role

from . import combination_page, prompt_page
from .answering import AnyKept, Refusal, own, version_of

LISTS: dict[type, str] = {Prompt: "library:prompts", Combination: "library:combinations"}


@requires(Role.MEMBER)
@require_POST
def rename(request: TeamRequest, public_id: str, *, kind: type[AnyKept]) -> HttpResponse:
    found = own(kind, request, public_id)
    try:
        found.rename(checked_name(request.POST.get("name", "")))
    except BadName as error:
        refusal = Refusal("name", str(error), request.POST.dict())
        if isinstance(found, Prompt):
            return prompt_page.refused(request, found, refusal)
        return combination_page.refused(request, found, refusal)
    return redirect(found)


@requires(Role.MEMBER)
@require_POST
def duplicate(request: TeamRequest, public_id: str, *, kind: type[AnyKept]) -> HttpResponse:
    """One of its own that begins with the `version`, the newest where none is named."""
    found = own(kind, request, public_id)
    version = version_of(found.versions.all(), request.POST.get("version"))
    return redirect(found.duplicate(version, author=request.user, name=copy_name(found.name)))


@requires(Role.MEMBER)
@require_POST
def archive(request: TeamRequest, public_id: str, *, kind: type[AnyKept]) -> HttpResponse:
    """Out of every list; the one that follows offers to undo it."""
    found = own(kind, request, public_id)
    found.archive()
    return redirect(f"{reverse(LISTS[kind])}?archived_now={found.public_id}")


@requires(Role.MEMBER)
@require_POST
def restore(request: TeamRequest, public_id: str, *, kind: type[AnyKept]) -> HttpResponse:
    """Out of the archive again."""
    found = own(kind, request, public_id)
    found.restore()
    return redirect(found)


@requires(Role.MEMBER)
@require_POST
def restore_version(request: TeamRequest, public_id: str, *, kind: type[AnyKept]) -> HttpResponse:
    """The `version` becomes the newest one, as a version of its own."""
    found = own(kind, request, public_id)
    found.bring_back(version_of(found.versions.all(), request.POST.get("version")), author=request.user)
    return redirect(found)
