"""Saved prompts, as programs read and make them."""

from collections.abc import Sequence
from typing import Annotated, Any

from django.db import transaction
from django.http import HttpRequest, HttpResponse
from ninja import Query, Router
from pydantic import Field
from typing_extensions import TypedDict

from betaconsole.claude import jsontext
from betaconsole.library.cases import MAX_CASES, CaseRow, CasesRefused, checked_row
from betaconsole.library.models import Prompt, PromptVersion
from betaconsole.library.names import MAX_NOTE, BadName, tags_of
from betaconsole.library.stubs import MAX_TURNS, StubError, read_stubs
from betaconsole.library.variables import VariableError, read_described, variables_in_text, variables_of
from betaconsole.teams.access import TeamRequest
from betaconsole.teams.models import Role

from .asking import Asked, Body, Label, Words
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
from .tool_calls import AskedStub, stubs_of

router = Router()
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


class VariableAnswer(TypedDict):
    name: str
    description: str
    default: Annotated[str, Field(description="Empty: there is none.")]


class ValuesAnswer(TypedDict):
    name: str
    variables: dict[str, str]


class VersionAnswer(VersionSummary):
    prompt: Annotated[str, Field(description="Id of the prompt.")]
    body: Annotated[Any, Field(description="The request body, numbers as spelled; a string where it is not JSON.")]
    variables: Annotated[list[VariableAnswer], Field(description="Every variable in the body, in order.")]
    tool_stubs: list[dict[str, Any]]
    max_turns: int | None


class PromptSummary(KeptSummary):
    tags: list[str]


class PromptAnswer(PromptSummary):
    versions: Annotated[list[VersionSummary], Field(description="Newest first.")]
    cases: list[ValuesAnswer]


class PromptPage(TypedDict):
    items: list[PromptSummary]
    next: Next


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
    check_parameters(request, ("tag", "limit", "before", "archived"))
    rows = seen(Prompt, request).prefetch_related("tags").defer("words")
    if tag:
        rows = rows.filter(tags__tag=tag.lower()[:40])
    found, after = paged(rows, limit=limit, before=before, is_archived=archived)
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
    name, tags, cases = named(asked.name), _tags(asked.tags), _cases(asked.cases)
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
    return json_response(_whole_prompt(own(Prompt, request, prompt_id), request))


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
    prompt = own(Prompt, request, prompt_id)
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
    return json_response(_version(version_of(own(Prompt, request, prompt_id).versions.all(), number)))


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
        "note": noted(asked.note),
    }
    return state if described is None else {**state, "variables": described}


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


def _prompt(prompt: Prompt, request: HttpRequest) -> PromptSummary:
    return {**said_of(prompt, request, page="library:prompt"), "tags": [tag.tag for tag in prompt.tags.all()]}


def _whole_prompt(prompt: Prompt, request: HttpRequest) -> PromptAnswer:
    versions = prompt.versions.select_related("author").order_by("-number").defer("body_text", "tool_stubs")
    return {
        **_prompt(prompt, request),
        "versions": [said_of_version(version) for version in versions],
        "cases": [{"name": case.name, "variables": case.values} for case in prompt.cases.all()],
    }


def _version(version: PromptVersion) -> VersionAnswer:
    try:
        body = jsontext.loads(version.body_text)
    except jsontext.JsonError:
        body = version.body_text
    variables = variables_of(variables_in_text(version.body_text), version.variables)
    return {
        **said_of_version(version),
        "prompt": version.prompt.public_id,
        "body": body,
        "variables": [{"name": one.name, "description": one.description, "default": one.default} for one in variables],
        "tool_stubs": version.tool_stubs,
        "max_turns": version.max_turns,
    }
