"""Saved prompts and combinations, as programs read and make them."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any

from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import reverse
from ninja import Query, Router
from pydantic import Field
from typing_extensions import TypedDict

from betaconsole.claude import jsontext
from betaconsole.claude.headers import HeaderError, join_betas
from betaconsole.library.cases import MAX_CASES, CaseRow, CasesRefused, checked_row
from betaconsole.library.models import Combination, CombinationVersion, KeptQuerySet, Prompt, PromptVersion
from betaconsole.library.names import MAX_NOTE, BadName, checked_name, checked_note, tags_of
from betaconsole.library.patches import BadPatch, check_patch
from betaconsole.library.stubs import MAX_TURNS, StubError, read_stubs
from betaconsole.library.variables import VariableError, read_described, variables_in_text, variables_of
from betaconsole.teams.access import TeamRequest
from betaconsole.teams.models import Role
from betaconsole.web.paging import identifier

from .answers import ErrorAnswer
from .asking import Asked, Beta, Body, Label, Words
from .exact_json import json_response
from .problems import Problem
from .tokens import check_role
from .tool_calls import AskedStub, stubs_of

router = Router()
PAGE = 50
PROMPT_EXAMPLE = {
    "name": "Rivers",
    "tags": ["geography"],
    "body": {
        "model": "claude-sonnet-4-6",
        "max_tokens": 300,
        "messages": [{"role": "user", "content": "Name three rivers of {{country}}."}],
    },
    "variables": [{"name": "country", "description": "Where to look", "default": "France"}],
    "cases": [{"name": "south", "variables": {"country": "Peru"}}],
}
COMBINATION_EXAMPLE = {
    "name": "Long runs",
    "betas": ["context-management-2025-06-27", "interleaved-thinking-2025-05-14"],
    "patch": {"temperature": 1},
}


class AskedVariable(Asked):
    """What is said of a variable."""

    name: str
    description: str = ""
    default: str = Field("", description="Fills it in where a case says nothing.")


class AskedValues(Asked):
    """One set of values for the variables."""

    name: Words = ""
    variables: dict[str, Any] = Field(description="Texts; any other JSON stands as its text.")


class NewVersion(Asked):
    """The next version of a prompt."""

    body: Body = Field(description="The request body, without betas; {{name}} in its strings is a variable.")
    note: str = Field("", max_length=MAX_NOTE)
    variables: list[AskedVariable] | None = Field(
        None, description="Descriptions and defaults; those of the version before where left out."
    )
    tool_stubs: list[AskedStub] | None = Field(None, description="What answers the model's tool calls.")
    max_turns: int | None = Field(None, ge=1, le=MAX_TURNS)


class NewPrompt(NewVersion):
    """A prompt and its first version."""

    name: Label
    tags: list[Words] = []
    cases: list[AskedValues] = Field([], max_length=MAX_CASES)


class NewCombinationVersion(Asked):
    """The next version of a combination."""

    betas: list[Beta] = Field(min_length=1, description="In the order in which they are sent.")
    note: str = Field("", max_length=MAX_NOTE)
    patch: Body | None = Field(None, description="A merge patch (RFC 7396) that a column takes along with the betas.")


class NewCombination(NewCombinationVersion):
    """A named, ordered set of betas, and its first version; the note says what it is for, whatever the version."""

    name: Label


class VariableAnswer(TypedDict):
    name: str
    description: str
    default: Annotated[str, Field(description="Empty: there is none.")]


class ValuesAnswer(TypedDict):
    name: str
    variables: dict[str, str]


class VersionSummary(TypedDict):
    number: int
    author: Annotated[str | None, Field(description="Null: somebody who left.")]
    note: str
    created_at: Annotated[str, Field(description="RFC 3339.")]


class VersionAnswer(VersionSummary):
    prompt: Annotated[str, Field(description="Id of the prompt.")]
    body: Annotated[Any, Field(description="The request body, numbers as spelled; a string where it is not JSON.")]
    variables: Annotated[list[VariableAnswer], Field(description="Every variable in the body, in order.")]
    tool_stubs: list[dict[str, Any]]
    max_turns: int | None


class PromptSummary(TypedDict):
    id: str
    url: Annotated[str, Field(description="The prompt's page.")]
    name: str
    tags: list[str]
    archived: bool
    author: str | None
    created_at: Annotated[str, Field(description="RFC 3339.")]
    updated_at: Annotated[str, Field(description="RFC 3339.")]


class PromptAnswer(PromptSummary):
    versions: Annotated[list[VersionSummary], Field(description="Newest first.")]
    cases: list[ValuesAnswer]


class PromptPage(TypedDict):
    items: list[PromptSummary]
    next: Annotated[str | None, Field(description="Ask with before= this for what comes after; null at the end.")]


class CombinationVersionAnswer(VersionSummary):
    combination: Annotated[str, Field(description="Id of the combination.")]
    betas: Annotated[list[str], Field(description="In the order in which they are sent.")]
    header: Annotated[str, Field(description="The value of anthropic-beta.")]
    patch: Annotated[dict[str, Any] | None, Field(description="A merge patch that a column takes along.")]


class CombinationSummary(TypedDict):
    id: str
    url: Annotated[str, Field(description="The combination's page.")]
    name: str
    betas: Annotated[list[str], Field(description="Of its newest version, in the order in which they are sent.")]
    header: Annotated[str, Field(description="The value of anthropic-beta.")]
    note: str
    patch: Annotated[dict[str, Any] | None, Field(description="A merge patch that a column takes along.")]
    archived: bool
    author: str | None
    created_at: Annotated[str, Field(description="RFC 3339.")]
    updated_at: Annotated[str, Field(description="RFC 3339.")]


class CombinationAnswer(CombinationSummary):
    versions: Annotated[list[VersionSummary], Field(description="Newest first.")]


class CombinationPage(TypedDict):
    items: list[CombinationSummary]
    next: Annotated[str | None, Field(description="Ask with before= this for what comes after; null at the end.")]


LIMIT = Query(PAGE, ge=1, le=100, description="How many at most.")
BEFORE = Query(None, description="Only what was made before the one with this id: next of the page before.")
ARCHIVED = Query(False, description="Those in the archive instead.")


@router.get(
    "/prompts",
    operation_id="list_prompts",
    summary="List prompts",
    response={200: PromptPage, (401, 422): ErrorAnswer},
)
def list_prompts(
    request: TeamRequest,
    tag: str = Query("", description="Only those that have this tag."),
    limit: int = LIMIT,
    before: str | None = BEFORE,
    archived: bool = ARCHIVED,
) -> HttpResponse:
    """The team's saved prompts, newest first."""
    rows = _prompts(request).prefetch_related("tags").defer("words")
    if tag:
        rows = rows.filter(tags__tag=tag.lower()[:40])
    found, after = _page(rows, limit=limit, before=before, is_archived=archived)
    return json_response({"items": [_prompt(prompt, request) for prompt in found], "next": after})


