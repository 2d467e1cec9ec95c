"""From what was composed to the exact requests: pure, no database, no clock.

A plan is variants × cases × repeats. Each pair of variant and case is one `Asking`: the bytes, the header line and the
version that will be sent; repeats send the same bytes again.

What a column can change depends on where its requests go: every body of Messages, a JSON body of another endpoint, no
body at all where there is none (a GET) or where it is an upload.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from betaconsole.checks.checks import CheckError, read_checks
from betaconsole.claude import jsontext
from betaconsole.claude.endpoints import MAX_BODY_BYTES, Endpoint, EndpointError, check_endpoint
from betaconsole.claude.headers import (
    MAX_BETAS,
    HeaderError,
    check_beta,
    check_extra_header,
    check_version,
    join_betas,
)
from betaconsole.drafts.columns import MAX_CELLS, MAX_COLUMNS, MAX_REPEATS
from betaconsole.drafts.models import Engine
from betaconsole.library.stubs import MAX_TURNS, StubError, read_stubs
from betaconsole.library.variables import VARIABLE
from betaconsole.storage.fields import showable

from .separate_caches import with_nonce

MAX_PLAN_BYTES = 512 * 1024 * 1024  # all different bodies of one plan together
MESSAGES = Endpoint.MESSAGES
WITH_PROMPTS = ("/v1/messages", "/v1/messages/count_tokens")  # a body there has a model and may have a system text
JSON = "application/json"
BETAS_IN_BODY = ("betas", "anthropic_beta")


class PlanError(ValueError):
    """A plan that cannot be sent: `field` names the place (`variants.1.betas`), `message` says what is wrong."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(f"{field}: {message}")
        self.field = field
        self.message = message


@dataclass(frozen=True)
class VariantPlan:
    """One column. `changes` is a merge patch (dict) or RFC 6902 operations (list); `own_body` replaces the prompt's."""

    label: str
    betas: tuple[str, ...]
    version: str
    model: str = ""
    changes: Any = None
    own_body: Any = None
    baseline: str | None = None  # label of the column it is compared with
    headers: tuple[tuple[str, str], ...] = ()  # further request headers: claude.headers.EXTRA_HEADERS
    role: str = ""  # runs.models.ColumnRole; empty: no control
    cache_nonce: str = ""  # separate_caches: stands at the start of the system text
    combination: int | None = None  # key of the library.CombinationVersion that the column took


@dataclass(frozen=True)
class CasePlan:
    """One assignment of `{{variables}}`, or a whole body of its own."""

    name: str = ""
    variables: Mapping[str, Any] = field(default_factory=dict)
    body: Any = None


@dataclass(frozen=True)
class Plan:
    """What one press of Run sends. `body` is a jsontext document: its numbers keep their spelling.

    `body` is None where nothing is sent (a GET), where `raw_body` is sent, or where every case has a body of its own.
    """

    body: Any
    variants: Sequence[VariantPlan]
    version: str
    title: str = ""
    cases: Sequence[CasePlan] = (CasePlan(),)
    repeats: int = 1
    stream: bool | None = None  # None: as the body says
    endpoint: Endpoint = MESSAGES
    raw_body: bytes | None = None  # sent as it is in place of `body` (an upload), with `content_type`
    content_type: str = JSON  # of `raw_body`
    tool_stubs: Sequence[Mapping[str, Any]] = ()  # library.stubs, in their written form
    max_turns: int | None = None  # None: library.stubs.turns_allowed decides
    engine: str = "live"  # drafts.models.Engine
    is_trace: bool = False  # the cases are turns of a recorded conversation: sent in order, all columns in step
    separate_caches: bool = False
    seed: int | None = None  # the order of the requests is drawn with it
    preset: str = ""  # what filled the matrix
    checks: Sequence[Mapping[str, Any]] = ()  # what is checked of each output, in the written form
    is_errand: bool = False

    @property
    def has_prompt(self) -> bool:
        """Whether what is sent has a model and a system text: a message, or the tokens of one counted."""
        return self.endpoint.method == "POST" and self.endpoint.path in WITH_PROMPTS


