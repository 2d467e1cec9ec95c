"""Combinations: the list, a new one, the page of one, what it is for."""

from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from betaconsole.claude.headers import HeaderError
from betaconsole.library.models import Combination
from betaconsole.library.names import BadName, checked_name, checked_note
from betaconsole.library.patches import BadPatch, checked_patch
from betaconsole.teams.access import TeamRequest, requires
from betaconsole.teams.models import Role

from .answering import Refusal, own, version_of
from .combination_page import betas_of, page_context, refused
from .listing import Search, combination_page, has_archive, just_archived, visible

REFUSALS = (BadName, BadPatch, HeaderError)


@requires(Role.VIEWER)
@require_safe
def combinations(request: TeamRequest) -> HttpResponse:
    search = Search.of(request.GET)
    page = combination_page(request, search)
    context = {
        "page": page,
        "has_archive": has_archive(visible(Combination, request), page),
        "search": search,
        "archived": just_archived(visible(Combination, request), request),
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
    return redirect(made.combination)


@requires(Role.VIEWER)
@require_safe
def combination(request: TeamRequest, public_id: str) -> HttpResponse:
    """A combination at one `version`, the newest where none is asked for."""
    found = own(Combination, request, public_id)
    shown = version_of(found.versions.all(), request.GET.get("version"))
    return render(request, "library/combination.html", page_context(request, found, shown))


@requires(Role.MEMBER)
@require_POST
def describe_combination(request: TeamRequest, public_id: str) -> HttpResponse:
    """What it is for, whatever the version."""
    found = own(Combination, request, public_id)
    try:
        found.describe(checked_note(request.POST.get("about", "")))
    except BadName as error:
        return refused(request, found, Refusal("about", str(error), request.POST.dict()))
    return redirect(found)
