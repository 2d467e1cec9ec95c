"""What `POST /comparisons` takes, field by field."""

import re
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, WithJsonSchema

from betaconsole.checks.checks import MAX_CHECKS
from betaconsole.claude.endpoints import METHODS
from betaconsole.claude.headers import EXTRA_HEADERS, check_beta, check_version
from betaconsole.drafts.columns import MAX_REPEATS
from betaconsole.library.stubs import MAX_TURNS, TURNS_WITH_STUBS
from betaconsole.runs.launching.order import MAX_SEED

from .tool_calls import AskedStub
from .uploads import AskedPart

SURROGATE = re.compile("[\\ud800-\\udfff]")


def _storable(value: Any) -> Any:
    if isinstance(value, str) and ("\x00" in value or SURROGATE.search(value)):
        raise ValueError("NUL and halves of surrogate pairs cannot stand here.")
    return value


def _object(value: Any) -> Any:
    if not isinstance(value, dict):
        raise ValueError("This is a JSON object.")
    return value


def _patch(value: Any) -> Any:
    if not isinstance(value, dict | list):
        raise ValueError("A patch is an object (RFC 7396) or a list of operations (RFC 6902).")
    return value


# Validated as `Any`: pydantic leaves what is inside alone, so that numbers keep their spelling.
Body = Annotated[Any, AfterValidator(_object), WithJsonSchema({"type": "object"})]
Patch = Annotated[
    Any,
    AfterValidator(_patch),
    WithJsonSchema({"anyOf": [{"type": "object"}, {"type": "array", "items": {"type": "object"}}]}),
]
# The lengths stand right at `str`: behind a validator or around a union pydantic would count "items".
Words = Annotated[str, Field(max_length=200), BeforeValidator(_storable)]
Label = Annotated[str, Field(min_length=1, max_length=200), BeforeValidator(_storable)]
Token = Annotated[str, Field(min_length=1, max_length=128), BeforeValidator(_storable)]
Number = Annotated[int, Field(ge=1, lt=10**9)]
Beta = Annotated[str, AfterValidator(check_beta)]
Version = Annotated[str, AfterValidator(check_version)]


class Asked(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)


class AskedVariant(Asked):
    """One column: betas, and what else it changes."""

    label: Label | None = Field(None, description="Unique; a letter (A, B, …) where left out.")
    betas: list[Beta] | None = Field(
        None,
        description="Names for the anthropic-beta header, in this order; an empty list is a valid baseline. Left out only "
        "where a combination is taken.",
    )
    combination: Words | None = Field(
        None, description="Id or name of a saved combination, in place of betas: its own in their order, and its patch."
    )
    combination_version: Number | None = Field(None, description="The newest where left out.")
    anthropic_version: Version | None = Field(None, description="The connection's where left out.")
    patch: Patch | None = Field(
        None, description="Changes to the body: a merge patch (RFC 7396) or a list of operations (RFC 6902)."
    )
    body: Body | None = Field(None, description="A whole body of its own in place of the comparison's.")
    headers: dict[str, str] | None = Field(
        None, description=f"Further request headers of this column: {' and '.join(EXTRA_HEADERS)}."
    )
    baseline: Words | None = Field(
        None, description="Label of the variant it is compared with; the first one where left out."
    )


class AskedCase(Asked):
    """One assignment of the body's variables, or a whole body of its own."""

    name: Words | None = None
    variables: dict[str, Any] | None = Field(
        None,
        description="{{name}} in a string is replaced where there is a variable of that name, else sent unchanged.",
    )
    body: Body | None = None


class AskedEndpoint(Asked):
    """Where the requests go, below the connection's address."""

    method: str = Field("POST", json_schema_extra={"enum": list(METHODS)})
    path: str = Field(description="Such as /v1/models, without the query.")
    query: str = ""


