"""What the API answers of comparisons and exchanges."""

import base64
import json
from collections.abc import Mapping, Sequence
from typing import Any, Literal, NotRequired
from urllib.parse import urlsplit

from django.db.models import BigIntegerField, Case, F, QuerySet, When
from django.http import HttpRequest
from typing_extensions import TypedDict

from betaconsole.catalogue.outcomes import Outcome
from betaconsole.claude import jsontext
from betaconsole.library.models import PromptVersion
from betaconsole.library.stubs import ToolStub, read_stubs
from betaconsole.runs.models import Comparison, Exchange, Variant, Wait
from betaconsole.runs.pages import wording
from betaconsole.runs.pages.over_repeats import over_repeats
from betaconsole.runs.sending.judging import outcomes_of
from betaconsole.runs.sending.turns import unanswered
from betaconsole.runs.sending.waiting import state_of
from betaconsole.storage.fields import Damaged, readable

from .damage import damage
from .shapes import (
    Added,
    ComparisonAnswer,
    Created,
    EndpointAnswer,
    ExchangeAnswer,
    Failure,
    OverRepeatsAnswer,
    Paused,
    TakenPromptAnswer,
    VariantAnswer,
    WaitingCall,
    WholeExchangeAnswer,
)
from .verdicts import verdict_of

# Kept out of a comparison's answer: only an exchange's own answer shows them, and they are what is large.
HEAVY = ("request_headers", "response_headers", "timeline", "message")
# First requests by repeat, case and variant, in whatever order they were sent; then further turns and attempts as they came.
IS_FURTHER = Case(When(turn=1, attempt=1, then=0), default=F("pk"), output_field=BigIntegerField())
# Where an exchange's answer has what a column holds that may be damaged.
FIELDS = {
    "usage": "usage",
    "error_message": "error.message",
    "text": "text",
    "request_headers": "request.headers",
    "response_headers": "response.headers",
    "message": "message",
    "timeline": "events",
}
Waits = Mapping[int, list[WaitingCall] | None]
PLACE = (IS_FURTHER, "repeat", "case__position", "variant__position")


def created(comparison: Comparison, request: HttpRequest) -> Created:
    return {
        "id": comparison.public_id,
        "url": request.build_absolute_uri(comparison.get_absolute_url()),
        "exchanges": list(comparison.exchanges.order_by(*PLACE).values_list("public_id", flat=True)),
    }


def paused(comparison: Comparison) -> Paused:
    """How it stands after it was paused or resumed."""
    comparison.refresh_from_db(fields=["finished_at", "paused_at"])
    is_paused = comparison.paused_at is not None
    return {"id": comparison.public_id, "state": state_of(comparison), "paused": is_paused}


def added(comparison: Comparison, exchanges: Sequence[Exchange]) -> Added:
    ids = [exchange.public_id for exchange in exchanges]
    return {"id": comparison.public_id, "repeats": comparison.repeats, "exchanges": ids}


def whole_comparison(comparison: Comparison) -> ComparisonAnswer:
    """The comparison with all its exchanges, in a number of queries that does not depend on how many there are."""
    variants = {variant.pk: variant for variant in _variants(comparison)}
    cases = _case_names(comparison)
    exchanges = list(comparison.exchanges.defer(*HEAVY).annotate(kept_bytes=F("response_body__size")).order_by(*PLACE))
    found = outcomes_of(exchanges)
    base_url, waits = comparison.connection.base_url, _waits(comparison)
    return {
        "id": comparison.public_id,
        "title": comparison.title,
        "state": state_of(comparison),
        "paused": comparison.paused_at is not None,
        "repeats": comparison.repeats,
        "preset": comparison.preset or None,
        "seed": comparison.seed,
        "checks": readable(comparison.checks),
        **damage(comparison, {"checks": "checks"}),
        **_prompt(comparison),
        "variants": [
            _variant(variant, variants, _over_repeats(variant, exchanges, found, cases))
            for variant in variants.values()
        ],
        "exchanges": [
            _exchange(
                exchange,
                variant=variants[exchange.variant_id].label,
                case=cases[exchange.case_id],
                base_url=base_url,
                kept_bytes=exchange.kept_bytes,
                waits=waits,
                outcomes=found.get(exchange.pk, ()),
            )
            for exchange in exchanges
        ],
        "verdict": verdict_of(comparison, {one.position: one.label for one in variants.values()}),
    }


