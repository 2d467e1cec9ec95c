"""Combinations: the list, a new one, the page of one, its name, what it is for, a copy, the archive."""

from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from betaconsole.claude.headers import HeaderError
from betaconsole.library.models import Combination
from betaconsole.library.names import BadName, checked_name, checked_note, copy_name
from betaconsole.library.patches import BadPatch, checked_patch
from betaconsole.teams.access import TeamRequest, requires
from betaconsole.teams.models import Role

from .answering import Refusal, archived, combination_version_of, own_combination
from .combination_page import betas_of, page_context
from .listing import Search, combination_page, just_archived, visible_combinations

REFUSALS = (BadName, BadPatch, HeaderError)


@requires(Role.VIEWER)
@require_safe
def combinations(request: TeamRequest) -> HttpResponse:
    search = Search.of(request.GET)
    context = {
        "page": combination_page(request, search),
        "search": search,
        "archived": just_archived(visible_combinations(request), request),
    }
    return render(request, "library/combinations.html", context)


@requires(Role.MEMBER)
@require_http_methods(["GET", "HEAD", "POST"])
def new_combination(request: TeamRequest) -> HttpResponse:
    """Save betas under a name: `betas` is a header line or one name to a line."""
    if request.method != "POST":
        return render(request, "library/new_combination.html", {"typed": {}})
    post = request.POST
    try:
        made = Combination.keep(
            team=request.team,
            author=request.user,
            name=checked_name(post.get("name", "")),
            betas=betas_of(post.get("betas", "")),
            note=checked_note(post.get("note", "")),
            patch=checked_patch(post.get("patch", "").replace("\r\n", "\n")),
        )
    except REFUSALS as error:
        context = {"typed": post.dict(), "message": str(error)}
        return render(request, "library/new_combination.html", context, status=422)
    return redirect("library:combination", made.combination.public_id)


@requires(Role.VIEWER)
@require_safe
def combination(request: TeamRequest, public_id: str) -> HttpResponse:
    """A combination at one `version`, the newest where none is asked for."""
    found = own_combination(request, public_id)
    shown = combination_version_of(found, request.GET.get("version"))
    return render(request, "library/combination.html", page_context(request, found, shown))


@requires(Role.MEMBER)
@require_POST
def rename_combination(request: TeamRequest, public_id: str) -> HttpResponse:
    found = own_combination(request, public_id)
    try:
        found.rename(checked_name(request.POST.get("name", "")))
    except BadName as error:
        return _refused(request, found, "name", str(error))
    return redirect("library:combination", found.public_id)


@requires(Role.MEMBER)
@require_POST
def describe_combination(request: TeamRequest, public_id: str) -> HttpResponse:
    """What it is for, whatever the version."""
    found = own_combination(request, public_id)
    try:
        found.describe(checked_note(request.POST.get("about", "")))
    except BadName as error:
        return _refused(request, found, "about", str(error))
    return redirect("library:combination", found.public_id)


@requires(Role.MEMBER)
@require_POST
def duplicate_combination(request: TeamRequest, public_id: str) -> HttpResponse:
    """A combination of its own that begins with the `version`, the newest where none is named."""
    found = own_combination(request, public_id)
    shown = combination_version_of(found, request.POST.get("version"))
    made = found.duplicate(shown, author=request.user, name=copy_name(found.name))
    return redirect("library:combination", made.public_id)


@requires(Role.MEMBER)
@require_POST
def archive_combination(request: TeamRequest, public_id: str) -> HttpResponse:
    return archived(own_combination(request, public_id), "library:combinations")


@requires(Role.MEMBER)
@require_POST
def restore_combination(request: TeamRequest, public_id: str) -> HttpResponse:
    """Out of the archive again."""
    found = own_combination(request, public_id)
    found.restore()
    return redirect("library:combination", found.public_id)


def _refused(request: TeamRequest, found: Combination, place: str, message: str) -> HttpResponse:
    refusal = Refusal(place, message, request.POST.dict())
    context = page_context(request, found, combination_version_of(found, None), refusal=refusal)
    return render(request, "library/combination.html", context, status=422)
