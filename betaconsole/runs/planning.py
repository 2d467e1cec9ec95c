"""From what was composed to the exact requests: pure, no database, no clock.

A plan is variants × cases × repeats. Each pair of variant and case is one `Asking`: the bytes, the header line and the
version that will be sent; repeats send the same bytes again.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from betaconsole.claude import jsontext
from betaconsole.claude.endpoints import Endpoint
from betaconsole.claude.headers import MAX_BETAS, HeaderError, check_beta, check_version, join_betas
from betaconsole.storage.fields import showable

MAX_VARIANTS = 32
MAX_REPEATS = 100
MAX_CELLS = 2_000
MAX_BODY_BYTES = 32 * 1024 * 1024
VARIABLE = re.compile(r"\{\{\s*([A-Za-z_][\w.-]*)\s*\}\}")
MESSAGES = Endpoint()
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
    cache_nonce: str = ""  # stands at the start of the system text, so that columns share no prompt cache


@dataclass(frozen=True)
class CasePlan:
    """One assignment of `{{variables}}`, or a whole body of its own."""

    name: str = ""
    variables: Mapping[str, Any] = field(default_factory=dict)
    body: Any = None


@dataclass(frozen=True)
class Plan:
    """What one press of Run sends. `body` is a jsontext document: its numbers keep their spelling."""

    body: Any
    variants: Sequence[VariantPlan]
    version: str
    title: str = ""
    cases: Sequence[CasePlan] = (CasePlan(),)
    repeats: int = 1
    stream: bool | None = None  # None: as the body says
    endpoint: Endpoint = MESSAGES
    raw_body: bytes | None = None  # sent as it is in place of `body` (an upload), with `content_type`
    content_type: str = "application/json"  # empty where nothing is sent
    tool_stubs: Sequence[Mapping[str, Any]] = ()  # library.stubs, in their written form
    max_turns: int | None = None  # None: library.stubs.turns_allowed decides
    engine: str = "live"  # drafts.models.Engine
    is_trace: bool = False  # the cases are turns of a recorded conversation: sent in order, all columns in step
    separate_caches: bool = False
    is_errand: bool = False


@dataclass(frozen=True)
class Asking:
    """What one variant sends for one case."""

    variant: int
    case: int
    body: bytes
    betas: tuple[str, ...]
    header: str
    version: str
    model: str
    stream: bool


def askings(plan: Plan) -> list[Asking]:
    """Every request of the plan, case by case and in the order of the columns. Raises `PlanError`."""
    check_shape(plan)
    return [
        asking(plan, variant_index, case_index)
        for case_index in range(len(plan.cases))
        for variant_index in range(len(plan.variants))
    ]


def check_shape(plan: Plan) -> None:
    """Counts and labels, before any body is made."""
    if not plan.variants:
        raise PlanError("variants", "A comparison needs at least one column.")
    if len(plan.variants) > MAX_VARIANTS:
        raise PlanError("variants", f"{len(plan.variants)} columns; at most {MAX_VARIANTS} are possible.")
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


def asking(plan: Plan, variant_index: int, case_index: int) -> Asking:
    """What one variant sends for one case. Raises `PlanError` naming the place."""
    variant, case = plan.variants[variant_index], plan.cases[case_index]
    place = f"variants.{variant_index}"
    check_betas(variant.betas, f"{place}.betas")
    header = join_betas(variant.betas)
    try:
        check_version(variant.version)
    except HeaderError as error:
        raise PlanError(f"{place}.anthropic_version", str(error)) from error
    body = body_of(plan, variant, case, place=place, case_place=f"cases.{case_index}")
    text = jsontext.dumps(body).encode()
    if len(text) > MAX_BODY_BYTES:
        raise PlanError(
            "body", f"The request body has {len(text):,} bytes; the API takes at most {MAX_BODY_BYTES:,} (32 MB)."
        )
    model = body.get("model")
    return Asking(
        variant=variant_index,
        case=case_index,
        body=text,
        betas=tuple(variant.betas),
        header=header,
        version=variant.version,
        model=showable(model)[:200] if isinstance(model, str) else "",
        stream=body.get("stream") is True,
    )


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


def body_of(plan: Plan, variant: VariantPlan, case: CasePlan, *, place: str, case_place: str) -> dict[str, Any]:
    """The body of one request: the case's or the prompt's, or the column's own; then stream, changes, model, variables."""
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
        body = {**body, "model": variant.model}
    return fill_in(body, case.variables) if case.variables else body


def checked_body(body: Any, place: str) -> None:
    """Refuses what cannot be a Messages body: not an object, or betas inside it."""
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