class _Prompt(TypedDict):
    prompt: NotRequired[TakenPromptAnswer]


def _prompt(comparison: Comparison) -> _Prompt:
    """The version of a saved prompt that it began with; its body is not read for it."""
    if comparison.prompt_version_id is None:
        return {}
    version = PromptVersion.objects.select_related("prompt").only("number", "prompt__public_id")
    taken = version.get(pk=comparison.prompt_version_id)
    return {"prompt": {"id": taken.prompt.public_id, "version": taken.number, "changed": comparison.prompt_changed}}


def _variants(comparison: Comparison) -> QuerySet[Variant]:
    """The columns without what is heavy, with what they took from the library."""
    light = comparison.variants.defer("own_body", "changes", "combination_version__patch")
    return light.select_related("combination_version__combination")


def whole_exchange(exchange: Exchange) -> WholeExchangeAnswer:
    """The exchange with what was sent and what has been received by now."""
    case = _case_names(exchange.comparison)[exchange.case_id]
    body, timeline = _received(exchange)
    message = readable(exchange.message)
    sent = bytes(exchange.request_body.data) if exchange.request_body else b""
    return {
        **_exchange(
            exchange,
            variant=exchange.variant.label,
            case=case,
            base_url=exchange.comparison.connection.base_url,
            kept_bytes=len(body),
            waits=_waits(exchange.comparison, exchange),
            outcomes=outcomes_of([exchange]).get(exchange.pk, ()),
        ),
        "request": {
            "method": exchange.method,
            "url": exchange.url,
            "headers": readable(exchange.request_headers),
            "body": _as_sent(sent),
            **_base64(sent),
        },
        "response": {
            "status": exchange.status,
            "headers": [] if exchange.response_headers is None else readable(exchange.response_headers),
            "body_text": body.decode("utf-8", "replace"),
            **_base64(body),
        },
        "message": json.loads(message) if message else None,
        "events": None if timeline is None else [{"at_ms": at_ms, "type": kind} for at_ms, _, kind in timeline],
    }


def _over_repeats(
    variant: Variant,
    exchanges: Sequence[Exchange],
    outcomes: Mapping[int, Sequence[Outcome]],
    cases: Mapping[int, str | int | None],
) -> list[OverRepeatsAnswer]:
    """What the repeats of each case of a variant agree on."""
    by_case: dict[int, list[Exchange]] = {case: [] for case in cases}
    for exchange in exchanges:
        if exchange.variant_id == variant.pk:
            by_case[exchange.case_id].append(exchange)
    return [
        {
            "beta": one.beta,
            "case": cases[case],
            "outcome": one.outcome.value,
            "repeats": one.agreeing,
            "of": one.of,
            "differing": [
                {"exchange": public_id, "outcome": verdict.value if verdict else None}
                for public_id, verdict in one.differing.items()
            ],
        }
        for case, found in by_case.items()
        for one in over_repeats(found, outcomes)
    ]


def _variant(variant: Variant, variants: Mapping[int, Variant], agreed: list[OverRepeatsAnswer]) -> VariantAnswer:
    answer: VariantAnswer = {
        "label": variant.label,
        "betas": variant.betas,
        "header": variant.header,
        "anthropic_version": variant.anthropic_version,
        "baseline": variants[variant.baseline_id].label if variant.baseline_id else None,
        "role": _role(variant),
    }
    if variant.headers:
        answer["headers"] = dict(variant.headers)
    if taken := variant.combination_version:
        answer["combination"] = {"id": taken.combination.public_id, "version": taken.number}
    if agreed:
        answer["over_repeats"] = agreed
    return answer


def _role(variant: Variant) -> Literal["made_up", "twin"] | None:
    match variant.role:
        case "made_up" | "twin" as role:
            return role
    return None


def _case_names(comparison: Comparison) -> dict[int, str | int | None]:
    """What each case is called, by its key."""
    cases = list(comparison.cases.all())
    if len(cases) == 1 and not (cases[0].name or cases[0].variables or cases[0].body_id):
        return {cases[0].pk: None}  # a comparison without cases has one, empty
    return {case.pk: case.name or case.position + 1 for case in cases}


