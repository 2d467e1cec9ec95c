"""The documented shapes of comparisons, exchanges and errors. Other programs build on them: they change only by addition."""

from typing import Annotated, Any, Literal, NotRequired

from pydantic import Field
from typing_extensions import TypedDict

from betaconsole.catalogue.outcomes import Verdict
from betaconsole.runs.states import State

from .damage import DamagedFields
from .verdicts import VerdictAnswer

Header = Annotated[list[str], Field(description="[name, value]", min_length=2, max_length=2)]
AnswerState = Literal["running", "waiting", "finished"]
Milliseconds = Annotated[float | None, Field(description="Milliseconds; null where unknown.")]


class Created(TypedDict):
    id: str
    url: Annotated[str, Field(description="The comparison's page.")]
    exchanges: Annotated[
        list[str], Field(description="Ids by repeat, case and variant. They are sent in an order drawn from the seed.")
    ]


class Queued(TypedDict):
    id: Annotated[str, Field(description="The exchange that carries the results: the cell's next turn.")]
    turn: int


class Cancelled(TypedDict):
    id: str
    state: AnswerState
    cancelled: Annotated[int, Field(description="How many exchanges were asked to stop.")]


class Checks(TypedDict):
    id: str
    checks: list[dict[str, Any]]


class Paused(TypedDict):
    id: str
    state: AnswerState
    paused: Annotated[bool, Field(description="Nothing that is queued is sent until it is resumed.")]


class Added(TypedDict):
    id: str
    repeats: Annotated[int, Field(description="How many repeats it has now.")]
    exchanges: Annotated[list[str], Field(description="Ids of those added, in the order in which they are sent.")]


class DifferingAnswer(TypedDict):
    exchange: Annotated[str, Field(description="Id of the repeat's last exchange.")]
    outcome: Annotated[str | None, Field(description="null: nothing is told of the beta there.")]


class OverRepeatsAnswer(TypedDict):
    beta: str
    case: Annotated[str | int | None, Field(description="As in its exchanges.")]
    outcome: Annotated[str, Field(json_schema_extra={"enum": [verdict.value for verdict in Verdict]})]
    repeats: Annotated[int, Field(description="How many repeats have this outcome, which is that of most.")]
    of: Annotated[int, Field(description="How many have ended and tell something.")]
    differing: list[DifferingAnswer]


class TakenAnswer(TypedDict):
    id: str
    version: int


class TakenPromptAnswer(TakenAnswer):
    changed: Annotated[bool, Field(description="What ran was that version with changes that nobody had saved.")]


class VariantAnswer(TypedDict):
    label: str
    betas: list[str]
    header: Annotated[str, Field(description="The exact value of anthropic-beta; empty: there was no such header.")]
    anthropic_version: str
    headers: NotRequired[Annotated[dict[str, str], Field(description="Further request headers, where it has any.")]]
    combination: NotRequired[
        Annotated[TakenAnswer, Field(description="The saved combination that the column took, where it took one.")]
    ]
    baseline: Annotated[str | None, Field(description="Label of the variant it is compared with.")]
    role: Annotated[
        Literal["made_up", "twin"] | None,
        Field(
            description="What it is for as a control. made_up: a beta that must be refused; twin: the same as its baseline, "
            "which must show no difference. null: it is none."
        ),
    ]
    over_repeats: NotRequired[
        Annotated[
            list[OverRepeatsAnswer],
            Field(description="What the repeats of each case agree on, by beta, where two or more have ended."),
        ]
    ]


class WaitingCall(TypedDict):
    tool_use_id: str
    name: Annotated[str, Field(description="The tool's name.")]
    input: Any


class Failure(TypedDict):
    type: Annotated[str, Field(description="The API's error type; where it gave none, how the call failed.")]
    message: Annotated[str | None, Field(description="null: it is damaged.")]


class OutcomeAnswer(TypedDict):
    beta: str
    outcome: Annotated[str, Field(json_schema_extra={"enum": [verdict.value for verdict in Verdict]})]
    evidence: Annotated[list[str], Field(description="What bears it out, one sentence each.")]


class EndpointAnswer(TypedDict):
    method: str
    path: Annotated[str, Field(description="Below the connection's address.")]
    query: NotRequired[str]


