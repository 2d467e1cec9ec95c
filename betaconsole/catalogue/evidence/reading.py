"""From what was on the wire to the facts that outcomes rest on. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Any

from betaconsole.claude import payload
from betaconsole.claude.api_errors import ApiError

from .facts import Facts

# Inside a JSON string every quotation mark is escaped: what a model writes cannot look like these.
_EVENT = re.compile(rb"^event:[ ]?([\w-]{1,60})", re.MULTILINE)
_DELTA = re.compile(rb'"type"\s{0,4}:\s{0,4}"([a-z_]{1,60}_delta)"')
_ESTIMATE = re.compile(rb'"estimated_tokens"\s{0,4}:\s{0,4}\d')
_PIECE = re.compile(rb'"partial_json"\s{0,4}:\s{0,4}"')


def facts_of(
    *,
    betas: Sequence[str],
    method: str,
    path: str,
    sent: bytes,
    status: int | None,
    is_whole: bool,
    error: ApiError | None,
    answer: Any,
    headers: Sequence[Sequence[str]] = (),
    received: bytes = b"",
    moments: tuple[tuple[float, ...], ...] = (),
    in_batch: bool = False,
) -> Facts:
    """The facts of an exchange that has ended, as `Facts` describes them. `sent` and `received` are the bodies' bytes."""
    events = frozenset(each.decode() for each in _EVENT.findall(received)) if _is_stream(headers) else frozenset()
    return Facts(
        betas=tuple(betas),
        method=method,
        path=path,
        body=json_of(sent),
        status=status,
        is_whole=is_whole,
        error=error,
        answer=answer,
        events=events,
        deltas=_deltas(received) - events if events else frozenset(),
        input_moments=moments,
        headers=tuple((name, value) for name, value in headers),
        in_batch=in_batch,
    )


def json_of(data: bytes) -> Any:
    """The value of a JSON body; None for one that is none, or too odd to be read."""
    try:
        return payload.parse(data.decode()) if data else None
    except (UnicodeDecodeError, payload.PayloadError):
        return None


def input_moments(received: bytes, timeline: Iterable[Sequence[Any]]) -> tuple[tuple[float, ...], ...]:
    """For each tool call of a stream when the pieces of its input came. `timeline`: (at_ms, end offset, event type)."""
    calls: list[list[float]] = []
    start = 0
    for at_ms, end, kind in timeline:
        if kind == "content_block_start":
            calls.append([])
        elif kind == "content_block_delta" and calls and _PIECE.search(received, start, end):
            calls[-1].append(float(at_ms))
        start = end
    return tuple(tuple(moments) for moments in calls if moments)


def _is_stream(headers: Sequence[Sequence[str]]) -> bool:
    return any(name.lower() == "content-type" and "event-stream" in value for name, value in headers)


def _deltas(received: bytes) -> frozenset[str]:
    found = {kind.decode() for kind in _DELTA.findall(received)}
    if _ESTIMATE.search(received):
        found.add("thinking_delta.estimated_tokens")
    return frozenset(found)