@router.post(
    "/prompts",
    operation_id="create_prompt",
    summary="Save a prompt",
    response={201: PromptAnswer, (401, 403, 413, 422): ErrorAnswer},
    openapi_extra={"requestBody": {"content": {"application/json": {"example": PROMPT_EXAMPLE}}}},
)
def create_prompt(request: TeamRequest, asked: NewPrompt) -> HttpResponse:
    """A new prompt and its first version, with its tags and cases."""
    check_role(request, Role.MEMBER)
    state = _state(asked)
    name, tags, cases = _named(asked.name), _tags(asked.tags), _cases(asked.cases)
    with transaction.atomic():
        made = Prompt.keep(team=request.team, author=request.user, name=name, **state).prompt
        made.set_tags(tags)
        made.set_cases(cases)
    made.refresh_from_db()
    return json_response(_whole_prompt(made, request), status=201)


@router.get(
    "/prompts/{slug:prompt_id}",
    operation_id="get_prompt",
    summary="Read a prompt",
    response={200: PromptAnswer, (401, 404): ErrorAnswer},
)
def get_prompt(request: TeamRequest, prompt_id: str) -> HttpResponse:
    """Its versions, newest first, and its cases; a body is read with its version."""
    return json_response(_whole_prompt(_own_prompt(request, prompt_id), request))


