"""What the pages of the library have in common: finding one's own, refusing with what was typed, archiving and undo."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TypeVar

from django.db.models import QuerySet
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse

from betaconsole.library.models import Combination, CombinationVersion, Kept, Prompt, PromptVersion
from betaconsole.teams.access import TeamRequest
from betaconsole.web.paging import identifier, number

from .listing import visible_combinations, visible_prompts

AnyVersion = TypeVar("AnyVersion", PromptVersion, CombinationVersion)


@dataclass(frozen=True)
class Refusal:
    """Input that was not taken: the `place` on the page, why not, and what was typed there."""

    place: str = ""
    message: str = ""
    typed: Mapping[str, str] = field(default_factory=dict)


NOTHING_REFUSED = Refusal()


def own_prompt(request: TeamRequest, public_id: str) -> Prompt:
    return get_object_or_404(visible_prompts(request), public_id=identifier(public_id))


def own_combination(request: TeamRequest, public_id: str) -> Combination:
    return get_object_or_404(visible_combinations(request), public_id=identifier(public_id))


def version_of(prompt: Prompt, asked: str | None) -> PromptVersion:
    """The version of this number; the newest where none is asked for. 404 where there is none."""
    return _version_of(prompt.versions.select_related("author"), asked)


def combination_version_of(combination: Combination, asked: str | None) -> CombinationVersion:
    """The same of a combination."""
    return _version_of(combination.versions.select_related("author"), asked)


def _version_of(versions: QuerySet[AnyVersion], asked: str | None) -> AnyVersion:
    if asked and number(asked):
        return get_object_or_404(versions, number=number(asked))
    newest = versions.order_by("-number").first()
    if newest is None:
        raise Http404
    return newest


def archived(kept: Kept, back: str) -> HttpResponse:
    """Archive it; the list that follows offers to undo it."""
    kept.archive()
    return redirect(f"{reverse(back)}?archived_now={kept.public_id}")
