"""Saved combinations of betas, as programs read and make them."""

from typing import Annotated, Any

from django.http import HttpRequest, HttpResponse
from ninja import Router
from pydantic import Field
from typing_extensions import TypedDict

from betaconsole.claude import jsontext
from betaconsole.claude.headers import HeaderError, join_betas
from betaconsole.library.models import Combination, CombinationVersion
from betaconsole.library.names import MAX_NOTE
from betaconsole.library.patches import BadPatch, check_patch
from betaconsole.teams.access import TeamRequest
from betaconsole.teams.models import Role

from .asking import Asked, Beta, Body, Label
from .exact_json import json_response
from .kept import (
    ARCHIVED,
    BEFORE,
    LIMIT,
    KeptSummary,
    Next,
    VersionSummary,
    named,
    noted,
    own,
    paged,
    said_of,
    said_of_version,
    seen,
    version_of,
)
from .problems import Problem, check_parameters
from .shapes import ErrorAnswer
from .tokens import check_role

router = Router()
COMBINATION_EXAMPLE = {
    "name": "Long runs",
    "betas": ["context-management-2025-06-27", "interleaved-thinking-2025-05-14"],
    "patch": {"temperature": 1},
}
Patch = Annotated[dict[str, Any] | None, Field(description="A merge patch that a column takes along.")]
HeaderLine = Annotated[str, Field(description="The value of anthropic-beta.")]


class NewCombinationVersion(Asked):
    """The next version of a combination."""

    betas: list[Beta] = Field(min_length=1, description="In the order in which they are sent.")
    note: str = Field("", max_length=MAX_NOTE)
    patch: Body | None = Field(None, description="A merge patch (RFC 7396) that a column takes along with the betas.")


class NewCombination(NewCombinationVersion):
    """A named, ordered set of betas, and its first version; the note says what it is for, whatever the version."""

    name: Label


class CombinationVersionAnswer(VersionSummary):
    combination: Annotated[str, Field(description="Id of the combination.")]
    betas: Annotated[list[str], Field(description="In the order in which they are sent.")]
    header: HeaderLine
    patch: Patch


class CombinationSummary(KeptSummary):
    betas: Annotated[list[str], Field(description="Of its newest version, in the order in which they are sent.")]
    header: HeaderLine
    note: str
    patch: Patch


class CombinationAnswer(CombinationSummary):
    versions: Annotated[list[VersionSummary], Field(description="Newest first.")]


class CombinationPage(TypedDict):
    items: list[CombinationSummary]
    next: Next


@router.get(
    "/combinations",
    operation_id="list_combinations",
    summary="List combinations",
    response={200: CombinationPage, (401, 422): ErrorAnswer},
)
def list_combinations(
    request: TeamRequest, limit: int = LIMIT, before: str | None = BEFORE, archived: bool = ARCHIVED
) -> HttpResponse:
    """The team's saved combinations, newest first."""
    check_parameters(request, ("limit", "before", "archived"))
    found, after = paged(seen(Combination, request), limit=limit, before=before, is_archived=archived)
    return json_response({"items": [_combination(one, request) for one in found], "next": after})


@router.post(
    "/combinations",
    operation_id="create_combination",
    summary="Save a combination",
    response={201: CombinationAnswer, (401, 403, 413, 422): ErrorAnswer},
    openapi_extra={"requestBody": {"content": {"application/json": {"example": COMBINATION_EXAMPLE}}}},
)
def create_combination(request: TeamRequest, asked: NewCombination) -> HttpResponse:
    """A new combination and its first version."""
    check_role(request, Role.MEMBER)
    name, note, state = named(asked.name), noted(asked.note), _combination_state(asked)
    made = Combination.keep(team=request.team, author=request.user, name=name, note=note, **state)
    return json_response(_whole_combination(made.combination, request), status=201)


@router.get(
    "/combinations/{slug:combination_id}",
    operation_id="get_combination",
    summary="Read a combination",
    response={200: CombinationAnswer, (401, 404): ErrorAnswer},
)
def get_combination(request: TeamRequest, combination_id: str) -> HttpResponse:
    """Its betas in order, what a column takes along, and its versions, newest first."""
    return json_response(_whole_combination(own(Combination, request, combination_id), request))


@router.post(
    "/combinations/{slug:combination_id}/versions",
    operation_id="create_combination_version",
    summary="Save the next version of a combination",
    response={201: CombinationVersionAnswer, 200: CombinationVersionAnswer, (401, 403, 404, 413, 422): ErrorAnswer},
    openapi_extra={
        "requestBody": {"content": {"application/json": {"example": {"betas": COMBINATION_EXAMPLE["betas"]}}}}
    },
)
def create_combination_version(request: TeamRequest, combination_id: str, asked: NewCombinationVersion) -> HttpResponse:
    """The next version; 200 with the newest one where nothing has changed since. Versions never change."""
    check_role(request, Role.MEMBER)
    combination = own(Combination, request, combination_id)
    before = combination.newest
    made = combination.add_version(author=request.user, note=noted(asked.note), **_combination_state(asked))
    return json_response(_combination_version(made), status=200 if made == before else 201)


@router.get(
    "/combinations/{slug:combination_id}/versions/{int:number}",
    operation_id="get_combination_version",
    summary="Read a version of a combination",
    response={200: CombinationVersionAnswer, (401, 404): ErrorAnswer},
)
def get_combination_version(request: TeamRequest, combination_id: str, number: int) -> HttpResponse:
    """One version with its betas in order, and what a column takes along."""
    return json_response(
        _combination_version(version_of(own(Combination, request, combination_id).versions.all(), number))
    )


def _combination_state(asked: NewCombinationVersion) -> dict[str, Any]:
    """The same of a combination."""
    try:
        join_betas(asked.betas)
        if twice := next((name for name in asked.betas if asked.betas.count(name) > 1), None):
            raise HeaderError(f"{twice} stands twice.")
    except HeaderError as error:
        raise Problem(422, str(error), field="betas") from error
    return {"betas": asked.betas, "patch": _patch(asked.patch)}


def _patch(patch: Any) -> str:
    if patch is None:
        return ""
    try:
        check_patch(patch)
    except BadPatch as error:
        raise Problem(422, str(error), field="patch") from error
    return jsontext.dumps(patch, indent=2)


def _combination(one: Combination, request: HttpRequest) -> CombinationSummary:
    return {
        **said_of(one, request, page="library:combination"),
        "betas": one.betas,
        "header": one.header,
        "note": one.note,
        "patch": _read_patch(one.patch),
    }


def _whole_combination(one: Combination, request: HttpRequest) -> CombinationAnswer:
    versions = one.versions.select_related("author").order_by("-number")
    return {**_combination(one, request), "versions": [said_of_version(version) for version in versions]}


def _combination_version(version: CombinationVersion) -> CombinationVersionAnswer:
    return {
        **said_of_version(version),
        "combination": version.combination.public_id,
        "betas": version.betas,
        "header": version.header,
        "patch": _read_patch(version.patch),
    }


def _read_patch(text: str) -> Any:
    """A patch as it is kept: it was checked then."""
    return jsontext.loads(text) if text else None
