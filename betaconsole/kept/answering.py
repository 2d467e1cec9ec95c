"""What the pages of the library have in common: finding one's own, and refusing with what was typed."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TypeVar

from django.db.models import QuerySet
from django.http import Http404
from django.shortcuts import get_object_or_404

from betaconsole.library.models import Combination, CombinationVersion, Prompt, PromptVersion
from betaconsole.teams.access import TeamRequest
from betaconsole.web.paging import identifier, number

from .listing import visible

AnyKept = TypeVar("AnyKept", Prompt, Combination)
AnyVersion = TypeVar("AnyVersion", PromptVersion, CombinationVersion)


@dataclass(frozen=True)
class Refusal:
    """Input that was not taken: the `place` on the page, why not, and what was typed there."""

    place: str = ""
    message: str = ""
    typed: Mapping[str, str] = field(default_factory=dict)


NOTHING_REFUSED = Refusal()


def own(kind: type[AnyKept], request: TeamRequest, public_id: str) -> AnyKept:
    """The team's prompt or combination with this id, archived ones too; 404 where there is none."""
    return get_object_or_404(visible(kind, request), public_id=identifier(public_id))


def version_of(versions: QuerySet[AnyVersion], asked: str | None) -> AnyVersion:
    """The version of this number; the newest where none is asked for. 404 where there is none."""
    versions = versions.select_related("author")
    if asked and number(asked):
        return get_object_or_404(versions, number=number(asked))
    newest = versions.order_by("-number").first()
    if newest is None:
        raise Http404
    return newest