def _waits(comparison: Comparison, *exchanges: Exchange) -> Waits:
    """What each waiting exchange of a comparison needs, by its key, None where its calls are damaged; only of these
    exchanges where some are given."""
    stubs = read_stubs(comparison.tool_stubs)
    waits = Wait.objects.filter(comparison=comparison).select_related("exchange").only("reason", "exchange__message")
    if exchanges:
        waits = waits.filter(exchange__in=exchanges)
    return {
        wait.exchange_id: [] if wait.reason == Wait.Reason.RESTART else _calls(wait.exchange, stubs) for wait in waits
    }


def _calls(exchange: Exchange, stubs: Sequence[ToolStub]) -> list[WaitingCall] | None:
    if isinstance(exchange.message, Damaged):
        return None
    calls = unanswered(json.loads(exchange.message or b"null"), stubs)
    return [{"tool_use_id": call.id, "name": call.name, "input": call.input} for call in calls]


def _exchange(
    exchange: Exchange,
    *,
    variant: str,
    case: str | int | None,
    base_url: str,
    kept_bytes: int | None,
    waits: Waits,
    outcomes: Sequence[Outcome],
) -> ExchangeAnswer:
    return {
        "id": exchange.public_id,
        "endpoint": _endpoint(exchange, base_url),
        "variant": variant,
        "case": case,
        "repeat": exchange.repeat,
        "attempt": exchange.attempt,
        "turn": exchange.turn,
        "state": exchange.state,
        "waiting_for": waits.get(exchange.pk),
        "status": exchange.status,
        "error": _failure(exchange, kept_bytes),
        "request_id": exchange.request_id or None,
        "stop_reason": exchange.stop_reason or None,
        "usage": readable(exchange.usage),
        "cost_usd": None if exchange.cost_usd is None else float(exchange.cost_usd),
        "connect_ms": exchange.connect_ms,
        "queue_ms": exchange.queue_ms,
        "first_byte_ms": exchange.first_byte_ms,
        "first_text_ms": exchange.first_text_ms,
        "total_ms": exchange.total_ms,
        "text": readable(exchange.text),
        "outcomes": [{"beta": one.beta, "outcome": one.outcome.value, "evidence": one.evidence} for one in outcomes],
        **damage(exchange, FIELDS, *(["waiting_for"] if waits.get(exchange.pk, []) is None else [])),
    }


def _failure(exchange: Exchange, kept_bytes: int | None) -> Failure | None:
    kind = exchange.error_type or exchange.failure_kind
    message = readable(exchange.error_message)
    if message == "":
        message = wording.note(exchange, kept_bytes=kept_bytes)
    return {"type": kind, "message": message} if kind else None


def _endpoint(exchange: Exchange, base_url: str) -> EndpointAnswer:
    """Where it was sent, below the address of its connection."""
    url = urlsplit(exchange.url)
    path = url.path.removeprefix(urlsplit(base_url).path.rstrip("/"))
    asked: EndpointAnswer = {"method": exchange.method, "path": path}
    return {**asked, "query": url.query} if url.query else asked


class _Base64(TypedDict):
    body_base64: NotRequired[str]


def _base64(data: bytes) -> _Base64:
    """The bytes, where text cannot carry them."""
    try:
        data.decode()
    except UnicodeDecodeError:
        return {"body_base64": base64.b64encode(data).decode()}
    return {}


def _as_sent(data: bytes) -> Any:
    try:
        return jsontext.loads(data.decode())
    except (UnicodeDecodeError, jsontext.JsonError):
        return data.decode("utf-8", "replace")


def _received(exchange: Exchange) -> tuple[bytes, list[tuple[float, int, str]] | None]:
    """The response's bytes and timeline, None for a damaged one; of one that streams, as far as they are stored."""
    if exchange.response_body:
        is_damaged = isinstance(exchange.timeline, Damaged)
        return exchange.response_body.data, None if is_damaged else json.loads(exchange.timeline or b"[]")
    segments = list(exchange.segments.all())
    return b"".join(segment.data for segment in segments), [entry for segment in segments for entry in segment.timeline]