@dataclass(frozen=True)
class Asking:
    """What one variant sends for one case. Without a content type no body is sent."""

    variant: int
    case: int
    body: bytes
    content_type: str
    headers: tuple[tuple[str, str], ...]
    betas: tuple[str, ...]
    header: str
    version: str
    model: str
    stream: bool


def askings(plan: Plan) -> list[Asking]:
    """Every request of the plan, case by case and in the order of the columns; equal bodies are one object.

    Raises `PlanError`.
    """
    check_shape(plan)
    check_way(plan)
    asked: list[Asking] = []
    bodies: dict[bytes, bytes] = {}
    size = 0
    for case_index in range(len(plan.cases)):
        for variant_index in range(len(plan.variants)):
            one = asking(plan, variant_index, case_index)
            if one.body not in bodies:
                size += len(one.body)
                _check_plan_size(plan, one.body, size)
            asked.append(replace(one, body=bodies.setdefault(one.body, one.body)))
    return asked


def _check_plan_size(plan: Plan, body: bytes, size: int) -> None:
    if size > MAX_PLAN_BYTES:
        raise PlanError(
            "body",
            f"The different bodies of this comparison ({len(plan.variants)} columns, {len(plan.cases):,} cases, a body of "
            f"{len(body):,} bytes among them) have more than {MAX_PLAN_BYTES:,} bytes (512 MB) together: take fewer cases or "
            "columns.",
        )


def check_shape(plan: Plan) -> None:
    """Counts and labels, before any body is made."""
    if not plan.variants:
        raise PlanError("variants", "A comparison needs at least one column.")
    if len(plan.variants) > MAX_COLUMNS:
        raise PlanError("variants", f"{len(plan.variants)} columns; at most {MAX_COLUMNS} are possible.")
    if not plan.cases:
        raise PlanError("cases", "Leave cases out, or give at least one.")
    if not 1 <= plan.repeats <= MAX_REPEATS:
        raise PlanError("repeats", f"{plan.repeats} repeats; choose 1 to {MAX_REPEATS}.")
    cells = len(plan.variants) * len(plan.cases) * plan.repeats
    if cells > MAX_CELLS:
        raise PlanError("repeats", f"{cells:,} requests; one comparison holds at most {MAX_CELLS:,}.")
    labels = [variant.label for variant in plan.variants]
    for index, variant in enumerate(plan.variants):
        if not variant.label or len(variant.label) > 200:
            raise PlanError(f"variants.{index}.label", "A column's name has 1 to 200 characters.")
        if showable(variant.label) != variant.label:
            raise PlanError(f"variants.{index}.label", "A column's name cannot hold NUL or half a character.")
        if labels.index(variant.label) != index:
            raise PlanError(f"variants.{index}.label", f"Two columns are called {variant.label!r}.")
        if variant.baseline is not None and variant.baseline not in labels:
            raise PlanError(f"variants.{index}.baseline", f"No column is called {variant.baseline!r}.")


def check_way(plan: Plan) -> None:
    """Where it goes and how, and whether all that the plan asks for can be had there."""
    try:
        check_endpoint(plan.endpoint.method, plan.endpoint.path, plan.endpoint.query)
    except EndpointError as error:
        raise PlanError("endpoint", str(error)) from error
    _check_turns(plan)
    try:
        read_checks(list(plan.checks))
    except CheckError as error:
        raise PlanError(error.place, error.message) from error
    if plan.engine not in Engine.values:
        raise PlanError("engine", f"The engine is one of {', '.join(Engine.values)}.")
    if plan.engine == Engine.BATCH:
        _check_batch(plan)
    if plan.separate_caches and not plan.has_prompt:
        raise PlanError("separate_caches", f"{plan.endpoint} has no system text that could keep caches apart.")
    if plan.stream is not None and not plan.endpoint.is_messages:
        raise PlanError("stream", f"Only messages are streamed: leave it out for {plan.endpoint}.")
    if plan.raw_body is not None and not plan.endpoint.has_body:
        raise PlanError("body", f"A {plan.endpoint.method} request has no body: leave it out.")
    if plan.is_trace and (plan.tool_stubs or plan.max_turns not in (None, 1)):
        raise PlanError("tool_stubs", "A recorded conversation has its turns already: leave stubs and max_turns out.")
    if plan.is_trace and (missing := [index for index, case in enumerate(plan.cases) if case.body is None]):
        raise PlanError(f"cases.{missing[0]}.body", "A turn of a recorded conversation is a whole body.")


