"""The page of one combination: the version that is shown, what is being edited in the newest, where it was used."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.http import HttpResponse, QueryDict
from django.shortcuts import render

from betaconsole.catalogue import betas as catalogue
from betaconsole.claude.headers import check_beta, join_betas
from betaconsole.library.models import Combination, CombinationVersion
from betaconsole.library.names import BadName
from betaconsole.storage.fields import showable
from betaconsole.teams.access import TeamRequest
from betaconsole.web.paging import number

from .answering import NOTHING_REFUSED, Refusal, version_of
from .listing import comparisons_of_combination, names_of

SHOWN_VERSIONS = 100
STEPS = {"up": -1, "down": 1}


@dataclass(frozen=True)
class Edited:
    """What stands in the form of the next version: nothing of it is kept before it is saved."""

    betas: Sequence[str]
    patch: str
    note: str = ""
    add: str = ""
    is_changed: bool = False

    @classmethod
    def of(cls, version: CombinationVersion) -> "Edited":
        return cls(version.betas, version.patch)

    @classmethod
    def typed(cls, post: QueryDict, newest: CombinationVersion) -> "Edited":
        """As the form sent it; betas that are none are left out."""
        patch = post.get("patch", "").replace("\r\n", "\n")
        betas = list(dict.fromkeys(post.getlist("beta")))
        is_changed = betas != newest.betas or patch.strip() != newest.patch
        return cls(betas, patch, post.get("note", ""), post.get("add", ""), is_changed)


def stepped(betas: Sequence[str], post: Mapping[str, str]) -> list[str]:
    """The betas after what was pressed: one `up` or `down`, one taken out (`remove`), those typed in `add` at the end.

    Raises `HeaderError` for names that are none, `BadName` where nothing would be left.
    """
    after = [check_beta(beta) for beta in betas]
    for step, by in STEPS.items():
        if (beta := post.get(step)) in after:
            after = moved(after, str(beta), by)
    if post.get("remove") in after:
        after.remove(str(post["remove"]))
    if post.get("add", "").strip():
        after += [beta for beta in betas_of(post["add"]) if beta not in after]
    if not after:
        raise BadName("A combination has at least one beta: archive it instead.")
    join_betas(after)
    return after


def betas_of(text: str) -> list[str]:
    """The names in a header line or a list of lines, each once, in order. Raises `HeaderError`, `BadName` for none."""
    names = [part.strip(" \t'\"") for part in text.replace("\r", "\n").replace("\n", ",").split(",")]
    names = [name.removeprefix("anthropic-beta:").strip() for name in names]
    found = list(dict.fromkeys(check_beta(name) for name in names if name))
    if not found:
        raise BadName("Name at least one beta.")
    join_betas(found)
    return found


def moved(betas: Sequence[str], beta: str, by: int) -> list[str]:
    """The betas with one of them some places later (negative: earlier)."""
    rest = [other for other in betas if other != beta]
    place = max(0, list(betas).index(beta) + by)
    return [*rest[:place], beta, *rest[place:]]


def page_context(
    request: TeamRequest,
    combination: Combination,
    shown: CombinationVersion,
    *,
    edited: Edited | None = None,
    refusal: Refusal = NOTHING_REFUSED,
) -> dict[str, Any]:
    """What `library/combination.html` needs. The same number of queries for any number of versions and comparisons."""
    versions = list(combination.versions.select_related("author").order_by("-number")[:SHOWN_VERSIONS])
    form = edited or Edited.of(shown)
    before = number(request.GET.get("before"))
    return {
        "combination": combination,
        "versions": versions,
        "shown": shown,
        "is_newest": shown.number == versions[0].number,
        "earlier": next((one.number for one in versions if one.number < shown.number), None),
        "next_number": versions[0].number + 1,
        "betas": _listed(form.betas),
        "patch": showable(form.patch),
        "edited": form,
        "used": comparisons_of_combination(request, combination, shown, before=before),
        "before": before,
        "refusal": refusal,
    }


def refused(request: TeamRequest, combination: Combination, refusal: Refusal) -> HttpResponse:
    """The page once more at its newest version, with why and what was typed."""
    shown = version_of(combination.versions.all(), None)
    return render(
        request, "library/combination.html", page_context(request, combination, shown, refusal=refusal), status=422
    )


def _listed(betas: Sequence[str]) -> list[dict[str, Any]]:
    last = len(betas) - 1
    return [
        {"name": name, "known": catalogue.find(name.full), "is_first": place == 0, "is_last": place == last}
        for place, name in enumerate(names_of(betas))
    ]
