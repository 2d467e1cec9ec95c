"""What prompts and combinations have in common as programs read and make them: lists, names, authors, versions."""

from typing import Annotated, Any, TypeVar

from django.db.models import QuerySet
from django.http import Http404, HttpRequest
from django.urls import reverse
from ninja import Query
from pydantic import Field
from typing_extensions import TypedDict

from betaconsole.library.models import Combination, CombinationVersion, Kept, KeptQuerySet, Prompt, PromptVersion
from betaconsole.library.names import BadName, checked_name, checked_note
from betaconsole.teams.access import TeamRequest
from betaconsole.web.paging import identifier

from .problems import Problem

PAGE = 50
LIMIT = Query(PAGE, ge=1, le=100, description="How many at most.")
BEFORE = Query(None, description="Only what was made before the one with this id: next of the page before.")
ARCHIVED = Query(False, description="Those in the archive instead.")
Next = Annotated[str | None, Field(description="Ask with before= this for what comes after; null at the end.")]
Moment = Annotated[str, Field(description="RFC 3339.")]
AnyKept = TypeVar("AnyKept", Prompt, Combination)
AnyVersion = TypeVar("AnyVersion", PromptVersion, CombinationVersion)


class KeptSummary(TypedDict):
    id: str
    url: Annotated[str, Field(description="Its page.")]
    name: str
    archived: bool
    author: Annotated[str | None, Field(description="Null: somebody who left.")]
    created_at: Moment
    updated_at: Moment


class VersionSummary(TypedDict):
    number: int
    author: Annotated[str | None, Field(description="Null: somebody who left.")]
    note: str
    created_at: Moment


def seen(kind: type[Prompt] | type[Combination], request: TeamRequest) -> KeptQuerySet:
    """All of a kind that the token's user sees in the token's team, archived ones too."""
    return kind.objects.visible_to(request.user).filter(team=request.team).select_related("author")


def own(kind: type[AnyKept], request: TeamRequest, public_id: str) -> AnyKept:
    """The one with this id; 404 where there is none."""
    found = seen(kind, request).filter(public_id=identifier(public_id)).first()
    if found is None:
        raise Http404
    return found


def version_of(versions: QuerySet[AnyVersion], number: int) -> AnyVersion:
    """The version of this number; 404 where there is none."""
    found = versions.select_related("author").filter(number=number).first() if number < 10**9 else None
    if found is None:
        raise Http404
    return found


def paged(rows: KeptQuerySet, *, limit: int, before: str | None, is_archived: bool) -> tuple[list[Any], str | None]:
    """The rows, and the id of the last where more follow. Raises `Problem` for a cursor that is none."""
    wanted = rows.archived() if is_archived else rows.filter(archived_at=None)
    if before:
        last = rows.filter(public_id=identifier(before)).values_list("pk", flat=True).first()
        if last is None:
            raise Problem(422, "There is nothing with this id here.", field="before")
        wanted = wanted.filter(pk__lt=last)
    found = list(wanted.order_by("-pk")[: limit + 1])
    return found[:limit], found[limit - 1].public_id if len(found) > limit else None


def named(text: str) -> str:
    try:
        return checked_name(text)
    except BadName as error:
        raise Problem(422, str(error), field="name") from error


def noted(text: str) -> str:
    try:
        return checked_note(text)
    except BadName as error:
        raise Problem(422, str(error), field="note") from error


def said_of(kept: Kept, request: HttpRequest, *, page: str) -> KeptSummary:
    """What both say of themselves; `page` is the name of the URL where people look at one."""
    return {
        "id": kept.public_id,
        "url": request.build_absolute_uri(reverse(page, args=[kept.public_id])),
        "name": kept.name,
        "archived": kept.archived_at is not None,
        "author": str(kept.author) if kept.author else None,
        "created_at": kept.created_at.isoformat(),
        "updated_at": kept.updated_at.isoformat(),
    }


def said_of_version(version: PromptVersion | CombinationVersion) -> VersionSummary:
    return {
        "number": version.number,
        "author": str(version.author) if version.author else None,
        "note": version.note,
        "created_at": version.created_at.isoformat(),
    }
