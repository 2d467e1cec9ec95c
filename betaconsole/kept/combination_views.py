"""Combinations: the list, the page of one, its betas and their order, note and patch, a copy, the archive."""

from collections.abc import Callable
from typing import Any

from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from betaconsole.catalogue import betas as catalogue
from betaconsole.claude.headers import HeaderError, check_beta, join_betas
from betaconsole.library.models import Combination
from betaconsole.library.names import BadName, checked_name, checked_note, copy_name
from betaconsole.library.patches import BadPatch, checked_patch
from betaconsole.storage.fields import showable
from betaconsole.teams.access import TeamRequest, requires
from betaconsole.teams.models import Role
from betaconsole.web.paging import number

from .answering import NOTHING_REFUSED, Refusal, archived, own_combination
from .listing import Search, combination_page, comparisons_of_combination, just_archived, names_of, visible_combinations

REFUSALS = (BadName, BadPatch, HeaderError)
STEPS = {"up": -1, "down": 1}


@requires(Role.VIEWER)
@require_GET
def combinations(request: TeamRequest) -> HttpResponse:
    search = Search.of(request.GET)
    context = {
        "page": combination_page(request, search),
        "search": search,
        "archived": just_archived(visible_combinations(request), request),
    }
    return render(request, "library/combinations.html", context)


@requires(Role.MEMBER)
@require_http_methods(["GET", "POST"])
def new_combination(request: TeamRequest) -> HttpResponse:
    """Save betas under a name: `betas` is a header line or one name to a line."""
    if request.method == "GET":
        return render(request, "library/new_combination.html", {"typed": {}})
    post = request.POST
    try:
        made = Combination.objects.create(
            team=request.team,
            author=request.user,
            name=checked_name(post.get("name", "")),
            betas=betas_of(post.get("betas", "")),
            note=checked_note(post.get("note", "")),
            patch=checked_patch(_typed_patch(request)),
        )
    except REFUSALS as error:
        context = {"typed": post.dict(), "message": str(error)}
        return render(request, "library/new_combination.html", context, status=422)
    return redirect("library:combination", made.public_id)


@requires(Role.VIEWER)
@require_GET
def combination(request: TeamRequest, public_id: str) -> HttpResponse:
    return _shown(request, own_combination(request, public_id))


@requires(Role.MEMBER)
@require_POST
def rename_combination(request: TeamRequest, public_id: str) -> HttpResponse:
    return _edited(request, public_id, "name", lambda found: found.rename(checked_name(request.POST.get("name", ""))))


@requires(Role.MEMBER)
@require_POST
def set_betas(request: TeamRequest, public_id: str) -> HttpResponse:
    """Put a beta up or down (`move` and `to`), take one away (`remove`), add some (`add`): the order is that of the header."""
    post = request.POST

    def edit(found: Combination) -> None:
        betas = list(found.betas)
        if post.get("move") in betas:
            betas = _moved(betas, post["move"], STEPS.get(post.get("to", ""), 0))
        elif post.get("remove") in betas:
            betas.remove(post["remove"])
            if not betas:
                raise BadName("A combination has at least one beta: archive it instead.")
        else:
            betas += [beta for beta in betas_of(post.get("add", "")) if beta not in betas]
        join_betas(betas)
        found.set_betas(betas)

    return _edited(request, public_id, "betas", edit)


@requires(Role.MEMBER)
@require_POST
def describe_combination(request: TeamRequest, public_id: str) -> HttpResponse:
    """Its note, and the changes to the body that a column takes along with it."""

    def edit(found: Combination) -> None:
        note = checked_note(request.POST.get("note", ""))
        found.describe(note=note, patch=checked_patch(_typed_patch(request)))

    return _edited(request, public_id, "describe", edit)


@requires(Role.MEMBER)
@require_POST
def duplicate_combination(request: TeamRequest, public_id: str) -> HttpResponse:
    found = own_combination(request, public_id)
    made = found.duplicate(author=request.user, name=copy_name(found.name))
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


def betas_of(text: str) -> list[str]:
    """The names in a header line or a list of lines, each once, in order. Raises `HeaderError`, `BadName` for none."""
    names = [part.strip(" \t'\"") for part in text.replace("\r", "\n").replace("\n", ",").split(",")]
    names = [name.removeprefix("anthropic-beta:").strip() for name in names]
    found = list(dict.fromkeys(check_beta(name) for name in names if name))
    if not found:
        raise BadName("Name at least one beta.")
    join_betas(found)
    return found


def _moved(betas: list[str], beta: str, step: int) -> list[str]:
    place = betas.index(beta)
    betas.remove(beta)
    betas.insert(max(0, place + step), beta)
    return betas


def _typed_patch(request: TeamRequest) -> str:
    return request.POST.get("patch", "").replace("\r\n", "\n")


def _edited(request: TeamRequest, public_id: str, place: str, edit: Callable[[Combination], None]) -> HttpResponse:
    found = own_combination(request, public_id)
    try:
        edit(found)
    except REFUSALS as error:
        return _shown(request, found, Refusal(place, str(error), request.POST.dict()))
    return redirect("library:combination", found.public_id)


def _shown(request: TeamRequest, found: Combination, refusal: Refusal = NOTHING_REFUSED) -> HttpResponse:
    before = number(request.GET.get("before"))
    last = len(found.betas) - 1
    context: dict[str, Any] = {
        "combination": found,
        "betas": [
            {"name": name, "known": catalogue.find(name.full), "is_first": place == 0, "is_last": place == last}
            for place, name in enumerate(names_of(found.betas))
        ],
        "patch": showable(found.patch),
        "used": comparisons_of_combination(request, found, before=before),
        "before": before,
        "refusal": refusal,
    }
    return render(request, "library/combination.html", context, status=422 if refusal.message else 200)
