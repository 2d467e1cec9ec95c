"""A stored exchange as the facts that outcomes rest on."""

import json
from typing import Any
from urllib.parse import urlsplit

from betaconsole.catalogue.evidence.reading import facts_of, input_moments
from betaconsole.catalogue.outcomes import Facts
from betaconsole.claude.api_errors import ApiError
from betaconsole.claude.headers import parse_betas
from betaconsole.runs.models import Exchange
from betaconsole.runs.states import State
from betaconsole.runs.stored import read_message

from .batch_lines import STATUS

API_ROOT = "/v1/"


def facts_of_exchange(exchange: Exchange, *, timed: bool) -> Facts:
    """The facts of a final exchange that was loaded with its bodies. `timed`: with when the pieces of tool input came."""
    received = bytes(exchange.response_body.data) if exchange.response_body else b""
    timeline = json.loads(exchange.timeline) if timed and exchange.timeline else []
    return facts_of(
        betas=sent_betas(exchange),
        method=exchange.method,
        path=_path(exchange.url),
        sent=bytes(exchange.request_body.data) if exchange.request_body else b"",
        status=_status(exchange),
        is_whole=exchange.state == State.SUCCEEDED,
        error=_error(exchange),
        answer=read_message(exchange.message),
        headers=exchange.response_headers or [],
        received=received,
        moments=input_moments(received, timeline) if timeline else (),
        in_batch=exchange.batch_id is not None,
    )


def sent_betas(exchange: Exchange) -> tuple[str, ...]:
    """The names on the exchange's own header line."""
    return betas_in(exchange.request_headers)


def betas_in(headers: list[list[str]]) -> tuple[str, ...]:
    """The names on the header line among these request headers."""
    return parse_betas(",".join(value for name, value in headers if name.lower() == "anthropic-beta"))


def _path(url: str) -> str:
    """The path below the API's root: what stands before it is the connection's own."""
    path = urlsplit(url).path
    start = path.find(API_ROOT)
    return path[start:] if start >= 0 else path


def _status(exchange: Exchange) -> int | None:
    """The status; of a line in a batch's results, which has none, what it would have been."""
    if exchange.batch_id is None:
        return exchange.status
    return 200 if exchange.state == State.SUCCEEDED else STATUS.get(exchange.error_type)


def _error(exchange: Exchange) -> ApiError | None:
    if exchange.state == State.SUCCEEDED:
        return None
    refused: Any = exchange.refused_betas
    return ApiError(
        status=exchange.status,
        type=exchange.error_type or None,
        message=exchange.error_message,
        code=exchange.error_code or None,
        refused_betas=tuple(refused) if isinstance(refused, list) else (),
    )
