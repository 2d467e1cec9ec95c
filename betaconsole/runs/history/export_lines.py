"""Comparisons whole, as lines: every request and response, bytes and moments included. What `importing` reads again.

Only what has finished is written: what still runs has no end to tell of.
"""

import base64
import json
from collections.abc import Iterator, Sequence
from datetime import datetime
from decimal import Decimal
from tempfile import SpooledTemporaryFile
from typing import Any

from betaconsole.runs.models import Body, Comparison, Exchange
from betaconsole.runs.states import FINAL
from betaconsole.storage.fields import DamagedValue

from .records import (
    BODY,
    COMPARISON,
    DERIVED,
    EXCHANGE,
    LEFT_OUT,
    MOMENTS,
    OF_COMPARISON,
    OF_EXCHANGE,
    OF_VARIANT,
    VERSION,
    with_damage,
)

AT_ONCE = 20  # exchanges whose bodies are held together
IN_MEMORY_BYTES = 8_000_000  # of a comparison's lines; more of them wait in a file
Value = dict[str, Any]


def comparison_lines(comparison: Comparison) -> Iterator[bytes]:
    """A finished comparison and everything in it; one line in its place where that cannot be read from end to end.

    Half a comparison is no use to anybody, and the ones after it must not be lost for it. So its lines wait for its last.
    """
    with SpooledTemporaryFile(IN_MEMORY_BYTES) as held:
        try:
            held.writelines(_lines(comparison))
        except DamagedValue as damage:
            yield _left_out(comparison, damage)
            return
        held.seek(0)
        yield from held


def _left_out(comparison: Comparison, damage: DamagedValue) -> bytes:
    about = {"id": comparison.public_id, "number": comparison.number, "title": comparison.title}
    return _line({"kind": LEFT_OUT, "version": VERSION, **about, "why": str(damage)})


def _lines(comparison: Comparison) -> Iterator[bytes]:
    written: set[str] = set()
    cases = list(comparison.cases.select_related("body"))
    own = [case.body for case in cases if case.body is not None]
    head = _comparison(comparison, cases)
    for body in (comparison.body, *own):
        yield from _body(body, written)
    yield _line(head)
    rows = comparison.exchanges.filter(state__in=FINAL).order_by("pk")
    keys = list(rows.values_list("pk", flat=True))
    for start in range(0, len(keys), AT_ONCE):
        some = Exchange.objects.filter(pk__in=keys[start : start + AT_ONCE]).order_by("pk")
        for exchange in some.select_related("variant", "case", "request_body", "response_body"):
            for sent in (exchange.request_body, exchange.response_body):
                yield from _body(sent, written)
            yield _line(exchange_record(exchange))


def exchange_record(exchange: Exchange) -> Value:
    """One exchange as its line has it: bodies by digest."""
    record = {
        "kind": EXCHANGE,
        "version": VERSION,
        "id": exchange.public_id,
        "column": exchange.variant.position,
        "case": exchange.case.position,
        **{name: getattr(exchange, name) for name in OF_EXCHANGE},
        **{name: _moment(getattr(exchange, name)) for name in MOMENTS},
        **{name: _plain(getattr(exchange, name)) for name in DERIVED},
        "added": exchange.added.decode() if exchange.added else None,
        "timeline": json.loads(exchange.timeline) if exchange.timeline else None,
        "request_body": exchange.request_body.sha256 if exchange.request_body else None,
        "response_body": exchange.response_body.sha256 if exchange.response_body else None,
    }
    return with_damage(record, exchange)


def whole_exchange(exchange: Exchange) -> Value:
    """One exchange by itself: its bodies stand in it, and what it belongs to is named."""
    comparison, variant = exchange.comparison, exchange.variant
    about = {"id": comparison.public_id, "number": comparison.number, "title": comparison.title}
    return {
        **exchange_record(exchange),
        "comparison": {**about, "simulated": comparison.simulated},
        "column": {"letter": variant.letter, "label": variant.label, "betas": variant.betas},
        "case": {"position": exchange.case.position, "name": exchange.case.name, "variables": exchange.case.variables},
        "request_body": _content(exchange.request_body),
        "response_body": _content(exchange.response_body),
    }


def _comparison(comparison: Comparison, cases: Sequence[Any]) -> Value:
    variants = list(comparison.variants.order_by("position"))
    places = {variant.pk: variant.position for variant in variants}
    record = {
        "kind": COMPARISON,
        "version": VERSION,
        "id": comparison.public_id,
        "number": comparison.number,
        "author": str(comparison.author or ""),
        "created_at": _moment(comparison.created_at),
        "finished_at": _moment(comparison.finished_at),
        **{name: getattr(comparison, name) for name in OF_COMPARISON},
        "tags": list(comparison.tags or ()),
        "body": comparison.body.sha256,
        "columns": [
            {**{name: getattr(variant, name) for name in OF_VARIANT}, "baseline": places.get(variant.baseline_id or 0)}
            for variant in variants
        ],
        "cases": [
            {"name": case.name, "variables": case.variables, "body": case.body.sha256 if case.body else None}
            for case in cases
        ],
    }
    return with_damage(record, comparison)


def _body(body: Body | None, written: set[str]) -> Iterator[bytes]:
    if body is not None and body.sha256 not in written:
        written.add(body.sha256)
        yield _line({"kind": BODY, "version": VERSION, "sha256": body.sha256, **_written(bytes(body.data))})


def _content(body: Body | None) -> Value | None:
    return None if body is None else {"sha256": body.sha256, "bytes": body.size, **_written(bytes(body.data))}


def _written(data: bytes) -> Value:
    try:
        text = data.decode()
    except UnicodeDecodeError:
        return {"base64": base64.b64encode(data).decode()}
    is_short = len(json.dumps(text)) <= len(data) * 4 // 3 + 100
    return {"text": text} if is_short else {"base64": base64.b64encode(data).decode()}


def _line(value: Value) -> bytes:
    return json.dumps(value).encode() + b"\n"


def _moment(value: datetime | None) -> str | None:
    return None if value is None else value.isoformat()


def _plain(value: Any) -> Any:
    return float(value) if isinstance(value, Decimal) else value