@router.post(
    "/prompts/{slug:prompt_id}/versions",
    operation_id="create_prompt_version",
    summary="Save the next version of a prompt",
    response={201: VersionAnswer, 200: VersionAnswer, (401, 403, 404, 413, 422): ErrorAnswer},
    openapi_extra={"requestBody": {"content": {"application/json": {"example": {"body": PROMPT_EXAMPLE["body"]}}}}},
)
def create_prompt_version(request: TeamRequest, prompt_id: str, asked: NewVersion) -> HttpResponse:
    """The next version; 200 with the newest one where nothing has changed since. Versions never change."""
    check_role(request, Role.MEMBER)
    prompt = _own_prompt(request, prompt_id)
    before = prompt.newest
    made = prompt.add_version(author=request.user, **_state(asked))
    return json_response(_version(made), status=200 if made == before else 201)


@router.get(
    "/prompts/{slug:prompt_id}/versions/{int:number}",
    operation_id="get_prompt_version",
    summary="Read a version of a prompt",
    response={200: VersionAnswer, (401, 404): ErrorAnswer},
)
def get_prompt_version(request: TeamRequest, prompt_id: str, number: int) -> HttpResponse:
    """One version with its body, variables and tool stubs."""
    versions = _own_prompt(request, prompt_id).versions.select_related("author", "prompt")
    found = versions.filter(number=number).first() if number < 10**9 else None
    if found is None:
        raise Http404
    return json_response(_version(found))


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
    found, after = _page(_combinations(request), limit=limit, before=before, is_archived=archived)
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
    name, note, state = _named(asked.name), _noted(asked.note), _combination_state(asked)
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
    return json_response(_whole_combination(_own_combination(request, combination_id), request))


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
    combination = _own_combination(request, combination_id)
    before = combination.newest
    made = combination.add_version(author=request.user, note=_noted(asked.note), **_combination_state(asked))
    return json_response(_combination_version(made), status=200 if made == before else 201)


@router.get(
    "/combinations/{slug:combination_id}/versions/{int:number}",
    operation_id="get_combination_version",
    summary="Read a version of a combination",
    response={200: CombinationVersionAnswer, (401, 404): ErrorAnswer},
)
def get_combination_version(request: TeamRequest, combination_id: str, number: int) -> HttpResponse:
    """One version with its betas in order, and what a column takes along."""
    versions = _own_combination(request, combination_id).versions.select_related("author", "combination")
    found = versions.filter(number=number).first() if number < 10**9 else None
    if found is None:
        raise Http404
    return json_response(_combination_version(found))


def _prompts(request: TeamRequest) -> KeptQuerySet:
    return Prompt.objects.visible_to(request.user).filter(team=request.team).select_related("author")


def _combinations(request: TeamRequest) -> KeptQuerySet:
    return Combination.objects.visible_to(request.user).filter(team=request.team).select_related("author")


def _own_prompt(request: TeamRequest, public_id: str) -> Prompt:
    found = _prompts(request).filter(public_id=identifier(public_id)).first()
    if found is None:
        raise Http404
    return found


def _own_combination(request: TeamRequest, public_id: str) -> Combination:
    found = _combinations(request).filter(public_id=identifier(public_id)).first()
    if found is None:
        raise Http404
    return found


def _page(rows: KeptQuerySet, *, limit: int, before: str | None, is_archived: bool) -> tuple[list[Any], str | None]:
    """The rows, and the id of the last where more follow. Raises `Problem` for a cursor that is none."""
    wanted = rows.archived() if is_archived else rows.filter(archived_at=None)
    if before is not None:
        last = rows.filter(public_id=identifier(before)).values_list("pk", flat=True).first()
        if last is None:
            raise Problem(422, "There is nothing with this id here.", field="before")
        wanted = wanted.filter(pk__lt=last)
    found = list(wanted.order_by("-pk")[: limit + 1])
    return found[:limit], found[limit - 1].public_id if len(found) > limit else None


def _state(asked: NewVersion) -> dict[str, Any]:
    """What makes a version, as the prompt takes it. Raises `Problem`."""
    try:
        described = None if asked.variables is None else read_described([one.model_dump() for one in asked.variables])
        stubs = stubs_of(asked.tool_stubs or ())
        read_stubs(stubs)
    except (VariableError, StubError) as error:
        raise Problem(422, error.message, field=error.place) from error
    state = {
        "body_text": jsontext.dumps(asked.body, indent=2),
        "tool_stubs": stubs,
        "max_turns": asked.max_turns,
        "note": _noted(asked.note),
    }
    return state if described is None else {**state, "variables": described}


