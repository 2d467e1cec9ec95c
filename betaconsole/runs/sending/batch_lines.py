"""One line of a batch's results → what it says of its request. Pure."""

import json
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from betaconsole.claude import payload
from betaconsole.claude.errors import CallError, Cancelled, ProtocolError, Retry
from betaconsole.claude.reading import Reading, Result

# The status each type of error has where it answers a request of its own: a line names none, and it tells refusals apart.
STATUS = {
    "invalid_request_error": 400,
    "authentication_error": 401,
    "billing_error": 402,
    "permission_error": 403,
    "not_found_error": 404,
    "request_too_large": 413,
    "rate_limit_error": 429,
    "api_error": 500,
    "timeout_error": 504,
    "overloaded_error": 529,
}
JSON_HEADERS = (("content-type", "application/json"),)


class Expired(CallError):
    """The batch's day was over before the request ran."""

    kind = "expired"
    retry = Retry.SAFE
    default_message = "The batch expired before this request ran: nothing was billed."


class NoResult(CallError):
    """The batch ended without a line for the request."""

    kind = "no_result"
    retry = Retry.ASK
    default_message = "no result: the batch ended without a line for this request."


class Line(NamedTuple):
    """A line exactly as received, without its line end."""

    custom_id: str
    data: bytes


def lines_of(data: bytes) -> Iterator[Line]:
    """Every line that names a request; anything else is passed over."""
    start = 0
    while start < len(data):
        end = data.find(b"\n", start)
        end = len(data) if end < 0 else end
        if fields := _fields(data[start:end]):
            custom_id = fields.get("custom_id")
            if isinstance(custom_id, str):
                yield Line(custom_id, data[start:end])
        start = end + 1


def result_of(line: bytes) -> Result:
    """What the line says: the message, the error, or that the request never ran."""
    said = (_fields(line) or {}).get("result")
    said = said if isinstance(said, dict) else {}
    match said.get("type"):
        case "succeeded":
            return _read(200, said.get("message"))
        case "errored":
            return _errored(said.get("error"))
        case "canceled":
            return Reading(0, ()).finish(Cancelled("The batch was cancelled before this request ran."))
        case "expired":
            return Reading(0, ()).finish(Expired())
        case _:
            return Reading(0, ()).finish(
                ProtocolError("The batch ended this request in a way the console does not know.")
            )


def no_result() -> Result:
    """What a request comes to that the results do not name."""
    return Reading(0, ()).finish(NoResult())


def _errored(error: Any) -> Result:
    error = error if isinstance(error, dict) else {}
    envelope = error if isinstance(error.get("error"), dict) else {"type": "error", "error": error}
    kind = envelope["error"].get("type")
    return _read(STATUS.get(kind, 500) if isinstance(kind, str) else 500, envelope)


def _read(status: int, body: Any) -> Result:
    reading = Reading(status, JSON_HEADERS)
    reading.feed(json.dumps(body).encode())
    return reading.finish()


def _fields(line: bytes) -> Mapping[str, Any] | None:
    try:
        value = payload.parse(line.decode())
    except (UnicodeDecodeError, payload.PayloadError):
        return None
    return value if isinstance(value, dict) else None