class ExchangeAnswer(TypedDict):
    id: str
    endpoint: EndpointAnswer
    variant: Annotated[str, Field(description="The variant's label.")]
    case: Annotated[str | int | None, Field(description="The case's name, else its number from 1; null without cases.")]
    repeat: Annotated[int, Field(description="From 1.")]
    attempt: int
    turn: Annotated[int, Field(description="From 1. Each further turn of a cell is an exchange of its own.")]
    state: Annotated[str, Field(json_schema_extra={"enum": State.values})]
    status: Annotated[int | None, Field(description="HTTP status.")]
    waiting_for: Annotated[
        list[WaitingCall] | None,
        Field(
            description="Tool calls that need a result: POST them to results. An empty list: the console was restarted, and "
            "sends the turn that was ready once you post no results. null: it does not wait, or is damaged."
        ),
    ]
    error: Failure | None
    request_id: str | None
    stop_reason: str | None
    usage: Annotated[dict[str, Any] | None, Field(description="As received.")]
    cost_usd: Annotated[float | None, Field(description="Null where the model's prices are not known.")]
    connect_ms: Milliseconds
    queue_ms: Annotated[float | None, Field(description="From connected to the first request byte, in milliseconds.")]
    first_byte_ms: Annotated[float | None, Field(description="From the last request byte, in milliseconds.")]
    first_text_ms: Annotated[float | None, Field(description="From the last request byte, in milliseconds.")]
    total_ms: Annotated[float | None, Field(description="From the last request byte, in milliseconds.")]
    text: Annotated[str | None, Field(description="All text blocks; empty while it is not final. null: it is damaged.")]
    outcomes: Annotated[
        list[OutcomeAnswer],
        Field(
            description="What came of each beta: those sent, in the order of the header, then one for want of which the "
            "request was refused. Empty while it is not final."
        ),
    ]
    damaged: NotRequired[DamagedFields]


class ComparisonAnswer(TypedDict):
    id: str
    title: str
    state: Annotated[
        AnswerState,
        Field(
            description="waiting: nothing is queued or in flight, and at least one exchange says what it is waiting_for."
        ),
    ]
    paused: Annotated[bool, Field(description="Nothing that is queued is sent until it is resumed.")]
    repeats: int
    preset: Annotated[str | None, Field(description="What made its columns; null where they were given one by one.")]
    seed: Annotated[
        int | None,
        Field(description="The order in which its requests were sent was drawn with it; null: in that of the columns."),
    ]
    checks: Annotated[
        list[dict[str, Any]] | None,
        Field(description="What is checked of each output, as it was written. null: it is damaged."),
    ]
    prompt: NotRequired[
        Annotated[TakenPromptAnswer, Field(description="The saved prompt that was run, where one was.")]
    ]
    variants: list[VariantAnswer]
    exchanges: Annotated[list[ExchangeAnswer], Field(description="By repeat, case and variant; then further ones.")]
    verdict: Annotated[
        VerdictAnswer | None,
        Field(
            description="What it amounts to; null until it is finished, and while it is worked out: Retry-After then says "
            "after how many seconds to ask again."
        ),
    ]
    damaged: NotRequired[DamagedFields]


class RequestAnswer(TypedDict):
    method: str
    url: str
    headers: Annotated[
        list[Header] | None,
        Field(description="In wire order; the key stands as a reference. null: they are damaged."),
    ]
    body: Annotated[Any, Field(description="The JSON sent, numbers as spelled; a string where it was not JSON.")]
    body_base64: NotRequired[Annotated[str, Field(description="The bytes sent, where they are not UTF-8.")]]


class ResponseAnswer(TypedDict):
    status: int | None
    headers: Annotated[list[Header] | None, Field(description="null: they are damaged.")]
    body_text: Annotated[str, Field(description="As received; bytes that are not UTF-8 become U+FFFD.")]
    body_base64: NotRequired[Annotated[str, Field(description="The bytes as received, where they are not UTF-8.")]]


class EventAnswer(TypedDict):
    at_ms: Annotated[float, Field(description="From the last request byte, in milliseconds.")]
    type: str


class WholeExchangeAnswer(ExchangeAnswer):
    request: RequestAnswer
    response: ResponseAnswer
    message: Annotated[
        dict[str, Any] | None,
        Field(
            description="The message as the API would have returned it non-streamed; of other endpoints the JSON object answered."
        ),
    ]
    events: Annotated[list[EventAnswer] | None, Field(description="null: they are damaged.")]


class Wrong(TypedDict):
    type: str
    field: Annotated[str | None, Field(description="Where in the request, such as variants.1.betas.0.")]
    message: str


class ErrorAnswer(TypedDict):
    error: Wrong
