"""What an error answer says: the API's own envelope, the shapes of gateways, and the pages of an edge."""

import html
import json
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from typing import Any

MAX_MESSAGE_LENGTH = 20_000
MAX_READ_BYTES = 256 * 1024  # of an error's body; what comes after it says nothing more
_KEY = re.compile(r"sk-ant-[A-Za-z0-9_-]{4,}")
_UNEXPECTED = re.compile(r"Unexpected value\(s\) (?P<names>.*?) for the `anthropic-beta` header", re.DOTALL)
_UNSUPPORTED = re.compile(
    r"Unsupported beta header:(?P<names>\s*`?[^\s\"'`,]+`?(?:,\s*`?[^\s\"'`,]+`?)*)", re.IGNORECASE
)
_REQUEST_ID_HEADERS = ("request-id", "x-request-id", "x-amzn-requestid")


@dataclass(frozen=True)
class ApiError:
    """One error as the far end worded it. Fields it did not give are None or empty."""

    status: int | None
    type: str | None
    message: str
    code: str | None = None
    request_id: str | None = None
    refused_betas: tuple[str, ...] = ()
    retry_after_s: float | None = None
    details: Mapping[str, Any] = field(default_factory=dict)
    should_retry: bool | None = None


def parse_error(status: int | None, headers: Sequence[tuple[str, str]], body: bytes) -> ApiError:
    """Read an error answer, whatever its form; never raises.

    Understood: `{"type":"error","error":{…}}`, the same without the outer type, `{"message": …}` and its relatives from
    gateways, a list of one of these, HTML pages, plain text and nothing at all.
    """
    named = {name.lower(): value for name, value in headers}
    text = body[:MAX_READ_BYTES].decode("utf-8", "replace").strip()
    envelope = _envelope(text)
    inner = _inner(envelope)
    found = inner.get("details")
    details: dict[str, Any] = found if isinstance(found, dict) else {}
    message = _safe(
        _first_text(inner, "message", "Message", "detail", "error_message", "error") or _unstructured(status, text)
    )
    return ApiError(
        status=status,
        type=_first_text(inner, "type", "status", "__type"),
        message=message,
        code=_first_text(details, "error_code") or _first_text(inner, "error_code", "code"),
        request_id=_request_id(named, envelope),
        refused_betas=refused_betas(message),
        retry_after_s=_retry_after_s(named),
        details=details,
        should_retry={"true": True, "false": False}.get(named.get("x-should-retry", "").strip().lower()),
    )


def refused_betas(message: str) -> tuple[str, ...]:
    """The beta names an error message refuses, in its order, in either wording; empty where none is named."""
    if found := _UNEXPECTED.search(message[:MAX_MESSAGE_LENGTH]):
        names = re.findall(r"`([^`]*)`", found["names"])
    elif found := _UNSUPPORTED.search(message[:MAX_MESSAGE_LENGTH]):
        names = [name.strip(" `").rstrip(".") for name in found["names"].split(",")]
    else:
        return ()
    return tuple(dict.fromkeys(name.strip() for name in names if name.strip()))


def _envelope(text: str) -> dict[str, Any]:
    try:
        value = json.loads(text, parse_int=_integer, parse_constant=str)
    except (ValueError, RecursionError):
        return {}
    if isinstance(value, list) and value:
        value = value[0]
    return value if isinstance(value, dict) else {}


def _integer(digits: str) -> int | str:
    """Python refuses to read integers of thousands of digits; those stay text."""
    return int(digits) if len(digits) <= 1_000 else digits


def _inner(envelope: dict[str, Any]) -> dict[str, Any]:
    """The object that holds type and message: `error`, the first of `errors`, or the envelope itself."""
    candidates = envelope.get("errors")
    for inner in (envelope.get("error"), candidates[0] if isinstance(candidates, list) and candidates else None):
        if isinstance(inner, dict):
            return inner
    return envelope


def _first_text(fields: Mapping[str, Any], *names: str) -> str | None:
    return next((value for name in names if isinstance(value := fields.get(name), str) and value.strip()), None)


def _unstructured(status: int | None, text: str) -> str:
    answered = f"The server answered {status} {_phrase(status)}".rstrip() if status else "The server answered"
    if not text:
        return f"{answered} with an empty body."
    if text[:1] == "<":
        return f"{answered} with a web page: {_page_text(text)}"
    return text


def _phrase(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return "Overloaded" if status == 529 else ""


def _page_text(page: str) -> str:
    """The words of a small HTML page (its title where it has one), for a message; never used as markup."""
    page = page[:100_000]
    if found := re.search(r"<title[^>]*>([^<]*)", page, re.IGNORECASE):
        page = found[1]
    without_code = re.sub(r"<(script|style)\b.*?</\1>", " ", page, flags=re.IGNORECASE | re.DOTALL)
    words = html.unescape(re.sub(r"<[^>]*>", " ", without_code)).split()
    return " ".join(words)[:300] or "(no text)"


def _safe(message: str) -> str:
    """The message cut to a length that can be shown and searched (the body keeps it whole), without anything like a key."""
    return _KEY.sub("sk-ant-***", message)[:MAX_MESSAGE_LENGTH]


def _request_id(named: Mapping[str, str], envelope: Mapping[str, Any]) -> str | None:
    return named.get("request-id") or _first_text(envelope, "request_id") or _first_text(named, *_REQUEST_ID_HEADERS)


def _retry_after_s(named: Mapping[str, str]) -> float | None:
    """Seconds to wait: `retry-after-ms`, then `retry-after` as seconds or as a date against the answer's own `date`."""
    if (wait_ms := _number(named.get("retry-after-ms"))) is not None:
        return wait_ms / 1000
    value = named.get("retry-after")
    if (wait_s := _number(value)) is not None:
        return wait_s
    try:
        until, now = parsedate_to_datetime(value or ""), parsedate_to_datetime(named.get("date", ""))
        return max(0.0, (until - now).total_seconds())
    except (TypeError, ValueError, OverflowError):
        return None


def _number(text: str | None) -> float | None:
    try:
        number = float(text or "")
    except ValueError:
        return None
    return number if math.isfinite(number) and number >= 0 else None