EXAMPLE = {
    "title": "What does this beta change?",
    "connection": "simulator",
    "body": {
        "model": "claude-sonnet-4-6",
        "max_tokens": 300,
        "messages": [{"role": "user", "content": "Name three rivers of {{country}}."}],
    },
    "variants": [{"label": "without", "betas": []}, {"label": "with", "betas": ["context-management-2025-06-27"]}],
    "cases": [{"name": "France", "variables": {"country": "France"}}],
    "repeats": 2,
}


CHECKS = (
    "What is checked of each output: {name, kind, …}. contains, equals and regex take a value (and ignore_case); json; "
    "json_schema a schema; tool_called a tool and the input that a call must hold; length min or max characters; cost max US "
    'dollars. "not": true turns one round. Their shares with intervals enter the verdict.'
)


class NewChecks(Asked):
    """The checks of a comparison, in place of those it has."""

    checks: list[dict[str, Any]] = Field(description=CHECKS, max_length=MAX_CHECKS)


class NewComparison(Asked):
    """Variants × cases × repeats: at most 2,000 requests."""

    title: Words | None = None
    connection: Words | None = Field(
        None, description="Id or name of a connection, or the word simulator; the team's default where left out."
    )
    endpoint: AskedEndpoint | None = Field(None, description="POST /v1/messages where left out.")
    body: Body | None = Field(
        None,
        description="The request body, without betas. Left out where the endpoint takes none or every case has its own.",
    )
    parts: list[AskedPart] | None = Field(None, description="A multipart upload, in place of a body.")
    prompt: Words | None = Field(
        None,
        description="Id or name of a saved prompt, in place of a body. What is left out here is as it was saved: tool_stubs, "
        "max_turns, cases and, as title, its name. Its variables have their default values where a case says nothing.",
    )
    prompt_version: Number | None = Field(None, description="The newest where left out.")
    variants: list[AskedVariant] | None = Field(None, description="The columns: 1 to 32.")
    preset: Literal["leave_one_out", "one_at_a_time", "all_subsets", "controls"] | None = Field(
        None,
        description="Makes the columns from betas, in place of variants. leave_one_out: all, then all but each, then none; "
        "one_at_a_time: none, then each alone; all_subsets: every choice of up to 3; controls: without and with all, a "
        "made-up beta that must be refused, and a twin of the first column that must show no difference.",
    )
    betas: list[Beta] | None = Field(None, description="What the preset makes columns from; with a preset only.")
    seed: int | None = Field(
        None,
        ge=0,
        le=MAX_SEED,
        description="The order in which requests go out is drawn with it; a new one where left out. Batches have no order.",
    )
    repeats: int = Field(1, ge=1, le=MAX_REPEATS)
    cases: list[AskedCase] | None = None
    trace: bool = Field(
        False,
        description="The cases are the turns of a recorded conversation: each has a body, and they are sent in order.",
    )
    engine: Literal["live", "batch"] = Field(
        "live", description="batch: as Message Batches, at half price, within a day; times cannot be compared then."
    )
    separate_caches: bool = Field(
        False,
        description="A line of its own in front of each column's system text, so that no column pays for another's cache.",
    )
    tool_stubs: list[AskedStub] | None = Field(
        None, description="What answers the model's tool calls, turn by turn; the first that fits does."
    )
    max_turns: int | None = Field(
        None,
        ge=0,
        le=MAX_TURNS,
        description=f"How many turns a cell may take. 0 or left out: {TURNS_WITH_STUBS} with tool stubs, 1 without. With more "
        "than 1, a call that no stub answers leaves its cell waiting for a result.",
    )
    checks: list[dict[str, Any]] | None = Field(None, description=CHECKS, max_length=MAX_CHECKS)
    stream: bool | None = Field(
        None, description="Wins over the body's; true for messages sent live where neither says anything."
    )
    over_budget: bool = Field(
        False,
        description="Pass the connection's budget, which an admin's token may; it is written down in the audit log.",
    )
    client_token: Token | None = Field(
        None,
        description="Makes asking twice safe: the same token with the same request finds the comparison made before, whatever "
        "a prompt or combination named in it stands for by then.",
    )