def _check_turns(plan: Plan) -> None:
    try:
        read_stubs(list(plan.tool_stubs))
    except StubError as error:
        raise PlanError(error.place, error.message) from error
    if plan.max_turns is not None and not 1 <= plan.max_turns <= MAX_TURNS:
        raise PlanError("max_turns", f"{plan.max_turns} turns; choose 1 to {MAX_TURNS}.")
    if plan.endpoint.is_messages:
        return
    if plan.tool_stubs:
        raise PlanError("tool_stubs", f"Only messages call tools: leave tool stubs out for {plan.endpoint}.")
    if plan.max_turns not in (None, 1):
        raise PlanError("max_turns", f"Only messages have turns: leave it out for {plan.endpoint}.")


def _check_batch(plan: Plan) -> None:
    """What a Message Batch cannot do: it answers each request once, in any order, within a day."""
    if not plan.endpoint.is_messages:
        raise PlanError("engine", f"A batch holds messages: send {plan.endpoint} live.")
    if plan.tool_stubs or plan.max_turns not in (None, 1):
        raise PlanError("engine", "A batch answers each request once: send tool stubs and turns live.")
    if plan.is_trace:
        raise PlanError("engine", "A batch keeps no order: send a recorded conversation live.")


def asking(plan: Plan, variant_index: int, case_index: int) -> Asking:
    """What one variant sends for one case. Raises `PlanError` naming the place."""
    variant, case = plan.variants[variant_index], plan.cases[case_index]
    place, case_place = f"variants.{variant_index}", f"cases.{case_index}"
    check_column(variant, place)
    body = None
    if _is_changeable(plan):
        body = body_of(plan, variant, case, place=place, case_place=case_place)
    else:
        _check_unchanged(plan, variant, case, place=place, case_place=case_place)
    data = (plan.raw_body or b"") if body is None else jsontext.dumps(body).encode()
    if len(data) > MAX_BODY_BYTES:
        raise PlanError(
            "body", f"The request body has {len(data):,} bytes; the API takes at most {MAX_BODY_BYTES:,} (32 MB)."
        )
    fields = body or {}
    model = fields.get("model")
    return Asking(
        variant=variant_index,
        case=case_index,
        body=data,
        content_type=content_type_of(plan, body),
        headers=tuple(variant.headers),
        betas=tuple(variant.betas),
        header=join_betas(variant.betas),
        version=variant.version,
        model=showable(model)[:200] if isinstance(model, str) else "",
        stream=fields.get("stream") is True,
    )


def check_column(variant: VariantPlan, place: str) -> None:
    """Refuses header lines that cannot be sent."""
    check_betas(variant.betas, f"{place}.betas")
    check_headers(variant.headers, f"{place}.headers")
    try:
        check_version(variant.version)
    except HeaderError as error:
        raise PlanError(f"{place}.anthropic_version", str(error)) from error


def content_type_of(plan: Plan, body: Any) -> str:
    """The content type of what is sent where `body` is the JSON; empty where nothing is."""
    if body is not None:
        return JSON
    return "" if plan.raw_body is None else plan.content_type


def _is_changeable(plan: Plan) -> bool:
    """Whether a JSON body is sent, which columns and cases may change."""
    if plan.raw_body is not None or not plan.endpoint.has_body:
        return False
    own = [case.body for case in plan.cases] + [variant.own_body for variant in plan.variants]
    return plan.has_prompt or any(body is not None for body in (plan.body, *own))


def _check_unchanged(plan: Plan, variant: VariantPlan, case: CasePlan, *, place: str, case_place: str) -> None:
    """Refuses whatever would change a body that is none, or an upload."""
    is_upload = plan.raw_body is not None
    if plan.body is not None:
        no_body = f"A {plan.endpoint.method} request has no body: leave it out."
        raise PlanError("body", "A body or an upload is sent, not both." if is_upload else no_body)
    what = f"{plan.endpoint} is sent an upload" if is_upload else f"{plan.endpoint} is sent no body"
    said = f"{what}: columns can differ in betas, version and extra headers only."
    for name, change in (("patch", variant.changes), ("body", variant.own_body), ("model", variant.model or None)):
        if change is not None:
            raise PlanError(f"{place}.{name}", said)
    if case.body is not None or case.variables:
        raise PlanError(case_place, f"{what}: there is nothing that a case could change.")