def _combination_state(asked: NewCombinationVersion) -> dict[str, Any]:
    """The same of a combination."""
    try:
        join_betas(asked.betas)
        if twice := next((name for name in asked.betas if asked.betas.count(name) > 1), None):
            raise HeaderError(f"{twice} stands twice.")
    except HeaderError as error:
        raise Problem(422, str(error), field="betas") from error
    return {"betas": asked.betas, "patch": _patch(asked.patch)}


def _named(text: str) -> str:
    try:
        return checked_name(text)
    except BadName as error:
        raise Problem(422, str(error), field="name") from error


def _noted(text: str) -> str:
    try:
        return checked_note(text)
    except BadName as error:
        raise Problem(422, str(error), field="note") from error


def _tags(asked: Sequence[str]) -> list[str]:
    try:
        return tags_of(",".join(asked))
    except BadName as error:
        raise Problem(422, str(error), field="tags") from error


def _cases(asked: Sequence[AskedValues]) -> list[CaseRow]:
    rows = []
    for index, case in enumerate(asked):
        values = ((name, one if isinstance(one, str) else jsontext.dumps(one)) for name, one in case.variables.items())
        try:
            rows.append(checked_row(case.name, values))
        except CasesRefused as error:
            raise Problem(422, str(error), field=f"cases.{index}") from error
    return rows


def _patch(patch: Any) -> str:
    if patch is None:
        return ""
    try:
        check_patch(patch)
    except BadPatch as error:
        raise Problem(422, str(error), field="patch") from error
    return jsontext.dumps(patch, indent=2)


def _prompt(prompt: Prompt, request: HttpRequest) -> PromptSummary:
    return {
        "id": prompt.public_id,
        "url": request.build_absolute_uri(reverse("library:prompt", args=[prompt.public_id])),
        "name": prompt.name,
        "tags": [tag.tag for tag in prompt.tags.all()],
        **_made(prompt),  # type: ignore[typeddict-item]  # mypy cannot see into it
    }


def _whole_prompt(prompt: Prompt, request: HttpRequest) -> PromptAnswer:
    versions = prompt.versions.select_related("author").order_by("-number").defer("body_text", "tool_stubs")
    return {
        **_prompt(prompt, request),
        "versions": [_summary(version) for version in versions],
        "cases": [{"name": case.name, "variables": case.values} for case in prompt.cases.all()],
    }


def _summary(version: PromptVersion | CombinationVersion) -> VersionSummary:
    return {
        "number": version.number,
        "author": str(version.author) if version.author else None,
        "note": version.note,
        "created_at": version.created_at.isoformat(),
    }


def _version(version: PromptVersion) -> VersionAnswer:
    try:
        body = jsontext.loads(version.body_text)
    except jsontext.JsonError:
        body = version.body_text
    variables = variables_of(variables_in_text(version.body_text), version.variables)
    return {
        **_summary(version),
        "prompt": version.prompt.public_id,
        "body": body,
        "variables": [{"name": one.name, "description": one.description, "default": one.default} for one in variables],
        "tool_stubs": version.tool_stubs,
        "max_turns": version.max_turns,
    }


def _combination(one: Combination, request: HttpRequest) -> CombinationSummary:
    return {
        "id": one.public_id,
        "url": request.build_absolute_uri(reverse("library:combination", args=[one.public_id])),
        "name": one.name,
        "betas": one.betas,
        "header": one.header,
        "note": one.note,
        "patch": jsontext.loads(one.patch) if one.patch else None,  # type: ignore[typeddict-item]  # checked when kept
        **_made(one),
    }


def _whole_combination(one: Combination, request: HttpRequest) -> CombinationAnswer:
    versions = one.versions.select_related("author").order_by("-number")
    return {**_combination(one, request), "versions": [_summary(version) for version in versions]}


def _combination_version(version: CombinationVersion) -> CombinationVersionAnswer:
    return {
        **_summary(version),
        "combination": version.combination.public_id,
        "betas": version.betas,
        "header": version.header,
        "patch": jsontext.loads(version.patch) if version.patch else None,  # type: ignore[typeddict-item]  # checked
    }


def _made(kept: Prompt | Combination) -> Any:
    """What both say of who made them and when."""
    about: Mapping[str, Any] = {
        "archived": kept.archived_at is not None,
        "author": str(kept.author) if kept.author else None,
        "created_at": kept.created_at.isoformat(),
        "updated_at": kept.updated_at.isoformat(),
    }
    return about