def check_betas(betas: Sequence[str], place: str) -> None:
    """Refuses a name that cannot stand in the header, a name twice, and too many."""
    if len(betas) > MAX_BETAS:
        raise PlanError(place, f"{len(betas)} betas; at most {MAX_BETAS} are possible.")
    for index, name in enumerate(betas):
        try:
            check_beta(name)
        except HeaderError as error:
            raise PlanError(f"{place}.{index}", str(error)) from error
        if name in betas[:index]:
            raise PlanError(f"{place}.{index}", f"{name} stands twice in this column.")


def check_headers(headers: Sequence[tuple[str, str]], place: str) -> None:
    """Refuses an extra header that is not one of those that may be added, and one twice."""
    names = [name for name, _ in headers]
    for index, (name, value) in enumerate(headers):
        try:
            check_extra_header(name, value)
        except HeaderError as error:
            raise PlanError(f"{place}.{showable(name)[:80]}", str(error)) from error
        if name in names[:index]:
            raise PlanError(f"{place}.{name}", f"{name} stands twice in this column.")


def body_of(plan: Plan, variant: VariantPlan, case: CasePlan, *, place: str, case_place: str) -> dict[str, Any]:
    """The body of one request: the case's or the prompt's, or the column's own.

    Then stream, changes, model, variables, and what keeps its cache apart.
    """
    where, body = "body", plan.body
    if case.body is not None:
        where, body = f"{case_place}.body", case.body
    if variant.own_body is not None:
        where, body = f"{place}.body", variant.own_body
    checked_body(body, where)
    if plan.stream is not None and (plan.stream or "stream" in body):
        body = {**body, "stream": plan.stream}
    if variant.changes is not None:
        try:
            body = jsontext.apply_changes(body, variant.changes)
        except jsontext.PatchError as error:
            raise PlanError(f"{place}.patch", str(error)) from error
        checked_body(body, f"{place}.patch")
    if variant.model:
        if not plan.has_prompt and "model" not in body:
            raise PlanError(f"{place}.model", f"This body for {plan.endpoint} has no model that a column could change.")
        body = {**body, "model": variant.model}
    if plan.engine == Engine.BATCH:
        body = {name: value for name, value in body.items() if name != "stream"}
    if case.variables:
        body = fill_in(body, case.variables)
    return with_nonce(body, variant.cache_nonce) if variant.cache_nonce else body


def checked_body(body: Any, place: str) -> None:
    """Refuses what cannot be a JSON body of the API: not an object, or betas inside it."""
    if not isinstance(body, dict):
        raise PlanError(place, "A request body is a JSON object.")
    for name in BETAS_IN_BODY:
        if name in body:
            raise PlanError(
                f"{place}.{name}",
                f"`{name}` is not part of the body: betas go in the anthropic-beta header, per column. (SDKs take them as "
                "an argument, cloud platforms in the body; here they are columns.)",
            )


def fill_in(value: Any, variables: Mapping[str, Any]) -> Any:
    """The value with `{{name}}` in its strings replaced where `variables` has the name, and left alone where not."""
    if isinstance(value, str):
        return VARIABLE.sub(lambda found: _written(variables[found[1]]) if found[1] in variables else found[0], value)
    if isinstance(value, list):
        return [fill_in(item, variables) for item in value]
    if isinstance(value, dict):
        return {key: fill_in(item, variables) for key, item in value.items()}
    return value


def _written(value: Any) -> str:
    return value if isinstance(value, str) else jsontext.dumps(value)


def without(variant: VariantPlan, refused: Sequence[str], *, label: str) -> VariantPlan:
    """The same column without the betas that were refused."""
    return replace(variant, label=label, betas=tuple(beta for beta in variant.betas if beta not in refused))
